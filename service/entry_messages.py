"""Entries of the journal as callers see them."""

from typing import Final, assert_never

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.v1 import balance_pb2, entry_pb2

from members.journal import (
    Adjusted,
    Captured,
    Change,
    Earned,
    Entry,
    EntryBalance,
    EntryKind,
    Expired,
    Extended,
    Held,
    Joined,
    Posted,
    Refunding,
    Reinstated,
    Released,
    Restored,
    Spent,
    Suspended,
    TakenBack,
    TransferredIn,
    TransferredOut,
    Voided,
    decode_changes,
    legs_of,
)
from points.civil_time import SECOND_US
from points.ledger import LedgerAccount, Leg
from points.policies import NEVER

KINDS: Final[dict[EntryKind, entry_pb2.EntryKind]] = {
    "member_enrolled": entry_pb2.ENTRY_KIND_MEMBER_ENROLLED,
    "order_settled": entry_pb2.ENTRY_KIND_ORDER_SETTLED,
    "fell_due": entry_pb2.ENTRY_KIND_FELL_DUE,
    "points_spent": entry_pb2.ENTRY_KIND_POINTS_SPENT,
    "points_held": entry_pb2.ENTRY_KIND_POINTS_HELD,
    "hold_captured": entry_pb2.ENTRY_KIND_HOLD_CAPTURED,
    "hold_released": entry_pb2.ENTRY_KIND_HOLD_RELEASED,
    "order_refunded": entry_pb2.ENTRY_KIND_ORDER_REFUNDED,
    "points_adjusted": entry_pb2.ENTRY_KIND_POINTS_ADJUSTED,
    "points_voided": entry_pb2.ENTRY_KIND_POINTS_VOIDED,
    "transfer_sent": entry_pb2.ENTRY_KIND_TRANSFER_SENT,
    "transfer_received": entry_pb2.ENTRY_KIND_TRANSFER_RECEIVED,
    "member_suspended": entry_pb2.ENTRY_KIND_MEMBER_SUSPENDED,
    "member_reinstated": entry_pb2.ENTRY_KIND_MEMBER_REINSTATED,
}
KINDS_BY_NUMBER: Final = {int(number): kind for kind, number in KINDS.items()}
LEDGER_ACCOUNTS: Final[dict[LedgerAccount, entry_pb2.LedgerAccount]] = {
    "issued": entry_pb2.LEDGER_ACCOUNT_ISSUED,
    "available": entry_pb2.LEDGER_ACCOUNT_AVAILABLE,
    "pending": entry_pb2.LEDGER_ACCOUNT_PENDING,
    "expired": entry_pb2.LEDGER_ACCOUNT_EXPIRED,
    "held": entry_pb2.LEDGER_ACCOUNT_HELD,
    "redeemed": entry_pb2.LEDGER_ACCOUNT_REDEEMED,
    "voided": entry_pb2.LEDGER_ACCOUNT_VOIDED,
    "debt": entry_pb2.LEDGER_ACCOUNT_DEBT,
    "transfer": entry_pb2.LEDGER_ACCOUNT_TRANSFER,
}


def timestamp_of(instant_us: int) -> Timestamp:
    """The timestamp of an instant."""
    seconds, micros = divmod(instant_us, SECOND_US)
    return Timestamp(seconds=seconds, nanos=micros * 1_000)


def timestamp_or_none(instant_us: int) -> Timestamp | None:
    """The timestamp of an instant; None where there is none."""
    return None if instant_us == NEVER else timestamp_of(instant_us)


def balance_message(balance: EntryBalance, version: int) -> balance_pb2.Balance:
    """A balance as callers see it."""
    return balance_pb2.Balance(
        available=balance.available,
        pending=balance.pending,
        held=balance.held,
        debt=balance.debt,
        next_expiry_time=timestamp_or_none(balance.next_expiry_us),
        next_expiry_points=balance.next_expiry_points,
        version=version,
    )


def entry_message(entry: Entry, note: str = "") -> entry_pb2.Entry:
    """A row of the journal as callers see it, with what a person wrote about it."""
    return entry_pb2.Entry(
        seq=entry.seq,
        kind=KINDS[entry.kind],
        request_id=entry.request_id,
        order_id=entry.order_id,
        changes=[change_message(change) for change in decode_changes(entry.changes_json)],
        balance=balance_message(entry.balance, entry.seq),
        program_version=entry.program_version,
        effective_time=timestamp_of(entry.effective_us),
        recorded_time=timestamp_of(entry.recorded_us),
        back_dated=entry.back_dated,
        hash=entry.hash,
        note=note,
    )


