"""Between the contract's messages and the domain."""

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.v1 import balance_pb2, entry_pb2, member_pb2, member_service_pb2, order_pb2, points_service_pb2

from members.account import Account
from members.commands import EnrolMember, SettleOrder
from members.journal import (
    Change,
    Earned,
    Entry,
    EntryBalance,
    Expired,
    Joined,
    Posted,
    decode_changes,
)
from points.civil_time import SECOND_US
from points.ledger import Leg
from points.order import Order, OrderLine, encode_order
from points.policies import NEVER
from service.calls.refusal import FieldViolation, invalid
from store.balance_value import KnownBalance

NANOS_A_SECOND: Final = 1_000_000_000

STATES: Final = {
    "unknown": member_pb2.MEMBER_STATE_UNSPECIFIED,
    "prospect": member_pb2.MEMBER_STATE_PROSPECT,
    "member": member_pb2.MEMBER_STATE_MEMBER,
}
KINDS: Final = {
    "member_enrolled": entry_pb2.ENTRY_KIND_MEMBER_ENROLLED,
    "order_settled": entry_pb2.ENTRY_KIND_ORDER_SETTLED,
    "fell_due": entry_pb2.ENTRY_KIND_FELL_DUE,
}
LEDGER_ACCOUNTS: Final = {
    "issued": entry_pb2.LEDGER_ACCOUNT_ISSUED,
    "available": entry_pb2.LEDGER_ACCOUNT_AVAILABLE,
    "pending": entry_pb2.LEDGER_ACCOUNT_PENDING,
    "expired": entry_pb2.LEDGER_ACCOUNT_EXPIRED,
}


def timestamp_of(instant_us: int) -> Timestamp:
    """The timestamp of an instant."""
    seconds, micros = divmod(instant_us, SECOND_US)
    return Timestamp(seconds=seconds, nanos=micros * 1_000)


def settle_order_of(request: points_service_pb2.SettleOrderRequest) -> SettleOrder:
    """The command of a valid request. Raises CallRefused for what the contract's rules cannot say."""
    order = order_of(request.order)
    return SettleOrder(request.request_id, order, encode_order(order), request.validate_only)


def order_of(message: order_pb2.Order) -> Order:
    """The order of a message. Raises CallRefused: a time that is none, a line id used twice."""
    time = message.order_time
    if not 0 <= time.nanos < NANOS_A_SECOND:
        raise invalid([FieldViolation("order.order_time", f"nanos must be 0 to {NANOS_A_SECOND - 1}")])
    lines: list[OrderLine] = []
    seen: set[str] = set()
    for place, line in enumerate(message.lines):
        if line.line_id in seen:
            raise invalid([FieldViolation(f"order.lines[{place}].line_id", "is used by an earlier line")])
        seen.add(line.line_id)
        lines.append(OrderLine(line.line_id, line.quantity, line.amount_minor, line.sku, line.category))
    return Order(
        message.order_id,
        time.seconds * SECOND_US + time.nanos // 1_000,
        message.currency_code,
        message.amount_minor,
        tuple(lines),
        message.channel,
        dict(message.attributes),
    )


def settle_order_response(entry: Entry) -> points_service_pb2.SettleOrderResponse:
    """The answer of the entry that settled an order: the first time and ever after."""
    earned = sum(change.points for change in decode_changes(entry.changes_json) if isinstance(change, Earned))
    return points_service_pb2.SettleOrderResponse(
        earned_points=earned, balance=balance_message(entry.balance, entry.seq), seq=entry.seq
    )


def enrol_member_of(request: member_service_pb2.EnrolMemberRequest) -> EnrolMember:
    """The command of a request."""
    return EnrolMember(request.request_id, request.display_name, request.validate_only)


def enrol_member_response(entry: Entry, display_name: str) -> member_service_pb2.EnrolMemberResponse:
    """The answer of the entry with which a person joined."""
    return member_service_pb2.EnrolMemberResponse(
        member=member_pb2.Member(
            program_id=entry.program_id,
            member_id=entry.member_id,
            state=member_pb2.MEMBER_STATE_MEMBER,
            display_name=display_name,
            join_time=timestamp_of(entry.effective_us),
            balance=balance_message(entry.balance, entry.seq),
        ),
        seq=entry.seq,
    )


def balance_message(balance: EntryBalance, version: int) -> balance_pb2.Balance:
    """A balance as callers see it."""
    message = balance_pb2.Balance(
        available=balance.available,
        pending=balance.pending,
        held=balance.held,
        debt=balance.debt,
        next_expiry_points=balance.next_expiry_points,
        version=version,
    )
    if balance.next_expiry_us != NEVER:
        message.next_expiry_time.CopyFrom(timestamp_of(balance.next_expiry_us))
    return message


def member_message(account: Account, known: KnownBalance, display_name: str) -> member_pb2.Member:
    """A person as callers see it."""
    message = member_pb2.Member(
        program_id=account.program_id,
        member_id=account.member_id,
        state=STATES[account.state],
        display_name=display_name,
        balance=balance_message(known.balance, known.version),
    )
    if account.joined_us:
        message.join_time.CopyFrom(timestamp_of(account.joined_us))
    return message


def entry_message(entry: Entry) -> entry_pb2.Entry:
    """A row of the journal as callers see it."""
    return entry_pb2.Entry(
        seq=entry.seq,
        kind=KINDS[entry.kind],
        request_id=entry.request_id,
        order_id=entry.order_id,
        changes=[_change_message(change) for change in decode_changes(entry.changes_json)],
        balance=balance_message(entry.balance, entry.seq),
        program_version=entry.program_version,
        effective_time=timestamp_of(entry.effective_us),
        recorded_time=timestamp_of(entry.recorded_us),
        back_dated=entry.back_dated,
        hash=entry.hash,
    )


def _change_message(change: Change) -> entry_pb2.Change:
    match change:
        case Joined(condition=condition):
            return entry_pb2.Change(joined=entry_pb2.Joined(condition=condition))
        case Earned():
            earned = entry_pb2.Earned(
                rule_id=change.rule_id, base_amount_minor=change.base_amount_minor, points=change.points
            )
            if change.posting_us:
                earned.posting_time.CopyFrom(timestamp_of(change.posting_us))
            return entry_pb2.Change(earned=earned, legs=[_leg_message(leg) for leg in change.legs])
        case Posted():
            return entry_pb2.Change(
                posted=entry_pb2.Posted(points=change.points), legs=[_leg_message(leg) for leg in change.legs]
            )
        case Expired():
            return entry_pb2.Change(
                expired=entry_pb2.Expired(points=change.points),
                legs=[_leg_message(leg) for leg in change.legs],
            )


def _leg_message(leg: Leg) -> entry_pb2.Leg:
    message = entry_pb2.Leg(
        from_account=LEDGER_ACCOUNTS[leg.source],
        to_account=LEDGER_ACCOUNTS[leg.target],
        points=leg.points,
        lot_offset=leg.offset,
    )
    if leg.end_us != NEVER:
        message.lot_expiry_time.CopyFrom(timestamp_of(leg.end_us))
    return message
