"""What a command changes, and why it is refused."""

from datetime import date

import msgspec
import pytest

from members.account import Account
from members.decide import decide, effective_time_us
from members.journal import Change, Earned, Extended, Joined
from members.rejections import (
    FieldInvalid,
    LotsLimitExceeded,
    MemberAlreadyEnrolled,
    PointsLimitExceeded,
    Rejection,
)
from points.ledger import Ledger, Leg, move_all
from points.lots import Lot, PendingLot
from points.policies import NEVER, SLIDING
from programs.document import ExpiresOnDate, ExpiresWithoutActivity, PerAmount
from programs.program import Program
from tests.members.building import (
    A_POINT_A_POUND,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NOBODY,
    enrol,
    program,
    settle,
    utc,
)

NOW_US = utc("2024-07-10T12:00:00")
LIMIT = 9_007_199_254_740_991
MOST_LOTS = 8_000
MEMBER = Account("demo", "m1", version=1, state="member", joined_us=NOW_US - DAY_US)


def decided(account: Account, amount_minor: int, rules: Program | None = None) -> tuple[Change, ...]:
    return changes_or_fail(refused_or_changes(account, amount_minor, rules))


def changes_or_fail(outcome: tuple[Change, ...] | Rejection) -> tuple[Change, ...]:
    assert isinstance(outcome, tuple), outcome
    return outcome


def refused_or_changes(
    account: Account, amount_minor: int, rules: Program | None = None
) -> tuple[Change, ...] | Rejection:
    return decide(account, settle(NOW_US, amount_minor), rules or program(), NOW_US)


# As of when


@pytest.mark.parametrize("ago_us", [0, 1, HOUR_US, 3_000 * DAY_US])
def test_an_order_is_decided_as_of_its_own_time(ago_us: int) -> None:
    """Architecture: a command may carry an earlier effective time, and is decided as of then."""
    assert NOW_US - ago_us == effective_time_us(settle(NOW_US - ago_us), NOW_US)


@pytest.mark.parametrize("ahead_us", [1, MINUTE_US, 5 * MINUTE_US])
def test_a_clock_that_is_up_to_5_minutes_ahead_is_forgiven(ahead_us: int) -> None:
    """The contract: at most 5 minutes in the future. Nothing is decided as of a time that has not come."""
    assert effective_time_us(settle(NOW_US + ahead_us), NOW_US) == NOW_US


@pytest.mark.parametrize(
    "time_us", [NOW_US + 5 * MINUTE_US + 1, NOW_US + DAY_US, utc("9999-12-31T23:59:59.999999")]
)
def test_an_order_further_ahead_is_refused_with_field_and_limit(time_us: int) -> None:
    refused = effective_time_us(settle(time_us), NOW_US)

    assert isinstance(refused, FieldInvalid)
    assert (refused.field, "limit of 5 minutes" in refused.message) == ("order.order_time", True)


def test_a_person_is_enrolled_as_of_now() -> None:
    assert effective_time_us(enrol(), NOW_US) == NOW_US


# Joining


def test_the_first_order_makes_a_member_where_everybody_may_join() -> None:
    """Domain, Joining: `open: true` lets everybody in."""
    assert Joined("open") == decided(NOBODY, 500)[0]


def test_a_prospect_joins_with_an_order() -> None:
    prospect = Account("demo", "m1", version=1, state="prospect")

    assert Joined("open") == decided(prospect, 500)[0]


def test_an_order_that_earns_nothing_makes_a_member_too() -> None:
    assert (Joined("open"), Earned("base", 99, 0)) == decided(NOBODY, 99)


def test_a_member_does_not_join_again() -> None:
    assert [Earned] == [type(change) for change in decided(MEMBER, 500)]


@pytest.mark.parametrize("state", ["unknown", "prospect"])
def test_a_person_can_be_enrolled(state: str) -> None:
    account = NOBODY if state == "unknown" else Account("demo", "m1", version=1, state="prospect")

    assert (Joined("request"),) == decide(account, enrol(), program(), NOW_US)


