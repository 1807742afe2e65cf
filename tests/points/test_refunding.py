"""Which points a refund restores and takes back, and in which order (domain: Points 7)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.ledger import HoldPart, Ledger, Leg, credit_legs, law_broken, move, move_all, take_legs
from points.policies import NEVER, SLIDING
from points.refunding import (
    OnShortfall,
    Taken,
    expired_key_us,
    expired_of_home,
    restore_legs,
    restored_parts,
    take_back,
)
from points.transferring import extend_sliding
from tests.points.books import DAY_US, credited, expired, owing, posted, taken, waits

UTC: Final = ZoneInfo("UTC")

# Restoring: 3 points of lot 100 were spent, then 5 of lot 200, then 2 that never expire.
SPENT: Final = (
    Leg("available", "redeemed", 3, 100, 0),
    Leg("available", "redeemed", 5, 200, 0),
    Leg("available", "redeemed", 2, NEVER, 0),
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0, 0, ()),
        (0, 1, (HoldPart(NEVER, 1),)),
        (0, 2, (HoldPart(NEVER, 2),)),
        (0, 4, (HoldPart(NEVER, 2), HoldPart(200, 2))),
        (1, 4, (HoldPart(NEVER, 1), HoldPart(200, 2))),
        (2, 4, (HoldPart(200, 2),)),
        (4, 9, (HoldPart(200, 3), HoldPart(100, 2))),
        (0, 10, (HoldPart(NEVER, 2), HoldPart(200, 5), HoldPart(100, 3))),
        (9, 10, (HoldPart(100, 1),)),
        (10, 10, ()),
    ],
)
def test_what_was_taken_last_comes_back_first(
    before: int, after: int, expected: tuple[HoldPart, ...]
) -> None:
    """So that what stays spent is what a smaller spend would have taken."""
    assert expected == restored_parts(SPENT, before, after)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([100, 200, 300, NEVER]), st.integers(1, 9)), min_size=1, max_size=4),
    st.data(),
)
def test_refunds_in_parts_restore_what_one_refund_does(
    lots: list[tuple[int, int]], data: st.DataObject
) -> None:
    """And what stays spent is the first points that were taken: followed point by point."""
    ledger = Ledger()
    for end_us, points in lots:
        ledger = credited(ledger, points, end_us)
    spent = take_legs(ledger, "redeemed", ledger.available)
    taken_points = [leg.end_us for leg in spent for _ in range(leg.points)]
    steps = sorted(data.draw(st.lists(st.integers(0, len(taken_points)), max_size=4)))

    came_back = [
        part.end_us
        for before, after in pairwise([0, *steps])
        for part in restored_parts(spent, before, after)
        for _ in range(part.points)
    ]

    last = steps[-1] if steps else 0
    assert taken_points[::-1][:last] == came_back


@pytest.mark.parametrize(
    ("as_of_us", "expected"),
    [
        (99, [("available", 3, 100, 3), ("available", 5, 200, 5)]),
        (100, [("expired", 3, 100, 0), ("available", 5, 200, 5)]),
        (200, [("expired", 3, 100, 0), ("expired", 5, 200, 0)]),
    ],
)
def test_restored_points_go_back_to_their_lots_with_their_old_end(
    as_of_us: int, expected: list[tuple[str, int, int, int]]
) -> None:
    ledger = taken(credited(credited(Ledger(), 3, 100), 5, 200), "redeemed", 8)

    legs = restore_legs(ledger, (HoldPart(100, 3), HoldPart(200, 5)), as_of_us, as_of_us, 0, UTC)

    assert expected == [(leg.target, leg.points, leg.end_us, leg.offset) for leg in legs]
    assert law_broken(move_all(ledger, legs)) is None


@pytest.mark.parametrize(
    ("grace_days", "at_us", "end_us"),
    [
        # The refund's day is day 10; a grace of so many days more.
        (1, 10 * DAY_US, 12 * DAY_US),
        (1, 11 * DAY_US - 1, 12 * DAY_US),
        (7, 10 * DAY_US, 18 * DAY_US),
        (366, 10 * DAY_US, 377 * DAY_US),
    ],
)
def test_points_of_a_lot_that_has_ended_get_the_grace_the_program_gives(
    grace_days: int, at_us: int, end_us: int
) -> None:
    ledger = taken(credited(credited(Ledger(), 3, 9 * DAY_US), 5, 20 * DAY_US), "redeemed", 8)

    legs = restore_legs(
        ledger, (HoldPart(9 * DAY_US, 3), HoldPart(20 * DAY_US, 5)), at_us, at_us, grace_days, UTC
    )

    assert [(3, end_us), (5, 20 * DAY_US)] == [(leg.points, leg.end_us) for leg in legs]
    assert {"available"} == {leg.target for leg in legs}


@pytest.mark.parametrize(
    ("refunded_us", "expected"),
    [
        (20 * DAY_US, ("available", 28 * DAY_US)),
        (13 * DAY_US, ("available", 21 * DAY_US)),
        # The grace is over by the time the refund becomes known.
        (12 * DAY_US, ("expired", 20 * DAY_US)),
    ],
)
def test_the_grace_of_a_refund_that_is_told_late_begins_on_its_own_day(
    refunded_us: int, expected: tuple[str, int]
) -> None:
    ledger = taken(credited(Ledger(), 3, 9 * DAY_US), "redeemed", 3)

    (leg,) = restore_legs(ledger, (HoldPart(9 * DAY_US, 3),), 20 * DAY_US, refunded_us, 7, UTC)

    assert expected == (leg.target, leg.end_us)


def test_a_grace_of_sliding_points_is_a_lot_that_does_not_slide() -> None:
    ledger = taken(credited(Ledger(sliding_end_us=9 * DAY_US), 3, SLIDING), "redeemed", 3)

    (alive,) = restore_legs(ledger, (HoldPart(SLIDING, 3),), 9 * DAY_US - 1, 9 * DAY_US - 1, 7, UTC)
    (ended,) = restore_legs(ledger, (HoldPart(SLIDING, 3),), 9 * DAY_US, 9 * DAY_US, 7, UTC)

    assert (
        (alive.target, alive.end_us),
        (ended.target, ended.end_us),
    ) == (("available", SLIDING), ("available", 17 * DAY_US))


def test_restored_points_pay_debt_first() -> None:
    ledger = taken(credited(Ledger(), 8, 100), "redeemed", 8)
    ledger = move(ledger, Leg("debt", "voided", 5, NEVER, 0))

    legs = restore_legs(ledger, (HoldPart(100, 8),), 0, 0, 0, UTC)

    assert [(leg.target, leg.points) for leg in legs] == [("debt", 5), ("available", 3)]


# Taking back


def took(
    ledger: Ledger,
    earned: Sequence[Leg],
    points: int,
    *,
    taken_before: int = 0,
    expired_left: Sequence[tuple[int, int]] = (),
    on_shortfall: OnShortfall = "debt",
) -> list[tuple[str, int, int]]:
    """From where points are taken back, how many, and of which lot; the books balance after it."""
    result = take_back(ledger, earned, taken_before, points, expired_left, on_shortfall)
    assert law_broken(move_all(ledger, result.legs)) is None
    assert {"voided"} >= {leg.target for leg in result.legs}
    assert sum(leg.points for leg in result.legs) + result.forgiven_points == points
    return [(leg.source, leg.points, leg.end_us) for leg in result.legs]


def test_an_orders_own_waiting_points_go_first() -> None:
    """Domain, Points 7: clawed back from the order's own pending, then the lots it fed, then what expires
    first.
    """
    ledger = credited(credited(Ledger(), 20, 50), 20, 100)
    (earned,) = (Leg("issued", "pending", 10, 100, 0, 10),)
    ledger = move(ledger, earned)

    assert took(ledger, (earned,), 4) == [("pending", 4, 100)]
    assert took(ledger, (earned,), 10) == [("pending", 10, 100)]


def test_then_the_lot_that_the_order_fed() -> None:
    """Whoever's points they are that it holds, and though another lot ends first."""
    ledger = credited(credited(Ledger(), 20, 50), 20, 100)
    earned = Leg("issued", "pending", 10, 100, 0, 10)
    after_posting = posted(move(ledger, earned), 10)

    assert took(after_posting, (earned,), 10) == [("available", 10, 100)]


