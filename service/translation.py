"""Between the contract's messages and the domain: orders, members, and the commands about them."""

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.v1 import member_pb2, member_service_pb2, order_pb2, points_service_pb2

from members.account import Account
from members.commands import EnrolMember, ReinstateMember, SettleOrder, SuspendMember
from members.journal import Captured, Earned, Entry, Spent, decode_changes
from points.civil_time import SECOND_US
from points.money import Quote
from points.order import Order, OrderLine, encode_order
from service.calls.refusal import FieldViolation, invalid
from service.entry_messages import balance_message, timestamp_of
from store.balance_value import KnownBalance

NANOS_A_SECOND: Final = 1_000_000_000

STATES: Final = {
    "unknown": member_pb2.MEMBER_STATE_UNSPECIFIED,
    "prospect": member_pb2.MEMBER_STATE_PROSPECT,
    "member": member_pb2.MEMBER_STATE_MEMBER,
    "suspended": member_pb2.MEMBER_STATE_SUSPENDED,
}


def instant_of_message(field: str, time: Timestamp) -> int:
    """The instant of a timestamp. Raises CallRefused where it is none."""
    if not 0 <= time.nanos < NANOS_A_SECOND:
        raise invalid([FieldViolation(field, f"nanos must be 0 to {NANOS_A_SECOND - 1}")])
    return time.seconds * SECOND_US + time.nanos // 1_000


def settle_order_of(
    request: points_service_pb2.SettleOrderRequest, quote: Quote | None = None
) -> SettleOrder:
    """The command of a valid request. Raises CallRefused for what the contract's rules cannot say.

    `quote` is what the request's quote_id stands for.
    """
    order = order_of(request.order)
    return SettleOrder(
        request.request_id,
        order,
        encode_order(order),
        request.validate_only,
        request.spend_points,
        request.hold_id,
        quote,
    )


def order_of(message: order_pb2.Order) -> Order:
    """The order of a message. Raises CallRefused: a time that is none, a line id used twice."""
    lines: list[OrderLine] = []
    seen: set[str] = set()
    for place, line in enumerate(message.lines):
        if line.line_id in seen:
            raise invalid([FieldViolation(f"order.lines[{place}].line_id", "is used by an earlier line")])
        seen.add(line.line_id)
        lines.append(OrderLine(line.line_id, line.quantity, line.amount_minor, line.sku, line.category))
    return Order(
        message.order_id,
        instant_of_message("order.order_time", message.order_time),
        message.currency_code,
        message.amount_minor,
        tuple(lines),
        message.channel,
        dict(message.attributes),
    )


def settle_order_response(entry: Entry) -> points_service_pb2.SettleOrderResponse:
    """The answer of the entry that settled an order: the first time and ever after."""
    changes = decode_changes(entry.changes_json)
    spent = [change for change in changes if isinstance(change, (Spent, Captured))]
    return points_service_pb2.SettleOrderResponse(
        earned_points=sum(change.points for change in changes if isinstance(change, Earned)),
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
        spent_points=sum(change.points for change in spent),
        spent_worth_minor=sum(change.worth_minor for change in spent),
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


def suspend_member_of(request: member_service_pb2.SuspendMemberRequest) -> SuspendMember:
    """The command of a request."""
    return SuspendMember(request.request_id, request.reason, request.validate_only)


def reinstate_member_of(request: member_service_pb2.ReinstateMemberRequest) -> ReinstateMember:
    """The command of a request."""
    return ReinstateMember(request.request_id, request.reason, request.validate_only)


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
