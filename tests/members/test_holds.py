"""Holds: reserved, captured, released, run out, and resolved once (domain: Points 6)."""

from typing import Final

import pytest

from members.advance import balance_at
from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    HoldPoints,
    ReleaseHold,
    SpendPoints,
)
from members.execute import Accepted, Repeated
from members.journal import Captured, Extended, Held, Released
from members.records import HoldRecord
from members.rejections import (
    CaptureExceedsHold,
    HoldResolvedOtherwise,
    HoldsLimitExceeded,
    HoldUnknown,
)
from points.ledger import Leg
from points.policies import NEVER, SLIDING
from programs.document import ExpiresWithoutActivity
from tests.members.building import DAY_US, HOUR_US, member_with, program, settle, utc
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


# Holds


def test_a_hold_reserves_points_until_its_deadline() -> None:
    member = with_points()

    (held,) = member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    assert held == Held(
        "h",
        12,
        NOW_US + HOUR_US,
        (Leg("available", "held", 10, ENDS_US, 0), Leg("available", "held", 2, NEVER, 0)),
    )
    balance, next_due_us = balance_at(member.account, NOW_US)
    assert (balance.available, balance.held, next_due_us) == (18, 12, NOW_US + HOUR_US)
    assert HoldRecord("h", 12, "open") == member.holds["h"]


@pytest.mark.parametrize(
    ("points", "captured", "released"),
    [
        (0, ((10, ENDS_US), (2, NEVER)), ()),
        (12, ((10, ENDS_US), (2, NEVER)), ()),
        (10, ((10, ENDS_US),), ((2, NEVER),)),
        (4, ((4, ENDS_US),), ((6, ENDS_US), (2, NEVER))),
        (11, ((10, ENDS_US), (1, NEVER)), ((1, NEVER),)),
    ],
)
def test_a_capture_spends_the_first_points_and_gives_the_rest_back(
    points: int, captured: tuple[tuple[int, int], ...], released: tuple[tuple[int, int], ...]
) -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    spent, *rest = member.done(CaptureHold("c", "h", points), RULES, NOW_US + 1)

    assert isinstance(spent, Captured)
    assert spent.worth_minor == 0
    assert (spent.points, captured) == (
        points or 12,
        tuple((leg.points, leg.end_us) for leg in spent.legs),
    )
    assert released == tuple(
        (leg.points, leg.end_us) for change in rest if isinstance(change, Released) for leg in change.legs
    )
    ledger = member.account.ledger
    assert (ledger.redeemed, ledger.held, ledger.available) == (points or 12, 0, 30 - (points or 12))
    assert member.holds["h"].state == "captured"
    assert member.holds["h"].captured_points == (points or 12)


def test_a_release_gives_everything_back() -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    changes = member.done(ReleaseHold("r", "h"), RULES, NOW_US + 1)

    assert (
        Released(
            "h", 12, (Leg("held", "available", 10, ENDS_US, 10), Leg("held", "available", 2, NEVER, 20))
        ),
    ) == changes
    assert (member.account.ledger.available, member.holds["h"].state) == (30, "released")


def test_a_hold_runs_out_at_its_deadline_by_itself() -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    before, at = (balance_at(member.account, NOW_US + HOUR_US + late)[0] for late in (-1, 0))

    assert ((before.available, before.held), (at.available, at.held)) == ((18, 12), (30, 0))


def test_a_lot_that_ends_while_held_is_good_for_the_hold() -> None:
    """Domain, Points 6: a lot that expires while held is still good for that hold."""
    member = with_points()
    member.done(HoldPoints("h", 12, 90 * DAY_US), RULES, NOW_US)

    member.done(CaptureHold("c", "h", 11), RULES, ENDS_US + DAY_US)

    ledger = member.account.ledger
    assert (ledger.redeemed, ledger.expired, ledger.available) == (11, 0, 19)


@pytest.mark.parametrize(("at_us", "expired"), [(ENDS_US - 1, 0), (ENDS_US, 10), (ENDS_US + DAY_US, 10)])
def test_released_after_its_day_a_lot_expires_at_once(at_us: int, expired: int) -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, 90 * DAY_US), RULES, NOW_US)

    member.done(ReleaseHold("r", "h"), RULES, at_us)

    ledger = member.account.ledger
    assert (expired, 30 - expired, 0) == (ledger.expired, ledger.available, ledger.held)
    assert {ENDS_US: expired} == member.expired or not expired


@pytest.mark.parametrize("points", [13, 100])
def test_more_than_is_held_cannot_be_captured(points: int) -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    assert CaptureExceedsHold("h", points, 12) == member.outcome(CaptureHold("c", "h", points), RULES, NOW_US)


@pytest.mark.parametrize("command", [CaptureHold("c", "nowhere"), ReleaseHold("r", "nowhere")])
def test_a_hold_that_never_was_is_unknown(command: Command) -> None:
    assert HoldUnknown("nowhere") == with_points().outcome(command, RULES, NOW_US)


# A hold is resolved once (domain, Points 6)