def test_then_what_expired_of_it_and_then_what_expires_first() -> None:
    earned = credit_legs(Ledger(), "issued", 10, 100, 0)
    ledger = move_all(Ledger(), earned)
    ledger = expired(taken(ledger, "redeemed", 4), 100)
    ledger = credited(credited(ledger, 3, 300), 7, NEVER)

    assert took(ledger, earned, 10, expired_left=[(100, 6)]) == [
        ("expired", 6, 100),
        ("available", 3, 300),
        ("available", 1, NEVER),
    ]
    # A part is taken back from the expired ones alone.
    assert took(ledger, earned, 5, expired_left=[(100, 6)]) == [("expired", 5, 100)]


def test_what_was_taken_back_of_the_expired_is_not_there_twice() -> None:
    earned = credit_legs(Ledger(), "issued", 10, 100, 0)
    ledger = expired(move_all(Ledger(), earned), 100)
    ledger = move(ledger, Leg("expired", "voided", 8, 100, 0))

    assert took(ledger, earned, 2, taken_before=8, expired_left=[(100, 2)]) == [("expired", 2, 100)]


@pytest.mark.parametrize(
    ("on_shortfall", "forgiven", "debt", "legs"),
    [
        ("debt", 0, 4, [("available", 6), ("debt", 4)]),
        ("forgive", 4, 0, [("available", 6)]),
        # It is the caller who refuses; how many are missing is told as debt.
        ("reject", 0, 4, [("available", 6), ("debt", 4)]),
    ],
)
def test_what_is_missing_is_owed_or_let_go(
    on_shortfall: OnShortfall, forgiven: int, debt: int, legs: list[tuple[str, int]]
) -> None:
    earned = credit_legs(Ledger(), "issued", 10, NEVER, 0)
    ledger = taken(move_all(Ledger(), earned), "redeemed", 4)

    result = take_back(ledger, earned, 0, 10, (), on_shortfall)

    assert (forgiven, debt, legs) == (
        result.forgiven_points,
        result.debt_points,
        [(leg.source, leg.points) for leg in result.legs],
    )


