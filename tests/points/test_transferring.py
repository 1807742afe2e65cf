"""Points that go to another member keep the expiry they have (domain: Points 11); the sliding end."""

from typing import Final

import pytest

from points.ledger import Ledger, Leg, move_all, take_legs
from points.lots import BooksBrokenError, Lot
from points.policies import NEVER, SLIDING
from points.transferring import (
    Parcel,
    count_transfer,
    extend_sliding,
    given_that_day,
    parcels_of,
    receive_legs,
)
from tests.points.books import credited, owing

SENDER: Final = credited(credited(credited(Ledger(sliding_end_us=150), 3, 100), 4, SLIDING), 7, NEVER)


def test_a_parcel_a_lot_leaves_with_the_end_it_has() -> None:
    """The sliding lot's end is the sender's; with the receiver it does not move any more."""
    legs = take_legs(SENDER, "transfer", 9)

    assert (Parcel(100, 3), Parcel(150, 4), Parcel(NEVER, 2)) == parcels_of(SENDER, legs)


def test_parcels_join_the_receivers_lots_of_the_same_end() -> None:
    receiver = credited(credited(Ledger(sliding_end_us=500), 1, 100), 2, SLIDING)

    legs = receive_legs(receiver, (Parcel(100, 3), Parcel(150, 4), Parcel(NEVER, 2)), 50)

    assert (
        Leg("transfer", "available", 3, 100, 1),
        Leg("transfer", "available", 4, 150, 0),
        Leg("transfer", "available", 2, NEVER, 0),
    ) == legs
    assert (Lot(100, 4, 0), Lot(150, 4, 0), Lot(SLIDING, 2, 0), Lot(NEVER, 2, 0)) == (
        move_all(receiver, legs).lots
    )


def test_what_comes_pays_debt_first_whichever_lot_it_is_of() -> None:
    legs = receive_legs(owing(5), (Parcel(100, 3), Parcel(NEVER, 4)), 50)

    assert [(leg.target, leg.points, leg.end_us) for leg in legs] == [
        ("debt", 3, 100),
        ("debt", 2, NEVER),
        ("available", 2, NEVER),
    ]


def test_two_parcels_of_one_end_are_numbered_one_after_the_other() -> None:
    """The sender's sliding lot may end with one that does not slide."""
    legs = receive_legs(Ledger(), (Parcel(100, 3), Parcel(100, 4)), 50)

    assert [leg.offset for leg in legs] == [0, 3]


def test_what_was_given_counts_for_its_day_and_not_for_the_next() -> None:
    ledger = count_transfer(count_transfer(Ledger(), 10, 3), 10, 4)

    # The day before counts as well: a time zone that moved back over midnight gives no second limit.
    assert tuple(given_that_day(ledger, day) for day in (10, 9, 11)) == (7, 7, 0)
    assert tuple(given_that_day(count_transfer(ledger, 11, 5), day) for day in (11, 12)) == (5, 0)


def test_a_day_that_comes_again_gives_no_second_limit() -> None:
    """The clock's day does not go back, but a program's time zone may be moved over midnight."""
    ledger = count_transfer(count_transfer(Ledger(), 10, 3), 9, 4)

    assert (ledger.transfer_day, given_that_day(ledger, 9), given_that_day(ledger, 10)) == (10, 7, 7)


@pytest.mark.parametrize(("before", "end_us"), [(NEVER, 1), (NEVER, 100), (99, 100)])
def test_the_sliding_end_moves_on(before: int, end_us: int) -> None:
    assert extend_sliding(Ledger(sliding_end_us=before), end_us).sliding_end_us == end_us


@pytest.mark.parametrize(
    ("before", "end_us"), [(100, 100), (100, 99), (100, NEVER), (NEVER, NEVER), (NEVER, -1)]
)
def test_the_sliding_end_never_moves_back(before: int, end_us: int) -> None:
    with pytest.raises(BooksBrokenError):
        extend_sliding(Ledger(sliding_end_us=before), end_us)
