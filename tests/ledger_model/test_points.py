"""The model told stories whose ends were worked out by hand: earning, time, spending, holds, transfers."""

from dataclasses import replace
from datetime import date

import pytest

from tests.ledger_model.answers import Refused
from tests.ledger_model.asks import (
    Adjust,
    Capture,
    Enrol,
    Hold,
    Reinstate,
    Release,
    Settle,
    Spend,
    Suspend,
    Terms,
    Transfer,
    Void,
)
from tests.ledger_model.books import Books, NaiveBalance
from tests.ledger_model.days import DAY_US, HOUR_US, Days, EndOfMonth, FixedDate, Sliding, utc
from tests.ledger_model.telling import NOON_US, Story

FEBRUARY_OVER_US = utc("2024-03-01T00:00:00")
MARCH_OVER_US = utc("2024-03-31T23:00:00")  # midnight in London's summer
APRIL_OVER_US = utc("2024-04-30T23:00:00")


def test_each_rule_rounds_down_on_its_own() -> None:
    story = Story(Terms(awards=((1, 100), (3, 700))))

    assert story.done(Settle("r", "o", NOON_US, 1_399)).earned == 13 + 5  # 13.99 and 5.99…
    assert story.counts() == (18, 0, 0, 0)


def test_points_wait_and_then_post_by_themselves() -> None:
    story = Story(Terms(pending_days=14))
    story.buys("o", 10)
    posts_us = utc("2024-03-16T00:00:00")

    assert story.counts() == (0, 10, 0, 0)
    assert story.refused(Spend("s", 1)) == Refused("insufficient_points", (1, 0))
    assert story.world.balance_at("ann", posts_us - 1).pending == 10
    assert story.world.balance_at("ann", posts_us).available == 10


def test_points_are_gone_from_the_first_instant_after_their_last_day() -> None:
    story = Story(Terms(expiry=EndOfMonth(0)))
    story.buys("o", 10)

    assert story.balance() == NaiveBalance(10, 0, 0, 0, MARCH_OVER_US, 10)
    assert story.world.balance_at("ann", MARCH_OVER_US - 1).available == 10
    assert story.world.balance_at("ann", MARCH_OVER_US) == NaiveBalance(0, 0, 0, 0, None, 0)
    assert story.world.books_at("ann", MARCH_OVER_US).expired == 10


def test_points_that_post_after_their_end_are_gone_at_once() -> None:
    story = Story(Terms(expiry=FixedDate(date(2024, 3, 10)), pending_days=14))
    story.buys("o", 10)

    assert story.counts() == (0, 10, 0, 0)
    story.waits(20)
    assert story.counts() == (0, 0, 0, 0)
    assert story.books().expired == 10


def test_a_late_order_gives_points_that_are_gone_already() -> None:
    story = Story(Terms(expiry=Days(30)))
    story.buys("today", 1)

    assert story.buys("old", 5, ago_us=60 * DAY_US).earned == 5
    assert story.counts() == (1, 0, 0, 0)
    assert story.books().expired == 5


def test_what_is_gone_first_is_spent_first_and_what_stays_last() -> None:
    story = Story()
    story.buys("stays", 7)
    story.terms = Terms(expiry=EndOfMonth(1))
    story.buys("april", 5)
    story.terms = Terms(expiry=EndOfMonth(0))
    story.buys("march", 3)

    assert story.done(Spend("s", 10)).paid_by == (
        ("march rule 0", 3),
        ("april rule 0", 5),
        ("stays rule 0", 2),
    )
    assert story.balance() == NaiveBalance(5, 0, 0, 0, None, 0)
    assert story.refused(Spend("t", 6)) == Refused("insufficient_points", (6, 5))
    assert story.books().redeemed == 10


def test_of_one_end_what_came_first_is_spent_first() -> None:
    story = Story(Terms(expiry=EndOfMonth(0)))
    story.buys("one", 4)
    story.buys("two", 4)

    assert story.done(Spend("s", 3)).paid_by == (("one rule 0", 3),)
    assert story.done(Spend("t", 3)).paid_by == (("one rule 0", 1), ("two rule 0", 2))


def march_and_april() -> Story:
    """Three points that are gone after March, five after April."""
    story = Story(Terms(expiry=EndOfMonth(0)))
    story.buys("march", 3)
    story.terms = Terms(expiry=EndOfMonth(1))
    story.buys("april", 5)
    return story


def test_a_hold_reserves_what_would_be_spent_and_gives_it_back() -> None:
    story = march_and_april()

    assert story.done(Hold("h", 4, HOUR_US)).deadline_us == NOON_US + HOUR_US
    assert story.balance() == NaiveBalance(4, 0, 4, 0, APRIL_OVER_US, 4)
    assert story.done(Release("rel", "h")).released == 4
    assert story.balance() == NaiveBalance(8, 0, 0, 0, MARCH_OVER_US, 3)


