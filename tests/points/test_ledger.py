"""The books of a member's points: every movement, and what may not happen."""

from itertools import product
from typing import Final, get_args

import msgspec
import pytest

from points.falling_due import expiry_legs, posting_legs
from points.ledger import (
    POINTS_MAX,
    Hold,
    HoldPart,
    Ledger,
    LedgerAccount,
    Leg,
    credit_all_legs,
    credit_legs,
    law_broken,
    move,
    move_all,
    take_from_lot_legs,
    take_legs,
)
from points.lots import BooksBrokenError, Lot, PendingLot
from points.policies import NEVER, SLIDING
from tests.points.books import LIMIT, credited, expired, owing, posted, taken, waits

# Movements


def test_points_are_issued_into_the_lot_of_their_end() -> None:
    """Domain, vocabulary: a lot is all of a member's points with one expiry date."""
    ledger = credited(credited(Ledger(), 5, 100), 7, 100)

    assert Ledger(available=12, issued=12, lots=(Lot(100, 12, 0),)) == ledger


def test_points_that_wait_are_visible_and_not_available() -> None:
    """Domain, Points 3."""
    ledger = waits(waits(Ledger(), 5, 100, 10), 7, 100, 10)

    assert Ledger(pending=12, issued=12, pending_lots=(PendingLot(10, 100, 12),)) == ledger


def test_points_that_post_join_the_lot_of_their_end() -> None:
    """Domain, Points 3: they post by themselves, all that wait for the instant and no others."""
    ledger = credited(Ledger(), 1, 100)
    for points, end_us, posting_us in [(5, 100, 10), (7, 200, 10), (9, 100, 11), (2, NEVER, 10)]:
        ledger = waits(ledger, points, end_us, posting_us)

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
    assert credit_legs(ledger, "issued", 0, 300, 0) == ()
    assert take_legs(ledger, "redeemed", 0) == ()


def test_a_movement_names_its_accounts_points_lot_and_offset() -> None:
    """Domain, Points 9: every change moves points between two accounts. What waits has no number."""
    ledger = waits(credited(Ledger(), 5, 100), 3, 100, 10)

    assert (Leg("issued", "available", 7, 100, 5),) == credit_legs(ledger, "issued", 7, 100, 0)
    assert (Leg("issued", "available", 7, 200, 0),) == credit_legs(ledger, "issued", 7, 200, 0)
    assert (Leg("transfer", "available", 7, 100, 5),) == credit_legs(ledger, "transfer", 7, 100, 0)
    assert (Leg("pending", "available", 3, 100, 5, 10),) == posting_legs(ledger, 10)
    assert (Leg("available", "expired", 5, 100, 0),) == expiry_legs(ledger, 100)


@pytest.mark.parametrize("source", ["issued", "pending", "held", "redeemed", "transfer"])
@pytest.mark.parametrize("as_of_us", [100, 101])
def test_points_whose_lot_was_booked_already_expire_as_they_come(
    source: LedgerAccount, as_of_us: int
) -> None:
    """Domain, Points 5 and 10: no number of a lot is used twice, so they are in none."""
    legs = credit_legs(credited(Ledger(), 5, 200), source, 7, 100, as_of_us)

    assert (Leg(source, "expired", 7, 100, 0),) == legs


def test_what_expired_as_it_came_is_in_no_lot() -> None:
    (leg,) = credit_legs(credited(Ledger(), 5, 200), "issued", 7, 100, 100)

    after = move(credited(Ledger(), 5, 200), leg)

    assert Ledger(available=5, issued=12, expired=7, lots=(Lot(200, 5, 0),)) == after
    assert law_broken(after) is None


@pytest.mark.parametrize(("end_us", "as_of_us"), [(100, 99), (NEVER, 100), (100, 0)])
def test_points_join_their_lot_while_it_was_not_booked(end_us: int, as_of_us: int) -> None:
    assert [leg.target for leg in credit_legs(FULL, "issued", 7, end_us, as_of_us)] == ["available"]


# Debt (domain, Points 7)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (3, [("debt", 3, 0)]),
        (5, [("debt", 5, 0)]),
        (6, [("debt", 5, 0), ("available", 1, 0)]),
        (9, [("debt", 5, 0), ("available", 4, 0)]),
    ],
)
@pytest.mark.parametrize("source", ["issued", "pending", "held", "redeemed", "transfer"])
def test_every_credit_pays_debt_first(
    source: LedgerAccount, points: int, expected: list[tuple[str, int, int]]
) -> None:
    legs = credit_legs(owing(5), source, points, 100, 0)

    assert expected == [(leg.target, leg.points, leg.offset) for leg in legs]
    assert {(source, 100)} == {(leg.source, leg.end_us) for leg in legs}


