"""Points as money at the till: what they are worth, and how many an order takes (domain: Points 12)."""

from fractions import Fraction
from math import floor
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.money import SpendNotAllowed, Usable, spend_refused, usable_points, worth_minor
from programs.document import PointsAsMoney

# A hundred points are a pound; from 200 points, in steps of 50, for at most half of an order, at most £20.
POUND: Final = PointsAsMoney(
    points=100,
    amount_minor=100,
    minimum_points=200,
    step_points=50,
    share_max_percent=50,
    amount_minor_max=2_000,
)
PLAIN: Final = PointsAsMoney(points=100, amount_minor=100)


@pytest.mark.parametrize(
    ("points", "amount_minor", "spent", "worth"),
    [
        (100, 100, 250, 250),
        (3, 1, 2, 0),
        (3, 1, 3, 1),
        (3, 1, 8, 2),
        (1, 7, 5, 35),
        (7, 3, 100, 42),  # 42.857…
        # Where a double would be wrong.
        (1, 1, 9_007_199_254_740_993, 9_007_199_254_740_993),
        (3, 7, 9_007_199_254_740_991, 21_016_798_261_062_312),
        (1_000_000, 1_000_000_000_000_000, 9_007_199_254_740_991, 9_007_199_254_740_991_000_000_000),
    ],
)
def test_worth_is_rounded_down(points: int, amount_minor: int, spent: int, worth: int) -> None:
    """Domain, Points 1: floor unless said otherwise."""
    policy = PointsAsMoney(points=points, amount_minor=amount_minor)

    assert worth == worth_minor(policy, spent)


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**15), st.integers(0, 2**53 - 1))
def test_worth_is_the_floor_of_the_exact_fraction(points: int, amount_minor: int, spent: int) -> None:
    policy = PointsAsMoney(points=points, amount_minor=amount_minor)

    assert floor(Fraction(spent * amount_minor, points)) == worth_minor(policy, spent)


@pytest.mark.parametrize(
    ("gross_minor", "available", "asked", "expected"),
    [
        # Half of £30 is £15; half of £50 would be £25, but £20 is the most.
        (3_000, 10_000, 0, Usable(1_500, 1_500, "SHARE_LIMIT")),
        (5_000, 10_000, 0, Usable(2_000, 2_000, "AMOUNT_LIMIT")),
        (4_000, 10_000, 0, Usable(2_000, 2_000, "SHARE_LIMIT")),
        # What is there, in whole steps.
        (5_000, 1_249, 0, Usable(1_200, 1_200, "ALL_AVAILABLE")),
        (5_000, 1_250, 0, Usable(1_250, 1_250, "ALL_AVAILABLE")),
        # What is asked for, in whole steps.
        (5_000, 1_249, 700, Usable(700, 700, "AS_ASKED")),
        (5_000, 1_249, 749, Usable(700, 700, "AS_ASKED")),
        (5_000, 1_249, 5_000, Usable(1_200, 1_200, "ALL_AVAILABLE")),
        # Too few: of the member, of the order, of the question.
        (5_000, 199, 0, Usable(0, 0, "BELOW_MINIMUM")),
        (5_000, 200, 0, Usable(200, 200, "ALL_AVAILABLE")),
        (399, 10_000, 0, Usable(0, 0, "BELOW_MINIMUM")),
        (400, 10_000, 0, Usable(200, 200, "SHARE_LIMIT")),
        (5_000, 10_000, 199, Usable(0, 0, "BELOW_MINIMUM")),
        (5_000, 0, 0, Usable(0, 0, "BELOW_MINIMUM")),
        (0, 10_000, 0, Usable(0, 0, "BELOW_MINIMUM")),
    ],
)
def test_an_order_takes_the_most_that_every_limit_allows(
    gross_minor: int, available: int, asked: int, expected: Usable
) -> None:
    assert expected == usable_points(POUND, gross_minor, available, asked)


def test_no_points_are_given_for_nothing() -> None:
    """Three points a penny: 8 points are worth as much as 6, so 6 are taken."""
    policy = PointsAsMoney(points=3, amount_minor=1)

    assert Usable(6, 2, "ALL_AVAILABLE") == usable_points(policy, 1_000, 8, 0)
    assert Usable(0, 0, "ALL_AVAILABLE") == usable_points(policy, 1_000, 2, 0)