CAPTURED: Final = CaptureHold("c", "h", 4)
CAPTURED_ALL: Final = CaptureHold("c", "h", 12)
RELEASED: Final = ReleaseHold("r", "h")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (CAPTURED, CaptureHold("c2", "h", 4)),
        (CAPTURED_ALL, CaptureHold("c2", "h", 12)),
        (CAPTURED_ALL, CaptureHold("c2", "h", 0)),
        (CaptureHold("c", "h"), CaptureHold("c2", "h", 12)),
        (RELEASED, ReleaseHold("r2", "h")),
    ],
)
def test_the_same_resolution_again_answers_as_the_first_time(first: Command, again: Command) -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)
    member.done(first, RULES, NOW_US + 1)
    entry = member.entries[-1]

    assert Repeated(entry, known=False) == member.outcome(again, RULES, NOW_US + 9 * DAY_US)
    assert Repeated(entry, known=True) == member.outcome(first, RULES, NOW_US + 9 * DAY_US)


@pytest.mark.parametrize(
    ("first", "other", "state", "captured"),
    [
        (CAPTURED, CaptureHold("c2", "h", 5), "captured", 4),
        (CAPTURED, CaptureHold("c2", "h", 0), "captured", 4),
        (CAPTURED, CaptureHold("c2", "h", 13), "captured", 4),
        (CAPTURED, ReleaseHold("r2", "h"), "captured", 4),
        (RELEASED, CaptureHold("c2", "h", 12), "released", 0),
        (RELEASED, CaptureHold("c2", "h", 0), "released", 0),
    ],
)
def test_another_resolution_is_refused_and_told_how_it_was_resolved(
    first: Command, other: Command, state: str, captured: int
) -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)
    member.done(first, RULES, NOW_US + 1)

    refused = member.outcome(other, RULES, NOW_US + 2)

    assert isinstance(refused, HoldResolvedOtherwise)
    assert ("h", state, captured, 4) == (
        refused.hold_id,
        refused.state,
        refused.captured_points,
        refused.seq,
    )


@pytest.mark.parametrize("command", [CaptureHold("c", "h"), CAPTURED, RELEASED])
@pytest.mark.parametrize("booked", [True, False])
def test_a_hold_that_has_run_out_is_resolved(command: Command, booked: bool) -> None:
    """Also where nobody has booked it yet."""
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)
    if booked:
        member.done(SpendPoints("s", 1), RULES, NOW_US + HOUR_US)

    refused = member.outcome(command, RULES, NOW_US + HOUR_US)

    assert isinstance(refused, HoldResolvedOtherwise)
    assert (refused.state, refused.captured_points, refused.seq) == ("timed_out", 0, 4 if booked else 0)


def test_to_the_last_microsecond_a_hold_can_be_captured() -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    assert isinstance(member.outcome(CaptureHold("c", "h"), RULES, NOW_US + HOUR_US - 1), Accepted)


# The limit


def test_a_member_may_have_100_open_holds() -> None:
    """Architecture: every collection of an account has a bound."""
    member = with_points(100)
    for number in range(100):
        member.done(HoldPoints(f"h{number}", 1, HOUR_US), RULES, NOW_US)

    assert HoldsLimitExceeded(100) == member.outcome(HoldPoints("more", 1, HOUR_US), RULES, NOW_US)
    member.done(ReleaseHold("r", "h7"), RULES, NOW_US)
    assert isinstance(member.outcome(HoldPoints("more", 1, HOUR_US), RULES, NOW_US), Accepted)


@pytest.mark.parametrize(("lots", "allowed"), [(1_999, True), (2_000, True), (2_001, False)])
def test_open_holds_reserve_points_of_up_to_2000_lots(lots: int, allowed: bool) -> None:
    """One of them here, all others in the first hold; a lot counts once a hold."""
    ends = [(NOW_US + (day + 1) * DAY_US, 1) for day in range(lots - 1)]
    member = Kept(account=member_with(*ends, (NEVER, 1), now_us=NOW_US))
    member.done(HoldPoints("h1", lots - 1, HOUR_US), RULES, NOW_US)

    outcome = member.outcome(HoldPoints("h2", 1, HOUR_US), RULES, NOW_US)

    assert allowed == isinstance(outcome, Accepted)
    assert allowed or outcome == HoldsLimitExceeded(2_000, "lots")


def test_a_rest_whose_sliding_lot_had_ended_stays_gone_when_the_capture_is_an_activity() -> None:
    """The capture lets points live on that come from now on, not those that were gone before it."""
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)
    member.done(HoldPoints("h", 5, 60 * DAY_US), rules, NOW_US)

    changes = member.done(CaptureHold("c", "h", 2), rules, ENDS_US + DAY_US)

    assert (
        Extended(utc("2024-09-10T23:00:00")),
        Captured("h", 2, (Leg("held", "redeemed", 2, SLIDING, 0),)),
        Released("h", 3, (Leg("held", "expired", 3, SLIDING, 0),)),
    ) == changes
    # Counted by the end it had when they were gone: with the five that were not held.
    assert member.expired == {-ENDS_US: 8}


def test_holds_that_have_run_out_do_not_count() -> None:
    member = with_points(100)
    for number in range(100):
        member.done(HoldPoints(f"h{number}", 1, HOUR_US), RULES, NOW_US)

    assert isinstance(member.outcome(HoldPoints("more", 1, HOUR_US), RULES, NOW_US + HOUR_US), Accepted)
