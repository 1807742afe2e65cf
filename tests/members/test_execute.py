"""One command on one member: recognised when repeated, refused without a trace, recorded once."""

from typing import Final

import msgspec
import pytest

from members.account import Account
from members.advance import balance_at
from members.commands import Command, EnrolMember, SettleOrder, digest_of
from members.execute import Accepted, Repeated, execute, recognise
from members.journal import Earned, EntryBalance, Expired, Joined, Posted
from members.rejections import (
    FieldInvalid,
    MemberAlreadyEnrolled,
    OrderAlreadySettled,
    PointsLimitExceeded,
    RequestIdReused,
)
from points.ledger import Ledger, Leg
from points.lots import Lot
from points.order import Order, OrderLine, decode_order, encode_order
from points.policies import NEVER
from tests.members.building import (
    DAY_US,
    MINUTE_US,
    NOBODY,
    SALT,
    accepted,
    after,
    changes_of,
    enrol,
    legs_of,
    program,
    settle,
    utc,
)

NOW_US: Final = utc("2024-07-10T12:00:00")
SETTLED: Final = accepted(NOBODY, settle(NOW_US), program(), NOW_US)
ENTRY: Final = SETTLED.entries[-1]
JOINED: Final = accepted(NOBODY, enrol(), program(), NOW_US).entries[-1]


def recognised(
    command: Command, *, request_known: Command | None = None, order_known: Command | None = None
) -> object:
    """What a command is, after others were carried out that used its request id, or settled its order."""
    known = JOINED if isinstance(request_known, EnrolMember) else ENTRY
    by_request = None if request_known is None else (digest_of(request_known, SALT), known)
    by_order = (
        None if order_known is None else msgspec.structs.replace(ENTRY, digest=digest_of(order_known, SALT))
    )
    return recognise(command, digest_of(command, SALT), by_request, by_order)


# Recognising (domain, Points 8)

FIRST: Final = settle(NOW_US)
OTHER_REQUEST: Final = settle(NOW_US, request_id="again")
OTHER_AMOUNT: Final = settle(NOW_US, 600)
OTHER_AMOUNT_AND_REQUEST: Final = settle(NOW_US, 600, request_id="again")
OTHER_ORDER: Final = settle(NOW_US, order_id="o2", request_id="r-o1")
BY_ORDER: Final = msgspec.structs.replace(ENTRY, digest=digest_of(FIRST, SALT))


@pytest.mark.parametrize(
    ("command", "request_known", "order_known", "expected"),
    [
        # Nothing was carried out.
        (FIRST, None, None, None),
        (enrol(), None, None, None),
        # The same request: the first answer, for ever.
        (FIRST, FIRST, FIRST, Repeated(ENTRY, known=True)),
        (enrol(), enrol(), None, Repeated(JOINED, known=True)),
        # The same request id with other content.
        (OTHER_AMOUNT, FIRST, FIRST, RequestIdReused("r-o1", 1)),
        (OTHER_ORDER, FIRST, None, RequestIdReused("r-o1", 1)),
        (enrol("r-o1"), FIRST, None, RequestIdReused("r-o1", 1)),
        (settle(NOW_US, request_id="join"), enrol(), None, RequestIdReused("join", 1)),
        (enrol(display_name="Zoë"), enrol(), None, RequestIdReused("join", 1)),
        # The same order under another request id settles once.
        (OTHER_REQUEST, None, FIRST, Repeated(BY_ORDER, known=False)),
        (OTHER_AMOUNT_AND_REQUEST, None, FIRST, OrderAlreadySettled("o1", 1)),
        # Both at once: the request id is looked at first.
        (OTHER_AMOUNT, FIRST, OTHER_AMOUNT, RequestIdReused("r-o1", 1)),
        (OTHER_REQUEST, OTHER_AMOUNT_AND_REQUEST, FIRST, RequestIdReused("again", 1)),
        (OTHER_REQUEST, OTHER_REQUEST, FIRST, Repeated(ENTRY, known=True)),
        # Enrolling has no order.
        (enrol(), None, FIRST, None),
    ],
)
def test_a_repeat_is_answered_and_a_reuse_is_refused(
    command: Command, request_known: Command | None, order_known: Command | None, expected: object
) -> None:
    """The same id with the same content answers as the first time; with other content it is refused."""
    assert expected == recognised(command, request_known=request_known, order_known=order_known)


