"""The books of a member's points: every movement, lots in their order, and what may not happen."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.ledger import (
    LOTS_MAX,
    NOTHING_EXPIRES,
    BooksBrokenError,
    Expiring,
    Ledger,
    Leg,
    Lot,
    PendingLot,
    credit_legs,
    expiry_legs,
    law_broken,
    ledger_at,
    move,
    next_due_us,
    next_expiry,
    posting_legs,
    without_ended_lots,
)
from points.policies import AT_ONCE, NEVER
from programs.document import EXPIRY_DAYS_MAX, PENDING_DAYS_MAX

DAY_US: Final = 86_400_000_000
LIMIT: Final = 9_007_199_254_740_991  # the largest integer that JavaScript and JSON keep exactly


def credited(ledger: Ledger, points: int, end_us: int, posting_us: int = AT_ONCE) -> Ledger:
    for leg in credit_legs(ledger, points, end_us, posting_us):
        ledger = move(ledger, leg, posting_us)
    return ledger


def posted(ledger: Ledger, posting_us: int) -> Ledger:
    for leg in posting_legs(ledger, posting_us):
        ledger = move(ledger, leg, posting_us)
    return ledger


def expired(ledger: Ledger, end_us: int) -> Ledger:
    for leg in expiry_legs(ledger, end_us):
        ledger = move(ledger, leg, 0)
    return ledger


# Movements


def test_points_are_issued_into_the_lot_of_their_end() -> None:
    """Domain, vocabulary: a lot is all of a member's points with one expiry date."""
    ledger = credited(credited(Ledger(), 5, 100), 7, 100)

    assert Ledger(available=12, issued=12, lots=(Lot(100, 12, 0),)) == ledger


def test_points_that_wait_are_visible_and_not_available() -> None:
    """Domain, Points 3."""
    ledger = credited(credited(Ledger(), 5, 100, 10), 7, 100, 10)

    assert Ledger(pending=12, issued=12, pending_lots=(PendingLot(10, 100, 12),)) == ledger


def test_points_that_post_join_the_lot_of_their_end() -> None:
    """Domain, Points 3: they post by themselves, all that wait for the instant and no others."""
    ledger = credited(Ledger(), 1, 100)
    for points, end_us, posting_us in [(5, 100, 10), (7, 200, 10), (9, 100, 11), (2, NEVER, 10)]:
        ledger = credited(ledger, points, end_us, posting_us)

    after = posted(ledger, 10)

    assert (after.available, after.pending, after.issued) == (15, 9, 24)
    assert (Lot(100, 6, 0), Lot(200, 7, 0), Lot(NEVER, 2, 0)) == after.lots
    assert (PendingLot(11, 100, 9),) == after.pending_lots


def test_a_lot_expires_whole_and_alone() -> None:
    """Domain, Points 4."""
    ledger = credited(credited(credited(Ledger(), 5, 100), 7, 200), 9, NEVER)

    after = expired(ledger, 100)

    assert (after.available, after.expired, after.issued) == (16, 5, 21)
    assert (Lot(100, 5, 5), Lot(200, 7, 0), Lot(NEVER, 9, 0)) == after.lots


def test_there_is_no_movement_where_there_is_nothing_to_move() -> None:
    ledger = expired(credited(Ledger(), 5, 100), 100)

    assert (expiry_legs(ledger, 100), expiry_legs(ledger, 200), posting_legs(ledger, 100)) == ((), (), ())


def test_a_movement_names_its_accounts_points_lot_and_offset() -> None:
    """Domain, Points 9: every change moves points between two accounts."""
    ledger = credited(credited(Ledger(), 5, 100), 3, 100, 10)

    assert (Leg("issued", "available", 7, 100, 5),) == credit_legs(ledger, 7, 100, AT_ONCE)
    assert (Leg("issued", "pending", 7, 100, 3),) == credit_legs(ledger, 7, 100, 10)
    assert (Leg("issued", "pending", 7, 100, 0),) == credit_legs(ledger, 7, 100, 11)
    assert (Leg("issued", "pending", 7, 200, 0),) == credit_legs(ledger, 7, 200, 10)
    assert (Leg("pending", "available", 3, 100, 5),) == posting_legs(ledger, 10)
    assert (Leg("available", "expired", 5, 100, 0),) == expiry_legs(ledger, 100)


@pytest.mark.parametrize("posting_us", [AT_ONCE, 10, 99])
@pytest.mark.parametrize("advanced_us", [100, 101])
def test_points_whose_lot_was_booked_already_expire_as_they_come(posting_us: int, advanced_us: int) -> None:
    """Domain, Points 5 and 10: no number of a lot is used twice, so they are in none."""
    ledger = credited(Ledger(), 5, 200)

    (leg,) = credit_legs(ledger, 7, 100, posting_us, advanced_us)
    after = move(ledger, leg, posting_us)

    assert Leg("issued", "expired", 7, 100, 0) == leg
    assert Ledger(available=5, issued=12, expired=7, lots=(Lot(200, 5, 0),)) == after
    assert law_broken(after) is None