def test_debt_has_no_lot() -> None:
    earned = credit_legs(Ledger(), "issued", 10, 100, 0)
    ledger = taken(move_all(Ledger(), earned), "redeemed", 10)

    assert Taken((Leg("debt", "voided", 10, NEVER, 0),), 0, 10) == take_back(
        ledger, earned, 0, 10, (), "debt"
    )


def test_points_that_paid_debt_lie_in_no_lot_and_are_taken_from_what_expires_first() -> None:
    """Five of the order's ten paid what was owed; another order has fed the same lot since."""
    before = owing(5)
    earned = credit_legs(before, "issued", 10, 200, 0)
    ledger = credited(credited(move_all(before, earned), 20, 200), 4, 100)

    assert [(leg.source, leg.target, leg.points) for leg in earned] == [
        ("issued", "debt", 5),
        ("issued", "available", 5),
    ]
    assert took(ledger, earned, 10) == [("available", 5, 200), ("available", 4, 100), ("available", 1, 200)]


def test_the_part_that_lay_in_the_lot_is_counted_over_all_refunds() -> None:
    """Lot part first: after 5 were taken back, what is left is the part that paid debt."""
    before = owing(5)
    earned = credit_legs(before, "issued", 10, 200, 0)
    ledger = credited(credited(move_all(before, earned), 20, 200), 4, 100)

    assert took(ledger, earned, 3) == [("available", 3, 200)]
    assert took(ledger, earned, 3, taken_before=3) == [("available", 2, 200), ("available", 1, 100)]
    assert took(ledger, earned, 3, taken_before=5) == [("available", 3, 100)]
    assert took(ledger, earned, 5, taken_before=5) == [("available", 4, 100), ("available", 1, 200)]


