"""One command on one member: recognise a repeat, book what fell due, decide, record."""

import msgspec

from members.account import Account
from members.advance import advance
from members.apply import record
from members.commands import Command, SettleOrder
from members.decide import decide, effective_time_us
from members.journal import Draft, Entry, EntryKind
from members.rejections import FieldInvalid, OrderAlreadySettled, Rejection, RequestIdReused
from programs.program import Program


class Accepted(msgspec.Struct, frozen=True):
    """The command was carried out: its entries (the last is its own), and the account after them."""

    entries: tuple[Entry, ...]
    account: Account


class Repeated(msgspec.Struct, frozen=True):
    """The command was carried out before, by `entry`. `known` is False where the request id is new."""

    entry: Entry
    known: bool


def recognise(
    command: Command, digest: bytes, by_request: tuple[bytes, Entry] | None, by_order: Entry | None
) -> Repeated | Rejection | None:
    """Whether a command was carried out before (domain: Points 8); None where it was not.

    `by_request` is what its request id was used for — the digest it came with and the entry it was answered
    by — and `by_order` the entry that settled its order.
    """
    if by_request is not None:
        first_digest, entry = by_request
        if first_digest != digest:
            return RequestIdReused(command.request_id, entry.seq)
        return Repeated(entry, known=True)
    if by_order is not None and isinstance(command, SettleOrder):
        if by_order.digest != digest:
            return OrderAlreadySettled(command.order.order_id, by_order.seq)
        return Repeated(by_order, known=False)
    return None


def execute(
    account: Account, command: Command, digest: bytes, program: Program, now_us: int
) -> Accepted | Rejection:
    """Carry out a command that was not carried out before. Refused, it changes nothing at all."""
    now_us = max(now_us, account.recorded_us)
    effective_us = effective_time_us(command, now_us)
    if isinstance(effective_us, FieldInvalid):
        return effective_us
    entries: list[Entry] = []
    for entry, advanced in advance(account, effective_us, program.version, now_us):
        entries.append(entry)
        account = advanced
    changes = decide(account, command, program, effective_us)
    if not isinstance(changes, tuple):
        return changes
    kind, order_id = _kind_of(command)
    draft = Draft(kind, command.request_id, digest, order_id, changes, program.version, effective_us, now_us)
    entry, account = record(account, draft)
    return Accepted((*entries, entry), account)


def _kind_of(command: Command) -> tuple[EntryKind, str]:
    if isinstance(command, SettleOrder):
        return "order_settled", command.order.order_id
    return "member_enrolled", ""