@pytest.mark.parametrize(("end_us", "advanced_us"), [(100, 99), (NEVER, 100), (100, 0)])
def test_points_join_their_lot_while_it_was_not_booked(end_us: int, advanced_us: int) -> None:
    at_once, later = (credit_legs(FULL, 7, end_us, when, advanced_us) for when in (AT_ONCE, 10))

    assert [leg.target for leg in (*at_once, *later)] == ["available", "pending"]


def test_an_empty_lot_goes_on_counting() -> None:
    """Domain, Points 5: offsets tell which award paid what; a number is used once."""
    ledger = expired(credited(Ledger(), 5, 100), 100)

    again = credited(ledger, 7, 100)

    assert (Lot(100, 12, 5),) == again.lots
    assert (Leg("available", "expired", 7, 100, 5),) == expiry_legs(again, 100)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("in"), st.integers(min_value=1, max_value=50)),
            st.tuples(st.just("out"), st.integers(min_value=1, max_value=50)),
        ),
        max_size=30,
    )
)
def test_within_a_lot_first_in_is_first_out(steps: list[tuple[str, int]]) -> None:
    """Domain, Points 5. The lot is followed point by point in a queue."""
    ledger, queue, came, gone = Ledger(), list[int](), 0, list[int]()
    for direction, points in steps:
        if direction == "in":
            ledger = credited(ledger, points, 100)
            queue += range(came, came + points)
            came += points
        elif points <= len(queue):
            offset = ledger.lots[0].consumed
            ledger = move(ledger, Leg("available", "expired", points, 100, offset), 0)
            gone += range(offset, offset + points)
            queue = queue[points:]

    assert list(range(came - len(queue))) == gone
    assert (len(queue), came, len(gone)) == (ledger.available, ledger.issued, ledger.expired)


# What the books do not allow

FULL: Final = credited(credited(credited(Ledger(), 5, 100), 7, NEVER), 3, 100, 10)


@pytest.mark.parametrize(
    ("leg", "posting_us"),
    [
        (Leg("issued", "available", 0, 100, 5), 0),
        (Leg("issued", "available", -1, 100, 5), 0),
        # A number of the lot would be left out, or used twice.
        (Leg("issued", "available", 1, 100, 6), 0),
        (Leg("issued", "available", 1, 100, 4), 0),
        (Leg("issued", "available", 1, 200, 1), 0),
        (Leg("issued", "pending", 1, 100, 2), 10),
        (Leg("available", "expired", 1, 100, 1), 0),
        (Leg("available", "expired", 1, 100, -1), 0),
        # More than there is, or from where there is nothing.
        (Leg("available", "expired", 6, 100, 0), 0),
        (Leg("available", "expired", 1, 200, 0), 0),
        (Leg("pending", "available", 4, 100, 5), 10),
        (Leg("pending", "available", 3, 100, 5), 11),
        (Leg("pending", "available", 3, NEVER, 7), 10),
        # What waits posts as a whole.
        (Leg("pending", "available", 2, 100, 5), 10),
        # What expires as it comes is in no lot.
        (Leg("issued", "expired", 1, 100, 5), 0),
        (Leg("issued", "expired", 1, 200, 1), 0),
        (Leg("issued", "expired", 1, 200, -1), 0),
        # The way back is not there.
        (Leg("expired", "available", 1, 100, 5), 0),
        (Leg("available", "issued", 1, 100, 0), 0),
        (Leg("pending", "issued", 3, 100, 0), 10),
    ],
)
def test_a_movement_that_the_books_do_not_allow_is_refused(leg: Leg, posting_us: int) -> None:
    with pytest.raises(BooksBrokenError):
        move(FULL, leg, posting_us)


def test_points_begin_a_new_pending_lot_at_nought() -> None:
    with pytest.raises(BooksBrokenError):
        move(FULL, Leg("issued", "pending", 1, 100, 4), 11)


def test_the_same_points_do_not_post_twice() -> None:
    (leg,) = posting_legs(FULL, 10)
    after = move(FULL, leg, 10)

    with pytest.raises(BooksBrokenError):
        move(after, leg, 10)


def test_the_same_points_do_not_expire_twice() -> None:
    (leg,) = expiry_legs(FULL, 100)
    after = move(FULL, leg, 0)

    with pytest.raises(BooksBrokenError):
        move(after, leg, 0)


# The order of lots