def test_a_member_is_not_enrolled_twice_and_is_told_since_when() -> None:
    assert MemberAlreadyEnrolled(NOW_US - DAY_US) == decide(MEMBER, enrol(), program(), NOW_US)


# Earning


def test_points_go_to_the_lot_of_their_end() -> None:
    """Domain, Points 4: 365 days after 10 July 2024 the last day is 10 July 2025, London time."""
    end_us = utc("2025-07-10T23:00:00")

    earned = Earned("base", 500, 5, 0, (Leg("issued", "available", 5, end_us, 0),))

    assert (earned,) == decided(MEMBER, 500, program(expiry_days=365))


def test_points_wait_where_the_program_says_so() -> None:
    """Domain, Points 3: the 14th day after is 24 July 2024, London time."""
    posting_us = utc("2024-07-24T23:00:00")

    earned = Earned("base", 500, 5, posting_us, (Leg("issued", "pending", 5, NEVER, 0, posting_us),))

    assert (earned,) == decided(MEMBER, 500, program(pending_days=14))


@pytest.mark.parametrize("pending_days", [None, 14])
def test_rules_add_up_and_are_numbered_one_after_the_other(pending_days: int | None) -> None:
    """Domain, Points 2 and 5: the order is fixed; no two points of a lot have one number.

    Points that wait are in no lot yet and have no number.
    """
    rules = [
        PerAmount(kind="per_amount", id="a", points=1, per_amount_minor=100),
        PerAmount(kind="per_amount", id="none", points=1, per_amount_minor=10_000),
        PerAmount(kind="per_amount", id="b", points=2, per_amount_minor=100),
    ]

    changes = decided(MEMBER, 500, program(rules=rules, pending_days=pending_days))

    assert [
        (change.rule_id, change.points, [leg.offset for leg in change.legs])
        for change in changes
        if isinstance(change, Earned)
    ] == [("a", 5, [0]), ("none", 0, []), ("b", 10, [5 if pending_days is None else 0])]


def test_new_points_are_numbered_after_those_that_were_there() -> None:
    account = Account("demo", "m1", 1, "member", 1, Ledger(7, 3, 0, 0, 10, 0, (Lot(NEVER, 7, 0),)))

    (earned,) = decided(account, 500)

    assert isinstance(earned, Earned)
    assert (Leg("issued", "available", 5, NEVER, 7),) == earned.legs


def test_points_that_wait_together_are_one_pending_lot_without_numbers() -> None:
    posting_us = utc("2024-07-24T23:00:00")
    waiting = Ledger(pending=3, issued=3, pending_lots=(PendingLot(posting_us, NEVER, 3),))

    (earned,) = decided(Account("demo", "m1", 1, "member", 1, waiting), 500, program(pending_days=14))

    assert isinstance(earned, Earned)
    assert (Leg("issued", "pending", 5, NEVER, 0, posting_us),) == earned.legs
    assert (PendingLot(posting_us, NEVER, 8),) == move_all(waiting, earned.legs).pending_lots


# What comes late (domain, Points 10)

ENDS_US = utc("2024-08-09T23:00:00")
POSTS_US = utc("2024-07-24T23:00:00")


def earned_late(advanced_us: int, rules: Program) -> Earned:
    """What an order earns that was placed at NOW_US and becomes known when the books are further on."""
    (earned,) = decided(Account("demo", "m1", 1, "member", 1, advanced_us=advanced_us), 500, rules)
    assert isinstance(earned, Earned)
    return earned


@pytest.mark.parametrize("pending_days", [None, 14])
@pytest.mark.parametrize("late_us", [0, 1, 3_000 * DAY_US])
def test_points_whose_end_was_booked_already_expire_as_they_come(
    pending_days: int | None, late_us: int
) -> None:
    """They would count among those that are there, and be gone the next moment."""
    earned = earned_late(ENDS_US + late_us, program(expiry_days=30, pending_days=pending_days))

    assert Earned("base", 500, 5, 0, (Leg("issued", "expired", 5, ENDS_US, 0),)) == earned


