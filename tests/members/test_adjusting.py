"""Points that are given, taken or voided by hand."""

from typing import Final

import pytest

from members.account import Account
from members.commands import AdjustPoints, Command, SpendPoints, VoidPoints
from members.execute import Accepted
from members.journal import Adjusted, Extended, Voided
from members.rejections import (
    InsufficientPoints,
    LotsLimitExceeded,
    MemberUnknown,
    PointsLimitExceeded,
)
from points.ledger import LOTS_MAX, POINTS_MAX, Ledger, Leg
from points.lots import Lot
from points.policies import NEVER, SLIDING
from programs.document import ExpiresAtEndOfYear, ExpiresWithoutActivity
from programs.program import Program
from tests.members.building import DAY_US, enrol, member_with, program, settle, utc
from tests.members.keeping import Kept
from tests.points.books import owing

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)


def with_points() -> Kept:
    """Ten points that end in August, twenty that stay, and thirty that wait."""
    member = Kept()
    member.done(settle(NOW_US, 1_000), RULES, NOW_US)
    member.done(settle(NOW_US, 2_000, order_id="o2"), program(), NOW_US)
    member.done(settle(NOW_US, 3_000, order_id="o3"), program(pending_days=14), NOW_US)
    return member


# Given


@pytest.mark.parametrize(
    ("rules", "end_us"),
    [
        (program(), NEVER),
        (RULES, ENDS_US),
        (program(expiry=ExpiresAtEndOfYear(years=0)), utc("2025-01-01T00:00:00")),
    ],
)
def test_points_that_are_given_live_as_if_they_were_earned_now(rules: Program, end_us: int) -> None:
    member = Kept()
    member.done(enrol(), program(), NOW_US)

    changes = member.done(AdjustPoints("a", 7, "sorry"), rules, NOW_US)

    assert (Adjusted(7, (Leg("issued", "available", 7, end_us, 0),)),) == changes
    assert (member.entries[-1].kind, member.account.ledger.issued) == ("points_adjusted", 7)


def test_points_that_are_given_do_not_wait() -> None:
    member = Kept()
    member.done(enrol(), program(), NOW_US)

    member.done(AdjustPoints("a", 7, "sorry"), program(pending_days=14), NOW_US)

    assert (member.account.ledger.available, member.account.ledger.pending) == (7, 0)


def test_points_that_are_given_pay_debt_first() -> None:
    member = Kept(account=member_with(ledger=owing(5), now_us=NOW_US))

    changes = member.done(AdjustPoints("a", 7, "sorry"), program(), NOW_US)

    assert (
        Adjusted(7, (Leg("issued", "debt", 5, NEVER, 0), Leg("issued", "available", 2, NEVER, 5))),
    ) == changes


def test_points_that_are_given_keep_sliding_ones_alive() -> None:
    """Else they would be gone as they come, where nothing else kept the lot alive."""
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(enrol(), rules, NOW_US)

    changes = member.done(AdjustPoints("a", 7, "sorry"), rules, NOW_US)

    assert (Extended(ENDS_US), Adjusted(7, (Leg("issued", "available", 7, SLIDING, 0),))) == changes


def test_points_are_given_up_to_the_limit_and_not_beyond() -> None:
    member = Kept(account=member_with((NEVER, POINTS_MAX - 10)))

    assert isinstance(member.outcome(AdjustPoints("a", 10, "x"), program(), NOW_US), Accepted)
    assert PointsLimitExceeded(POINTS_MAX - 10, 11, POINTS_MAX) == member.outcome(
        AdjustPoints("a", 11, "x"), program(), NOW_US
    )


def test_what_came_from_others_counts_towards_the_limit() -> None:
    ledger = Ledger(
        available=POINTS_MAX - 10,
        transferred_in=POINTS_MAX - 10,
        lots=(Lot(NEVER, POINTS_MAX - 10, 0),),
    )

    assert PointsLimitExceeded(POINTS_MAX - 10, 11, POINTS_MAX) == Kept(
        account=Account("demo", "m1", 1, "member", 1, ledger)
    ).outcome(AdjustPoints("a", 11, "x"), program(), NOW_US)


