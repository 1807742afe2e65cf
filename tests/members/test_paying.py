"""An order that is paid in part with points: available ones, a hold, or what was quoted (Points 12)."""

from typing import Final

import msgspec
import pytest

from members.commands import CaptureHold, HoldPoints, ReleaseHold, digest_of
from members.execute import Accepted, Repeated
from members.journal import Captured, Earned, Extended, Joined, Released, Spent
from members.rejections import (
    CaptureExceedsHold,
    FieldInvalid,
    HoldResolvedOtherwise,
    HoldUnknown,
    InsufficientPoints,
    OrderAlreadySettled,
    QuoteExpired,
    QuoteMismatch,
    RequestIdReused,
)
from points.ledger import Leg
from points.money import Quote, SpendNotAllowed
from points.policies import NEVER, SLIDING
from programs.document import ExpiresWithoutActivity, PointsAsMoney
from tests.members.building import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NOBODY,
    SALT,
    after,
    enrol,
    program,
    settle,
    utc,
)
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")
RULES: Final = program()
# A hundred points are a pound; from 20 points, in steps of 10, for at most half of the order, at most £3.
MONEY: Final = program(
    points_as_money=PointsAsMoney(
        points=100,
        amount_minor=100,
        minimum_points=20,
        step_points=10,
        share_max_percent=50,
        amount_minor_max=300,
    )
)


def with_points(points: int = 1_000) -> Kept:
    member = Kept()
    member.done(settle(NOW_US, points * 100, order_id="first"), RULES, NOW_US)
    return member


# Available points


def test_the_spend_comes_first_and_then_the_earning_in_one_entry() -> None:
    member = with_points()

    changes = member.done(settle(NOW_US, 500, spend_points=12), RULES, NOW_US)

    assert (
        Spent(12, (Leg("available", "redeemed", 12, NEVER, 0),)),
        Earned("base", 500, 5, 0, (Leg("issued", "available", 5, NEVER, 1_000),)),
    ) == changes
    assert (len(member.entries), member.account.ledger.available) == (2, 993)


def test_an_order_cannot_be_paid_with_what_it_earns() -> None:
    member = with_points(10)

    assert InsufficientPoints(11, 10) == member.outcome(settle(NOW_US, 500, spend_points=11), RULES, NOW_US)
    assert member.done(settle(NOW_US, 500, spend_points=10), RULES, NOW_US)


def test_who_joins_with_the_order_has_nothing_to_pay_with() -> None:
    """Where everybody may join, the order makes a member; of a member without points or holds."""
    for command, refused in (
        (settle(NOW_US, spend_points=1), InsufficientPoints(1, 0)),
        (settle(NOW_US, hold_id="h"), HoldUnknown("h")),
    ):
        assert refused == Kept().outcome(command, RULES, NOW_US)


def test_a_prospect_pays_with_the_points_there_are_and_becomes_a_member() -> None:
    """Points that were given by hand before the person joined."""
    member = with_points(10)
    member.account = msgspec.structs.replace(member.account, state="prospect", joined_us=0)

    changes = member.done(settle(NOW_US, 500, spend_points=10), RULES, NOW_US)

    assert [Joined, Spent, Earned] == [type(change) for change in changes]


def test_changes_stand_in_their_order() -> None:
    """Joined, extended, spent, earned."""
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()

    joined = member.done(settle(NOW_US, 1_000, order_id="first"), rules, NOW_US)
    paid = member.done(settle(NOW_US + DAY_US, spend_points=3), rules, NOW_US + DAY_US)

    assert [Joined, Extended, Earned] == [type(change) for change in joined]
    assert [Extended, Spent, Earned] == [type(change) for change in paid]
    assert Extended(utc("2024-08-10T23:00:00")) == paid[0]
    assert member.account.ledger.lots[0].end_us == SLIDING


# A hold


@pytest.mark.parametrize(("spend", "captured", "left"), [(0, 12, 0), (12, 12, 0), (5, 5, 7), (1, 1, 11)])
def test_a_hold_pays_all_of_it_or_a_part_and_gives_the_rest_back(
    spend: int, captured: int, left: int
) -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    changes = member.done(settle(NOW_US, 500, hold_id="h", spend_points=spend), RULES, NOW_US)

    gave_back = (Released("h", left, (Leg("held", "available", left, NEVER, 1_000),)),) if left else ()
    assert (
        Captured("h", captured, (Leg("held", "redeemed", captured, NEVER, 0),)),
        *gave_back,
        Earned("base", 500, 5, 0, (Leg("issued", "available", 5, NEVER, 1_000 + left),)),
    ) == changes
    ledger = member.account.ledger
    assert (ledger.held, ledger.redeemed, ledger.available) == (0, captured, 1_005 - captured)
    assert (member.holds["h"].state, member.holds["h"].captured_points) == ("captured", captured)


def test_a_hold_that_paid_an_order_is_resolved() -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)
    member.done(settle(NOW_US, 500, hold_id="h"), RULES, NOW_US)

    for command in (
        CaptureHold("c", "h", 12),
        ReleaseHold("r", "h"),
        settle(NOW_US, order_id="x", hold_id="h"),
    ):
        assert HoldResolvedOtherwise("h", "captured", 12, 3) == member.outcome(command, RULES, NOW_US)


