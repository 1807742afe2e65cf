"""How much of an order has come back: by lines, by amounts, and all that is left (domain: Points 7)."""

from fractions import Fraction
from math import floor
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.order import Order, OrderLine
from points.refunding import (
    NOTHING_REFUNDED,
    LineNotThere,
    LineRefunded,
    Refunded,
    RefundLine,
    RefundTooLarge,
    Share,
    refund_so_far,
    share_of,
)

# Three pieces for £10, seven for £1, and £5 of shipping: £16 paid.
ORDER: Final = Order("o", 0, "GBP", 1_600, (OrderLine("a", 3, 1_000), OrderLine("b", 7, 100)))
FREE: Final = Order("o", 0, "GBP", 0, (OrderLine("a", 3, 0), OrderLine("b", 1, 0)))
NO_LINES: Final = Order("o", 0, "GBP", 1_600)


def back(order: Order, *refunds: tuple[RefundLine, ...] | int) -> Refunded:
    """What has come back after refunds, each of lines or of an amount (0: all that is left)."""
    refunded = NOTHING_REFUNDED
    for refund in refunds:
        after = (
            refund_so_far(order, refunded, (), refund)
            if isinstance(refund, int)
            else refund_so_far(order, refunded, refund, 0)
        )
        assert isinstance(after, Refunded), after
        refunded = after
    return refunded


# Amounts


def test_amounts_add_up_to_the_whole() -> None:
    assert [
        Refunded(500),
        Refunded(1_599),
        Refunded(1_600, whole=True),
    ] == [back(NO_LINES, *refunds) for refunds in ((500,), (500, 1_099), (500, 1_099, 1))]


def test_all_that_is_left_is_the_whole() -> None:
    assert Refunded(1_600, whole=True) == back(NO_LINES, 0) == back(NO_LINES, 500, 0) == back(NO_LINES, 1_600)


@pytest.mark.parametrize(
    ("earlier", "amount_minor", "expected"),
    [
        ((), 1_601, RefundTooLarge("", 1_601, 1_600)),
        ((500,), 1_101, RefundTooLarge("", 1_101, 1_100)),
        ((1_600,), 1, RefundTooLarge("", 1, 0)),
        ((1_600,), 0, RefundTooLarge("", 0, 0)),
        ((0,), 0, RefundTooLarge("", 0, 0)),
    ],
)
def test_never_more_than_was_paid_comes_back(
    earlier: tuple[int, ...], amount_minor: int, expected: RefundTooLarge
) -> None:
    assert expected == refund_so_far(NO_LINES, back(NO_LINES, *earlier), (), amount_minor)


# Lines


def test_the_pieces_of_a_line_bring_its_money_and_the_last_one_the_rest() -> None:
    """A third of £10 is £3.33, two thirds are £6.66, three are £10."""
    one = (RefundLine("a", 1),)

    assert [back(ORDER, *[one] * count).amount_minor for count in (1, 2, 3)] == [333, 666, 1_000]
    assert {"a": LineRefunded(2, 666)} == back(ORDER, one, one).lines


def test_several_pieces_bring_what_single_ones_do() -> None:
    one, three = (RefundLine("a", 1),), (RefundLine("a", 3),)

    assert back(ORDER, three) == back(ORDER, one, one, one)
    assert back(ORDER, three) == back(ORDER, (RefundLine("a", 2), RefundLine("a", 1)))


def test_lines_come_back_beside_each_other() -> None:
    refunded = back(ORDER, (RefundLine("b", 3), RefundLine("a", 1)), (RefundLine("b", 1),))

    # 3 of 7 of £1 are 42p, 4 of 7 are 57p.
    assert Refunded(333 + 57, {"b": LineRefunded(4, 57), "a": LineRefunded(1, 333)}) == refunded


def test_all_pieces_are_not_the_whole_where_something_else_was_paid() -> None:
    """The shipping is left, and comes back with all that is left."""
    pieces = (RefundLine("a", 3), RefundLine("b", 7))

    assert (back(ORDER, pieces).amount_minor, back(ORDER, pieces).whole) == (1_100, False)
    assert (back(ORDER, pieces, 0).amount_minor, back(ORDER, pieces, 0).whole) == (1_600, True)


def test_lines_and_amounts_share_what_was_paid() -> None:
    after_amount = back(ORDER, 700)

    assert Refunded(1_600, {"a": LineRefunded(2, 666), "b": LineRefunded(7, 100)}) != after_amount
    assert refund_so_far(ORDER, after_amount, (RefundLine("a", 3),), 0) == RefundTooLarge("", 1_000, 900)
    assert back(ORDER, 700, (RefundLine("a", 2),)).amount_minor == 1_366


@pytest.mark.parametrize(
    ("earlier", "lines", "expected"),
    [
        ((), (RefundLine("a", 4),), RefundTooLarge("a", 4, 3)),
        (((RefundLine("a", 2),),), (RefundLine("a", 2),), RefundTooLarge("a", 2, 1)),
        ((), (RefundLine("a", 2), RefundLine("a", 2)), RefundTooLarge("a", 2, 1)),
        ((), (RefundLine("a", 1), RefundLine("b", 8)), RefundTooLarge("b", 8, 7)),
        ((0,), (RefundLine("a", 1),), RefundTooLarge("a", 1, 0)),
    ],
)
def test_never_more_pieces_than_were_bought_come_back(
    earlier: tuple[tuple[RefundLine, ...] | int, ...],
    lines: tuple[RefundLine, ...],
    expected: RefundTooLarge,
) -> None:
    assert expected == refund_so_far(ORDER, back(ORDER, *earlier), lines, 0)


