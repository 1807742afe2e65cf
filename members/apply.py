"""From one state to the next: what an entry does to an account. No decision is taken here."""

from typing import assert_never

from members.account import Account, MemberState
from members.chain import entry_hash
from members.journal import (
    Change,
    Draft,
    Earned,
    Entry,
    Expired,
    Joined,
    Posted,
    decode_changes,
    encode_changes,
    entry_balance,
)
from points.ledger import BooksBrokenError, Ledger, law_broken, move, without_ended_lots


def apply(account: Account, entry: Entry) -> Account:
    """The account after an entry of its journal.

    Raises BooksBrokenError where the entry does not follow the account or does not balance, and
    msgspec.MsgspecError where its changes cannot be read.
    """
    if (entry.program_id, entry.member_id) != (account.program_id, account.member_id):
        raise BooksBrokenError(f"an entry of member {entry.member_id!r} of {entry.program_id!r}")
    if entry.seq != account.version + 1:
        raise BooksBrokenError(f"entry {entry.seq} follows entry {account.version}")
    if entry.back_dated != (entry.effective_us < account.advanced_us):
        raise BooksBrokenError(f"the entry says back-dated {entry.back_dated}, its time says otherwise")
    after = _after(account, decode_changes(entry.changes_json), entry.effective_us, entry.recorded_us)
    if entry_balance(after.ledger) != entry.balance:
        raise BooksBrokenError(f"the entry says {entry.balance}, its changes give {after.ledger}")
    return _with_head(after, entry.hash)


def record(account: Account, draft: Draft) -> tuple[Entry, Account]:
    """Give a draft its place in the journal: its number, balance and hash, and the account after it."""
    after = _after(account, draft.changes, draft.effective_us, draft.recorded_us)
    broken = law_broken(after.ledger)
    if broken:
        raise BooksBrokenError(broken)
    balance = entry_balance(after.ledger)
    changes_json = encode_changes(draft.changes)
    back_dated = draft.effective_us < account.advanced_us
    hash_ = entry_hash(
        account.head_hash,
        account.program_id,
        account.member_id,
        after.version,
        draft,
        balance,
        back_dated,
        changes_json,
    )
    entry = Entry(
        account.program_id,
        account.member_id,
        after.version,
        draft.kind,
        draft.request_id,
        draft.digest,
        draft.order_id,
        changes_json,
        balance,
        draft.program_version,
        draft.effective_us,
        draft.recorded_us,
        back_dated,
        hash_,
    )
    return entry, _with_head(after, hash_)


def _with_head(account: Account, head_hash: bytes) -> Account:
    return Account(
        account.program_id,
        account.member_id,
        account.version,
        account.state,
        account.joined_us,
        account.ledger,
        account.advanced_us,
        account.recorded_us,
        head_hash,
    )


def _after(account: Account, changes: tuple[Change, ...], effective_us: int, recorded_us: int) -> Account:
    ledger, state, joined_us = account.ledger, account.state, account.joined_us
    if state == "unknown":
        state = "prospect"
    for change in changes:
        if isinstance(change, Joined):
            state, joined_us = _joined(state, effective_us)
        else:
            ledger = _moved(ledger, change)
    advanced_us = max(account.advanced_us, effective_us)
    return Account(
        account.program_id,
        account.member_id,
        account.version + 1,
        state,
        joined_us,
        without_ended_lots(ledger, advanced_us),
        advanced_us,
        max(account.recorded_us, recorded_us),
        account.head_hash,
    )


def _joined(state: MemberState, effective_us: int) -> tuple[MemberState, int]:
    if state == "member":
        raise BooksBrokenError("a member joined again")
    return "member", effective_us


def _moved(ledger: Ledger, change: Earned | Posted | Expired) -> Ledger:
    if sum(leg.points for leg in change.legs) != change.points:
        raise BooksBrokenError(f"the legs do not make {change.points} points: {change.legs}")
    match change:
        case Earned(posting_us=posting_us) | Posted(posting_us=posting_us):
            pass
        case Expired():
            posting_us = 0
        case _:
            assert_never(change)
    for leg in change.legs:
        ledger = move(ledger, leg, posting_us)
    return ledger