def test_a_capture_spends_the_first_and_gives_back_the_rest() -> None:
    story = march_and_april()
    story.done(Hold("h", 4, HOUR_US))
    captured = story.done(Capture("c", "h", 2))

    assert (captured.spent, captured.released) == (2, 2)
    assert captured.balance == NaiveBalance(6, 0, 0, 0, MARCH_OVER_US, 1)
    assert story.books().redeemed == 2


def test_a_hold_releases_itself_at_its_deadline() -> None:
    story = march_and_april()
    story.done(Hold("h", 4, HOUR_US))

    assert story.world.balance_at("ann", NOON_US + HOUR_US - 1).held == 4
    assert story.world.balance_at("ann", NOON_US + HOUR_US).available == 8
    story.now_us += HOUR_US
    assert story.refused(Capture("c", "h")) == Refused("hold_resolved")
    assert story.refused(Release("r", "h")) == Refused("hold_resolved")


def test_points_that_end_while_held_are_good_for_the_hold_and_gone_when_released() -> None:
    story = march_and_april()
    story.done(Hold("kept", 2, 31 * DAY_US))
    story.done(Hold("lost", 2, 31 * DAY_US))
    story.now_us = MARCH_OVER_US

    assert story.done(Capture("c", "kept")).spent == 2
    released = story.done(Release("r", "lost"))
    assert (released.released, released.balance.available) == (2, 4 + 1)
    assert story.books().expired == 1


def test_a_hold_that_runs_out_as_its_lot_ends_loses_the_points() -> None:
    story = march_and_april()
    story.done(Hold("h", 3, MARCH_OVER_US - NOON_US))

    assert story.world.balance_at("ann", MARCH_OVER_US) == NaiveBalance(5, 0, 0, 0, APRIL_OVER_US, 5)


def test_a_hold_is_resolved_once() -> None:
    story = march_and_april()
    story.done(Hold("h", 4, HOUR_US))

    assert story.refused(Capture("c", "h", 5)) == Refused("capture_exceeds_hold")
    assert story.refused(Capture("c", "unknown")) == Refused("hold_unknown")
    first = story.done(Capture("c", "h"))
    assert first == story.done(Capture("c", "h"))
    assert first == story.done(Capture("d", "h", 4))
    assert story.refused(Capture("e", "h", 3)) == Refused("hold_resolved")
    assert story.refused(Release("e", "h")) == Refused("hold_resolved")
    assert story.refused(Capture("d", "h", 3)) == Refused("request_id_reused")


def test_an_order_spends_first_and_then_earns() -> None:
    story = march_and_april()
    story.done(Hold("h", 4, HOUR_US))
    settled = story.buys("o", 20, hold_id="h", spend_points=3)

    assert (settled.spent, settled.released, settled.earned) == (3, 1, 20)
    assert story.counts() == (25, 0, 0, 0)
    assert story.refused(Settle("p", "p", NOON_US, 9_900, spend_points=26)) == Refused(
        "insufficient_points", (26, 25)
    )
    assert story.counts() == (25, 0, 0, 0)


def test_giving_and_taking_by_hand() -> None:
    story = Story(Terms(expiry=EndOfMonth(0)))
    story.buys("o", 3)
    story.done(Adjust("plus", 4))

    assert story.balance() == NaiveBalance(7, 0, 0, 0, MARCH_OVER_US, 7)
    assert story.refused(Adjust("minus", -8)) == Refused("insufficient_points", (8, 7))
    story.done(Adjust("minus", -6))
    assert story.counts() == (1, 0, 0, 0)
    assert (story.books().issued, story.books().voided) == (7, 6)


def test_everything_is_what_is_available_and_pending() -> None:
    story = Story()
    story.buys("o", 5)
    story.done(Hold("h", 2, HOUR_US))
    story.terms = Terms(pending_days=1)
    story.buys("p", 7)

    assert story.refused(Void("v", 4)) == Refused("insufficient_points", (4, 3))
    assert story.done(Void("w")).voided == 3 + 7
    assert story.counts() == (0, 0, 2, 0)
    assert story.refused(Void("x")) == Refused("insufficient_points", (1, 0))


