"""One command on one member: recognise a repeat, book what fell due, decide, record."""

from typing import Final

import msgspec

from members.account import Account
from members.advance import advance
from members.apply import Recorded, record
from members.commands import (
    CaptureHold,
    Command,
    RefundOrder,
    ReleaseHold,
    SettleOrder,
    TransferPoints,
)
from members.decide import decide, effective_time_us
from members.effects import Effect, LotExpired
from members.journal import Draft, Entry, EntryKind
from members.records import NO_RECORDS, HoldRecord, Records
from members.rejections import (
    FieldInvalid,
    OrderAlreadySettled,
    RefundIdReused,
    Rejection,
    RequestIdReused,
)
from members.transfer import decide_transfer
from programs.program import Program

KINDS: Final[dict[str, EntryKind]] = {
    "SettleOrder": "order_settled",
    "EnrolMember": "member_enrolled",
    "SpendPoints": "points_spent",
    "HoldPoints": "points_held",
    "CaptureHold": "hold_captured",
    "ReleaseHold": "hold_released",
    "RefundOrder": "order_refunded",
    "AdjustPoints": "points_adjusted",
    "VoidPoints": "points_voided",
    "SuspendMember": "member_suspended",
    "ReinstateMember": "member_reinstated",
}


class Accepted(msgspec.Struct, frozen=True):
    """The command was carried out: its entries (the last is its own), and the account after them.

    `effects` is what the entries change beside the account, in their order.
    """

    entries: tuple[Entry, ...]
    account: Account
    effects: tuple[Effect, ...] = ()


class Repeated(msgspec.Struct, frozen=True):
    """The command was carried out before, by `entry`. `known` is False where the request id is new."""

    entry: Entry
    known: bool


def recognise(
    command: Command | TransferPoints,
    digest: bytes,
    by_request: tuple[bytes, Entry] | None,
    by_order: Entry | None = None,
    by_refund: Entry | None = None,
    by_hold: HoldRecord | None = None,
) -> Repeated | Rejection | None:
    """Whether a command was carried out before (domain: Points 6 to 8); None where it was not.

    `by_request` is what its request id was used for — the digest it came with and the entry it was answered
    by — `by_order` the entry that settled its order, `by_refund` the entry that refunded it under the same
    refund id, and `by_hold` its hold.
    """
    if by_request is not None:
        first_digest, entry = by_request
        if first_digest != digest:
            return RequestIdReused(command.request_id, entry.seq)
        return Repeated(entry, known=True)
    if isinstance(command, SettleOrder) and by_order is not None:
        if by_order.digest != digest:
            return OrderAlreadySettled(command.order.order_id, by_order.seq)
        return Repeated(by_order, known=False)
    if isinstance(command, RefundOrder) and by_refund is not None:
        if by_refund.digest != digest:
            return RefundIdReused(command.order_id, command.refund_id, by_refund.seq)
        return Repeated(by_refund, known=False)
    if isinstance(command, (CaptureHold, ReleaseHold)) and by_hold is not None:
        resolution = by_hold.resolution
        if resolution is not None and _resolves_alike(command, by_hold, resolution):
            return Repeated(resolution, known=False)
    return None


def _resolves_alike(command: CaptureHold | ReleaseHold, hold: HoldRecord, resolution: Entry) -> bool:
    """Whether a hold was resolved in just the way that is asked for (domain: Points 6)."""
    if isinstance(command, ReleaseHold):
        return resolution.kind == "hold_released"
    return resolution.kind == "hold_captured" and hold.captured_points == (command.points or hold.points)


def execute(
    account: Account,
    command: Command,
    digest: bytes,
    program: Program,
    now_us: int,
    records: Records = NO_RECORDS,
) -> Accepted | Rejection:
    """Carry out a command that was not carried out before. Refused, it changes nothing at all."""
    now_us = max(now_us, account.recorded_us)
    effective_us = effective_time_us(command, now_us)
    if isinstance(effective_us, FieldInvalid):
        return effective_us
    due = list(advance(account, effective_us, program.version, now_us))
    if due:
        account = due[-1].account
    changes = decide(account, command, program, effective_us, with_expired(records, due))
    if not isinstance(changes, tuple):
        return changes
    kind = KINDS[type(command).__name__]
    draft = Draft(
        kind, command.request_id, digest, _order_of(command), changes, program.version, effective_us, now_us
    )
    return accepted_steps([*due, record(account, draft)])


def accepted_steps(steps: list[Recorded]) -> Accepted:
    """What entries that follow each other give together; the last is the command's own."""
    return Accepted(
        tuple(step.entry for step in steps),
        steps[-1].account,
        tuple(effect for step in steps for effect in step.effects),
    )


def with_expired(records: Records, due: list[Recorded]) -> Records:
    """The records when what fell due just now has expired, too."""
    from_due = [effect for step in due for effect in step.effects]
    return records if not from_due else msgspec.structs.replace(records, expired=_expired(records, from_due))


def _expired(records: Records, effects: list[Effect]) -> dict[int, int]:
    expired = dict(records.expired)
    for effect in effects:
        if isinstance(effect, LotExpired):
            expired[effect.key_us] = expired.get(effect.key_us, 0) + effect.points
    return expired


def _order_of(command: Command) -> str:
    match command:
        case SettleOrder(order=order):
            return order.order_id
        case RefundOrder(order_id=order_id):
            return order_id
        case _:
            return ""


class BothAccepted(msgspec.Struct, frozen=True):
    """A transfer was carried out: what it gave the sender, and what the receiver."""

    sender: Accepted
    receiver: Accepted


def execute_transfer(
    sender: Account,
    receiver: Account,
    command: TransferPoints,
    digest: bytes,
    program: Program,
    now_us: int,
) -> BothAccepted | Rejection:
    """Carry out a transfer that was not carried out before. Refused, it changes nothing at all."""
    now_us = max(now_us, sender.recorded_us, receiver.recorded_us)
    sent_due = list(advance(sender, now_us, program.version, now_us))
    received_due = list(advance(receiver, now_us, program.version, now_us))
    sender = sent_due[-1].account if sent_due else sender
    receiver = received_due[-1].account if received_due else receiver
    sides = decide_transfer(sender, receiver, command, program, now_us)
    if not isinstance(sides, tuple):
        return sides
    sent = Draft("transfer_sent", command.request_id, digest, "", sides[0], program.version, now_us, now_us)
    received = Draft("transfer_received", "", b"", "", sides[1], program.version, now_us, now_us)
    return BothAccepted(
        accepted_steps([*sent_due, record(sender, sent)]),
        accepted_steps([*received_due, record(receiver, received)]),
    )
