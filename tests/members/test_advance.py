"""What time alone does: pending points post, lots expire, at their instant and in their order."""

from typing import Final

import pytest

from members.account import Account
from members.advance import advance, balance_at, due_draft
from members.apply import record
from members.commands import HoldPoints
from members.journal import Draft, Earned, Entry, EntryBalance, Expired, Posted, Released
from points.ledger import Ledger, Leg
from points.policies import NEVER, SLIDING
from programs.program import Program
from tests.members.building import DAY_US, NOBODY, after, changes_of, program, settle, utc
from tests.points.books import credited

EARNED_US: Final = utc("2024-07-10T12:00:00")
WAITS: Final = program(expiry_days=30, pending_days=14)
POSTS_US: Final = utc("2024-07-24T23:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
LATER_US: Final = utc("2030-01-01T00:00:00")


def earned(rules: Program, *times_us: int, account: Account = NOBODY) -> Account:
    for number, time_us in enumerate(times_us):
        account = after(account, settle(time_us, order_id=f"o{number}"), rules, time_us)
    return account


def due(account: Account, until_us: int) -> list[Entry]:
    return [step.entry for step in advance(account, until_us, 1, until_us)]


def test_points_expire_at_the_first_instant_after_their_last_day_and_not_before() -> None:
    """Domain, Points 4: by reading, not by waiting for a job."""
    account = earned(program(expiry_days=30), EARNED_US)

    before, _ = balance_at(account, ENDS_US - 1)
    at, next_us = balance_at(account, ENDS_US)

    assert EntryBalance(5, 0, 0, 0, ENDS_US, 5) == before
    assert (EntryBalance(0, 0, 0, 0, 0, 0), NEVER) == (at, next_us)


def test_points_post_at_the_first_instant_after_the_return_window_and_not_before() -> None:
    """Domain, Points 3: they are visible, not spendable, and post by themselves."""
    account = earned(WAITS, EARNED_US)

    assert (EntryBalance(0, 5, 0, 0, 0, 0), POSTS_US) == balance_at(account, POSTS_US - 1)
    assert (EntryBalance(5, 0, 0, 0, ENDS_US, 5), ENDS_US) == balance_at(account, POSTS_US)


def test_points_that_never_expire_are_there_for_ever() -> None:
    account = earned(program(), EARNED_US)

    assert (EntryBalance(5, 0, 0, 0, 0, 0), NEVER) == balance_at(account, LATER_US)


def test_everything_falls_due_in_the_order_of_time() -> None:
    """Architecture: advance yields every due change in time order, each as an entry of its own."""
    account = earned(WAITS, EARNED_US, EARNED_US + DAY_US, EARNED_US + 20 * DAY_US)

    entries = due(account, LATER_US)

    assert [
        (Expired, ENDS_US),
        (Expired, utc("2024-08-10T23:00:00")),
        (Posted, utc("2024-08-13T23:00:00")),
        (Expired, utc("2024-08-29T23:00:00")),
    ] == [(type(changes_of(entry)[0]), entry.effective_us) for entry in entries]
    assert sorted(entry.effective_us for entry in entries) == [entry.effective_us for entry in entries]
    # The third order booked the posting of the first two.
    assert [entry.seq for entry in entries] == [6, 7, 8, 9]


def test_what_posts_at_one_instant_is_one_entry() -> None:
    account = earned(WAITS, EARNED_US)
    account = after(account, settle(EARNED_US, order_id="other"), program(pending_days=14), EARNED_US)

    (entry,) = due(account, POSTS_US)
    (posted,) = changes_of(entry)

    assert isinstance(posted, Posted)
    assert (posted.points, posted.posting_us, len(posted.legs)) == (10, POSTS_US, 2)


def test_what_falls_due_is_nobodys_request() -> None:
    """Architecture: what falls due by time is a row of its own; it names the version that booked it."""
    account = earned(WAITS, EARNED_US)

    (entry,) = [step.entry for step in advance(account, POSTS_US, 9, LATER_US)]

    assert (
        entry.kind,
        entry.request_id,
        entry.digest,
        entry.order_id,
        entry.program_version,
    ) == ("fell_due", "", b"", "", 9)
    assert (entry.effective_us, entry.recorded_us, entry.back_dated) == (POSTS_US, LATER_US, False)


@pytest.mark.parametrize(
    ("clock_us", "expected"), [(0, EARNED_US), (EARNED_US - 1, EARNED_US), (LATER_US, LATER_US)]
)
def test_what_falls_due_is_not_recorded_before_what_was_recorded_already(
    clock_us: int, expected: int
) -> None:
    """Architecture: `now` is never before the member's last recorded time, also where a clock goes back."""
    account = earned(WAITS, EARNED_US)

    booked = list(advance(account, LATER_US, 1, clock_us))

    assert [expected] * 2 == [step.entry.recorded_us for step in booked]
    assert [expected] * 2 == [step.account.recorded_us for step in booked]


def test_a_reader_whose_clock_is_behind_sees_what_was_booked() -> None:
    account = earned(WAITS, EARNED_US, POSTS_US)

    assert balance_at(account, EARNED_US) == balance_at(account, POSTS_US)


@pytest.mark.parametrize("until_us", [0, EARNED_US, POSTS_US - 1])
def test_before_its_time_nothing_falls_due(until_us: int) -> None:
    account = earned(WAITS, EARNED_US)

    assert (due_draft(account.ledger, until_us, 1, until_us), due(account, until_us)) == (None, [])


def test_what_was_booked_does_not_fall_due_again() -> None:
    account = earned(WAITS, EARNED_US)
    for step in advance(account, LATER_US, 1, LATER_US):
        account = step.account

    assert (due(account, LATER_US), account.ledger.expired, account.ledger.issued) == ([], 5, 5)


def test_points_that_post_on_their_last_instant_expire_at_once() -> None:
    """Samoa skipped 30 December 2011: the return window and the last day are over at one instant.

    They never could be spent, so they go straight to expired, in the entry that posts them.
    """
    rules = program(expiry_days=2, pending_days=1, zone="Pacific/Apia")
    account = earned(rules, utc("2011-12-28T22:00:00"))
    end_us = utc("2011-12-30T10:00:00")

    (entry,) = due(account, LATER_US)

    assert (Posted(5, end_us, (Leg("pending", "expired", 5, end_us, 0, end_us),)),) == changes_of(entry)
    assert (EntryBalance(0, 0, 0, 0, 0, 0), end_us) == (entry.balance, entry.effective_us)


def test_at_one_instant_points_post_and_then_holds_run_out_and_then_lots_expire() -> None:
    """One instant, four entries. Released points of the lot that ends then expire at once."""
    end_us = utc("2024-08-10T23:00:00")
    rules = program(expiry_days=31)
    account = earned(rules, EARNED_US)
    account = after(account, HoldPoints("b", 1, end_us - EARNED_US), rules, EARNED_US)
    account = after(account, HoldPoints("a", 2, end_us - EARNED_US), rules, EARNED_US)
    waiting = Leg("issued", "pending", 7, NEVER, 0, end_us)
    account = record(
        account,
        Draft(
            "order_settled",
            "x",
            b"",
            "x",
            (Earned("base", 700, 7, end_us, (waiting,)),),
            1,
            EARNED_US,
            EARNED_US,
        ),
    ).account

    entries = due(account, end_us)

    assert (
        (Posted(7, end_us, (Leg("pending", "available", 7, NEVER, 0, end_us),)),),
        (Released("a", 2, (Leg("held", "expired", 2, end_us, 0),), timed_out=True),),
        (Released("b", 1, (Leg("held", "expired", 1, end_us, 0),), timed_out=True),),
        (Expired(2, (Leg("available", "expired", 2, end_us, 3),)),),
    ) == tuple(changes_of(entry) for entry in entries)
    assert {end_us} == {entry.effective_us for entry in entries}
    assert due(account, end_us - 1) == []


def test_lots_that_end_at_one_instant_expire_in_one_entry() -> None:
    """The sliding lot may end with one that does not slide."""
    ledger = credited(credited(Ledger(sliding_end_us=ENDS_US), 3, SLIDING), 5, ENDS_US)

    (entry,) = due(Account("demo", "m1", 1, "member", 1, ledger, EARNED_US, EARNED_US), LATER_US)

    assert (
        Expired(5, (Leg("available", "expired", 5, ENDS_US, 0),)),
        Expired(3, (Leg("available", "expired", 3, SLIDING, 0),)),
    ) == changes_of(entry)


def test_reading_changes_nothing() -> None:
    account = earned(WAITS, EARNED_US)
    copy = earned(WAITS, EARNED_US)

    first, second = balance_at(account, LATER_US), balance_at(account, LATER_US)

    assert (first, copy) == (second, account)


def test_all_lots_a_member_can_have_expire_one_by_one() -> None:
    """The bound of 3,660 days: reading after ten idle years ends, with one entry a lot."""
    rules = program(expiry_days=3_660, zone="UTC")
    days = range(0, 3_661, 10)
    account = earned(rules, *(EARNED_US + day * DAY_US for day in days))

    entries = due(account, utc("2099-01-01T00:00:00"))

    assert (len(days), 5 * len(days)) == (len(entries), account.ledger.issued)
    assert entries[-1].balance.available == 0