def test_a_hold_that_is_not_there_pays_nothing() -> None:
    member = with_points()
    member.done(HoldPoints("h", 12, HOUR_US), RULES, NOW_US)

    assert HoldUnknown("g") == member.outcome(settle(NOW_US, hold_id="g"), RULES, NOW_US)
    assert CaptureExceedsHold("h", 13, 12) == member.outcome(
        settle(NOW_US, hold_id="h", spend_points=13), RULES, NOW_US
    )
    late = member.outcome(settle(NOW_US + HOUR_US, hold_id="h"), RULES, NOW_US + HOUR_US)
    assert isinstance(late, HoldResolvedOtherwise)
    assert late.state == "timed_out"


# Points as money


def test_points_at_the_till_are_worth_what_the_program_says() -> None:
    (spent, _) = with_points().done(settle(NOW_US, 500, spend_points=250), MONEY, NOW_US)

    assert isinstance(spent, Spent)
    assert (spent.points, spent.worth_minor) == (250, 250)


def test_a_captured_hold_is_worth_as_much() -> None:
    member = with_points()
    member.done(HoldPoints("h", 250, HOUR_US), MONEY, NOW_US)

    captured = member.done(settle(NOW_US, 500, hold_id="h"), MONEY, NOW_US)[0]

    assert isinstance(captured, Captured)
    assert (captured.points, captured.worth_minor) == (250, 250)


@pytest.mark.parametrize(
    ("points", "paid_minor", "expected"),
    [
        (10, 500, SpendNotAllowed("minimum_points", 10, 10, 20)),
        (25, 500, SpendNotAllowed("step_points", 25, 25, 10)),
        (250, 249, SpendNotAllowed("share_max_percent", 250, 250, 50)),
        (310, 900, SpendNotAllowed("amount_minor_max", 310, 310, 300)),
    ],
)
def test_what_the_program_does_not_take_is_refused_also_from_a_hold(
    points: int, paid_minor: int, expected: SpendNotAllowed
) -> None:
    member = with_points()
    member.done(HoldPoints("h", points, HOUR_US), MONEY, NOW_US)

    assert expected == member.outcome(settle(NOW_US, paid_minor, spend_points=points), MONEY, NOW_US)
    assert expected == member.outcome(settle(NOW_US, paid_minor, hold_id="h"), MONEY, NOW_US)


def test_without_the_policy_any_number_of_points_is_spent_and_worth_nothing() -> None:
    (spent, _) = with_points().done(settle(NOW_US, 0, spend_points=7), RULES, NOW_US)

    assert isinstance(spent, Spent)
    assert (spent.points, spent.worth_minor) == (7, 0)


# What was quoted: 250 points for £2.50 of £7.50, which is more than the program takes today.

QUOTE: Final = Quote("o1", 250, 250, 750, NOW_US + 20 * MINUTE_US, 1, "GBP")
STRICT: Final = program(points_as_money=PointsAsMoney(points=100, amount_minor=1, minimum_points=9_999))


def test_what_was_quoted_is_spent_and_worth_what_was_quoted() -> None:
    """Domain, Points 12: what was quoted is consumed, though the program has changed since."""
    (spent, _) = with_points().done(settle(NOW_US, 500, quote=QUOTE), STRICT, NOW_US)

    assert Spent(250, (Leg("available", "redeemed", 250, NEVER, 0),), 250) == spent


def test_a_hold_pays_what_was_quoted_and_gives_the_rest_back() -> None:
    member = with_points()
    member.done(HoldPoints("h", 300, HOUR_US), RULES, NOW_US)

    captured, released, _ = member.done(settle(NOW_US, 500, quote=QUOTE, hold_id="h"), STRICT, NOW_US)

    assert isinstance(captured, Captured)
    assert isinstance(released, Released)
    assert (captured.points, captured.worth_minor, released.points) == (250, 250, 50)