@pytest.mark.parametrize(
    "order",
    [
        Order("o2", NOW_US, "GBP", 500),
        Order("o1", NOW_US + 1, "GBP", 500),
        Order("o1", NOW_US, "EUR", 500),
        Order("o1", NOW_US, "GBP", 501),
        Order("o1", NOW_US, "GBP", 500, (OrderLine("1", 1, 500),)),
        Order("o1", NOW_US, "GBP", 500, (), "web"),
        Order("o1", NOW_US, "GBP", 500, (), "", {"till": "1"}),
    ],
)
def test_any_other_content_is_another_content(order: Order) -> None:
    other = SettleOrder("r-o1", order, encode_order(order))

    assert digest_of(FIRST, SALT) != digest_of(other, SALT)
    assert isinstance(recognised(other, request_known=FIRST), RequestIdReused)


@pytest.mark.parametrize(
    "line",
    [
        OrderLine("2", 1, 500),
        OrderLine("1", 2, 500),
        OrderLine("1", 1, 499),
        OrderLine("1", 1, 500, "sku"),
        OrderLine("1", 1, 500, "", "shoes"),
    ],
)
def test_a_line_is_part_of_the_content(line: OrderLine) -> None:
    one = Order("o1", NOW_US, "GBP", 500, (OrderLine("1", 1, 500),))

    assert encode_order(one) != encode_order(msgspec.structs.replace(one, lines=(line,)))


def test_the_request_id_and_a_trial_are_no_part_of_the_content() -> None:
    """What is tried first with validate_only is then the same request."""
    digests = {
        digest_of(command, SALT) for command in (FIRST, OTHER_REQUEST, settle(NOW_US, validate_only=True))
    }

    assert len(digests) == 1


def test_attributes_have_one_written_form_whatever_their_order() -> None:
    one = Order("o1", NOW_US, "GBP", 500, (), "", {"a": "1", "b": "2"})
    other = Order("o1", NOW_US, "GBP", 500, (), "", {"b": "2", "a": "1"})

    assert (encode_order(one), one) == (encode_order(other), decode_order(encode_order(other)))


def test_a_digest_is_16_bytes_of_keyed_blake2b_and_means_nothing_without_its_salt() -> None:
    """The journal keeps salted digests (architecture). The form may not change: a repeat must stay one."""
    command = SettleOrder("r", Order("o", 0, "GBP", 500), b'{"amount_minor":500}')

    assert digest_of(command, SALT).hex() == "703bd3baea6c809fea9758981469d212"
    assert digest_of(command, SALT) != digest_of(command, SALT[::-1])


def test_settling_and_enrolling_have_no_digest_in_common() -> None:
    settled = SettleOrder("r", Order("o", 0, "GBP", 500), b"x")

    assert digest_of(settled, SALT) != digest_of(EnrolMember("r", "x"), SALT)


# Carrying out


def test_an_order_is_one_entry_and_it_says_what_it_did() -> None:
    """Architecture: every accepted command writes exactly one row."""
    (entry,) = SETTLED.entries

    assert ("order_settled", "r-o1", "o1", digest_of(FIRST, SALT)) == (
        entry.kind,
        entry.request_id,
        entry.order_id,
        entry.digest,
    )
    assert (Joined("open"), Earned("base", 500, 5, 0, (Leg("issued", "available", 5, NEVER, 0),))) == (
        changes_of(entry)
    )
    assert (entry.effective_us, entry.recorded_us, entry.back_dated) == (NOW_US, NOW_US, False)


def test_a_command_that_moves_no_points_is_an_entry_too() -> None:
    """Architecture: its request id must be remembered."""
    result = accepted(SETTLED.account, settle(NOW_US, 99, order_id="o2"), program(), NOW_US)

    assert (
        [(entry.seq, entry.request_id) for entry in result.entries],
        result.account.ledger.available,
    ) == ([(2, "r-o2")], 5)


def test_joining_is_an_entry_without_an_order() -> None:
    assert ("member_enrolled", "join", "", (Joined("request"),)) == (
        JOINED.kind,
        JOINED.request_id,
        JOINED.order_id,
        changes_of(JOINED),
    )


def test_what_fell_due_is_booked_before_the_command_and_its_own_entry_is_last() -> None:
    """Architecture: every command runs advance first."""
    rules = program(expiry_days=30, pending_days=14)
    account = after(NOBODY, settle(NOW_US), rules, NOW_US)

    result = accepted(account, settle(NOW_US + 90 * DAY_US, order_id="o2"), rules, NOW_US + 90 * DAY_US)

    assert [Posted, Expired, Earned] == [type(changes_of(entry)[0]) for entry in result.entries]
    assert ([entry.seq for entry in result.entries], result.entries[-1].order_id) == ([2, 3, 4], "o2")
    assert {NOW_US + 90 * DAY_US} == {entry.recorded_us for entry in result.entries}


