"""What a refund takes back of what an order earned, and what becomes of what is missing (Points 7)."""

import msgspec
import pytest

from members.commands import AdjustPoints, SpendPoints
from members.execute import Accepted
from members.journal import Restored, TakenBack
from members.rejections import (
    InsufficientPoints,
)
from points.ledger import Leg
from points.policies import NEVER
from programs.document import ExpiresWithoutActivity, PerAmount, Refunds
from tests.members.building import DAY_US, legs_of, program, settle, utc
from tests.members.keeping import Kept
from tests.members.refunding import ENDS_US, NOW_US, RULES, bought, legs_of_taken, refund

# Earned points are taken back


def test_waiting_points_are_taken_back_where_they_wait() -> None:
    rules = program(pending_days=14)
    posts_us = utc("2024-07-24T23:00:00")
    member = Kept()
    member.done(settle(NOW_US, 2_000), rules, NOW_US)
    member.done(AdjustPoints("gift", 50, "hello"), rules, NOW_US)

    changes = member.done(refund(), rules, NOW_US)

    assert TakenBack("base", 20, (Leg("pending", "voided", 20, NEVER, 0, posts_us),)) == changes[1]
    assert (member.account.ledger.pending, member.account.ledger.available) == (0, 50)


def test_what_has_expired_already_is_only_reclassified() -> None:
    """Domain, Points 7. Nothing is owed for points that nobody could use."""
    member = bought()
    member.done(SpendPoints("s", 5), RULES, NOW_US)
    member.done(AdjustPoints("gift", 2, "hello"), program(), NOW_US)

    changes = member.done(refund(), RULES, ENDS_US + DAY_US)

    assert (
        TakenBack(
            "base",
            20,
            (
                Leg("expired", "voided", 15, ENDS_US, 0),
                Leg("available", "voided", 2, NEVER, 0),
                Leg("debt", "voided", 3, NEVER, 0),
            ),
            0,
            3,
        )
        == changes[1]
    )
    assert member.expired == {ENDS_US: 0}


def test_what_expired_is_reclassified_once_also_in_parts() -> None:
    member = bought()
    member.done(SpendPoints("s", 5), RULES, NOW_US)

    first = member.done(refund("f1", amount_minor=1_000), RULES, ENDS_US)
    second = member.done(refund("f2"), RULES, ENDS_US)

    assert [(leg.source, leg.points) for leg in legs_of_taken(first[1])] == [("expired", 10)]
    assert [(leg.source, leg.points) for leg in legs_of_taken(second[1])] == [("expired", 5), ("debt", 5)]


def test_two_orders_of_one_lot_do_not_take_the_same_expired_points() -> None:
    member = bought()
    member.done(settle(NOW_US, 1_000, order_id="o2"), RULES, NOW_US)
    member.done(SpendPoints("s", 5), RULES, NOW_US)

    member.done(refund("f1"), RULES, ENDS_US)
    _, taken = member.done(refund("f2", order_id="o2"), RULES, ENDS_US)

    assert [(leg.source, leg.points) for leg in legs_of_taken(taken)] == [("expired", 5), ("debt", 5)]


def test_points_of_a_late_order_that_expired_as_they_came_are_reclassified() -> None:
    today_us = NOW_US + 100 * DAY_US
    member = Kept()
    member.done(settle(today_us, 100, order_id="today"), RULES, today_us)
    member.done(settle(NOW_US, 2_000), RULES, today_us)

    _, taken = member.done(refund(), RULES, today_us)

    assert (Leg("expired", "voided", 20, ENDS_US, 0),) == legs_of_taken(taken)


def test_points_that_expire_as_they_are_restored_are_reclassified_before_anybody_owes() -> None:
    """An order of the same lot, paid with 6 points of it: all of them are gone when the goods come back."""
    member = Kept()
    member.done(settle(NOW_US, 600, order_id="old"), RULES, NOW_US)
    member.done(settle(NOW_US, 1_000, spend_points=6), RULES, NOW_US)
    member.done(SpendPoints("s", 10), RULES, NOW_US)

    changes = member.done(refund(), RULES, ENDS_US)

    assert Restored(6, (Leg("redeemed", "expired", 6, ENDS_US, 0),)) == changes[1]
    assert [(leg.source, leg.points) for leg in legs_of_taken(changes[2])] == [("expired", 6), ("debt", 4)]
    assert member.expired == {ENDS_US: 0}


@pytest.mark.parametrize("before", ["joined", "active"])
def test_sliding_points_that_came_too_late_are_reclassified_too(before: str) -> None:
    """Also where the sliding lot never was, or had ended before the order: nothing is owed for them."""
    rules, today_us = program(expiry=ExpiresWithoutActivity(days=30)), NOW_US + 100 * DAY_US
    member = Kept()
    if before == "active":
        member.done(settle(NOW_US - 40 * DAY_US, 100, order_id="earlier"), rules, today_us)
    member.done(
        AdjustPoints("gift", 3, "x") if before == "active" else settle(today_us, 300, order_id="x"),
        program(),
        today_us,
    )

    member.done(settle(NOW_US, 2_000), rules, today_us)
    _, taken = member.done(refund(), rules, today_us)

    assert [(leg.source, leg.points) for leg in legs_of_taken(taken)] == [("expired", 20)]
    assert (member.account.ledger.available, member.account.ledger.debt) == (3, 0)


