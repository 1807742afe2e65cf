"""From one state to the next, and what does not fit."""

from typing import Final

import msgspec
import pytest

from members.account import Account
from members.apply import apply, record
from members.journal import (
    Adjusted,
    Captured,
    Change,
    Draft,
    Earned,
    EntryBalance,
    Expired,
    Extended,
    Held,
    Joined,
    Posted,
    Reinstated,
    Released,
    Restored,
    Spent,
    TakenBack,
    TransferredIn,
    TransferredOut,
    Voided,
    entry_balance,
)
from points.ledger import Ledger, Leg
from points.lots import BooksBrokenError, Lot, PendingLot
from points.policies import NEVER
from tests.members.building import NOBODY, accepted, program, settle, utc

NOW_US: Final = utc("2024-07-10T12:00:00")
FIRST: Final = accepted(NOBODY, settle(NOW_US), program(), NOW_US)
SECOND: Final = accepted(FIRST.account, settle(NOW_US + 1, order_id="o2"), program(), NOW_US + 1)


def draft(*changes: Change, effective_us: int = NOW_US, recorded_us: int = NOW_US, version: int = 1) -> Draft:
    return Draft("order_settled", "r", b"d", "o", changes, version, effective_us, recorded_us)


def earned(points: int, offset: int = 0, end_us: int = NEVER) -> Earned:
    return Earned("base", points * 100, points, 0, (Leg("issued", "available", points, end_us, offset),))


def test_an_account_is_what_folding_its_journal_gives() -> None:
    """Architecture: the account is the snapshot that fold(journal) gives."""
    folded = NOBODY
    for entry in (*FIRST.entries, *SECOND.entries):
        folded = apply(folded, entry)

    assert SECOND.account == folded
    assert (
        folded.version,
        folded.state,
        folded.joined_us,
        folded.ledger.available,
    ) == (2, "member", NOW_US, 10)


@pytest.mark.parametrize("seq", [0, 1, 3, -1])
def test_an_entry_follows_the_one_before_it(seq: int) -> None:
    """Architecture: the member's own sequence is 1, 2, 3 …"""
    entry = msgspec.structs.replace(SECOND.entries[0], seq=seq)

    with pytest.raises(BooksBrokenError):
        apply(FIRST.account, entry)


@pytest.mark.parametrize("other", [{"member_id": "m2"}, {"program_id": "other"}, {"member_id": ""}])
def test_an_entry_of_somebody_else_is_not_applied(other: dict[str, str]) -> None:
    entry = SECOND.entries[0]

    with pytest.raises(BooksBrokenError):
        apply(FIRST.account, msgspec.structs.replace(entry, **other))
    assert SECOND.account == apply(FIRST.account, entry)


@pytest.mark.parametrize(
    ("effective_us", "said"),
    [(NOW_US - 1, False), (NOW_US, True), (NOW_US + 1, True)],
)
def test_an_entry_does_not_say_wrongly_that_it_is_back_dated(effective_us: int, said: bool) -> None:
    """Domain, Points 10. Whoever reads the journal relies on it."""
    entry, after, _ = record(FIRST.account, draft(effective_us=effective_us))

    assert (said, after) == (not entry.back_dated, apply(FIRST.account, entry))
    with pytest.raises(BooksBrokenError):
        apply(FIRST.account, msgspec.structs.replace(entry, back_dated=said))


def test_an_entry_is_not_applied_twice() -> None:
    with pytest.raises(BooksBrokenError):
        apply(SECOND.account, SECOND.entries[0])


@pytest.mark.parametrize(
    "field", ["available", "pending", "held", "debt", "next_expiry_us", "next_expiry_points"]
)
def test_the_balance_an_entry_states_is_the_one_its_changes_give(field: str) -> None:
    entry = SECOND.entries[0]
    balance = msgspec.structs.replace(entry.balance, **{field: getattr(entry.balance, field) + 1})

    with pytest.raises(BooksBrokenError):
        apply(FIRST.account, msgspec.structs.replace(entry, balance=balance))


