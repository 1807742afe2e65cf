"""Suspended members: they earn and spend nothing, and lose nothing (domain: Joining)."""

from typing import Final

import pytest

from members.account import MemberState
from members.advance import balance_at
from members.apply import state_after
from members.commands import (
    AdjustPoints,
    Command,
    EnrolMember,
    HoldPoints,
    RefundOrder,
    ReinstateMember,
    ReleaseHold,
    SettleOrder,
    SuspendMember,
    VoidPoints,
)
from members.execute import Accepted
from members.journal import Change, Earned, Joined, Reinstated, Suspended, TakenBack
from members.rejections import (
    MemberAlreadyEnrolled,
    MemberAlreadySuspended,
    MemberNotActive,
    MemberNotSuspended,
    MemberUnknown,
)
from points.ledger import Leg
from points.lots import BooksBrokenError
from tests.members.building import DAY_US, HOUR_US, enrol, program, settle, utc
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)
SUSPEND: Final = SuspendMember("suspend", "fraud")
REINSTATE: Final = ReinstateMember("reinstate", "all clear")


def suspended() -> Kept:
    """A suspended member with 10 points that end in August, 2 of them held for a day."""
    member = Kept()
    member.done(settle(NOW_US, 1_000), RULES, NOW_US)
    member.done(HoldPoints("h", 2, DAY_US), RULES, NOW_US)
    member.done(SUSPEND, RULES, NOW_US)
    return member


def test_suspending_moves_nothing_and_is_an_entry() -> None:
    member = suspended()

    assert (
        member.entries[-1].kind,
        member.entries[-1].changes_json,
    ) == ("member_suspended", b'[{"change":"suspended"}]')
    assert (member.account.state, member.account.ledger.available, member.account.ledger.held) == (
        "suspended",
        8,
        2,
    )


def test_an_order_settles_and_earns_nothing_and_the_entry_says_so() -> None:
    member = suspended()

    assert (Earned("base", 5_000, 0),) == member.done(settle(NOW_US, 5_000, order_id="o2"), RULES, NOW_US)


def test_an_order_is_not_paid_with_points() -> None:
    for command in (
        settle(NOW_US, order_id="o2", spend_points=1),
        settle(NOW_US, order_id="o2", hold_id="h"),
    ):
        assert MemberNotActive("m1", "suspended") == suspended().outcome(command, RULES, NOW_US)


@pytest.mark.parametrize(
    "command",
    [
        ReleaseHold("r", "h"),
        RefundOrder("f", "o1"),
        AdjustPoints("a", 5, "x"),
        AdjustPoints("a", -5, "x"),
        VoidPoints("v", 0, "x"),
    ],
)
def test_what_is_done_for_a_member_goes_on(command: Command) -> None:
    assert isinstance(suspended().outcome(command, RULES, NOW_US), Accepted)


def test_a_refund_takes_back_nothing_of_what_was_not_earned() -> None:
    member = suspended()
    member.done(settle(NOW_US, 5_000, order_id="o2"), RULES, NOW_US)

    changes = member.done(RefundOrder("f", "o2"), RULES, NOW_US)

    assert not [change for change in changes if isinstance(change, TakenBack)]


def test_time_goes_on() -> None:
    """Pending points post, holds run out and lots expire as always."""
    member = suspended()

    assert available_and_held(member, NOW_US + DAY_US) == (10, 0)
    assert available_and_held(member, ENDS_US) == (0, 0)


def available_and_held(member: Kept, at_us: int) -> tuple[int, int]:
    balance, _ = balance_at(member.account, at_us)
    return balance.available, balance.held


def test_reinstated_the_member_earns_and_spends_again_but_not_what_was_missed() -> None:
    member = suspended()
    member.done(settle(NOW_US, 5_000, order_id="o2"), RULES, NOW_US)

    assert (Reinstated(),) == member.done(REINSTATE, RULES, NOW_US)
    (_, earned) = member.done(settle(NOW_US, 300, order_id="o3", spend_points=8), RULES, NOW_US)

    assert Earned("base", 300, 3, 0, (Leg("issued", "available", 3, ENDS_US, 10),)) == earned
    assert (member.account.state, member.account.ledger.available) == ("member", 3)


# Who can be suspended and reinstated


@pytest.mark.parametrize(
    ("state", "command", "expected"),
    [
        ("suspended", SUSPEND, MemberAlreadySuspended("m1")),
        ("prospect", SUSPEND, MemberNotActive("m1", "prospect")),
        ("member", REINSTATE, MemberNotSuspended("m1")),
        ("prospect", REINSTATE, MemberNotSuspended("m1")),
        ("unknown", SUSPEND, MemberUnknown("m1")),
        ("unknown", REINSTATE, MemberUnknown("m1")),
        # A suspended member is one.
        ("suspended", EnrolMember("again"), MemberAlreadyEnrolled(NOW_US)),
    ],
)
def test_only_a_member_is_suspended_and_only_a_suspended_one_reinstated(
    state: MemberState, command: Command, expected: object
) -> None:
    member = Kept()
    if state != "unknown":
        member.done(enrol(), RULES, NOW_US)
        account = member.account
        member.account = type(account)(
            "demo", "m1", account.version, state, account.joined_us, account.ledger
        )

    assert expected == member.outcome(command, RULES, NOW_US + HOUR_US)


@pytest.mark.parametrize(
    ("state", "change", "after"),
    [
        ("unknown", Joined("open"), "member"),
        ("prospect", Joined("request"), "member"),
        ("member", Suspended(), "suspended"),
        ("suspended", Reinstated(), "member"),
        ("suspended", Earned("base", 0, 0), "suspended"),
        ("prospect", Earned("base", 0, 0), "prospect"),
    ],
)
def test_a_person_goes_from_state_to_state(state: MemberState, change: Change, after: MemberState) -> None:
    assert after == state_after(state, change)


@pytest.mark.parametrize(
    ("state", "change"),
    [
        ("member", Joined("open")),
        ("suspended", Joined("open")),
        ("suspended", Suspended()),
        ("prospect", Suspended()),
        ("unknown", Suspended()),
        ("member", Reinstated()),
        ("prospect", Reinstated()),
    ],
)
def test_no_entry_takes_a_person_where_they_cannot_go(state: MemberState, change: Change) -> None:
    with pytest.raises(BooksBrokenError):
        state_after(state, change)


def test_a_first_order_does_not_reinstate() -> None:
    """A suspended member does not join again with an order, and stays suspended."""
    member = suspended()
    command: SettleOrder = settle(NOW_US, 500, order_id="o2")
    member.done(command, RULES, NOW_US)

    assert (member.account.state, member.account.joined_us) == ("suspended", NOW_US)