def test_sliding_points_that_expired_before_the_order_are_not_the_orders() -> None:
    """The sliding lot lives on: what expired of it in spring was not earned in summer."""
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 700, order_id="spring"), rules, NOW_US)
    summer_us = NOW_US + 60 * DAY_US
    member.done(settle(summer_us, 500), rules, summer_us)
    member.done(SpendPoints("s", 3), rules, summer_us)

    autumn_us = summer_us + 60 * DAY_US
    _, taken = member.done(refund(), rules, autumn_us)

    assert [(leg.source, leg.points) for leg in legs_of_taken(taken)] == [("expired", 2), ("debt", 3)]
    assert (member.account.ledger.expired, member.account.ledger.debt) == (7, 3)


def test_the_part_that_paid_a_debt_is_taken_last() -> None:
    """An order whose 10 points paid 6 that were owed, and whose 4 others were spent."""
    member = bought(amount_minor=600)
    member.done(SpendPoints("s", 6), RULES, NOW_US)
    member.done(refund("f1"), RULES, NOW_US)
    assert member.account.ledger.debt == 6

    member.done(settle(NOW_US, 1_000, order_id="o2"), RULES, NOW_US)
    assert [(leg.source, leg.target, leg.points) for leg in legs_of(member.entries[-1])] == [
        ("issued", "debt", 6),
        ("issued", "available", 4),
    ]
    member.done(AdjustPoints("gift", 50, "x"), program(), NOW_US)
    _, taken = member.done(refund("f2", order_id="o2"), RULES, NOW_US)

    assert (Leg("available", "voided", 4, ENDS_US, 6), Leg("available", "voided", 6, NEVER, 0)) == (
        legs_of_taken(taken)
    )
    assert (member.account.ledger.debt, member.account.ledger.available) == (0, 44)


# What is missing


@pytest.mark.parametrize(
    ("on_shortfall", "available", "debt", "voided"), [("debt", 0, 12, 20), ("forgive", 0, 0, 8)]
)
def test_what_is_missing_is_owed_or_forgiven_by_the_version_that_settled(
    on_shortfall: str, available: int, debt: int, voided: int
) -> None:
    settled_by = program(refunds=msgspec.convert({"on_shortfall": on_shortfall}, Refunds))
    other = program(version=2, refunds=Refunds(on_shortfall="reject"))
    member = Kept()
    member.done(settle(NOW_US, 2_000), settled_by, NOW_US)
    member.done(SpendPoints("s", 12), settled_by, NOW_US)

    _, taken = member.done(refund(), other, NOW_US)

    ledger = member.account.ledger
    assert (available, debt, voided) == (ledger.available, ledger.debt, ledger.voided)
    assert isinstance(taken, TakenBack)
    assert (taken.points, taken.debt_points, taken.forgiven_points) == (20, debt, 12 - debt)


def test_a_refund_that_finds_too_little_is_refused_whole_where_the_program_says_so() -> None:
    rules = program(refunds=Refunds(on_shortfall="reject"))
    member = Kept()
    member.done(settle(NOW_US, 2_000), rules, NOW_US)
    member.done(SpendPoints("s", 12), rules, NOW_US)

    assert InsufficientPoints(20, 8) == member.outcome(refund(), program(), NOW_US)
    assert isinstance(member.outcome(refund(amount_minor=800), program(), NOW_US), Accepted)
    assert InsufficientPoints(9, 8) == member.outcome(refund(amount_minor=900), program(), NOW_US)


def test_the_numbers_of_a_refused_refund_are_over_all_rules() -> None:
    rules = program(
        refunds=Refunds(on_shortfall="reject"),
        rules=[
            PerAmount(kind="per_amount", id="a", points=1, per_amount_minor=100),
            PerAmount(kind="per_amount", id="b", points=2, per_amount_minor=100),
        ],
    )
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)
    member.done(SpendPoints("s", 25), rules, NOW_US)

    assert InsufficientPoints(30, 5) == member.outcome(refund(), rules, NOW_US)


def test_while_there_is_debt_every_credit_pays_it_first() -> None:
    """Domain, Points 7: while there is debt, available is zero."""
    member = bought()
    member.done(SpendPoints("s", 20), RULES, NOW_US)
    member.done(refund(), RULES, NOW_US)
    seen = [(member.account.ledger.available, member.account.ledger.debt)]
    for number, points in enumerate((5, 14, 3)):
        member.done(AdjustPoints(f"a{number}", points, "x"), RULES, NOW_US)
        seen.append((member.account.ledger.available, member.account.ledger.debt))

    assert seen == [(0, 20), (0, 15), (0, 1), (2, 0)]