@pytest.mark.parametrize(("lots", "refused"), [(LOTS_MAX - 1, False), (LOTS_MAX, True)])
def test_a_lot_more_than_there_may_be_is_not_opened(lots: int, refused: bool) -> None:
    ends = tuple(Lot(NOW_US + (day + 90) * DAY_US, 1, 0) for day in range(lots))
    ledger = Ledger(available=lots, issued=lots, lots=ends)
    outcome = Kept(account=Account("demo", "m1", 1, "member", 1, ledger)).outcome(
        AdjustPoints("a", 1, "x"), RULES, NOW_US
    )

    assert refused == (outcome == LotsLimitExceeded(8_000))
    assert refused != isinstance(outcome, Accepted)


# Taken


def test_points_that_expire_first_are_taken_first() -> None:
    member = with_points()

    changes = member.done(AdjustPoints("a", -12, "oops"), RULES, NOW_US)

    assert (
        Adjusted(-12, (Leg("available", "voided", 10, ENDS_US, 0), Leg("available", "voided", 2, NEVER, 0))),
    ) == changes
    assert (member.account.ledger.voided, member.account.ledger.available) == (12, 18)


@pytest.mark.parametrize("command", [AdjustPoints("a", -31, "x"), VoidPoints("v", 31, "x")])
def test_more_than_is_available_is_not_taken(command: Command) -> None:
    """Waiting points are no part of it: there is no debt by hand."""
    assert InsufficientPoints(31, 30) == with_points().outcome(command, RULES, NOW_US)


def test_taking_and_voiding_is_no_activity() -> None:
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)
    for command in (AdjustPoints("a", -1, "x"), VoidPoints("v", 1, "x")):
        member.done(command, rules, NOW_US + DAY_US)

    assert member.account.ledger.sliding_end_us == ENDS_US


# Voided


def test_a_number_of_points_is_voided_as_it_is_spent() -> None:
    changes = with_points().done(VoidPoints("v", 12, "fraud"), RULES, NOW_US)

    assert (
        Voided(12, (Leg("available", "voided", 10, ENDS_US, 0), Leg("available", "voided", 2, NEVER, 0))),
    ) == changes


def test_everything_that_is_voided_is_what_is_available_and_what_waits() -> None:
    member = with_points()
    posts_us = utc("2024-07-24T23:00:00")

    changes = member.done(VoidPoints("v", 0, "fraud"), RULES, NOW_US)

    assert (
        Voided(
            60,
            (
                Leg("available", "voided", 10, ENDS_US, 0),
                Leg("available", "voided", 20, NEVER, 0),
                Leg("pending", "voided", 30, NEVER, 0, posts_us),
            ),
        ),
    ) == changes
    ledger = member.account.ledger
    assert (ledger.available, ledger.pending, ledger.voided, ledger.pending_lots) == (0, 0, 60, ())


def test_where_there_is_nothing_nothing_can_be_voided() -> None:
    member = with_points()
    member.done(VoidPoints("v", 0, "fraud"), RULES, NOW_US)

    assert InsufficientPoints(1, 0) == member.outcome(VoidPoints("w", 0, "fraud"), RULES, NOW_US)


def test_voided_points_are_not_there_for_a_spend() -> None:
    member = with_points()
    member.done(VoidPoints("v", 29, "fraud"), RULES, NOW_US)

    assert InsufficientPoints(2, 1) == member.outcome(SpendPoints("s", 2), RULES, NOW_US)


@pytest.mark.parametrize(
    "command", [AdjustPoints("a", 1, "x"), AdjustPoints("a", -1, "x"), VoidPoints("v", 0, "x")]
)
def test_nobody_is_given_nothing(command: Command) -> None:
    """A slip in the member's id must not make a person."""
    assert MemberUnknown("m1") == Kept().outcome(command, RULES, NOW_US)
