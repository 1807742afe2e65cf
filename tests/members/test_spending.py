"""Spending points, who may, and how it keeps sliding points alive (domain: Points 4 and 5)."""

from typing import Final

import msgspec
import pytest

from members.account import MemberState
from members.advance import balance_at
from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    HoldPoints,
    RefundOrder,
    ReleaseHold,
    SpendPoints,
)
from members.execute import Accepted
from members.journal import Extended, Released, Spent
from members.rejections import (
    InsufficientPoints,
    MemberNotActive,
    MemberUnknown,
)
from points.ledger import Leg
from points.policies import NEVER, SLIDING
from programs.document import ExpiresWithoutActivity
from tests.members.building import DAY_US, HOUR_US, changes_of, program, settle, utc
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)


def with_points(points: int = 10) -> Kept:
    """A member with points that end on 9 August, and twice as many that stay."""
    member = Kept()
    member.done(settle(NOW_US, points * 100), RULES, NOW_US)
    member.done(AdjustPoints("gift", 2 * points, "sorry"), program(), NOW_US)
    return member


# Spending


def test_points_that_expire_first_are_spent_first() -> None:
    member = with_points()

    changes = member.done(SpendPoints("s", 12, "a cup"), RULES, NOW_US + 1)

    assert (
        Spent(12, (Leg("available", "redeemed", 10, ENDS_US, 0), Leg("available", "redeemed", 2, NEVER, 0))),
    ) == changes
    ledger = member.account.ledger
    assert (ledger.available, ledger.redeemed, member.entries[-1].kind) == (18, 12, "points_spent")


@pytest.mark.parametrize(("points", "available"), [(31, 30), (2**53 - 1, 30)])
def test_more_than_there_is_cannot_be_spent_nor_held(points: int, available: int) -> None:
    member = with_points()

    refused = [
        member.outcome(command, RULES, NOW_US)
        for command in (SpendPoints("s", points), HoldPoints("h", points, HOUR_US))
    ]

    assert [InsufficientPoints(points, available)] * 2 == refused


def test_all_there_is_can_be_spent() -> None:
    member = with_points()

    member.done(SpendPoints("s", 30), RULES, NOW_US)

    assert (member.account.ledger.available, member.account.ledger.redeemed) == (0, 30)


def test_points_that_are_gone_cannot_be_spent_whether_it_was_booked_or_not() -> None:
    member = with_points()

    assert InsufficientPoints(21, 20) == member.outcome(SpendPoints("s", 21), RULES, ENDS_US)
    assert isinstance(member.outcome(SpendPoints("s", 21), RULES, ENDS_US - 1), Accepted)


def test_waiting_points_cannot_be_spent() -> None:
    """Domain, Points 3."""
    member = Kept()
    member.done(settle(NOW_US), program(pending_days=14), NOW_US)

    assert InsufficientPoints(1, 0) == member.outcome(SpendPoints("s", 1), RULES, NOW_US)


# Who may


@pytest.mark.parametrize("state", ["prospect", "suspended"])
@pytest.mark.parametrize("command", [SpendPoints("s", 1), HoldPoints("h2", 1, 1), CaptureHold("c", "h")])
def test_who_is_no_member_or_suspended_spends_and_holds_nothing(state: MemberState, command: Command) -> None:
    """Domain, Joining: a suspended member spends nothing but loses nothing."""
    member = with_points()
    member.done(HoldPoints("h", 2, HOUR_US), RULES, NOW_US)
    member.account = msgspec.structs.replace(member.account, state=state)

    assert MemberNotActive("m1", state) == member.outcome(command, RULES, NOW_US)


@pytest.mark.parametrize(
    "command",
    [
        SpendPoints("s", 1),
        HoldPoints("h", 1, 1),
        CaptureHold("c", "h"),
        ReleaseHold("r", "h"),
        RefundOrder("f", "o"),
    ],
)
def test_nobody_has_nothing(command: Command) -> None:
    assert MemberUnknown("m1") == Kept().outcome(command, RULES, NOW_US)


# Activities keep sliding points alive


@pytest.mark.parametrize(
    "command", [SpendPoints("s", 1), HoldPoints("h2", 1, HOUR_US), CaptureHold("c", "h")]
)
def test_spending_holding_and_capturing_extend_sliding_points(command: Command) -> None:
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)
    member.done(HoldPoints("h", 2, 9 * DAY_US), rules, NOW_US)

    changes = member.done(command, rules, NOW_US + 5 * DAY_US)

    assert Extended(ENDS_US + 5 * DAY_US) == changes[0]
    assert member.account.ledger.sliding_end_us == ENDS_US + 5 * DAY_US


def test_a_release_is_no_activity() -> None:
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)
    member.done(HoldPoints("h", 2, 9 * DAY_US), rules, NOW_US)

    changes = member.done(ReleaseHold("r", "h"), rules, NOW_US + 5 * DAY_US)

    assert (Released("h", 2, (Leg("held", "available", 2, SLIDING, 10),)),) == changes
    assert member.account.ledger.sliding_end_us == ENDS_US


def test_two_activities_of_one_day_extend_once() -> None:
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)

    assert [Spent] == [type(change) for change in member.done(SpendPoints("s", 1), rules, NOW_US + 1)]


def test_under_another_policy_nothing_is_extended_any_more() -> None:
    """Only while the program's live policy is sliding; what slid so far keeps its end."""
    member = Kept()
    member.done(settle(NOW_US, 1_000), program(expiry=ExpiresWithoutActivity(days=30)), NOW_US)

    member.done(SpendPoints("s", 1), RULES, NOW_US + DAY_US)

    assert member.account.ledger.sliding_end_us == ENDS_US
    assert balance_at(member.account, ENDS_US)[0].available == 0
    assert changes_of(member.entries[-1])[0] == Spent(1, (Leg("available", "redeemed", 1, SLIDING, 0),))