def test_points_whose_end_was_not_booked_go_to_their_lot_however_late() -> None:
    earned = earned_late(ENDS_US - 1, program(expiry_days=30))

    assert Earned("base", 500, 5, 0, (Leg("issued", "available", 5, ENDS_US, 0),)) == earned


@pytest.mark.parametrize("late_us", [0, 1, 3_000 * DAY_US])
def test_points_whose_return_window_is_over_can_be_spent_at_once(late_us: int) -> None:
    earned = earned_late(POSTS_US + late_us, program(pending_days=14))

    assert Earned("base", 500, 5, 0, (Leg("issued", "available", 5, NEVER, 0),)) == earned


def test_points_whose_return_window_is_not_over_wait_however_late() -> None:
    earned = earned_late(POSTS_US - 1, program(pending_days=14))

    assert Earned("base", 500, 5, POSTS_US, (Leg("issued", "pending", 5, NEVER, 0, POSTS_US),)) == earned


def test_points_whose_one_date_has_passed_expire_as_they_come_and_wait_for_nothing() -> None:
    """A return window that is not over yet does not make them wait: there is nothing to wait for."""
    rules = program(expiry=ExpiresOnDate(date=date(2024, 7, 9)), pending_days=14)
    end_us = utc("2024-07-09T23:00:00")

    assert (Earned("base", 500, 5, 0, (Leg("issued", "expired", 5, end_us, 0),)),) == decided(
        MEMBER, 500, rules
    )


@pytest.mark.parametrize(("days_ago", "target"), [(29, "available"), (30, "available"), (31, "expired")])
def test_a_late_order_keeps_sliding_points_alive_where_its_own_days_are_not_over(
    days_ago: int, target: str
) -> None:
    """An order of so many days ago becomes known today; what it gave is good for 30 days after it."""
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    account = Account("demo", "m1", 1, "member", 1, advanced_us=NOW_US)
    placed_us = NOW_US - days_ago * DAY_US

    *extended, earned = changes_or_fail(decide(account, settle(placed_us), rules, placed_us))

    end_us = utc("2024-08-09T23:00:00") - days_ago * DAY_US
    assert ([Extended(end_us)] if target == "available" else []) == extended
    assert isinstance(earned, Earned)
    # What comes too late has the end that the order would have given it.
    assert [(target, SLIDING if target == "available" else end_us)] == [
        (leg.target, leg.end_us) for leg in earned.legs
    ]


@pytest.mark.parametrize("currency_code", ["EUR", "gbp", "GBX"])
def test_an_order_in_another_currency_is_refused_with_the_field(currency_code: str) -> None:
    command = settle(NOW_US, currency_code=currency_code)

    refused = decide(MEMBER, command, program(), NOW_US)

    assert isinstance(refused, FieldInvalid)
    assert (refused.field, "'GBP'" in refused.message) == ("order.currency_code", True)


# The limits


def with_lots(lots: int, pending_lots: int) -> Account:
    """A member with so many lots of a point each, which end a day after the other."""
    days = [NOW_US + (day + 1) * DAY_US for day in range(max(lots, pending_lots))]
    ledger = Ledger(
        lots, pending_lots, 0, 0, lots + pending_lots, 0,
        tuple(Lot(end_us, 1, 0) for end_us in days[:lots]),
        tuple(PendingLot(posting_us, NEVER, 1) for posting_us in days[:pending_lots]),
    )  # fmt: skip
    return Account("demo", "m1", 1, "member", 1, ledger, NOW_US, NOW_US)


