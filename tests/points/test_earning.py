"""How many points an order earns: whole points, rounded down, once an order and rule."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.earning import Award, awards_for_order
from points.order import Order, OrderLine
from programs.document import PerAmount

AMOUNTS = st.integers(min_value=0, max_value=10**15)
POINTS = st.integers(min_value=1, max_value=10**6)
PER_AMOUNTS = st.integers(min_value=1, max_value=10**15)


def rule(points: int = 1, per_amount_minor: int = 100, rule_id: str = "base") -> PerAmount:
    return PerAmount(kind="per_amount", id=rule_id, points=points, per_amount_minor=per_amount_minor)


def order(amount_minor: int, lines: tuple[OrderLine, ...] = ()) -> Order:
    return Order("o1", 0, "GBP", amount_minor, lines)


@pytest.mark.parametrize(
    ("amount_minor", "points", "per_amount_minor", "expected"),
    [
        # A point a pound.
        (0, 1, 100, 0),
        (1, 1, 100, 0),
        (99, 1, 100, 0),
        (100, 1, 100, 1),
        (101, 1, 100, 1),
        (199, 1, 100, 1),
        (200, 1, 100, 2),
        (12_345, 1, 100, 123),
        # So many points for an amount: the points are rounded down, not the amounts.
        (150, 2, 100, 3),
        (99, 2, 100, 1),
        (49, 2, 100, 0),
        (1_000, 1, 300, 3),
        (1_000, 10, 3, 3_333),
        # Amounts at the limits, where a double would be wrong.
        (10**15, 10**6, 1, 10**21),
        (10**15, 1, 10**15, 1),
        (10**15 - 1, 1, 10**15, 0),
        (999_999_999_999_999, 7, 3, 2_333_333_333_333_331),
        (9_007_199_254_740_993, 1, 1, 9_007_199_254_740_993),
    ],
)
def test_points_are_rounded_down(
    amount_minor: int, points: int, per_amount_minor: int, expected: int
) -> None:
    """Domain, Points 1: integers only, floor unless said otherwise."""
    awards = awards_for_order((rule(points, per_amount_minor),), order(amount_minor))

    assert [Award("base", amount_minor, expected)] == awards


@settings(deadline=None)
@given(AMOUNTS, POINTS, PER_AMOUNTS)
def test_points_are_the_floor_of_the_exact_fraction(amount: int, points: int, per_amount: int) -> None:
    """No floating point for points or money."""
    (award,) = awards_for_order((rule(points, per_amount),), order(amount))

    assert floor(Fraction(amount * points, per_amount)) == award.points


def test_rounding_happens_once_an_order_not_once_a_line() -> None:
    """Domain, Points 1: as the rule says; this kind rounds once an order."""
    lines = (OrderLine("1", 1, 50), OrderLine("2", 1, 50))

    assert [Award("base", 100, 1)] == awards_for_order((rule(),), order(100, lines))


def test_points_are_earned_on_what_was_paid_whatever_the_lines_say() -> None:
    """Domain, Points 12: an order's amount is the money really paid, and nothing is deducted again."""
    lines = (OrderLine("1", 1, 9_900),)

    assert [Award("base", 500, 5)] == awards_for_order((rule(),), order(500, lines))


def test_each_rule_gives_its_own_in_the_order_of_the_document() -> None:
    """Domain, Points 2: the order of evaluation is fixed. A rule that gives nothing is listed too."""
    rules = (rule(1, 100, "z"), rule(1, 1_000, "none"), rule(3, 100, "a"))

    assert [Award("z", 250, 2), Award("none", 250, 0), Award("a", 250, 7)] == awards_for_order(
        rules, order(250)
    )


def test_without_a_rule_nothing_is_earned() -> None:
    assert awards_for_order((), order(10_000)) == []