@settings(deadline=None)
@given(st.permutations([NEVER, 100, 200, 300, 400]))
def test_the_lot_that_expires_first_stands_first_and_never_stands_last(ends: list[int]) -> None:
    """Domain, Points 5: spending takes the lot that expires first; never-expiring points last."""
    ledger = Ledger()
    for end_us in ends:
        ledger = credited(ledger, 1, end_us)

    assert [lot.end_us for lot in ledger.lots] == [100, 200, 300, 400, NEVER]


@settings(deadline=None)
@given(st.permutations([(10, 100), (10, 200), (10, NEVER), (11, 100), (12, 100), (12, NEVER)]))
def test_what_posts_first_waits_first(lots: list[tuple[int, int]]) -> None:
    ledger = Ledger()
    for posting_us, end_us in lots:
        ledger = credited(ledger, 1, end_us, posting_us)

    assert [(lot.posting_us, lot.end_us) for lot in ledger.pending_lots] == [
        (10, 100),
        (10, 200),
        (10, NEVER),
        (11, 100),
        (12, 100),
        (12, NEVER),
    ]


@pytest.mark.parametrize(
    ("ledger", "expiring", "due_us"),
    [
        (Ledger(), NOTHING_EXPIRES, NEVER),
        (credited(Ledger(), 5, NEVER), NOTHING_EXPIRES, NEVER),
        (credited(Ledger(), 5, 100), Expiring(100, 5), 100),
        (credited(credited(Ledger(), 5, 200), 7, 100), Expiring(100, 7), 100),
        (expired(credited(credited(Ledger(), 5, 200), 7, 100), 100), Expiring(200, 5), 200),
        (expired(credited(Ledger(), 5, 100), 100), NOTHING_EXPIRES, NEVER),
        (credited(Ledger(), 5, NEVER, 10), NOTHING_EXPIRES, 10),
        (credited(Ledger(), 5, 100, 10), NOTHING_EXPIRES, 10),
        (credited(credited(Ledger(), 5, 100), 7, 200, 10), Expiring(100, 5), 10),
        (credited(credited(Ledger(), 5, 100), 7, 300, 200), Expiring(100, 5), 100),
    ],
)
def test_what_falls_due_first_is_known(ledger: Ledger, expiring: Expiring, due_us: int) -> None:
    """The first lot that still has points, and the first instant at which time changes anything."""
    assert (expiring, due_us) == (next_expiry(ledger), next_due_us(ledger))


# As of an instant


def booked(ledger: Ledger, until_us: int) -> Ledger:
    """What falls due up to an instant, booked one after the other; postings before the lots they feed end."""
    while NEVER < next_due_us(ledger) <= until_us:
        due_us = next_due_us(ledger)
        ledger = without_ended_lots(expired(posted(ledger, due_us), due_us), due_us)
    return ledger


@pytest.mark.parametrize(
    ("at_us", "expected"),
    [
        (9, FULL),
        (10, Ledger(15, 0, 0, 0, 15, 0, (Lot(100, 8, 0), Lot(NEVER, 7, 0)))),
        (99, Ledger(15, 0, 0, 0, 15, 0, (Lot(100, 8, 0), Lot(NEVER, 7, 0)))),
        (100, Ledger(7, 0, 0, 0, 15, 8, (Lot(NEVER, 7, 0),))),
        (10**18, Ledger(7, 0, 0, 0, 15, 8, (Lot(NEVER, 7, 0),))),
    ],
)
def test_a_reader_sees_what_has_fallen_due_by_an_instant(at_us: int, expected: Ledger) -> None:
    """Domain, Points 3 and 4: at the instant itself it has."""
    assert (expected, expected) == (ledger_at(FULL, at_us), booked(FULL, at_us))


ends_and_postings: Final = st.tuples(
    st.integers(min_value=1, max_value=9), st.sampled_from([NEVER, 3, 5, 6, 8]), st.sampled_from([0, 2, 3, 5])
).filter(lambda credit: credit[1] == NEVER or credit[2] <= credit[1])


