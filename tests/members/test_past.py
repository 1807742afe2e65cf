"""What held for an instant in the past, by what is known now (domain: Points 10)."""

from itertools import takewhile
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from members.account import Account
from members.advance import balance_at
from members.apply import apply
from members.commands import AdjustPoints, HoldPoints, RefundOrder, SpendPoints
from members.journal import Entry, EntryBalance
from members.past import effective_balance
from points.ledger import Ledger
from points.lots import Lot
from points.policies import NEVER
from programs.document import ExpiresWithoutActivity
from programs.program import Program
from tests.members.building import DAY_US, NOBODY, program, settle, utc
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)


def seen(entries: list[Entry], at_us: int) -> EntryBalance:
    """The balance for an instant: of the entries effective by then, and of late ones after them."""
    account = NOBODY
    known = list(takewhile(lambda entry: entry.effective_us <= at_us, entries))
    for entry in known:
        account = apply(account, entry)
    late = [entry for entry in entries[len(known) :] if entry.back_dated and entry.effective_us <= at_us]
    return effective_balance(account, late, at_us)


def told(*steps: tuple[int, int, int], rules: Program = RULES) -> Kept:
    """A member whose orders, of (amount, placed, known), became known in this order."""
    member = Kept()
    for number, (amount_minor, placed_us, now_us) in enumerate(steps):
        member.done(settle(placed_us, amount_minor, order_id=f"o{number}"), rules, now_us)
    return member


def test_an_order_that_became_known_later_counts_for_its_own_time() -> None:
    """5 points of today, and 7 of five days ago that became known today."""
    late_us = NOW_US - 5 * DAY_US
    entries = told((500, NOW_US, NOW_US), (700, late_us, NOW_US)).entries

    assert EntryBalance(0, 0, 0, 0, NEVER, 0) == seen(entries, late_us - 1)
    assert EntryBalance(7, 0, 0, 0, ENDS_US - 5 * DAY_US, 7) == seen(entries, late_us)
    assert EntryBalance(7, 0, 0, 0, ENDS_US - 5 * DAY_US, 7) == seen(entries, NOW_US - 1)
    assert EntryBalance(12, 0, 0, 0, ENDS_US - 5 * DAY_US, 7) == seen(entries, NOW_US)


def test_points_that_waited_then_are_seen_to_wait() -> None:
    rules = program(pending_days=14)
    entries = told((500, NOW_US, NOW_US), (700, NOW_US - 5 * DAY_US, NOW_US), rules=rules).entries

    assert EntryBalance(0, 7, 0, 0, NEVER, 0) == seen(entries, NOW_US - DAY_US)
    assert EntryBalance(0, 12, 0, 0, NEVER, 0) == seen(entries, NOW_US)


def test_what_fell_due_by_then_has_happened_though_it_was_not_booked() -> None:
    entries = told((500, NOW_US, NOW_US)).entries

    assert EntryBalance(5, 0, 0, 0, ENDS_US, 5) == seen(entries, ENDS_US - 1)
    assert EntryBalance(0, 0, 0, 0, NEVER, 0) == seen(entries, ENDS_US)


def test_a_late_refund_counts_for_its_own_time_too() -> None:
    """The goods came back before the member spent; it became known after."""
    member = Kept()
    member.done(settle(NOW_US, 1_000), program(), NOW_US)
    member.done(SpendPoints("s", 4), program(), NOW_US + 2 * DAY_US)
    member.done(
        RefundOrder("f", "o1", amount_minor=300, time_us=NOW_US + DAY_US), program(), NOW_US + 3 * DAY_US
    )

    assert [seen(member.entries, NOW_US + day * DAY_US).available for day in (0, 1, 2)] == [10, 7, 3]


def test_nothing_is_seen_below_zero() -> None:
    """A late refund took points that a gift had brought after its time; back then they were not there."""
    member = Kept()
    member.done(settle(NOW_US, 1_000), program(), NOW_US)
    member.done(SpendPoints("s", 10), program(), NOW_US + 1)
    member.done(AdjustPoints("a", 50, "x"), program(), NOW_US + 3 * DAY_US)
    member.done(RefundOrder("f", "o1", time_us=NOW_US + DAY_US), program(), NOW_US + 3 * DAY_US)

    assert EntryBalance(0, 0, 0, 0, NEVER, 0) == seen(member.entries, NOW_US + DAY_US)
    assert seen(member.entries, NOW_US + 3 * DAY_US).available == 40


