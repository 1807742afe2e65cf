"""Holds: what is captured and released, part by part (domain: Points 6)."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.holding import (
    capture_legs,
    close_hold,
    hold_of,
    open_hold,
    release_legs,
    shrink_hold,
    split_parts,
)
from points.ledger import Hold, HoldPart, Ledger, Leg, find_hold, law_broken, move, move_all, take_legs
from points.lots import BooksBrokenError, Lot
from points.policies import NEVER, SLIDING
from tests.points.books import credited

PARTS: Final = (HoldPart(100, 3), HoldPart(200, 5), HoldPart(NEVER, 2))


def three_lots() -> Ledger:
    return credited(credited(credited(Ledger(), 3, 100), 5, 200), 7, NEVER)


def held(ledger: Ledger, points: int, hold_id: str = "h") -> Ledger:
    legs = take_legs(ledger, "held", points)
    return open_hold(move_all(ledger, legs), hold_of(hold_id, 50, legs))


def test_a_hold_keeps_its_parts_in_the_order_they_were_taken() -> None:
    ledger = held(three_lots(), 10)

    assert (Hold("h", 50, PARTS),) == ledger.holds
    assert (ledger.held, ledger.available, ledger.holds[0].points) == (10, 5, 10)
    assert (Lot(100, 3, 3), Lot(200, 5, 5), Lot(NEVER, 7, 2)) == ledger.lots
    assert law_broken(ledger) is None


@pytest.mark.parametrize(
    ("points", "first", "rest"),
    [
        (0, (), PARTS),
        (1, (HoldPart(100, 1),), (HoldPart(100, 2), HoldPart(200, 5), HoldPart(NEVER, 2))),
        (3, (HoldPart(100, 3),), (HoldPart(200, 5), HoldPart(NEVER, 2))),
        (4, (HoldPart(100, 3), HoldPart(200, 1)), (HoldPart(200, 4), HoldPart(NEVER, 2))),
        (9, (HoldPart(100, 3), HoldPart(200, 5), HoldPart(NEVER, 1)), (HoldPart(NEVER, 1),)),
        (10, PARTS, ()),
        # More than there is: everything. Whoever asks checks first.
        (11, PARTS, ()),
    ],
)
def test_the_first_points_of_a_hold_are_captured_and_the_rest_given_back(
    points: int, first: tuple[HoldPart, ...], rest: tuple[HoldPart, ...]
) -> None:
    assert (first, rest) == split_parts(PARTS, points)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 20)), max_size=6), st.data())
def test_both_parts_of_a_hold_are_the_hold(parts: list[tuple[int, int]], data: st.DataObject) -> None:
    """Point by point, in order."""
    hold = tuple(HoldPart(end_us, points) for end_us, points in parts)
    points = [part.end_us for part in hold for _ in range(part.points)]
    count = data.draw(st.integers(0, len(points)))

    first, rest = split_parts(hold, count)

    assert points[:count] == [part.end_us for part in first for _ in range(part.points)]
    assert points[count:] == [part.end_us for part in rest for _ in range(part.points)]
    assert all(part.points > 0 for part in (*first, *rest))


def test_held_points_are_good_for_the_hold_though_their_lot_has_ended() -> None:
    """Domain, Points 6. They have no numbers any more: they left their lot."""
    assert (
        Leg("held", "redeemed", 3, 100, 0),
        Leg("held", "redeemed", 5, 200, 0),
        Leg("held", "redeemed", 2, NEVER, 0),
    ) == capture_legs(PARTS)


@pytest.mark.parametrize(
    ("as_of_us", "expected"),
    [
        (99, [("available", 3, 100, 3), ("available", 5, 200, 5), ("available", 2, NEVER, 7)]),
        (100, [("expired", 3, 100, 0), ("available", 5, 200, 5), ("available", 2, NEVER, 7)]),
        (200, [("expired", 3, 100, 0), ("expired", 5, 200, 0), ("available", 2, NEVER, 7)]),
    ],
)
def test_released_points_go_back_to_their_lots_or_expire_at_once(
    as_of_us: int, expected: list[tuple[str, int, int, int]]
) -> None:
    """They come back at the lot's tail, with new numbers: no number is used twice (domain, Points 5)."""
    ledger = held(three_lots(), 10)

    legs = release_legs(ledger, ledger.holds[0].parts, as_of_us)

    assert expected == [(leg.target, leg.points, leg.end_us, leg.offset) for leg in legs]
    assert law_broken(close_hold(move_all(ledger, legs), "h")) is None


@pytest.mark.parametrize(("as_of_us", "target"), [(69, "available"), (70, "expired"), (71, "expired")])
def test_released_sliding_points_expire_by_the_end_the_lot_has_now(as_of_us: int, target: str) -> None:
    ledger = held(credited(Ledger(sliding_end_us=70), 4, SLIDING), 4)

    assert [target] == [leg.target for leg in release_legs(ledger, ledger.holds[0].parts, as_of_us)]


def test_released_points_pay_debt_first() -> None:
    ledger = move(held(credited(Ledger(), 5, NEVER), 5), Leg("debt", "voided", 3, NEVER, 0))

    legs = release_legs(ledger, ledger.holds[0].parts, 0)

    assert [(leg.target, leg.points) for leg in legs] == [("debt", 3), ("available", 2)]
    assert law_broken(close_hold(move_all(ledger, legs), "h")) is None


def test_debt_is_paid_by_the_first_parts() -> None:
    ledger = move(held(three_lots(), 15), Leg("debt", "voided", 4, NEVER, 0))

    legs = release_legs(ledger, ledger.holds[0].parts, 0)

    assert [(leg.target, leg.points, leg.end_us) for leg in legs] == [
        ("debt", 3, 100),
        ("debt", 1, 200),
        ("available", 4, 200),
        ("available", 7, NEVER),
    ]


def test_a_hold_loses_its_first_points_and_is_gone_when_none_are_left() -> None:
    ledger = held(held(three_lots(), 10, "h"), 1, "other")

    shrunk = shrink_hold(ledger, "h", 4)
    gone = shrink_hold(shrunk, "h", 6)

    assert Hold("h", 50, (HoldPart(200, 4), HoldPart(NEVER, 2))) == find_hold(shrunk, "h")
    assert [hold.hold_id for hold in shrunk.holds] == ["h", "other"]
    assert [hold.hold_id for hold in gone.holds] == ["other"]
    assert [hold.hold_id for hold in close_hold(ledger, "h").holds] == ["other"]
    assert find_hold(gone, "h") is None


def test_a_hold_is_placed_once() -> None:
    ledger = held(three_lots(), 2)

    with pytest.raises(BooksBrokenError, match="'h'"):
        open_hold(ledger, Hold("h", 60, (HoldPart(100, 1),)))


@pytest.mark.parametrize(("hold_id", "points"), [("h", 3), ("other", 1)])
def test_points_that_are_not_held_do_not_leave_a_hold(hold_id: str, points: int) -> None:
    with pytest.raises(BooksBrokenError, match=hold_id):
        shrink_hold(held(three_lots(), 2), hold_id, points)


def test_a_hold_that_is_not_open_is_not_closed() -> None:
    with pytest.raises(BooksBrokenError, match="'other'"):
        close_hold(held(three_lots(), 2), "other")