@pytest.mark.parametrize(
    "change",
    [
        Earned("base", 500, 6, 0, (Leg("issued", "available", 5, NEVER, 5),)),
        Earned("base", 500, 5, 0, ()),
        Earned("base", 500, 5, 0, (Leg("issued", "available", 5, NEVER, 4),)),
        Expired(4, (Leg("available", "expired", 5, NEVER, 0),)),
        Expired(6, (Leg("available", "expired", 6, NEVER, 0),)),
        Earned("base", 500, 5, 0, (Leg("issued", "expired", 5, NOW_US, 1),)),
        Posted(5, 10, (Leg("pending", "available", 5, NEVER, 5, 10),)),
        Joined("open"),
        # A change says what its legs move.
        Spent(4, (Leg("available", "redeemed", 5, NEVER, 0),)),
        Spent(6, (Leg("available", "redeemed", 6, NEVER, 0),)),
        Held("h", 4, 99, (Leg("available", "held", 5, NEVER, 0),)),
        Restored(5, (Leg("redeemed", "available", 4, NEVER, 5),)),
        Adjusted(-4, (Leg("available", "voided", 5, NEVER, 0),)),
        Adjusted(4, (Leg("issued", "available", 5, NEVER, 5),)),
        Voided(4, (Leg("available", "voided", 5, NEVER, 0),)),
        TakenBack("base", 5, (Leg("available", "voided", 5, NEVER, 0),), forgiven_points=1),
        TakenBack("base", 4, (Leg("available", "voided", 5, NEVER, 0),)),
        TransferredOut("m2", 1, 4, 7, (Leg("available", "transfer", 5, NEVER, 0),)),
        TransferredIn("m2", 1, 4, (Leg("transfer", "available", 5, NEVER, 5),)),
        # No points leave a hold that has none, nothing is restored that was not spent.
        Captured("h", 5, (Leg("held", "redeemed", 5, NEVER, 0),)),
        Released("h", 5, (Leg("held", "available", 5, NEVER, 5),)),
        Restored(5, (Leg("redeemed", "available", 5, NEVER, 5),)),
        # Who has points owes nothing.
        TakenBack("base", 5, (Leg("debt", "voided", 5, NEVER, 0),), 0, 5),
        Extended(NEVER),
        Reinstated(),
    ],
)
def test_changes_that_the_books_do_not_allow_are_not_recorded(change: Change) -> None:
    """Legs make what the change says, points are there before they move, and nobody joins twice."""
    with pytest.raises(BooksBrokenError):
        record(FIRST.account, draft(change))


def test_books_that_would_break_a_law_are_not_recorded() -> None:
    """Architecture: invariants are asserted before a write; 2^53 points are too many."""
    with pytest.raises(BooksBrokenError):
        record(NOBODY, draft(earned(2**53)))


def test_changes_that_cannot_be_read_are_not_applied() -> None:
    entry = SECOND.entries[0]
    for text in (b"", b"{}", b"[{}]", b'[{"change":"spent"}]', b'[{"change":"earned","points":1.5}]'):
        with pytest.raises(msgspec.MsgspecError):
            apply(FIRST.account, msgspec.structs.replace(entry, changes_json=text))


def test_whoever_has_an_entry_is_known() -> None:
    """Domain, Joining: a person is known from the first order or activity (prospect)."""
    account = record(NOBODY, draft(earned(5))).account

    assert (account.state, account.joined_us) == ("prospect", 0)


def test_a_member_joined_when_it_happened_not_when_it_was_written() -> None:
    """Domain, Points 10: both times are kept."""
    entry, account, _ = record(NOBODY, draft(Joined("open"), effective_us=NOW_US - 7))

    assert (account.state, account.joined_us) == ("member", NOW_US - 7)
    assert (entry.effective_us, entry.recorded_us) == (NOW_US - 7, NOW_US)


def test_an_account_never_goes_back_in_time() -> None:
    """Back-dated events keep both times (domain, Points 10); what was advanced stays advanced."""
    account = record(NOBODY, draft(effective_us=NOW_US, recorded_us=NOW_US + 5)).account

    entry, back, _ = record(account, draft(effective_us=NOW_US - 1, recorded_us=NOW_US + 4))

    assert (back.advanced_us, back.recorded_us) == (NOW_US, NOW_US + 5)
    assert (entry.effective_us, entry.recorded_us) == (NOW_US - 1, NOW_US + 4)


@pytest.mark.parametrize(
    ("effective_us", "expected"), [(NOW_US - 1, True), (NOW_US, False), (NOW_US + 1, False)]
)
def test_an_entry_from_before_what_was_booked_says_so(effective_us: int, expected: bool) -> None:
    """Architecture: an effective time that lies before what was already advanced is back-dated."""
    account = record(NOBODY, draft()).account

    entry = record(account, draft(effective_us=effective_us)).entry

    assert expected == entry.back_dated


def test_an_entry_says_what_it_was_drafted_to_say() -> None:
    entry, account, _ = record(NOBODY, draft(Joined("open"), earned(5), version=3))

    assert (
        entry.program_id,
        entry.member_id,
        entry.seq,
        entry.kind,
        entry.request_id,
        entry.digest,
        entry.order_id,
    ) == ("demo", "m1", 1, "order_settled", "r", b"d", "o")
    assert (EntryBalance(5, 0, 0, 0, 0, 0), 3) == (entry.balance, entry.program_version)
    assert account.head_hash == entry.hash


def test_the_balance_shows_what_is_gone_first() -> None:
    lots = (Lot(100, 9, 9), Lot(200, 9, 2), Lot(300, 1, 0), Lot(NEVER, 1, 0))
    ledger = Ledger(9, 4, 0, 0, 24, 11, lots, (PendingLot(50, 400, 4),))

    assert EntryBalance(9, 4, 0, 0, 200, 7) == entry_balance(ledger)


def test_empty_lots_that_have_ended_are_forgotten_with_the_next_entry() -> None:
    lots = (Lot(NOW_US, 9, 9), Lot(NOW_US + 1, 9, 9))
    account = Account("demo", "m1", ledger=Ledger(issued=18, expired=18, lots=lots))

    after = record(account, draft()).account

    assert (Lot(NOW_US + 1, 9, 9),) == after.ledger.lots
