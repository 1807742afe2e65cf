"""What time alone does to points: what falls due first, and what a reader sees at an instant."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.falling_due import (
    NOTHING_EXPIRES,
    Expiring,
    expiry_legs,
    ledger_at,
    next_due_us,
    next_expiry,
    posting_legs,
    timed_out_holds,
)
from points.holding import close_hold, hold_of, open_hold, release_legs
from points.ledger import Ledger, Leg, law_broken, move, move_all, take_legs, without_ended_lots
from points.lots import Lot
from points.policies import NEVER, SLIDING
from tests.points.books import credited, expired, owing, posted, taken, waits

FULL: Final = waits(credited(credited(Ledger(), 5, 100), 7, NEVER), 3, 100, 10)


def held(ledger: Ledger, hold_id: str, points: int, deadline_us: int) -> Ledger:
    legs = take_legs(ledger, "held", points)
    return open_hold(move_all(ledger, legs), hold_of(hold_id, deadline_us, legs))


# What falls due first


@pytest.mark.parametrize(
    ("ledger", "expiring", "due_us"),
    [
        (Ledger(), NOTHING_EXPIRES, NEVER),
        (credited(Ledger(), 5, NEVER), NOTHING_EXPIRES, NEVER),
        (credited(Ledger(), 5, 100), Expiring(100, 5), 100),
        (credited(credited(Ledger(), 5, 200), 7, 100), Expiring(100, 7), 100),
        (expired(credited(credited(Ledger(), 5, 200), 7, 100), 100), Expiring(200, 5), 200),
        (expired(credited(Ledger(), 5, 100), 100), NOTHING_EXPIRES, NEVER),
        (waits(Ledger(), 5, NEVER, 10), NOTHING_EXPIRES, 10),
        (waits(Ledger(), 5, 100, 10), NOTHING_EXPIRES, 10),
        (waits(credited(Ledger(), 5, 100), 7, 200, 10), Expiring(100, 5), 10),
        (waits(credited(Ledger(), 5, 100), 7, 300, 200), Expiring(100, 5), 100),
        # Holds run out, and what they hold does not expire meanwhile.
        (held(credited(Ledger(), 5, 100), "h", 5, 200), NOTHING_EXPIRES, 200),
        (held(credited(Ledger(), 5, 100), "h", 2, 50), Expiring(100, 3), 50),
        (held(credited(Ledger(), 5, NEVER), "h", 5, 50), NOTHING_EXPIRES, 50),
        (held(held(credited(Ledger(), 5, NEVER), "h", 2, 50), "g", 2, 40), NOTHING_EXPIRES, 40),
        # The sliding lot by its present end; without points it does not matter.
        (credited(Ledger(sliding_end_us=70), 5, SLIDING), Expiring(70, 5), 70),
        (credited(credited(Ledger(sliding_end_us=70), 5, SLIDING), 3, 60), Expiring(60, 3), 60),
        (credited(credited(Ledger(sliding_end_us=70), 5, SLIDING), 3, 80), Expiring(70, 5), 70),
        (credited(credited(Ledger(sliding_end_us=70), 5, SLIDING), 3, NEVER), Expiring(70, 5), 70),
        (taken(credited(Ledger(sliding_end_us=70), 5, SLIDING), "redeemed", 5), NOTHING_EXPIRES, NEVER),
        (credited(Ledger(sliding_end_us=70), 5, NEVER), NOTHING_EXPIRES, NEVER),
        # Points of two lots that are gone at one instant are told together.
        (credited(credited(Ledger(sliding_end_us=70), 5, SLIDING), 3, 70), Expiring(70, 8), 70),
    ],
)
def test_what_falls_due_first_is_known(ledger: Ledger, expiring: Expiring, due_us: int) -> None:
    """The first lot that still has points, and the first instant at which time changes anything."""
    assert (expiring, due_us) == (next_expiry(ledger), next_due_us(ledger))


def test_the_sliding_lot_expires_at_its_present_end() -> None:
    ledger = credited(credited(Ledger(sliding_end_us=70), 5, SLIDING), 3, 80)

    assert ((), (Leg("available", "expired", 5, SLIDING, 0),)) == (
        expiry_legs(ledger, 69),
        expiry_legs(ledger, 70),
    )


def test_points_whose_lot_ended_while_they_waited_expire_as_they_post() -> None:
    """They never could be spent, and pay no debt."""
    ledger = waits(waits(owing(2), 5, 10, 10), 3, 11, 10)

    assert (
        Leg("pending", "expired", 5, 10, 0, 10),
        Leg("pending", "debt", 2, 11, 0, 10),
        Leg("pending", "available", 1, 11, 0, 10),
    ) == posting_legs(ledger, 10)


@pytest.mark.parametrize(("sliding_end_us", "target"), [(10, "expired"), (11, "available")])
def test_sliding_points_post_while_the_member_was_active(sliding_end_us: int, target: str) -> None:
    ledger = waits(Ledger(sliding_end_us=sliding_end_us), 5, SLIDING, 10)

    assert [target] == [leg.target for leg in posting_legs(ledger, 10)]


def test_holds_that_run_out_together_do_so_in_the_order_of_their_ids() -> None:
    ledger = credited(Ledger(), 9, NEVER)
    for hold_id, deadline_us in [("b", 50), ("c", 40), ("a", 50), ("d", 60)]:
        ledger = held(ledger, hold_id, 1, deadline_us)

    assert [[hold.hold_id for hold in timed_out_holds(ledger, at_us)] for at_us in (40, 50, 55)] == [
        ["c"],
        ["a", "b"],
        [],
    ]


# As of an instant


def booked(ledger: Ledger, until_us: int) -> Ledger:
    """What falls due up to an instant, booked one after the other: postings, then holds, then lots."""
    while NEVER < next_due_us(ledger) <= until_us:
        due_us = next_due_us(ledger)
        ledger = posted(ledger, due_us)
        for hold in timed_out_holds(ledger, due_us):
            ledger = close_hold(move_all(ledger, release_legs(ledger, hold.parts, due_us)), hold.hold_id)
        ledger = without_ended_lots(expired(ledger, due_us), due_us)
    return ledger


@pytest.mark.parametrize(
    ("at_us", "expected"),
    [
        (9, FULL),
        (10, Ledger(15, 0, 0, 0, 15, 0, (Lot(100, 8, 0), Lot(NEVER, 7, 0)))),
        (99, Ledger(15, 0, 0, 0, 15, 0, (Lot(100, 8, 0), Lot(NEVER, 7, 0)))),
        (100, Ledger(7, 0, 0, 0, 15, 8, (Lot(NEVER, 7, 0),))),
        (10**18, Ledger(7, 0, 0, 0, 15, 8, (Lot(NEVER, 7, 0),))),
    ],
)
def test_a_reader_sees_what_has_fallen_due_by_an_instant(at_us: int, expected: Ledger) -> None:
    """Domain, Points 3 and 4: at the instant itself it has."""
    assert (expected, expected) == (ledger_at(FULL, at_us), booked(FULL, at_us))


@pytest.mark.parametrize(
    ("deadline_us", "at_us", "expected"),
    [
        (50, 49, (1, 4, 0)),
        (50, 50, (5, 0, 0)),
        (50, 100, (0, 0, 5)),
        # It runs out at the very end of its lot, or later: the points expire at once.
        (100, 99, (1, 4, 0)),
        (100, 100, (0, 0, 5)),
        (150, 100, (0, 4, 1)),
        (150, 149, (0, 4, 1)),
        (150, 150, (0, 0, 5)),
    ],
)
def test_a_hold_runs_out_and_gives_back_what_has_not_ended(
    deadline_us: int, at_us: int, expected: tuple[int, int, int]
) -> None:
    """Domain, Points 6: a lot that expires while held is good for that hold; released, it expires at once."""
    ledger = ledger_at(held(credited(Ledger(), 5, 100), "h", 4, deadline_us), at_us)

    assert expected == (ledger.available, ledger.held, ledger.expired)


def kept(ledger: Ledger, at_us: int) -> Ledger:
    """The ledger without empty lots that have ended: when these are forgotten matters to nobody."""
    return without_ended_lots(ledger, at_us)


credits_: Final = st.tuples(
    st.integers(min_value=1, max_value=9),
    st.sampled_from([NEVER, SLIDING, 3, 5, 6, 8]),
    st.sampled_from([0, 2, 3, 5]),
)


@settings(deadline=None)
@given(
    st.lists(credits_, max_size=12),
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=3),
    st.sampled_from([1, 3, 4, 6, 9]),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 12),
)
def test_reading_in_one_pass_is_booking_one_after_the_other(
    came: list[tuple[int, int, int]],
    holds: list[tuple[int, int]],
    sliding_end_us: int,
    first_us: int,
    then_us: int,
    debt: int,
) -> None:
    """Lots, pending lots, holds and totals; also of a lot that has given points, where points post or holds
    run out at the very instant at which their lot ends, and where the member owes.
    """
    ledger = Ledger(sliding_end_us=sliding_end_us)
    for points, end_us, posting_us in came:
        ledger = waits(ledger, points, end_us, posting_us) if posting_us else credited(ledger, points, end_us)
    for number, (points, deadline_us) in enumerate(holds):
        if ledger.available:
            ledger = held(ledger, f"h{number}", min(points, ledger.available), deadline_us)
    ledger = taken(ledger, "redeemed", ledger.available // 2)
    if debt:
        ledger = taken(ledger, "voided", ledger.available)
        ledger = move(ledger, Leg("debt", "voided", debt, NEVER, 0))

    last_us = max(first_us, then_us)
    assert kept(booked(ledger, first_us), first_us) == kept(ledger_at(ledger, first_us), first_us)
    assert kept(booked(ledger, last_us), last_us) == kept(
        ledger_at(ledger_at(ledger, first_us), last_us), last_us
    )
    assert law_broken(ledger_at(ledger, last_us)) is None