def test_points_pay_a_whole_order_where_the_program_sets_no_limit() -> None:
    assert Usable(3_000, 3_000, "SHARE_LIMIT") == usable_points(PLAIN, 3_000, 10_000, 0)


def test_a_program_without_the_policy_offers_nothing() -> None:
    assert Usable(0, 0, "NOT_OFFERED") == usable_points(None, 3_000, 10_000, 500)


policies: Final = st.builds(
    PointsAsMoney,
    points=st.integers(1, 7),
    amount_minor=st.integers(1, 7),
    minimum_points=st.integers(0, 25),
    step_points=st.integers(1, 9),
    share_max_percent=st.sampled_from([1, 10, 33, 50, 99, 100]),
    amount_minor_max=st.none() | st.integers(1, 60),
)


def allowed(policy: PointsAsMoney, gross_minor: int, points: int) -> bool:
    """Whether so many points may pay a part of an order, as the program document says it, word for word."""
    worth = floor(Fraction(points * policy.amount_minor, policy.points))
    return (
        points >= policy.minimum_points
        and points % policy.step_points == 0
        and worth <= Fraction(gross_minor * policy.share_max_percent, 100)
        and (policy.amount_minor_max is None or worth <= policy.amount_minor_max)
    )


@settings(deadline=None, max_examples=400)
@given(policies, st.integers(0, 120), st.integers(0, 90), st.integers(0, 90))
def test_no_allowed_number_of_points_pays_more_or_pays_as_much_with_fewer(
    policy: PointsAsMoney, gross_minor: int, available: int, asked: int
) -> None:
    """By trying every number there is."""
    most = min(available, asked) if asked else available
    candidates = [
        (floor(Fraction(points * policy.amount_minor, policy.points)), -points)
        for points in range(most + 1)
        if allowed(policy, gross_minor, points)
    ]
    worth, fewest = max((candidate for candidate in candidates if candidate[0]), default=(0, 0))

    usable = usable_points(policy, gross_minor, available, asked)

    assert (-fewest, worth) == (usable.points, usable.worth_minor)


@settings(deadline=None, max_examples=400)
@given(policies, st.integers(0, 120), st.integers(0, 90))
def test_what_is_offered_is_taken_at_the_till(policy: PointsAsMoney, gross: int, available: int) -> None:
    usable = usable_points(policy, gross, available, 0)

    if usable.points:
        assert spend_refused(policy, usable.points, gross - usable.worth_minor) is None


@settings(deadline=None, max_examples=400)
@given(policies, st.integers(1, 90), st.integers(0, 120))
def test_the_till_takes_what_the_program_allows_and_nothing_else(
    policy: PointsAsMoney, points: int, paid_minor: int
) -> None:
    worth = floor(Fraction(points * policy.amount_minor, policy.points))

    assert (spend_refused(policy, points, paid_minor) is None) == allowed(policy, paid_minor + worth, points)


@pytest.mark.parametrize(
    ("points", "paid_minor", "expected"),
    [
        (200, 200, None),
        (150, 10_000, SpendNotAllowed("minimum_points", 150, 150, 200)),
        (199, 10_000, SpendNotAllowed("minimum_points", 199, 199, 200)),
        (225, 10_000, SpendNotAllowed("step_points", 225, 225, 50)),
        # £2.50 of £4.99 is more than half, of £5 it is not.
        (250, 249, SpendNotAllowed("share_max_percent", 250, 250, 50)),
        (250, 250, None),
        (2_000, 2_000, None),
        (2_050, 10_000, SpendNotAllowed("amount_minor_max", 2_050, 2_050, 2_000)),
    ],
)
def test_what_the_program_does_not_take_is_refused_with_the_rule_and_the_numbers(
    points: int, paid_minor: int, expected: SpendNotAllowed | None
) -> None:
    assert expected == spend_refused(POUND, points, paid_minor)


def test_points_are_never_worth_more_than_an_amount_can_be() -> None:
    """10^15 minor units, as everywhere in a program; the largest number of points would be worth more."""
    dear = PointsAsMoney(points=1, amount_minor=1_000_000)

    assert spend_refused(dear, 10**9, 0) is None
    assert SpendNotAllowed("amount_minor_max", 10**9 + 1, 10**15 + 10**6, 10**15) == spend_refused(
        dear, 10**9 + 1, 0
    )