def change_message(change: Change) -> entry_pb2.Change:
    """One change, with its movements."""
    message = _change_without_legs(change)
    message.legs.extend(_leg_message(leg) for leg in legs_of(change))
    return message


def _change_without_legs(change: Change) -> entry_pb2.Change:  # noqa: PLR0912 - one case a kind of change
    message = entry_pb2.Change
    match change:
        case Joined(condition=condition):
            return message(joined=entry_pb2.Joined(condition=condition))
        case Earned():
            return message(
                earned=entry_pb2.Earned(
                    rule_id=change.rule_id,
                    base_amount_minor=change.base_amount_minor,
                    points=change.points,
                    posting_time=timestamp_or_none(change.posting_us),
                )
            )
        case Posted(points=points):
            return message(posted=entry_pb2.Posted(points=points))
        case Expired(points=points):
            return message(expired=entry_pb2.Expired(points=points))
        case Spent():
            return message(spent=entry_pb2.Spent(points=change.points, worth_minor=change.worth_minor))
        case Held():
            return message(
                held=entry_pb2.Held(
                    hold_id=change.hold_id,
                    points=change.points,
                    deadline_time=timestamp_of(change.deadline_us),
                )
            )
        case Captured(hold_id=hold_id, points=points, worth_minor=worth):
            return message(captured=entry_pb2.Captured(hold_id=hold_id, points=points, worth_minor=worth))
        case Released(hold_id=hold_id, points=points, timed_out=timed_out):
            return message(released=entry_pb2.Released(hold_id=hold_id, points=points, timed_out=timed_out))
        case Refunding():
            return message(refunded=_refunded_message(change))
        case Restored(points=points):
            return message(restored=entry_pb2.Restored(points=points))
        case TakenBack():
            return message(
                taken_back=entry_pb2.TakenBack(
                    rule_id=change.rule_id,
                    points=change.points,
                    forgiven_points=change.forgiven_points,
                    debt_points=change.debt_points,
                )
            )
        case Adjusted(delta=delta):
            return message(adjusted=entry_pb2.Adjusted(delta=delta))
        case Voided(points=points):
            return message(voided=entry_pb2.Voided(points=points))
        case TransferredOut(to_member_id=member_id, points=points):
            return message(transferred_out=entry_pb2.TransferredOut(to_member_id=member_id, points=points))
        case TransferredIn():
            return message(
                transferred_in=entry_pb2.TransferredIn(
                    from_member_id=change.from_member_id, from_seq=change.from_seq, points=change.points
                )
            )
        case Extended(end_us=end_us):
            return message(extended=entry_pb2.Extended(expiry_time=timestamp_of(end_us)))
        case Suspended():
            return message(suspended=entry_pb2.Suspended())
        case Reinstated():
            return message(reinstated=entry_pb2.Reinstated())
        case _:
            assert_never(change)


def _refunded_message(change: Refunding) -> entry_pb2.Refunded:
    return entry_pb2.Refunded(
        refund_id=change.refund_id,
        settled_seq=change.settled_seq,
        amount_minor=change.amount_minor,
        refunded_minor=change.refunded_minor,
        paid_minor=change.paid_minor,
        lines=[
            entry_pb2.RefundedLine(line_id=line_id, quantity=line.quantity, amount_minor=line.amount_minor)
            for line_id, line in change.lines.items()
        ],
        whole=change.whole,
    )


def _leg_message(leg: Leg) -> entry_pb2.Leg:
    return entry_pb2.Leg(
        from_account=LEDGER_ACCOUNTS[leg.source],
        to_account=LEDGER_ACCOUNTS[leg.target],
        points=leg.points,
        # Below zero: the sliding lot, or when it ended.
        lot_expiry_time=timestamp_of(leg.end_us) if leg.end_us > NEVER else None,
        lot_offset=leg.offset,
        lot_sliding=leg.end_us < NEVER,
        posting_time=timestamp_or_none(leg.posting_us),
    )