def test_at_the_instant_at_which_a_lot_ends_it_is_gone() -> None:
    """Domain, Points 4: gone from the first instant after its last day, also for an order of that instant."""
    rules = program(expiry_days=30)
    account = after(NOBODY, settle(NOW_US), rules, NOW_US)
    end_us = utc("2024-08-09T23:00:00")

    before = accepted(account, settle(end_us - 1, order_id="o2"), rules, end_us - 1)
    at = accepted(account, settle(end_us, order_id="o2"), rules, end_us)

    assert (before.entries[-1].balance.available, at.entries[-1].balance.available) == (10, 5)


def test_history_is_decided_as_of_its_own_time() -> None:
    """Domain, Points 10: an import in time order; whatever fell due in between happened."""
    rules, today_us = program(expiry_days=30), NOW_US + 1_000 * DAY_US
    account = after(NOBODY, settle(NOW_US), rules, today_us)

    result = accepted(account, settle(NOW_US + 10 * DAY_US, order_id="o2"), rules, today_us)

    (entry,) = result.entries
    assert (NOW_US + 10 * DAY_US, today_us, False) == (
        entry.effective_us,
        entry.recorded_us,
        entry.back_dated,
    )
    assert EntryBalance(10, 0, 0, 0, utc("2024-08-09T23:00:00"), 5) == entry.balance
    assert balance_at(result.account, today_us)[0].available == 0


def test_an_order_too_old_says_so_and_what_it_earned_is_gone_at_once() -> None:
    """Domain, Points 10: an event too old to change an expiry that was already booked says so."""
    rules, today_us = program(expiry_days=30), NOW_US + 100 * DAY_US
    account = after(NOBODY, settle(today_us), rules, today_us)

    result = accepted(account, settle(NOW_US, 700, order_id="o2"), rules, today_us)

    entry = result.entries[-1]
    balance, _ = balance_at(result.account, today_us)
    assert (True, NOW_US, today_us) == (entry.back_dated, entry.effective_us, entry.recorded_us)
    assert sum(change.points for change in changes_of(entry) if isinstance(change, Earned)) == 7
    assert EntryBalance(5, 0, 0, 0, utc("2024-11-18T00:00:00"), 5) == balance


def test_what_expires_as_it_comes_is_in_the_orders_own_entry() -> None:
    """Domain, Points 10: nothing is left to fall due; the books say it was given and is gone."""
    rules, today_us = program(expiry_days=30, pending_days=14), NOW_US + 100 * DAY_US
    account = after(NOBODY, settle(today_us), rules, today_us)

    result = accepted(account, settle(NOW_US, 700, order_id="o2"), rules, today_us)

    (entry,) = result.entries
    assert [Leg("issued", "expired", 7, utc("2024-08-09T23:00:00"), 0)] == legs_of(entry)
    assert EntryBalance(0, 5, 0, 0, 0, 0) == entry.balance
    assert (result.account.ledger.issued, result.account.ledger.expired) == (12, 7)
    assert account.ledger.pending_lots == result.account.ledger.pending_lots


def test_a_late_order_whose_return_window_is_over_is_available_in_its_own_entry() -> None:
    rules, today_us = program(expiry_days=365, pending_days=14), NOW_US + 100 * DAY_US
    account = after(NOBODY, settle(today_us), rules, today_us)

    result = accepted(account, settle(NOW_US, 700, order_id="o2"), rules, today_us)

    (entry,) = result.entries
    assert [Leg("issued", "available", 7, utc("2025-07-10T23:00:00"), 0)] == legs_of(entry)
    assert EntryBalance(7, 5, 0, 0, utc("2025-07-10T23:00:00"), 7) == entry.balance


def test_the_answer_to_an_order_shows_no_points_that_are_gone() -> None:
    """Domain, Points 4: a lot is gone by reading, not by waiting for a job; an answer is read too.

    There were 7 points when the order was placed, and there are 5 now. There never were 12.
    """
    rules, today_us = program(expiry_days=30), NOW_US + 100 * DAY_US
    account = after(NOBODY, settle(today_us), rules, today_us)

    result = accepted(account, settle(NOW_US, 700, order_id="o2"), rules, today_us)

    as_of_its_time, as_of_now = 7, balance_at(result.account, today_us)[0].available
    assert (as_of_now, result.entries[-1].balance.available in {as_of_its_time, as_of_now}) == (5, True)


