"""The model told stories of refunds whose ends were worked out by hand (domain.md, Points 7)."""

from datetime import date

import pytest

from tests.ledger_model.answers import Done, Refused
from tests.ledger_model.asks import Adjust, Line, Refund, Settle, Spend, Terms, Transfer
from tests.ledger_model.books import NaiveBalance
from tests.ledger_model.days import DAY_US, EndOfMonth, FixedDate, utc
from tests.ledger_model.telling import NOON_US, Story

YESTERDAY = date(2024, 2, 29)
MARCH_OVER_US = utc("2024-03-31T23:00:00")
APRIL_OVER_US = utc("2024-04-30T23:00:00")


def numbers(answer: Done) -> tuple[int, int, int, int, int]:
    """Money, restored, taken back, debt and forgiven."""
    return answer.refunded_minor, answer.restored, answer.taken_back, answer.debt_added, answer.forgiven


def test_the_whole_undoes_everything() -> None:
    story = Story()
    story.buys("old", 8)
    story.buys("o", 50, spend_points=6)

    assert numbers(story.done(Refund("r", "o"))) == (5_000, 6, 50, 0, 0)
    assert story.counts() == (8, 0, 0, 0)
    assert story.refused(Refund("s", "o")) == Refused("refund_exceeds_order")
    assert story.refused(Refund("s", "none")) == Refused("order_unknown")


def test_parts_are_rounded_down_and_add_up_to_the_whole() -> None:
    """Ten pounds earned 10 points and cost 7: a third each time is 3, 6, 10 and 2, 4, 7."""
    story = Story()
    story.done(Settle("a", "old", NOON_US, 700))
    story.buys("o", 10, spend_points=7)
    parts = [
        numbers(story.done(Refund(f"r{n}", "o", amount_minor=amount)))
        for n, amount in enumerate((333, 333, 334))
    ]

    assert parts == [(333, 2, 3, 0, 0), (333, 2, 3, 0, 0), (334, 3, 4, 0, 0)]
    assert story.counts() == (7, 0, 0, 0)


def test_lines_come_back_by_the_piece() -> None:
    """Three pieces for ten pounds: 3.33, 3.33, 3.34; the order was twenty."""
    story = Story()
    story.buys("o", 20, lines=(Line("a", 3, 1_000), Line("b", 1, 1_000)))
    money = [story.done(Refund(f"r{n}", "o", lines=(("a", 1),))) for n in range(3)]

    assert [answer.refunded_minor for answer in money] == [333, 333, 334]
    assert [answer.taken_back for answer in money] == [3, 3, 4]
    assert [answer.refundable_minor for answer in money] == [1_667, 1_334, 1_000]
    assert story.refused(Refund("s", "o", lines=(("a", 1),))) == Refused("refund_exceeds_order")
    assert story.refused(Refund("s", "o", lines=(("c", 1),))) == Refused("line_unknown")
    assert story.refused(Refund("s", "o", amount_minor=1_001)) == Refused("refund_exceeds_order")
    assert numbers(story.done(Refund("s", "o"))) == (1_000, 0, 10, 0, 0)


def test_an_order_without_money_comes_back_by_the_piece() -> None:
    story = Story()
    story.buys("old", 7)
    story.buys("o", 0, spend_points=7, lines=(Line("a", 3, 0),))
    restored = [story.done(Refund(f"r{n}", "o", lines=(("a", 1),))).restored for n in range(3)]

    assert restored == [2, 2, 3]
    assert story.refused(Refund("s", "o")) == Refused("refund_exceeds_order")


def test_spent_points_come_back_to_their_lots_the_last_first() -> None:
    """What stays spent is what a smaller spend would have taken."""
    story = Story(Terms(expiry=EndOfMonth(0)))
    story.buys("march", 3)
    story.terms = Terms(expiry=EndOfMonth(1))
    story.buys("april", 5)
    story.terms = Terms(awards=())
    story.buys("o", 10, spend_points=6)
    story.done(Refund("r", "o", amount_minor=500))

    assert story.balance() == NaiveBalance(5, 0, 0, 0, APRIL_OVER_US, 5)
    story.done(Refund("s", "o"))
    assert story.balance() == NaiveBalance(8, 0, 0, 0, MARCH_OVER_US, 3)


@pytest.mark.parametrize(("grace_days", "available", "expired"), [(0, 0, 3), (10, 3, 0)])
def test_spent_points_whose_lot_has_ended_expire_or_have_some_grace(
    grace_days: int, available: int, expired: int
) -> None:
    story = Story(Terms(expiry=EndOfMonth(0), restore_grace_days=grace_days))
    story.buys("march", 3)
    story.terms = Terms(awards=(), restore_grace_days=grace_days)
    story.buys("o", 10, spend_points=3)
    story.now_us = utc("2024-04-02T12:00:00")

    assert story.done(Refund("r", "o")).restored == 3
    ends_us = utc("2024-04-12T23:00:00") if available else None
    assert story.balance() == NaiveBalance(available, 0, 0, 0, ends_us, available)
    assert story.books().expired == expired


def test_points_that_wait_are_taken_first() -> None:
    story = Story(Terms(pending_days=14))
    story.buys("o", 10)
    story.done(Adjust("a", 5))

    assert numbers(story.done(Refund("r", "o", amount_minor=400))) == (400, 0, 4, 0, 0)
    assert story.counts() == (5, 6, 0, 0)