def test_a_transfer_moves_points_with_their_end() -> None:
    story = march_and_april()
    story.done(Enrol("e"), "bob")
    story.done(Transfer("t", "bob", 4))

    assert story.balance() == NaiveBalance(4, 0, 0, 0, APRIL_OVER_US, 4)
    assert story.balance("bob") == NaiveBalance(4, 0, 0, 0, MARCH_OVER_US, 3)
    assert story.books() == Books(8, 0, 4, 0, 0, 0, 0, 0, 0, 4)
    assert story.books("bob") == Books(0, 4, 4, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (Transfer("t", "ann", 1), "field_invalid"),
        (Transfer("t", "nobody", 1), "member_unknown"),
        (Transfer("t", "bob", 5), "transfer_limit_exceeded"),
        (Transfer("t", "bob", 4), "transfer_limit_exceeded"),  # three were given today, of six a day
        (Transfer("t", "bob", 3), None),
    ],
)
def test_transfers_have_limits(ask: Transfer, expected: str | None) -> None:
    story = march_and_april()
    story.terms = replace(story.terms, points_a_transfer_max=4, points_a_day_max=6)
    story.done(Enrol("e"), "bob")
    story.done(Transfer("first", "bob", 3))

    answer = story.ask(ask)
    assert expected == (answer.kind if isinstance(answer, Refused) else None)
    story.waits(1)
    if expected == "transfer_limit_exceeded" and ask.points == 4:
        story.done(ask)


def test_sliding_points_live_as_long_as_there_is_activity() -> None:
    story = Story(Terms(expiry=Sliding(10)))
    story.buys("o", 5)
    assert story.balance().next_expiry_us == utc("2024-03-12T00:00:00")

    story.waits(10)
    story.done(Spend("s", 1))
    assert story.balance() == NaiveBalance(4, 0, 0, 0, utc("2024-03-22T00:00:00"), 4)
    assert story.world.balance_at("ann", utc("2024-03-22T00:00:00")).available == 0


def test_sliding_points_become_dated_for_who_gets_them() -> None:
    story = Story(Terms(expiry=Sliding(10)))
    story.buys("o", 5)
    story.done(Enrol("e"), "bob")
    story.waits(3)
    story.done(Transfer("t", "bob", 2))

    assert story.balance() == NaiveBalance(3, 0, 0, 0, utc("2024-03-15T00:00:00"), 3)
    assert story.balance("bob") == NaiveBalance(2, 0, 0, 0, utc("2024-03-15T00:00:00"), 2)
    story.waits(1)
    story.done(Spend("s", 1), "bob")
    assert story.balance("bob").next_expiry_us == utc("2024-03-15T00:00:00")


def test_a_suspended_member_earns_and_spends_nothing_but_loses_nothing() -> None:
    story = march_and_april()
    story.done(Enrol("e"), "bob")
    story.done(Hold("h", 2, HOUR_US))
    story.done(Suspend("stop"))

    assert story.buys("o", 100).earned == 0
    for ask in (
        Spend("s", 1),
        Hold("i", 1, HOUR_US),
        Capture("c", "h"),
        Transfer("t", "bob", 1),
        Settle("q", "q", NOON_US, 100, spend_points=1),
    ):
        assert story.refused(ask) == Refused("member_not_active")
    assert story.refused(Transfer("t", "ann", 1), "bob") == Refused("member_not_active")
    assert story.done(Release("r", "h")).released == 2
    assert story.counts() == (8, 0, 0, 0)
    story.done(Reinstate("go"))
    assert story.done(Spend("s", 8)).balance.available == 0


def test_nobody_knows_a_person_without_an_order() -> None:
    story = Story()
    for ask in (Spend("a", 1), Adjust("b", 1), Void("c"), Suspend("d"), Release("e", "h")):
        assert story.refused(ask) == Refused("member_unknown")
    story.buys("o", 1)
    assert story.refused(Enrol("f")) == Refused("already_enrolled")


def test_a_repeat_answers_the_same_and_other_content_is_refused() -> None:
    story = Story()
    first = story.buys("o", 5)
    story.waits(9)
    story.done(Spend("s", 2))

    assert first == story.done(Settle("r-o", "o", NOON_US, 500))
    assert first == story.done(Settle("other", "o", NOON_US, 500))
    assert story.refused(Settle("r-o", "o", NOON_US, 501)) == Refused("request_id_reused")
    assert story.refused(Settle("third", "o", NOON_US, 501)) == Refused("order_already_settled")
    assert story.refused(Spend("other", 1)) == Refused("request_id_reused")
    assert story.counts() == (3, 0, 0, 0)


def test_a_trial_is_answered_alike_and_changes_nothing() -> None:
    story = march_and_april()
    tried = story.world.ask("ann", Spend("s", 3), story.terms, story.now_us, trial=True)

    assert story.counts() == (8, 0, 0, 0)
    assert tried == story.done(Spend("s", 3))


def test_nobody_gets_more_points_than_the_limit() -> None:
    story = Story()
    story.buys("o", 1)

    assert story.refused(Adjust("a", 2**53 - 1)) == Refused("points_limit_exceeded")
    assert story.done(Adjust("b", 2**53 - 2)).balance.available == 2**53 - 1