def test_points_that_are_gone_as_they_come_pay_no_debt() -> None:
    assert (Leg("issued", "expired", 9, 100, 0),) == credit_legs(owing(5), "issued", 9, 100, 100)


def test_waiting_points_pay_no_debt_until_they_post() -> None:
    ledger = waits(owing(5), 7, 100, 10)

    after = posted(ledger, 10)

    assert (ledger.debt, ledger.pending, ledger.available) == (5, 7, 0)
    assert (after.debt, after.pending, after.available) == (0, 0, 2)
    assert (Leg("pending", "debt", 5, 100, 0, 10), Leg("pending", "available", 2, 100, 0, 10)) == (
        posting_legs(ledger, 10)
    )
    assert law_broken(after) is None


def test_points_of_several_lots_that_post_together_pay_debt_in_the_order_of_their_ends() -> None:
    ledger = waits(waits(owing(5), 3, 200, 10), 4, 100, 10)

    assert [(leg.target, leg.points, leg.end_us) for leg in posting_legs(ledger, 10)] == [
        ("debt", 4, 100),
        ("debt", 1, 200),
        ("available", 2, 200),
    ]


def test_parts_that_come_together_are_numbered_and_pay_debt_one_after_the_other() -> None:
    """Of a member who owes 5: a lot may come in two parts, and one that has ended expires whole."""
    parts = [(100, 3), (50, 9), (200, 4), (100, 6), (200, 0), (200, 1)]

    legs = credit_all_legs(owing(5), "held", parts, 50)

    assert (
        Leg("held", "debt", 3, 100, 0),
        Leg("held", "expired", 9, 50, 0),
        Leg("held", "debt", 2, 200, 0),
        Leg("held", "available", 2, 200, 0),
        Leg("held", "available", 6, 100, 0),
        Leg("held", "available", 1, 200, 2),
    ) == legs


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_movements_carried_out_together_are_as_one_after_the_other(count: int) -> None:
    """However many there are: lots, pending lots and all totals."""
    ledger = waits(credited(credited(Ledger(), 20, 100), 7, NEVER), 3, 100, 10)
    legs = [
        Leg("available", "redeemed", 4, 100, 0),
        Leg("issued", "available", 1, 200, 0),
        Leg("transfer", "available", 2, 100, 20),
        Leg("available", "transfer", 5, 100, 4),
        Leg("issued", "pending", 6, SLIDING, 0, 11),
        Leg("pending", "available", 3, 100, 22, 10),
        Leg("redeemed", "available", 4, 100, 25),
        Leg("available", "voided", 1, 200, 0),
        Leg("debt", "voided", 8, NEVER, 0),
    ][:count]

    one_by_one = ledger
    for leg in legs:
        one_by_one = move(one_by_one, leg)

    assert one_by_one == move_all(ledger, legs)


@pytest.mark.parametrize("place", range(5))
def test_of_movements_carried_out_together_none_may_be_wrong(place: int) -> None:
    legs = [Leg("available", "redeemed", 1, 100, offset) for offset in range(5)]
    legs[place] = msgspec.structs.replace(legs[place], offset=9)

    with pytest.raises(BooksBrokenError):
        move_all(credited(Ledger(), 20, 100), legs)


# Taking (domain, Points 5)


def test_what_expires_first_is_taken_first_and_what_stays_last() -> None:
    ledger = credited(credited(credited(Ledger(), 5, NEVER), 7, 200), 3, 100)

    assert (
        Leg("available", "redeemed", 3, 100, 0),
        Leg("available", "redeemed", 7, 200, 0),
        Leg("available", "redeemed", 2, NEVER, 0),
    ) == take_legs(ledger, "redeemed", 12)


@pytest.mark.parametrize(
    ("sliding_end_us", "expected"),
    [(50, [SLIDING, 100, 200, NEVER]), (150, [100, SLIDING, 200, NEVER]), (250, [100, 200, SLIDING, NEVER])],
)
def test_the_sliding_lot_is_taken_by_its_present_end(sliding_end_us: int, expected: list[int]) -> None:
    ledger = Ledger(sliding_end_us=sliding_end_us)
    for end_us in (SLIDING, NEVER, 200, 100):
        ledger = credited(ledger, 1, end_us)

    assert expected == [leg.end_us for leg in take_legs(ledger, "held", 4)]


def test_taking_goes_on_where_the_last_taking_ended() -> None:
    ledger = taken(credited(Ledger(), 5, 100), "redeemed", 2)

    assert (Leg("available", "voided", 3, 100, 2),) == take_legs(ledger, "voided", 3)