def test_a_line_that_was_not_bought_does_not_come_back() -> None:
    assert LineNotThere("c") == refund_so_far(
        ORDER, NOTHING_REFUNDED, (RefundLine("a", 1), RefundLine("c", 1)), 0
    )
    assert LineNotThere("a") == refund_so_far(NO_LINES, NOTHING_REFUNDED, (RefundLine("a", 1),), 0)


# Nothing was paid in money: points or vouchers paid it all


def test_where_nothing_was_paid_all_pieces_are_the_whole() -> None:
    some = back(FREE, (RefundLine("a", 3),))
    all_ = back(FREE, (RefundLine("a", 3),), (RefundLine("b", 1),))

    assert (Refunded(0, {"a": LineRefunded(3, 0)}), True) == (some, all_.whole)
    assert RefundTooLarge("a", 1, 0) == refund_so_far(FREE, all_, (RefundLine("a", 1),), 0)


def test_where_nothing_was_paid_all_that_is_left_is_the_whole() -> None:
    assert Refunded(whole=True) == back(FREE, 0)
    assert Refunded(0, {"a": LineRefunded(1, 0)}, whole=True) == back(FREE, (RefundLine("a", 1),), 0)
    assert RefundTooLarge("", 1, 0) == refund_so_far(FREE, NOTHING_REFUNDED, (), 1)


# The share


@pytest.mark.parametrize(
    ("order", "refunded", "expected"),
    [
        (ORDER, NOTHING_REFUNDED, Fraction(0)),
        (ORDER, Refunded(400), Fraction(1, 4)),
        (ORDER, Refunded(333, {"a": LineRefunded(1, 333)}), Fraction(333, 1_600)),
        (ORDER, Refunded(1_600, whole=True), Fraction(1)),
        # By pieces, over all lines: 3 of 4.
        (FREE, NOTHING_REFUNDED, Fraction(0)),
        (FREE, Refunded(0, {"a": LineRefunded(3, 0)}), Fraction(3, 4)),
        (FREE, Refunded(0, {"a": LineRefunded(1, 0)}, whole=True), Fraction(1)),
        (Order("o", 0, "GBP", 0), NOTHING_REFUNDED, Fraction(0)),
        (Order("o", 0, "GBP", 0), Refunded(whole=True), Fraction(1)),
    ],
)
def test_the_share_is_of_the_money_or_of_the_pieces_where_nothing_was_paid(
    order: Order, refunded: Refunded, expected: Fraction
) -> None:
    assert expected == Fraction(*share_of(order, refunded))


@pytest.mark.parametrize(
    ("share", "points", "expected"),
    [
        (Share(1, 3), 10, 3),
        (Share(2, 3), 10, 6),
        (Share(1, 1), 10, 10),
        (Share(0, 1), 10, 0),
        (Share(1_599, 1_600), 1, 0),
        (Share(10**15 - 1, 10**15), 2**53 - 1, 9_007_199_254_740_981),
    ],
)
def test_a_share_of_points_is_rounded_down(share: Share, points: int, expected: int) -> None:
    assert expected == share.of(points)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5_000)), min_size=1, max_size=4),
    st.integers(0, 500),
    st.integers(0, 100_000),
    st.data(),
)
def test_partial_refunds_add_up_to_the_whole(
    bought: list[tuple[int, int]], shipping_minor: int, points: int, data: st.DataObject
) -> None:
    """Domain, Points 7: what is taken back so far = floor(earned × refunded ÷ base), exactly all at the end.

    In whatever steps everything comes back — pieces and amounts, and then all that is left — money never
    goes beyond what was paid, and no refund takes back less than nothing.
    """
    lines = tuple(OrderLine(f"l{place}", *line) for place, line in enumerate(bought))
    paid_minor = sum(line.amount_minor for line in lines) + shipping_minor
    order = Order("o", 0, "GBP", paid_minor, lines)
    refunded, so_far = NOTHING_REFUNDED, 0
    for _ in range(data.draw(st.integers(0, 6))):
        if data.draw(st.booleans()):
            line = data.draw(st.sampled_from(lines))
            asked: tuple[RefundLine, ...] = (RefundLine(line.line_id, data.draw(st.integers(1, 9))),)
            after = refund_so_far(order, refunded, asked, 0)
        else:
            after = refund_so_far(order, refunded, (), data.draw(st.integers(1, 3_000)))
        if isinstance(after, Refunded):
            share = share_of(order, after)
            if paid_minor:
                assert share.of(points) == floor(Fraction(points * after.amount_minor, paid_minor))
            assert so_far <= share.of(points) <= points
            assert refunded.amount_minor <= after.amount_minor <= paid_minor
            assert after.whole == (share.of(10**9) == 10**9)
            refunded, so_far = after, share.of(points)
    if not refunded.whole:
        last = refund_so_far(order, refunded, (), 0)
        assert isinstance(last, Refunded)
        assert (last.amount_minor, last.whole, share_of(order, last).of(points)) == (paid_minor, True, points)