@pytest.mark.parametrize(
    ("lots", "pending_lots"), [(MOST_LOTS - 1, 0), (0, MOST_LOTS - 1), (MOST_LOTS // 2, MOST_LOTS // 2 - 1)]
)
def test_a_member_may_have_8000_lots_those_that_wait_included(lots: int, pending_lots: int) -> None:
    """Architecture: every collection of an account has a bound. What waits will be a lot."""
    (earned,) = decided(with_lots(lots, pending_lots), 500)

    assert isinstance(earned, Earned)
    assert earned.points == 5


@pytest.mark.parametrize(
    ("lots", "pending_lots"),
    [(MOST_LOTS, 0), (0, MOST_LOTS), (MOST_LOTS - 7, 7), (MOST_LOTS + 1, 0), (0, MOST_LOTS + 1)],
)
@pytest.mark.parametrize("pending_days", [None, 14])
def test_a_lot_more_is_refused_with_the_limit(lots: int, pending_lots: int, pending_days: int | None) -> None:
    account = with_lots(lots, pending_lots)

    assert LotsLimitExceeded(MOST_LOTS) == refused_or_changes(
        account, 500, program(expiry_days=30, pending_days=pending_days)
    )


@pytest.mark.parametrize("lots", [MOST_LOTS, MOST_LOTS + 1])
def test_at_the_limit_points_still_join_a_lot_that_is_there(lots: int) -> None:
    """The first lot ends 30 days after the order's day; nothing is added to their number."""
    account = with_lots(lots, 0)
    first = msgspec.structs.replace(account.ledger.lots[0], end_us=utc("2024-08-09T23:00:00"))
    ledger = msgspec.structs.replace(account.ledger, lots=(first, *account.ledger.lots[1:]))

    (earned,) = decided(msgspec.structs.replace(account, ledger=ledger), 500, program(expiry_days=30))

    assert isinstance(earned, Earned)
    assert [leg.offset for leg in earned.legs] == [1]


def issued(points: int) -> Account:
    ledger = Ledger(available=points, issued=points, lots=(Lot(NEVER, points, 0),))
    return Account("demo", "m1", 1, "member", 1, ledger)


def test_a_member_may_be_issued_2_to_the_53_less_1_points() -> None:
    """The largest integer that JavaScript and JSON keep exactly."""
    (earned,) = decided(issued(LIMIT - 5), 500)

    assert isinstance(earned, Earned)
    assert earned.points == 5


def test_one_point_more_is_refused_with_the_numbers() -> None:
    assert PointsLimitExceeded(LIMIT - 5, 6, LIMIT) == refused_or_changes(issued(LIMIT - 5), 600)


def test_points_that_came_from_others_count_towards_the_limit() -> None:
    ledger = Ledger(available=LIMIT - 5, transferred_in=LIMIT - 5, lots=(Lot(NEVER, LIMIT - 5, 0),))
    account = Account("demo", "m1", 1, "member", 1, ledger)

    assert PointsLimitExceeded(LIMIT - 5, 6, LIMIT) == refused_or_changes(account, 600)
    assert len(decided(account, 500)) == 1


def test_an_order_that_earns_nothing_is_settled_at_the_limit_too() -> None:
    assert (Earned("base", 99, 0),) == decided(issued(LIMIT), 99)


def test_rules_reach_the_limit_together() -> None:
    rules = program(
        rules=[A_POINT_A_POUND, PerAmount(kind="per_amount", id="more", points=1, per_amount_minor=100)]
    )

    assert isinstance(refused_or_changes(issued(LIMIT - 9), 500, rules), PointsLimitExceeded)
    assert isinstance(refused_or_changes(issued(LIMIT - 10), 500, rules), tuple)


def test_the_largest_order_and_rule_are_refused_and_do_not_overflow() -> None:
    rules = program(rules=[PerAmount(kind="per_amount", id="base", points=10**6, per_amount_minor=1)])

    assert PointsLimitExceeded(0, 10**21, LIMIT) == refused_or_changes(NOBODY, 10**15, rules)


def test_deciding_leaves_the_account_as_it_is() -> None:
    """Architecture: decide is pure."""
    account = issued(7)

    assert decided(account, 500) == decided(account, 500)
    assert issued(7) == account
