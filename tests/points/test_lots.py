"""Lots: their order, their numbers, and how many of them there can be."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.falling_due import expiry_legs
from points.ledger import LOTS_MAX, Ledger, Leg, law_broken, move, without_ended_lots
from points.lots import (
    BooksBrokenError,
    Lot,
    LotMovement,
    Lots,
    PendingLot,
    PendingLots,
    find_lot,
    find_pending,
    lots_after,
    pending_after,
)
from points.policies import NEVER, SLIDING
from programs.document import EXPIRY_DAYS_MAX, PENDING_DAYS_MAX
from tests.points.books import DAY_US, credited, expired, posted, waits


def lots_credited(lots: Lots, end_us: int, points: int, number: int) -> Lots:
    """The lots after points joined one."""
    return lots_after(lots, (LotMovement(end_us, points, number),))


def consumed(lots: Lots, end_us: int, points: int, number: int) -> Lots:
    """The lots after points left one."""
    return lots_after(lots, (LotMovement(end_us, -points, number),))


def waiting(lots: PendingLots, posting_us: int, end_us: int, points: int) -> PendingLots:
    """The pending lots after points began (above zero) or stopped waiting."""
    return pending_after(lots, (PendingLot(posting_us, end_us, points),))


# The order of lots


@settings(deadline=None)
@given(st.permutations([NEVER, SLIDING, 100, 200, 300, 400]))
def test_the_lot_that_expires_first_stands_first_and_never_stands_last(ends: list[int]) -> None:
    """Domain, Points 5: spending takes the lot that expires first; never-expiring points last.

    The sliding lot, whose end moves, stands behind those whose end stays.
    """
    ledger = Ledger(sliding_end_us=50)
    for end_us in ends:
        ledger = credited(ledger, 1, end_us)

    assert [lot.end_us for lot in ledger.lots] == [100, 200, 300, 400, SLIDING, NEVER]


@settings(deadline=None)
@given(st.permutations([(10, 100), (10, 200), (10, SLIDING), (10, NEVER), (11, 100), (12, 100), (12, NEVER)]))
def test_what_posts_first_waits_first(lots: list[tuple[int, int]]) -> None:
    ledger = Ledger()
    for posting_us, end_us in lots:
        ledger = waits(ledger, 1, end_us, posting_us)

    assert [(lot.posting_us, lot.end_us) for lot in ledger.pending_lots] == [
        (10, 100),
        (10, 200),
        (10, SLIDING),
        (10, NEVER),
        (11, 100),
        (12, 100),
        (12, NEVER),
    ]


# Numbers


def test_an_empty_lot_goes_on_counting() -> None:
    """Domain, Points 5: offsets tell which award paid what; a number is used once."""
    ledger = expired(credited(Ledger(), 5, 100), 100)

    again = credited(ledger, 7, 100)

    assert (Lot(100, 12, 5),) == again.lots
    assert (Leg("available", "expired", 7, 100, 5),) == expiry_legs(again, 100)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("in"), st.integers(min_value=1, max_value=50)),
            st.tuples(st.just("out"), st.integers(min_value=1, max_value=50)),
        ),
        max_size=30,
    )
)
def test_within_a_lot_first_in_is_first_out(steps: list[tuple[str, int]]) -> None:
    """Domain, Points 5. The lot is followed point by point in a queue."""
    ledger, queue, came, gone = Ledger(), list[int](), 0, list[int]()
    for direction, points in steps:
        if direction == "in":
            ledger = credited(ledger, points, 100)
            queue += range(came, came + points)
            came += points
        elif points <= len(queue):
            offset = ledger.lots[0].consumed
            ledger = move(ledger, Leg("available", "expired", points, 100, offset))
            gone += range(offset, offset + points)
            queue = queue[points:]

    assert list(range(came - len(queue))) == gone
    assert (len(queue), came, len(gone)) == (ledger.available, ledger.issued, ledger.expired)


LOTS: Final = (Lot(100, 9, 4), Lot(200, 3, 3), Lot(NEVER, 1, 0))


@pytest.mark.parametrize(("end_us", "number"), [(100, 9), (200, 3), (NEVER, 1), (300, 0), (SLIDING, 0)])
def test_the_next_point_takes_the_number_after_the_last_one(end_us: int, number: int) -> None:
    found = find_lot(lots_credited(LOTS, end_us, 2, number), end_us)

    assert found is not None
    assert number + 2 == found.credited


@pytest.mark.parametrize(("end_us", "number"), [(100, 8), (100, 10), (100, 0), (300, 1), (300, -1)])
def test_points_that_come_leave_no_number_out_and_use_none_twice(end_us: int, number: int) -> None:
    with pytest.raises(BooksBrokenError):
        lots_credited(LOTS, end_us, 2, number)


def test_points_that_go_take_the_first_numbers_that_are_left() -> None:
    assert (Lot(100, 9, 9), *LOTS[1:]) == consumed(LOTS, 100, 5, 4)
    assert (Lot(100, 9, 4), Lot(200, 3, 3), Lot(NEVER, 1, 0)) == LOTS


@pytest.mark.parametrize(
    ("end_us", "points", "number"),
    [(100, 6, 4), (100, 1, 3), (100, 1, 5), (200, 1, 3), (300, 1, 0), (NEVER, 2, 0)],
)
def test_points_that_are_not_there_do_not_go(end_us: int, points: int, number: int) -> None:
    with pytest.raises(BooksBrokenError):
        consumed(LOTS, end_us, points, number)


def test_a_lot_is_found_by_its_end() -> None:
    assert [Lot(200, 3, 3), Lot(NEVER, 1, 0), None] == [find_lot(LOTS, end) for end in (200, NEVER, 300)]


# Points that wait


def test_points_wait_for_their_instant_and_their_lot() -> None:
    lots = waiting(waiting(waiting((), 10, 100, 5), 10, 100, 2), 10, 200, 1)

    assert (PendingLot(10, 100, 7), PendingLot(10, 200, 1)) == lots
    assert tuple(find_pending(lots, *place) for place in ((10, 100), (10, 200), (11, 100), (10, NEVER))) == (
        7,
        1,
        0,
        0,
    )


def test_points_stop_waiting_in_part_and_then_altogether() -> None:
    lots = waiting((), 10, 100, 5)

    assert (PendingLot(10, 100, 3),) == waiting(lots, 10, 100, -2)
    assert waiting(lots, 10, 100, -5) == ()


@pytest.mark.parametrize("place", [(10, 200), (11, 100), (10, NEVER)])
def test_points_that_do_not_wait_cannot_stop(place: tuple[int, int]) -> None:
    lots = waiting((), 10, 100, 5)

    with pytest.raises(BooksBrokenError):
        waiting(lots, *place, -1)
    with pytest.raises(BooksBrokenError):
        waiting(lots, 10, 100, -6)


# What is kept


@pytest.mark.parametrize(
    ("lots", "until_us", "expected"),
    [
        ((Lot(100, 5, 5),), 99, (Lot(100, 5, 5),)),
        ((Lot(100, 5, 5),), 100, ()),
        ((Lot(100, 5, 5),), 101, ()),
        ((Lot(100, 5, 4),), 101, (Lot(100, 5, 4),)),
        ((Lot(NEVER, 5, 5),), 101, (Lot(NEVER, 5, 5),)),
        ((Lot(SLIDING, 5, 5),), 101, (Lot(SLIDING, 5, 5),)),
        ((Lot(100, 5, 5), Lot(200, 5, 5), Lot(NEVER, 5, 0)), 150, (Lot(200, 5, 5), Lot(NEVER, 5, 0))),
    ],
)
def test_a_lot_is_kept_while_it_has_points_or_may_get_some(
    lots: tuple[Lot, ...], until_us: int, expected: tuple[Lot, ...]
) -> None:
    """The sliding lot may be filled again after it ended, so its numbers go on."""
    assert expected == without_ended_lots(Ledger(lots=lots), until_us).lots


def test_a_member_has_at_most_3661_lots_with_an_end() -> None:
    """Architecture: every collection of an account has a bound. Expiry is after 3,660 days at most.

    A member who buys every day has a lot for each day, the day itself included, and one that never ends.
    """
    ledger, most = credited(Ledger(), 1, NEVER), 0
    for day in range(1, 3_661 + 6):
        today_us = day * DAY_US
        ledger = without_ended_lots(expired(ledger, today_us), today_us)
        ledger = credited(ledger, 1, (day + 3_661) * DAY_US)
        most = max(most, len(ledger.lots))

    assert (most, len(ledger.lots)) == (3_661 + 1, 3_661 + 1)
    assert (EXPIRY_DAYS_MAX, 2 * most < LOTS_MAX) == (3_660, True)
    assert (ledger.available, ledger.expired, law_broken(ledger)) == (3_662, 5, None)


def test_a_member_has_at_most_367_pending_lots_of_one_policy() -> None:
    """Architecture: every collection of an account has a bound. A return window is 366 days at most."""
    ledger, most = Ledger(), 0
    for day in range(1, 367 + 6):
        ledger = posted(ledger, day * DAY_US)
        ledger = waits(ledger, 1, NEVER, (day + 367) * DAY_US)
        most = max(most, len(ledger.pending_lots))

    assert (most, len(ledger.pending_lots)) == (367, 367)
    assert (PENDING_DAYS_MAX, 2 * most < LOTS_MAX) == (366, True)
    assert (ledger.available, ledger.pending) == (5, 367)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([NEVER, SLIDING, 100, 200, 300]), st.integers(1, 9)), max_size=12))
def test_many_movements_at_once_are_the_same_one_after_the_other(steps: list[tuple[int, int]]) -> None:
    """Few are carried out one by one, many over a table of all lots: the lots are the same."""
    one_by_one: Lots = LOTS
    movements: list[LotMovement] = []
    for end_us, points in steps:
        lot = find_lot(one_by_one, end_us)
        movement = LotMovement(end_us, points, lot.credited if lot else 0)
        if lot is not None and lot.points > points:
            movement = LotMovement(end_us, -points, lot.consumed)
        one_by_one = lots_after(one_by_one, (movement,))
        movements.append(movement)

    assert one_by_one == lots_after(LOTS, movements)
