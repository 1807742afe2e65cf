"""From one state to the next: what an entry does to an account. No decision is taken here."""

from typing import NamedTuple

from members.account import Account, MemberState
from members.chain import entry_hash
from members.effects import Effect, effects_of
from members.journal import (
    Adjusted,
    Captured,
    Change,
    Draft,
    Earned,
    Entry,
    Extended,
    Held,
    Joined,
    Refunding,
    Reinstated,
    Released,
    Suspended,
    TakenBack,
    TransferredOut,
    decode_changes,
    encode_changes,
    entry_balance,
    legs_of,
)
from points.holding import hold_of, open_hold, shrink_hold
from points.ledger import Ledger, law_broken, move_all, without_ended_lots
from points.lots import BooksBrokenError
from points.transferring import count_transfer, extend_sliding


class Recorded(NamedTuple):
    """An entry in its place, the account after it, and what it changes beside the account."""

    entry: Entry
    account: Account
    effects: tuple[Effect, ...]


def apply(account: Account, entry: Entry) -> Account:
    """The account after an entry of its journal. Raises as `follow`."""
    return follow(account, entry).account


def follow(account: Account, entry: Entry) -> Recorded:
    """What an entry of an account's journal gives.

    Raises BooksBrokenError where the entry does not follow the account or does not balance, and
    msgspec.MsgspecError where its changes cannot be read.
    """
    if (entry.program_id, entry.member_id) != (account.program_id, account.member_id):
        raise BooksBrokenError(f"an entry of member {entry.member_id!r} of {entry.program_id!r}")
    if entry.seq != account.version + 1:
        raise BooksBrokenError(f"entry {entry.seq} follows entry {account.version}")
    if entry.back_dated != (entry.effective_us < account.advanced_us):
        raise BooksBrokenError(f"the entry says back-dated {entry.back_dated}, its time says otherwise")
    changes = decode_changes(entry.changes_json)
    after = _after(account, changes, entry.effective_us, entry.recorded_us)
    if entry_balance(after.ledger) != entry.balance:
        raise BooksBrokenError(f"the entry says {entry.balance}, its changes give {after.ledger}")
    effects = effects_of(account.ledger, entry.order_id, entry.seq, changes)
    return Recorded(entry, _with_head(after, entry.hash), effects)


def record(account: Account, draft: Draft) -> Recorded:
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
    effects = effects_of(account.ledger, draft.order_id, after.version, draft.changes)
    return Recorded(entry, _with_head(after, hash_), effects)


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
            joined_us = effective_us
        state = state_after(state, change)
        ledger = ledger_after(ledger, change)
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


def state_after(state: MemberState, change: Change) -> MemberState:
    """How far a person has come after a change."""
    match change:
        case Earned():  # nearly all are
            return state
        case Joined():
            if state not in {"unknown", "prospect"}:
                raise BooksBrokenError("a member joined again")
            return "member"
        case Suspended():
            if state != "member":
                raise BooksBrokenError(f"a {state} was suspended")
            return "suspended"
        case Reinstated():
            if state != "suspended":
                raise BooksBrokenError(f"a {state} was reinstated")
            return "member"
        case _:
            return state


def ledger_after(ledger: Ledger, change: Change) -> Ledger:
    """The points after a change. Raises BooksBrokenError where its movements are not what it says."""
    legs = legs_of(change)
    expected = _points_moved(change)
    if sum([leg.points for leg in legs]) != expected:
        raise BooksBrokenError(f"the legs do not make {expected} points: {legs}")
    ledger = move_all(ledger, legs)
    match change:
        case Earned():  # nearly all are
            return ledger
        case Held():
            return open_hold(ledger, hold_of(change.hold_id, change.deadline_us, legs))
        case Captured() | Released():
            return shrink_hold(ledger, change.hold_id, change.points)
        case Extended(end_us=end_us):
            return extend_sliding(ledger, end_us)
        case TransferredOut(day=day, points=points):
            return count_transfer(ledger, day, points)
        case _:
            return ledger


def _points_moved(change: Change) -> int:
    """How many points a change says that its movements move."""
    if isinstance(change, (Joined, Refunding, Extended, Suspended, Reinstated)):
        return 0
    if isinstance(change, TakenBack):
        return change.points - change.forgiven_points
    if isinstance(change, Adjusted):
        return abs(change.delta)
    return change.points