def test_an_award_that_paid_debt_altogether_has_no_lot_at_all() -> None:
    before = owing(20)
    earned = credit_legs(before, "issued", 10, 200, 0)
    ledger = move_all(before, earned)

    assert took(ledger, earned, 10) == [("debt", 10, NEVER)]
    assert took(credited(credited(ledger, 10, NEVER), 2, 100), earned, 10) == [
        ("available", 2, 100),
        ("debt", 8, NEVER),
    ]


def test_an_award_without_points_takes_from_what_expires_first() -> None:
    """It cannot be: an award of nothing has nothing to take back. It must not fail."""
    assert took(credited(Ledger(), 2, 100), (), 1) == [("available", 1, 100)]


def test_points_that_expired_as_they_came_are_only_reclassified() -> None:
    earned = credit_legs(Ledger(), "issued", 10, 100, 100)
    ledger = credited(move_all(Ledger(), earned), 20, NEVER)

    assert took(ledger, earned, 10, expired_left=[(100, 10)]) == [("expired", 10, 100)]


def test_waiting_points_of_another_instant_are_not_the_orders_own() -> None:
    earned = Leg("issued", "pending", 10, 100, 0, 10)
    ledger = waits(waits(Ledger(), 5, 100, 11), 5, 200, 10)

    assert took(ledger, (earned,), 10) == [("debt", 10, NEVER)]


def test_of_the_sliding_lot_what_expired_since_the_order_is_taken_before_what_came_later() -> None:
    """It lives on: after it ended, what is in it came from others. An order told late may have fed it."""
    earned = credit_legs(Ledger(sliding_end_us=70), "issued", 10, SLIDING, 0)
    ledger = expired(move_all(Ledger(sliding_end_us=70), earned), 70)
    ledger = credited(extend_sliding(ledger, 150), 20, SLIDING)

    in_time = take_back(ledger, earned, 0, 12, [(-70, 10)], "debt")
    late = take_back(ledger, earned, 0, 10, [(-70, 10)], "debt", late=True)

    assert [(leg.source, leg.points, leg.end_us) for leg in in_time.legs] == [
        ("expired", 10, -70),
        ("available", 2, SLIDING),
    ]
    assert [(leg.source, leg.points, leg.end_us) for leg in late.legs] == [("available", 10, SLIDING)]


# What expired of the lot an order fed

EARNED: Final = (Leg("issued", "available", 10, 100, 0),)
SLID: Final = (Leg("issued", "debt", 1, SLIDING, 0), Leg("issued", "available", 9, SLIDING, 0))


@pytest.mark.parametrize(
    ("earned", "expired_points", "expected"),
    [
        (EARNED, {100: 7, 200: 9}, [(100, 7)]),
        (EARNED, {200: 9}, [(100, 0)]),
        ((), {100: 7}, []),
        ((Leg("issued", "debt", 10, 100, 0),), {100: 7}, []),
        # Of the sliding lot what expired after the order of instant 50, the first of it first.
        (SLID, {-49: 1, -50: 2, -51: 3, -99: 4, 100: 5}, [(-51, 3), (-99, 4)]),
        (SLID, {100: 5}, []),
    ],
)
def test_only_what_can_be_the_orders_counts_as_expired(
    earned: tuple[Leg, ...], expired_points: dict[int, int], expected: list[tuple[int, int]]
) -> None:
    assert expected == expired_of_home(earned, 50, expired_points)


def test_expired_points_are_counted_by_their_end_and_sliding_ones_by_the_end_they_had() -> None:
    ledger = Ledger(sliding_end_us=70)

    assert (expired_key_us(ledger, 100), expired_key_us(ledger, SLIDING)) == (100, -70)