def test_more_than_there_is_cannot_be_taken() -> None:
    with pytest.raises(BooksBrokenError, match="1 points more"):
        take_legs(credited(credited(Ledger(), 5, 100), 2, NEVER), "redeemed", 8)


@pytest.mark.parametrize(
    ("points", "end_us", "expected"),
    [
        (2, 100, (Leg("available", "voided", 2, 100, 1),)),
        (9, 100, (Leg("available", "voided", 4, 100, 1),)),
        (9, NEVER, (Leg("available", "voided", 7, NEVER, 0),)),
        (0, 100, ()),
        (9, 300, ()),
        (9, SLIDING, ()),
    ],
)
def test_points_of_one_lot_are_taken_as_far_as_they_go(
    points: int, end_us: int, expected: tuple[Leg, ...]
) -> None:
    ledger = credited(taken(credited(Ledger(), 5, 100), "redeemed", 1), 7, NEVER)

    assert expected == take_from_lot_legs(ledger, "voided", points, end_us)


# What the books do not allow

ACCOUNTS: Final[tuple[LedgerAccount, ...]] = get_args(LedgerAccount)
FULL: Final = waits(credited(credited(Ledger(), 5, 100), 7, NEVER), 3, 100, 10)

# Domain, Points 9 and the refunds of Points 7: everything that ever happens to points.
WAYS: Final = {
    ("issued", "available"), ("issued", "pending"), ("issued", "expired"), ("issued", "debt"),
    ("pending", "available"), ("pending", "expired"), ("pending", "voided"), ("pending", "debt"),
    ("available", "held"), ("available", "redeemed"), ("available", "expired"), ("available", "voided"),
    ("available", "transfer"),
    ("held", "available"), ("held", "redeemed"), ("held", "expired"), ("held", "debt"),
    ("redeemed", "available"), ("redeemed", "expired"), ("redeemed", "debt"),
    ("transfer", "available"), ("transfer", "expired"), ("transfer", "debt"),
    ("expired", "voided"),
    ("debt", "voided"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "target"), list(product(ACCOUNTS, ACCOUNTS)))
def test_points_move_on_known_ways_only(source: LedgerAccount, target: LedgerAccount) -> None:
    leg = Leg(source, target, 1, 100, 5 if target == "available" else 0, 10 if source == "pending" else 0)

    if (source, target) in WAYS:
        after = move(FULL, leg)
        assert after != FULL
        assert broken_total(after) == broken_total(FULL)
    else:
        with pytest.raises(BooksBrokenError):
            move(FULL, leg)


def broken_total(ledger: Ledger) -> int:
    """What came less what is accounted for; 0 where the books balance (domain, Points 9)."""
    return (
        ledger.issued + ledger.transferred_in - ledger.available - ledger.pending - ledger.held
        - ledger.redeemed - ledger.expired - ledger.voided - ledger.transferred_out + ledger.debt
    )  # fmt: skip


@pytest.mark.parametrize(
    "leg",
    [
        Leg("issued", "available", 0, 100, 5),
        Leg("issued", "available", -1, 100, 5),
        # A number of the lot would be left out, or used twice.
        Leg("issued", "available", 1, 100, 6),
        Leg("issued", "available", 1, 100, 4),
        Leg("issued", "available", 1, 200, 1),
        Leg("available", "expired", 1, 100, 1),
        Leg("available", "expired", 1, 100, -1),
        # What waits has no number.
        Leg("issued", "pending", 1, 100, 3, 10),
        Leg("pending", "voided", 1, 100, 3, 10),
        # More than there is, or from where there is nothing.
        Leg("available", "expired", 6, 100, 0),
        Leg("available", "expired", 1, 200, 0),
        Leg("pending", "available", 4, 100, 5, 10),
        Leg("pending", "available", 3, 100, 5, 11),
        Leg("pending", "available", 3, 100, 5),
        Leg("pending", "available", 3, NEVER, 7, 10),
        Leg("pending", "voided", 4, 100, 0, 10),
        # What expires as it comes is in no lot.
        Leg("issued", "expired", 1, 100, 5),
        Leg("issued", "expired", 1, 200, 1),
        Leg("issued", "expired", 1, 200, -1),
        # The way back is not there.
        Leg("expired", "available", 1, 100, 5),
        Leg("available", "issued", 1, 100, 0),
        Leg("pending", "issued", 3, 100, 0, 10),
    ],
)
def test_a_movement_that_the_books_do_not_allow_is_refused(leg: Leg) -> None:
    with pytest.raises(BooksBrokenError):
        move(FULL, leg)