def test_no_two_points_of_a_lot_have_one_number() -> None:
    """Domain, Points 5: offsets tell exactly which award paid which spend, also after a back-dated order."""
    rules = program(expiry_days=30)
    account, numbers = NOBODY, list[tuple[int, int]]()
    for order_id, time_us, now_us in [
        ("o1", NOW_US, NOW_US),
        ("o2", NOW_US + 100 * DAY_US, NOW_US + 100 * DAY_US),
        ("late", NOW_US, NOW_US + 101 * DAY_US),
    ]:
        result = accepted(account, settle(time_us, order_id=order_id), rules, now_us)
        account = result.account
        for leg in (leg for entry in result.entries for leg in legs_of(entry) if leg.target == "available"):
            numbers += [(leg.end_us, leg.offset + place) for place in range(leg.points)]

    assert sorted(set(numbers)) == sorted(numbers)


def test_a_clock_that_goes_back_does_not_take_the_books_back() -> None:
    """Architecture: `now` is never before the member's last recorded time."""
    result = accepted(
        SETTLED.account, settle(NOW_US - DAY_US, order_id="o2"), program(), NOW_US - 10 * MINUTE_US
    )

    assert (
        result.entries[-1].effective_us,
        result.entries[-1].recorded_us,
        result.entries[-1].back_dated,
    ) == (NOW_US - DAY_US, NOW_US, True)
    assert result.account.recorded_us == NOW_US
    known = Account("demo", "m1", 1, "prospect", recorded_us=NOW_US)
    assert accepted(known, enrol(), program(), NOW_US - DAY_US).entries[-1].effective_us == NOW_US


def test_the_program_version_that_decided_is_named() -> None:
    assert accepted(NOBODY, settle(NOW_US), program(version=7), NOW_US).entries[-1].program_version == 7


def test_a_trial_is_decided_as_the_real_thing() -> None:
    """validate_only: decide and answer, but write nothing. It is the caller who does not write."""
    trial = accepted(SETTLED.account, settle(NOW_US, order_id="o2", validate_only=True), program(), NOW_US)

    assert trial == accepted(SETTLED.account, settle(NOW_US, order_id="o2"), program(), NOW_US)


# Refusing


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (settle(NOW_US + 5 * MINUTE_US + 1, order_id="o2"), FieldInvalid),
        (settle(NOW_US, order_id="o2", currency_code="EUR"), FieldInvalid),
        (settle(NOW_US, 10**15, order_id="o2"), PointsLimitExceeded),
        (enrol(), MemberAlreadyEnrolled),
    ],
)
def test_a_refusal_changes_nothing(command: Command, expected: type) -> None:
    """Rejections are not remembered, and what fell due is not booked by one: nothing was done."""
    limit = 2**53 - 1
    full = Ledger(limit - 5, 0, 0, 0, limit - 5, 0, (Lot(NOW_US, 5, 0), Lot(NEVER, limit - 10, 0)))
    account = Account("demo", "m1", 1, "member", 1, full, NOW_US - 1, NOW_US - 1)
    before = msgspec.json.encode(account)

    refused = execute(account, command, digest_of(command, SALT), program(), NOW_US)

    assert (expected, before) == (type(refused), msgspec.json.encode(account))
    assert refused == execute(account, command, digest_of(command, SALT), program(), NOW_US)


def test_a_refusal_is_decided_afresh() -> None:
    """Architecture: rejections are not remembered. What was too early is taken when its time has come."""
    command = settle(NOW_US + DAY_US)

    assert isinstance(execute(NOBODY, command, b"", program(), NOW_US), FieldInvalid)
    assert isinstance(execute(NOBODY, command, b"", program(), NOW_US + DAY_US), Accepted)


def test_a_member_by_an_order_is_not_enrolled_by_request() -> None:
    refused = execute(SETTLED.account, enrol(), b"", program(), NOW_US + 1)

    assert MemberAlreadyEnrolled(NOW_US) == refused


def test_who_was_enrolled_earns_with_the_first_order_and_does_not_join_twice() -> None:
    account = after(NOBODY, enrol(), program(), NOW_US)

    result = accepted(account, settle(NOW_US + 1), program(), NOW_US + 1)

    assert [Earned] == [type(change) for change in changes_of(result.entries[-1])]
    assert (result.account.joined_us, result.account.ledger.available) == (NOW_US, 5)