def test_then_the_lot_the_order_fed_then_what_ends_first() -> None:
    story = Story(Terms(expiry=EndOfMonth(1)))
    story.buys("o", 10)
    story.terms = Terms(expiry=EndOfMonth(0))
    story.buys("march", 10)
    story.terms = Terms()
    story.buys("stays", 10)
    story.done(Spend("s", 16))  # all of March, six of April
    story.terms = Terms(expiry=EndOfMonth(0))
    story.buys("march again", 2)

    story.done(Refund("r", "o"))  # four of April, two of March, four that stay
    assert story.balance() == NaiveBalance(6, 0, 0, 0, None, 0)


def test_expired_points_are_only_reclassified() -> None:
    story = Story(Terms(expiry=EndOfMonth(0)))
    story.buys("o", 10)
    story.done(Spend("s", 4))
    story.terms = Terms()
    story.buys("stays", 10)
    story.now_us = MARCH_OVER_US + DAY_US
    assert story.books().expired == 6

    assert numbers(story.done(Refund("r", "o"))) == (1_000, 0, 10, 0, 0)
    assert (story.books().expired, story.books().voided) == (0, 10)
    assert story.counts() == (6, 0, 0, 0)


def test_points_that_were_gone_as_they_came_are_reclassified_too() -> None:
    story = Story(Terms(expiry=FixedDate(YESTERDAY)))
    story.buys("o", 10)
    assert story.counts() == (0, 0, 0, 0)

    assert numbers(story.done(Refund("r", "o"))) == (1_000, 0, 10, 0, 0)
    assert (story.books().expired, story.books().voided) == (0, 10)


@pytest.mark.parametrize(
    ("on_shortfall", "expected", "counts"),
    [
        ("debt", (1_000, 0, 10, 7, 0), (0, 0, 0, 7)),
        ("forgive", (1_000, 0, 3, 0, 7), (0, 0, 0, 0)),
        ("reject", None, (3, 0, 0, 0)),
    ],
)
def test_what_is_missing_is_owed_forgiven_or_refused(
    on_shortfall: str, expected: tuple[int, ...] | None, counts: tuple[int, ...]
) -> None:
    story = Story(Terms(on_shortfall=on_shortfall))
    story.buys("o", 10)
    story.done(Spend("s", 7))
    story.terms = Terms()  # the program that settled the order decides, not today's

    answer = story.ask(Refund("r", "o"))
    if isinstance(answer, Refused):
        assert (expected, answer) == (None, Refused("insufficient_points", (10, 3)))
    else:
        assert expected == numbers(answer)
    assert counts == story.counts()


def in_debt() -> Story:
    """Seven points are owed."""
    story = Story()
    story.buys("o", 10)
    story.done(Spend("s", 7))
    story.done(Refund("r", "o"))
    return story


def test_every_credit_pays_debt_first() -> None:
    story = in_debt()
    assert story.buys("p", 3).balance == NaiveBalance(0, 0, 0, 4, None, 0)
    assert story.done(Adjust("a", 1)).balance == NaiveBalance(0, 0, 0, 3, None, 0)
    story.buys("q", 20, "bob")
    story.done(Transfer("t", "ann", 5), "bob")
    assert story.counts() == (2, 0, 0, 0)


def test_points_that_wait_pay_when_they_post() -> None:
    story = in_debt()
    story.terms = Terms(pending_days=1)
    story.buys("p", 10)

    assert story.counts() == (0, 10, 0, 7)
    story.waits(2)
    assert story.counts() == (3, 0, 0, 0)


def test_points_that_expire_as_they_come_pay_nothing() -> None:
    story = in_debt()
    story.terms = Terms(expiry=FixedDate(YESTERDAY))
    story.buys("p", 10)

    assert story.counts() == (0, 0, 0, 7)
    assert story.books().expired == 10


def test_what_paid_debt_is_taken_back_last_and_from_elsewhere() -> None:
    """Of 10 points 7 paid debt and 3 lie in a lot: 3 come from there, then from what ends first."""
    story = in_debt()
    story.buys("p", 10)
    story.terms = Terms(expiry=EndOfMonth(0))
    story.buys("march", 4)

    story.done(Refund("x", "p", amount_minor=300))
    assert story.balance() == NaiveBalance(4, 0, 0, 0, MARCH_OVER_US, 4)
    assert numbers(story.done(Refund("y", "p", amount_minor=700))) == (700, 0, 7, 3, 0)
    assert story.counts() == (0, 0, 0, 3)


def test_restored_points_are_there_before_earned_ones_are_taken() -> None:
    story = Story()
    story.buys("old", 6)
    story.buys("o", 10, spend_points=6)
    story.done(Spend("s", 10))

    assert numbers(story.done(Refund("r", "o"))) == (1_000, 6, 10, 4, 0)
    assert story.counts() == (0, 0, 0, 4)


def test_a_refund_id_is_used_once_in_an_order() -> None:
    story = Story()
    story.buys("o", 10)
    first = story.done(Refund("r", "o", "ret", amount_minor=100))

    assert first == story.done(Refund("s", "o", "ret", amount_minor=100))
    assert story.refused(Refund("t", "o", "ret", amount_minor=101)) == Refused("refund_id_reused")
    story.buys("p", 10)
    assert story.done(Refund("t", "p", "ret", amount_minor=101)).refunded_minor == 101
    assert story.counts() == (9 + 9, 0, 0, 0)  # a point and 1.01 points, rounded down
