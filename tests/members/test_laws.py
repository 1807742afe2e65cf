"""The laws of domain.md, on random histories, against the naive model."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Final

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from members.account import Account
from members.advance import advance, balance_at
from members.apply import apply
from members.chain import chain_holds
from members.commands import SettleOrder
from members.execute import Accepted, Repeated
from members.journal import Expired, Posted
from points.falling_due import ledger_at
from points.ledger import Ledger, law_broken
from points.policies import NEVER
from tests.members.building import DAY_US, HOUR_US, NOBODY, after, changes_of, legs_of, settle, utc
from tests.members.histories import (
    FAR_US,
    Job,
    Place,
    Play,
    Step,
    changing_histories,
    histories,
    late_histories,
    played,
    program_of,
    seen_by_readers,
    terms,
)
from tests.members.naive_model import Fact, NaiveBalance, NaiveMember, Terms, over_us

LAW: Final = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
laters: Final = st.lists(st.integers(min_value=0, max_value=120 * DAY_US), max_size=4)


def advanced(account: Account, until_us: int, version: int = 1, recorded_us: int = FAR_US) -> Account:
    for step in advance(account, until_us, version, recorded_us):
        account = step.account
    return account


# The model and the generator themselves

END_US: Final = utc("2018-11-20T00:00:00")


def test_the_model_calls_a_fact_what_a_person_would() -> None:
    member = NaiveMember([Fact(5, None, None), Fact(7, END_US - 9, END_US), Fact(3, None, END_US)])

    assert NaiveBalance(8, 7, 0, END_US, 3, END_US - 9) == member.balance_at(END_US - 10)
    assert NaiveBalance(15, 0, 0, END_US, 10, END_US) == member.balance_at(END_US - 9)
    assert NaiveBalance(15, 0, 0, END_US, 10, END_US) == member.balance_at(END_US - 1)
    assert NaiveBalance(5, 0, 10, None, 0, None) == member.balance_at(END_US)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/London", "2018-11-04T00:00:00"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00"),
        ("Asia/Shanghai", "2018-11-03T16:00:00"),
        ("America/New_York", "2018-11-04T04:00:00"),
    ],
)
def test_the_model_knows_when_a_day_is_over(zone: str, expected: str) -> None:
    assert utc(expected) == over_us(date(2018, 11, 3), zone)


def test_the_model_knows_an_old_order_as_credited_and_gone_at_once() -> None:
    """The reading of domain, Points 10, that these tests take: it says so, and its points expire at once."""
    member, now_us = NaiveMember(), utc("2018-12-24T00:00:00")
    member.settle(Terms(((1, 100),), 30, 14, "UTC"), "r", "o", utc("2018-10-01T00:00:00"), 500, "GBP", now_us)

    assert (5, NaiveBalance(0, 0, 5, None, 0, None)) == (member.issued(), member.balance_at(now_us))


def has(kind: type) -> Callable[[Play], bool]:
    return lambda play: any(
        isinstance(change, kind) for entry in play.entries for change in changes_of(entry)
    )


def ways(play: Play) -> set[tuple[str, str]]:
    """From which account of the books to which points have moved."""
    return {(leg.source, leg.target) for entry in play.entries for leg in legs_of(entry)}


@pytest.mark.parametrize(
    "reached",
    [
        has(Posted),
        has(Expired),
        lambda play: has(Posted)(play) and has(Expired)(play),
        lambda play: any(entry.back_dated and entry.kind == "order_settled" for entry in play.entries),
        lambda play: ("issued", "expired") in ways(play),
        lambda play: {("issued", "pending"), ("issued", "available")} <= ways(play),
        lambda play: len(play.account.ledger.lots) >= 2,
        lambda play: len(play.account.ledger.pending_lots) >= 2,
        lambda play: (
            any(0 < lot.consumed < lot.credited for lot in play.account.ledger.lots)
            or play.account.ledger.expired > 0 < play.account.ledger.available
        ),
        lambda play: ("repeated", "repeated") in play.answers,
        lambda play: ("request_id_reused", "request_id_reused") in play.answers,
        lambda play: ("order_already_settled", "order_already_settled") in play.answers,
        lambda play: ("refused", "refused") in play.answers,
        lambda play: ("already_enrolled", "already_enrolled") in play.answers,
    ],
)
def test_the_histories_come_to_what_matters(reached: Callable[[Play], bool]) -> None:
    """A law that is only tried where nothing happens holds always."""
    find(
        st.tuples(terms(), histories),
        lambda drawn: reached(played(*drawn)),
        settings=settings(max_examples=3_000, deadline=None, database=None, phases=[Phase.generate]),
    )


# Balances


@given(terms(), changing_histories, laters)
@LAW
def test_readers_see_what_the_facts_give_at_every_step_and_at_any_later_instant(
    first: Terms, history: list[Step], later: list[int]
) -> None:
    """Domain, Points 1 to 4, 8 and 10: nothing but the awards and the clock decides a balance."""
    play = Play(first)
    for step in history:
        play.step(step)

        assert play.model.balance_at(play.now_us) == seen_by_readers(play.account, play.now_us)
        assert all(expected == actual for expected, actual in play.answers)
    assert play.model.issued() == play.account.ledger.issued
    for for_us in later:
        at_us = play.now_us + for_us
        assert play.model.balance_at(at_us) == seen_by_readers(play.account, at_us)


@given(terms(), histories)
@LAW
def test_readers_see_what_the_facts_give_at_every_instant_at_which_they_change(
    first: Terms, history: list[Step]
) -> None:
    """Domain, Points 3 and 4: to the microsecond, from now until nothing changes any more."""
    play = played(first, history)
    due_us = play.model.balance_at(play.now_us).next_change_us
    while due_us is not None:
        for at_us in (due_us - 1, due_us, due_us + 1):
            assert play.model.balance_at(at_us) == seen_by_readers(play.account, at_us)
        due_us = play.model.balance_at(due_us).next_change_us


@given(terms(), changing_histories | late_histories)
@LAW
def test_the_answer_to_an_order_is_the_balance_as_of_its_time(first: Terms, history: list[Step]) -> None:
    """The contract: the balance right after the entry, as of its effective time.

    A back-dated order joins books that are further on, and its answer is as of these: it never counts points
    that are gone.
    """
    play = Play(first)
    for step in history:
        count = len(play.entries)
        play.step(step)
        if len(play.entries) > count:
            latest, balance = play.entries[-1], play.entries[-1].balance
            seen = play.model.balance_at(max(entry.effective_us for entry in play.entries))
            assert (seen.available, seen.pending, seen.next_expiry_us or NEVER, seen.next_expiry_points) == (
                balance.available,
                balance.pending,
                balance.next_expiry_us,
                balance.next_expiry_points,
            )
            assert (latest.kind, latest.back_dated) != ("fell_due", True)


# Time


@given(terms(), changing_histories, laters)
@LAW
def test_advancing_in_one_go_is_advancing_in_many_steps(
    first: Terms, history: list[Step], later: list[int]
) -> None:
    """Architecture: no answer depends on when a job ran. Balances, lots, the whole account and its head."""
    play = played(first, history)
    stops = sorted(play.now_us + for_us for for_us in later)
    stepwise = play.account
    for stop_us in stops:
        stepwise = advanced(stepwise, stop_us)

    last_us = stops[-1] if stops else play.now_us

    assert advanced(play.account, last_us) == advanced(stepwise, last_us)


@given(terms(), changing_histories | late_histories, laters)
@LAW
def test_reading_in_one_pass_is_booking_one_after_the_other(
    first: Terms, history: list[Step], later: list[int]
) -> None:
    """Lots, pending lots and totals, at any instant and at each at which something falls due."""
    play = played(first, history)
    ledger, instants = play.account.ledger, [play.now_us + for_us for for_us in later]
    for step in advance(play.account, FAR_US, 1, FAR_US):
        due_us = step.entry.effective_us
        instants += [due_us - 1, due_us, due_us + 1]
    for at_us in (0, play.account.advanced_us, FAR_US, *instants):
        assert advanced(play.account, at_us).ledger == ledger_at(ledger, at_us)


@given(terms(), changing_histories)
@LAW
def test_no_balance_depends_on_whether_a_job_ran(first: Terms, history: list[Step]) -> None:
    """Architecture: the worker only persists what advance would say."""
    with_job, without_job = Play(first), Play(first)
    for step in history:
        with_job.step(step)
        with_job.step(Job())
        if not isinstance(step, Job):
            without_job.step(step)

        assert [actual for _, actual in without_job.answers] == [actual for _, actual in with_job.answers]
        assert (
            advanced(without_job.account, with_job.now_us).ledger
            == advanced(with_job.account, with_job.now_us).ledger
        )


@given(terms(), changing_histories)
@LAW
def test_everything_due_is_booked_in_order_and_once(first: Terms, history: list[Step]) -> None:
    """Architecture: advance yields every due change in time order, and it ends."""
    play = played(first, history)
    entries = [step.entry for step in advance(play.account, FAR_US, 1, FAR_US)]
    account = advanced(play.account, FAR_US)

    instants = [entry.effective_us for entry in entries]
    moved = [
        (leg.end_us, leg.offset, leg.points)
        for entry in entries
        for leg in legs_of(entry)
        if leg.target == "expired"
    ]
    assert sorted(instants) == instants
    assert len(set(moved)) == len(moved)
    assert list(advance(account, FAR_US, 1, FAR_US)) == []
    assert (account.ledger.pending, sum(lot.points for lot in account.ledger.lots if lot.end_us)) == (0, 0)


@given(terms(), histories, laters)
@LAW
def test_reading_changes_nothing(first: Terms, history: list[Step], later: list[int]) -> None:
    play, silent = Play(first), Play(first)
    for step in history:
        silent.step(step)
        for for_us in later:
            balance_at(play.account, play.now_us + for_us)
        play.step(step)
    assert (silent.account, silent.entries) == (play.account, play.entries)


# Books


@given(terms(), changing_histories)
@LAW
def test_folding_the_journal_gives_the_account(first: Terms, history: list[Step]) -> None:
    """Architecture: fold(journal) = account; entries are numbered from 1, each follows the one before."""
    play = played(first, history)
    folded, previous_hash = NOBODY, bytes(32)
    for entry in play.entries:
        folded = apply(folded, entry)
        assert chain_holds(previous_hash, entry)
        previous_hash = entry.hash

    assert play.account == folded
    assert list(range(1, len(play.entries) + 1)) == [entry.seq for entry in play.entries]


@given(terms(), changing_histories | late_histories)
@LAW
def test_no_number_of_a_lot_is_used_twice(first: Terms, history: list[Step]) -> None:
    """Domain, Points 5: offsets tell exactly which award paid which spend, also after late orders.

    What comes into a lot, and what goes out of it, takes up the numbers where the one before it ended.
    """
    play = played(first, history)
    came, gone = Counter[int](), Counter[int]()
    for leg in (leg for entry in play.entries for leg in legs_of(entry)):
        if leg.target == "available":
            assert came[leg.end_us] == leg.offset
            came[leg.end_us] += leg.points
        elif leg.source == "available":
            assert gone[leg.end_us] == leg.offset
            gone[leg.end_us] += leg.points


@given(terms(), changing_histories)
@LAW
def test_the_books_balance_after_every_entry(first: Terms, history: list[Step]) -> None:
    """Domain, Points 9: issued = available + pending + held + expired - debt, counted from the legs."""
    play = played(first, history)
    account, books = NOBODY, Counter[str]()
    for entry in play.entries:
        account = apply(account, entry)
        for leg in legs_of(entry):
            assert leg.points > 0
            books[leg.source] -= leg.points
            books[leg.target] += leg.points
        ledger = account.ledger
        assert (-books["issued"], books["available"], books["pending"], books["expired"]) == (
            ledger.issued,
            ledger.available,
            ledger.pending,
            ledger.expired,
        )
        assert ledger.available + ledger.pending + ledger.held + ledger.expired - ledger.debt == ledger.issued
        assert law_broken(ledger) is None
        assert (ledger.available, ledger.pending) == (entry.balance.available, entry.balance.pending)


@given(terms(), changing_histories)
@LAW
def test_lots_stand_in_the_order_in_which_they_end(first: Terms, history: list[Step]) -> None:
    """Domain, Points 5: what expires first comes first, never-expiring points last; one lot an end."""
    play = Play(first)
    for step in history:
        play.step(step)
        ends = [lot.end_us if lot.end_us != NEVER else FAR_US for lot in play.account.ledger.lots]
        posts = [lot.posting_us for lot in play.account.ledger.pending_lots]

        assert all(one < next_one for one, next_one in pairwise(ends))
        assert sorted(posts) == posts


@given(terms(), changing_histories)
@LAW
def test_a_refusal_or_a_repeat_changes_nothing(first: Terms, history: list[Step]) -> None:
    """Rejections are not remembered, and a repeat only answers (domain, Points 8)."""
    play = Play(first)
    for step in history:
        before, entries = msgspec.json.encode(play.account), len(play.entries)
        answers = len(play.answers)
        play.step(step)
        if len(play.answers) > answers and play.answers[-1][1] != "accepted":
            assert (before, entries) == (msgspec.json.encode(play.account), len(play.entries))


# Repeats and order


@given(terms(), changing_histories, st.integers(min_value=0, max_value=400 * DAY_US))
@LAW
def test_whatever_was_carried_out_is_answered_the_same_for_ever(
    first: Terms, history: list[Step], later_us: int
) -> None:
    """Domain, Points 8: also later, also when the program has changed, also under another request id."""
    play = played(first, history)
    play.now_us += later_us
    for command, entry in play.carried_out:
        assert Repeated(entry, known=True) == play.outcome_of(command)
        if isinstance(command, SettleOrder):
            other_id = msgspec.structs.replace(command, request_id="never-used")
            assert Repeated(entry, known=False) == play.outcome_of(other_id)


@given(terms(), histories, st.data())
@LAW
def test_an_order_awards_once_however_often_it_comes(
    first: Terms, history: list[Step], data: st.DataObject
) -> None:
    play = played(first, history)
    before = play.account
    for command in data.draw(st.lists(st.sampled_from(play.commands), max_size=5)) if play.commands else []:
        if command.order.order_id in play.by_order:
            assert not isinstance(play.outcome_of(command), Accepted)
    assert before == play.account


@given(
    terms(),
    histories,
    st.lists(st.integers(min_value=0, max_value=100_000), min_size=2, max_size=4),
)
@LAW
def test_the_order_in_which_orders_of_one_day_come_does_not_matter(
    first: Terms, history: list[Step], amounts: list[int]
) -> None:
    """Points of one day join one lot (domain, vocabulary), so different orders of it commute."""
    play = played(first, history)
    rules = program_of(play.terms, play.version)
    day_us = play.now_us - play.now_us % DAY_US + 12 * HOUR_US - 4 * DAY_US
    orders = [settle(day_us + place, amount, order_id=f"x{place}") for place, amount in enumerate(amounts)]

    ledgers = list[Ledger]()
    for arrived in (orders, orders[::-1], orders[1:] + orders[:1]):
        account = play.account
        for command in arrived:
            account = after(account, command, rules, play.now_us)
        ledgers.append(advanced(account, play.now_us).ledger)

    assert ledgers[:1] * 3 == ledgers


@given(terms(), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 10_000)), max_size=6), st.data())
@LAW
def test_late_orders_leave_the_books_as_orders_in_time_do(
    first: Terms, orders: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Domain, Points 10: in whatever order they become known, once known they give the same books."""
    steps: list[Step] = [Place(days_ago * DAY_US, amount) for days_ago, amount in orders]
    in_time = played(first, sorted(steps, key=lambda step: -step.ago_us if isinstance(step, Place) else 0))
    shuffled = played(first, data.draw(st.permutations(steps)))

    assert (
        advanced(in_time.account, in_time.now_us).ledger == advanced(shuffled.account, shuffled.now_us).ledger
    )