@settings(deadline=None)
@given(st.lists(ends_and_postings, max_size=12), st.integers(0, 9), st.integers(0, 9))
def test_reading_in_one_pass_is_booking_one_after_the_other(
    credits_: list[tuple[int, int, int]], first_us: int, then_us: int
) -> None:
    """Lots, pending lots and totals; also of a lot that has given points, and where points post at the very
    instant at which their lot ends.
    """
    ledger = Ledger()
    for points, end_us, posting_us in credits_:
        ledger = credited(ledger, points, end_us, posting_us)
    for lot in ledger.lots:
        if lot.points > 1:
            ledger = move(ledger, Leg("available", "expired", lot.points // 2, lot.end_us, 0), 0)

    assert booked(ledger, first_us) == ledger_at(ledger, first_us)
    last_us = max(first_us, then_us)
    assert booked(ledger, last_us) == ledger_at(ledger_at(ledger, first_us), last_us)
    assert law_broken(ledger_at(ledger, last_us)) is None


# The laws


def test_books_that_balance_break_no_law() -> None:
    assert [
        law_broken(ledger) for ledger in (Ledger(), FULL, posted(FULL, 10), expired(posted(FULL, 10), 100))
    ] == [None, None, None, None]


@pytest.mark.parametrize(
    "ledger",
    [
        # issued = available + pending + held + expired - debt (domain, Points 9)
        Ledger(available=5, issued=4, lots=(Lot(100, 5, 0),)),
        Ledger(issued=1),
        Ledger(expired=1),
        Ledger(held=1),
        Ledger(debt=1),
        # A total is the sum of its lots.
        Ledger(available=5, issued=5),
        Ledger(issued=5, expired=5, lots=(Lot(100, 5, 0),)),
        Ledger(available=5, issued=5, lots=(Lot(100, 6, 0),)),
        Ledger(pending=5, issued=5),
        Ledger(pending=5, issued=5, pending_lots=(PendingLot(10, 100, 4),)),
        # Nothing is negative.
        Ledger(available=-1, issued=-1, lots=(Lot(100, 0, 1),)),
        Ledger(available=-1, pending=1, lots=(Lot(100, 0, 1),), pending_lots=(PendingLot(10, 100, 1),)),
        Ledger(expired=-1, debt=-1),
        Ledger(available=0, lots=(Lot(100, 0, 1), Lot(200, 1, 0))),
        Ledger(available=1, issued=1, lots=(Lot(100, 0, -1),)),
    ],
)
def test_books_that_do_not_balance_break_a_law(ledger: Ledger) -> None:
    assert law_broken(ledger)


def test_debt_is_what_was_issued_less_than_is_there() -> None:
    """Domain, Points 9: issued = available + pending + held + expired - debt, here 0 = 5 - 5."""
    assert law_broken(Ledger(expired=5, debt=5)) is None


def test_no_more_points_are_issued_than_json_keeps_exactly() -> None:
    at_limit = credited(Ledger(), LIMIT, NEVER)

    assert law_broken(at_limit) is None
    assert str(LIMIT) in str(law_broken(credited(at_limit, 1, NEVER)))


# What is kept


@pytest.mark.parametrize(
    ("lots", "until_us", "expected"),
    [
        ((Lot(100, 5, 5),), 99, (Lot(100, 5, 5),)),
        ((Lot(100, 5, 5),), 100, ()),
        ((Lot(100, 5, 5),), 101, ()),
        ((Lot(100, 5, 4),), 101, (Lot(100, 5, 4),)),
        ((Lot(NEVER, 5, 5),), 101, (Lot(NEVER, 5, 5),)),
        ((Lot(100, 5, 5), Lot(200, 5, 5), Lot(NEVER, 5, 0)), 150, (Lot(200, 5, 5), Lot(NEVER, 5, 0))),
    ],
)
def test_a_lot_is_kept_while_it_has_points_or_may_get_some(
    lots: tuple[Lot, ...], until_us: int, expected: tuple[Lot, ...]
) -> None:
    assert expected == without_ended_lots(Ledger(lots=lots), until_us).lots


def test_a_member_has_at_most_3661_lots_with_an_end() -> None:
    """Architecture: every collection of an account has a bound. Expiry is after 3,660 days at most.

    A member who buys every day has a lot for each day, the day itself included, and one that never ends.
    """
    ledger, most = credited(Ledger(), 1, NEVER), 0
    for day in range(1, 3_661 + 6):
        today_us = day * DAY_US
        ledger = without_ended_lots(expired(ledger, today_us), today_us)
        ledger = credited(ledger, 1, (day + 3_661) * DAY_US)
        most = max(most, len(ledger.lots))

    assert (most, len(ledger.lots)) == (3_661 + 1, 3_661 + 1)
    assert (EXPIRY_DAYS_MAX, 2 * most < LOTS_MAX) == (3_660, True)
    assert (ledger.available, ledger.expired, law_broken(ledger)) == (3_662, 5, None)


def test_a_member_has_at_most_367_pending_lots_of_one_policy() -> None:
    """Architecture: every collection of an account has a bound. A return window is 366 days at most."""
    ledger, most = Ledger(), 0
    for day in range(1, 367 + 6):
        ledger = posted(ledger, day * DAY_US)
        ledger = credited(ledger, 1, NEVER, (day + 367) * DAY_US)
        most = max(most, len(ledger.pending_lots))

    assert (most, len(ledger.pending_lots)) == (367, 367)
    assert (PENDING_DAYS_MAX, 2 * most < LOTS_MAX) == (366, True)
    assert (ledger.available, ledger.pending) == (5, 367)