@pytest.mark.parametrize(
    ("amount_minor", "spend_points", "quote", "expected"),
    [
        (500, 0, QUOTE, None),
        (500, 250, QUOTE, None),
        (501, 0, QUOTE, QuoteMismatch("amount_minor", "500", "501")),
        (499, 0, QUOTE, QuoteMismatch("amount_minor", "500", "499")),
        (500, 249, QUOTE, QuoteMismatch("spend_points", "250", "249")),
        (500, 0, Quote("o2", 250, 250, 750, NOW_US + 1, 1, "GBP"), QuoteMismatch("order_id", "o2", "o1")),
        (500, 0, Quote("o1", 250, 250, 750, NOW_US, 1, "GBP"), QuoteExpired(NOW_US)),
        (500, 0, Quote("o1", 250, 250, 750, NOW_US + 1, 1, "GBP"), None),
        # An order may have been placed long before it was quoted, which is when it is paid.
        (500, 0, Quote("o1", 250, 250, 750, NOW_US + 9 * HOUR_US, 1, "GBP"), None),
        (
            500,
            0,
            Quote("o1", 250, 250, 750, NOW_US + 1, 1, "EUR"),
            QuoteMismatch("currency_code", "EUR", "GBP"),
        ),
        # A quote of no points binds as well.
        (750, 0, Quote("o1", 0, 0, 750, NOW_US + 1, 1, "GBP"), None),
        (749, 0, Quote("o1", 0, 0, 750, NOW_US + 1, 1, "GBP"), QuoteMismatch("amount_minor", "750", "749")),
        (750, 5, Quote("o1", 0, 0, 750, NOW_US + 1, 1, "GBP"), QuoteMismatch("spend_points", "0", "5")),
        (750, 0, Quote("o1", 0, 0, 750, NOW_US, 1, "GBP"), QuoteExpired(NOW_US)),
    ],
)
def test_an_order_that_is_not_the_quoted_one_is_refused(
    amount_minor: int, spend_points: int, quote: Quote, expected: object
) -> None:
    command = settle(NOW_US, amount_minor, spend_points=spend_points, quote=quote)

    outcome = with_points().outcome(command, RULES, NOW_US)

    assert outcome == expected or (expected is None and isinstance(outcome, Accepted))


def test_a_quote_of_no_points_does_not_spend_a_hold() -> None:
    """All points of the hold for nothing: that was not quoted."""
    member = with_points()
    member.done(HoldPoints("h", 300, HOUR_US), RULES, NOW_US)
    command = settle(NOW_US, 750, quote=Quote("o1", 0, 0, 750, NOW_US + 1, 1, "GBP"), hold_id="h")

    assert QuoteMismatch("hold_id", "nothing", "h") == member.outcome(command, RULES, NOW_US)


def test_quoted_points_that_are_not_there_any_more_are_not_spent() -> None:
    assert InsufficientPoints(250, 249) == with_points(249).outcome(
        settle(NOW_US, 500, quote=QUOTE), RULES, NOW_US
    )


# Repeats (domain, Points 8)


def test_how_an_order_was_paid_is_a_part_of_its_content() -> None:
    plain = settle(NOW_US)
    others = [settle(NOW_US, spend_points=1), settle(NOW_US, spend_points=2), settle(NOW_US, hold_id="h"),
              settle(NOW_US, hold_id="h", spend_points=1), settle(NOW_US, hold_id="g")]  # fmt: skip

    assert len({digest_of(command, SALT) for command in (plain, *others)}) == 6


def test_an_order_that_is_quoted_anew_before_it_is_repeated_is_the_same() -> None:
    """The points of a quote count, not the quote."""
    again = Quote("o1", 250, 250, 750, NOW_US + 9 * HOUR_US, 2, "GBP")

    assert digest_of(settle(NOW_US, quote=QUOTE), SALT) == digest_of(settle(NOW_US, quote=again), SALT)
    assert digest_of(settle(NOW_US, quote=QUOTE), SALT) == digest_of(settle(NOW_US, spend_points=250), SALT)


def test_asking_for_other_points_than_were_quoted_is_another_request() -> None:
    """It is refused; then the quoted number must not be taken for a repeat of it."""
    other = settle(NOW_US, spend_points=249, quote=QUOTE)

    assert digest_of(other, SALT) != digest_of(settle(NOW_US, quote=QUOTE), SALT)
    assert digest_of(other, SALT) == digest_of(settle(NOW_US, spend_points=249), SALT)


def test_a_paid_order_is_repeated_whatever_has_become_of_the_points() -> None:
    member = with_points(10)
    command = settle(NOW_US, 500, spend_points=10)
    member.done(command, RULES, NOW_US)
    entry = member.entries[-1]

    assert Repeated(entry, known=True) == member.outcome(command, RULES, NOW_US)
    other_id = settle(NOW_US, 500, spend_points=10, request_id="again")
    assert Repeated(entry, known=False) == member.outcome(other_id, RULES, NOW_US)
    assert OrderAlreadySettled("o1", 2) == member.outcome(
        settle(NOW_US, 500, spend_points=9, request_id="again"), RULES, NOW_US
    )
    assert RequestIdReused("r-o1", 2) == member.outcome(settle(NOW_US, 500), RULES, NOW_US)


def test_a_refused_payment_settles_nothing() -> None:
    """Both or neither: an order whose points are missing earns nothing either."""
    member = with_points(10)
    before = member.account

    refused = member.tried(settle(NOW_US, 500, spend_points=11), RULES, NOW_US)

    assert (InsufficientPoints(11, 10), before) == (refused, member.account)


def test_another_currency_is_refused_before_anything_is_spent() -> None:
    command = settle(NOW_US, 500, spend_points=5, currency_code="EUR")

    refused = with_points().outcome(command, RULES, NOW_US)

    assert isinstance(refused, FieldInvalid)
    assert refused.field == "order.currency_code"


def test_who_was_enrolled_and_has_no_points_cannot_pay_with_them() -> None:
    member = Kept(account=after(NOBODY, enrol(), RULES, NOW_US))

    assert InsufficientPoints(1, 0) == member.outcome(settle(NOW_US, spend_points=1), RULES, NOW_US)