def test_a_late_refund_that_made_a_debt_shows_it() -> None:
    member = Kept()
    member.done(settle(NOW_US, 1_000), program(), NOW_US)
    member.done(SpendPoints("s", 10), program(), NOW_US + DAY_US)
    member.done(AdjustPoints("later", 1, "x"), program(), NOW_US + 3 * DAY_US)
    member.done(RefundOrder("f", "o1", time_us=NOW_US + 2 * DAY_US), program(), NOW_US + 3 * DAY_US)

    assert EntryBalance(0, 0, 0, 9, NEVER, 0) == seen(member.entries, NOW_US + 2 * DAY_US)


def test_a_late_activity_says_until_when_sliding_points_were_good() -> None:
    """The first order that is known is of today; the one of five days ago became known after it."""
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    late_us = NOW_US - 5 * DAY_US
    member = Kept()
    member.done(settle(NOW_US, 100, order_id="today"), program(), NOW_US)
    member.done(settle(late_us, 700, order_id="late"), rules, NOW_US)

    assert EntryBalance(7, 0, 0, 0, ENDS_US - 5 * DAY_US, 7) == seen(member.entries, late_us)


def test_held_points_and_points_without_end_are_seen_as_they_were() -> None:
    """5 points that ended in August were spent, so the next to go were the 7 of a day later."""
    member = Kept()
    member.done(settle(NOW_US, 500, order_id="a"), RULES, NOW_US)
    member.done(settle(NOW_US + DAY_US, 700, order_id="b"), RULES, NOW_US + DAY_US)
    member.done(settle(NOW_US + DAY_US, 900, order_id="c"), program(), NOW_US + DAY_US)
    member.done(SpendPoints("s", 5), RULES, NOW_US + DAY_US)
    member.done(HoldPoints("h", 3, 5 * DAY_US), RULES, NOW_US + DAY_US)

    assert EntryBalance(13, 0, 3, 0, ENDS_US + DAY_US, 4) == seen(member.entries, NOW_US + 2 * DAY_US)
    assert EntryBalance(16, 0, 0, 0, ENDS_US + DAY_US, 7) == seen(member.entries, NOW_US + 6 * DAY_US)
    assert EntryBalance(9, 0, 0, 0, NEVER, 0) == seen(member.entries, ENDS_US + DAY_US)


def test_lots_that_end_together_are_told_together() -> None:
    ledger = Ledger(available=9, issued=9, lots=(Lot(ENDS_US, 4, 0), Lot(-1, 5, 0)), sliding_end_us=ENDS_US)
    account = Account("demo", "m1", 1, "member", 1, ledger, NOW_US, NOW_US)

    assert EntryBalance(9, 0, 0, 0, ENDS_US, 9) == effective_balance(account, [], NOW_US)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2_000), st.sampled_from([0, 0, 1, 9, 25, 60]), st.integers(0, 20)),
        max_size=6,
    ),
    st.sampled_from([None, 14]),
)
def test_as_of_now_the_past_is_the_present(
    orders: list[tuple[int, int, int]], pending_days: int | None
) -> None:
    """Whatever came late: for the instant of the latest entry, and after, both answers are one."""
    rules = program(expiry_days=30, pending_days=pending_days)
    member, now_us = Kept(), NOW_US
    for number, (amount_minor, days_ago, days_later) in enumerate(orders):
        now_us += days_later * DAY_US
        member.done(settle(now_us - days_ago * DAY_US, amount_minor, order_id=f"o{number}"), rules, now_us)
    for at_us in (now_us, now_us + 10 * DAY_US, ENDS_US + 400 * DAY_US):
        assert balance_at(member.account, at_us)[0] == seen(member.entries, at_us)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 40)), min_size=1, max_size=6))
def test_late_orders_show_the_past_as_if_they_had_come_in_time(
    orders: list[tuple[int, int]],
) -> None:
    """Of points that never expire and do not wait: in whatever order they became known."""
    placed = [(points, NOW_US - days_ago * DAY_US) for points, days_ago in orders]
    member = Kept()
    for number, (points, placed_us) in enumerate(placed):
        member.done(settle(placed_us, points * 100, order_id=f"o{number}"), program(), NOW_US)

    for _, at_us in placed:
        expected = sum(points for points, placed_us in placed if placed_us <= at_us)
        assert expected == seen(member.entries, at_us).available