def test_points_begin_to_wait_without_a_number() -> None:
    with pytest.raises(BooksBrokenError):
        move(FULL, Leg("issued", "pending", 1, 100, 4, 11))


def test_the_same_points_do_not_post_twice() -> None:
    (leg,) = posting_legs(FULL, 10)
    after = move(FULL, leg)

    with pytest.raises(BooksBrokenError):
        move(after, leg)


def test_the_same_points_do_not_expire_twice() -> None:
    (leg,) = expiry_legs(FULL, 100)
    after = move(FULL, leg)

    with pytest.raises(BooksBrokenError):
        move(after, leg)


# The laws


def test_books_that_balance_break_no_law() -> None:
    assert [
        law_broken(ledger)
        for ledger in (Ledger(), FULL, posted(FULL, 10), expired(posted(FULL, 10), 100), owing(5))
    ] == [None] * 5


def test_every_account_of_the_books_is_in_the_law() -> None:
    """issued + transferred in = available + pending + held + redeemed + expired + voided + out - debt."""
    ledger = move_all(
        waits(credited(credited(Ledger(), 20, 100), 7, NEVER), 3, 100, 10),
        [
            Leg("transfer", "available", 11, 100, 20),
            Leg("available", "redeemed", 4, 100, 0),
            Leg("available", "transfer", 5, 100, 4),
            Leg("available", "voided", 6, 100, 9),
            Leg("available", "expired", 2, 100, 15),
        ],
    )

    assert (ledger.issued, ledger.transferred_in, ledger.available, ledger.pending) == (30, 11, 21, 3)
    assert (ledger.redeemed, ledger.transferred_out, ledger.voided, ledger.expired) == (4, 5, 6, 2)
    assert law_broken(ledger) is None


@pytest.mark.parametrize(
    "ledger",
    [
        # issued + in = available + pending + held + redeemed + expired + voided + out - debt (Points 9)
        Ledger(available=5, issued=4, lots=(Lot(100, 5, 0),)),
        Ledger(issued=1),
        Ledger(expired=1),
        Ledger(held=1),
        Ledger(debt=1),
        Ledger(redeemed=1),
        Ledger(voided=1),
        Ledger(transferred_in=1),
        Ledger(transferred_out=1),
        # A total is the sum of its lots, or of its holds.
        Ledger(available=5, issued=5),
        Ledger(issued=5, expired=5, lots=(Lot(100, 5, 0),)),
        Ledger(available=5, issued=5, lots=(Lot(100, 6, 0),)),
        Ledger(pending=5, issued=5),
        Ledger(pending=5, issued=5, pending_lots=(PendingLot(10, 100, 4),)),
        Ledger(held=5, issued=5),
        Ledger(held=5, issued=5, holds=(Hold("h", 9, (HoldPart(100, 4),)),)),
        Ledger(issued=5, redeemed=5, holds=(Hold("h", 9, (HoldPart(100, 5),)),)),
        # Nothing is negative.
        Ledger(available=-1, issued=-1, lots=(Lot(100, 0, 1),)),
        Ledger(available=-1, pending=1, lots=(Lot(100, 0, 1),), pending_lots=(PendingLot(10, 100, 1),)),
        Ledger(expired=-1, debt=-1),
        Ledger(redeemed=-1, voided=1),
        Ledger(transferred_out=-1, transferred_in=-1),
        Ledger(available=0, lots=(Lot(100, 0, 1), Lot(200, 1, 0))),
        Ledger(available=1, issued=1, lots=(Lot(100, 0, -1),)),
        # Who owes has nothing.
        Ledger(available=1, debt=1, lots=(Lot(NEVER, 1, 0),)),
    ],
)
def test_books_that_do_not_balance_break_a_law(ledger: Ledger) -> None:
    assert law_broken(ledger)


def test_debt_is_what_was_issued_less_than_is_there() -> None:
    """Domain, Points 9: issued = available + pending + held + expired - debt, here 0 = 5 - 5."""
    assert law_broken(Ledger(expired=5, debt=5)) is None


def test_no_more_points_are_issued_than_json_keeps_exactly() -> None:
    at_limit = credited(Ledger(), LIMIT, NEVER)

    assert (POINTS_MAX, law_broken(at_limit)) == (LIMIT, None)
    assert str(LIMIT) in str(law_broken(credited(at_limit, 1, NEVER)))


def test_what_came_from_others_counts_towards_the_limit() -> None:
    at_limit = move(credited(Ledger(), LIMIT - 1, NEVER), Leg("transfer", "available", 1, NEVER, LIMIT - 1))

    assert law_broken(at_limit) is None
    assert str(LIMIT) in str(law_broken(credited(at_limit, 1, NEVER)))
