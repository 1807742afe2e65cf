"""Between the contract's messages and the domain: the commands of the points ledger, and their answers."""

from typing import TypeVar

from loyalty.v1 import points_service_pb2 as messages

from members.commands import (
    AdjustPoints,
    CaptureHold,
    HoldPoints,
    RefundOrder,
    ReleaseHold,
    SpendPoints,
    TransferPoints,
    VoidPoints,
)
from members.journal import (
    Captured,
    Change,
    Entry,
    Held,
    Refunding,
    Released,
    Restored,
    Spent,
    TakenBack,
    TransferredOut,
    Voided,
    decode_changes,
)
from points.civil_time import SECOND_US
from points.refunding import RefundLine
from service.calls.refusal import FieldViolation, invalid
from service.entry_messages import balance_message, timestamp_of
from service.translation import NANOS_A_SECOND, instant_of_message

ChangeT = TypeVar("ChangeT", bound=Change)


def _of_kind(entry: Entry, kind: type[ChangeT]) -> list[ChangeT]:
    return [change for change in decode_changes(entry.changes_json) if isinstance(change, kind)]


def _the(entry: Entry, kind: type[ChangeT]) -> ChangeT:
    (change,) = _of_kind(entry, kind)
    return change


def refund_order_of(request: messages.RefundOrderRequest) -> RefundOrder:
    """The command of a request. Raises CallRefused: a line named twice, a time that is none."""
    seen: set[str] = set()
    for place, line in enumerate(request.lines):
        if line.line_id in seen:
            raise invalid([FieldViolation(f"lines[{place}].line_id", "is named by an earlier line")])
        seen.add(line.line_id)
    has_time = request.HasField("refund_time")
    return RefundOrder(
        request.request_id,
        request.order_id,
        request.refund_id,
        tuple(RefundLine(line.line_id, line.quantity) for line in request.lines),
        request.amount_minor,
        instant_of_message("refund_time", request.refund_time) if has_time else 0,
        request.validate_only,
    )


def refund_order_response(entry: Entry) -> messages.RefundOrderResponse:
    """The answer of the entry that refunded an order."""
    refunding = _the(entry, Refunding)
    taken = _of_kind(entry, TakenBack)
    forgiven = sum(change.forgiven_points for change in taken)
    return messages.RefundOrderResponse(
        refunded_amount_minor=refunding.amount_minor,
        refundable_amount_minor=refunding.paid_minor - refunding.refunded_minor,
        restored_points=sum(change.points for change in _of_kind(entry, Restored)),
        taken_back_points=sum(change.points for change in taken) - forgiven,
        debt_points=sum(change.debt_points for change in taken),
        forgiven_points=forgiven,
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
    )


def hold_points_of(request: messages.HoldPointsRequest) -> HoldPoints:
    """The command of a request."""
    if not 0 <= request.ttl.nanos < NANOS_A_SECOND:
        raise invalid([FieldViolation("ttl", f"nanos must be 0 to {NANOS_A_SECOND - 1}")])
    ttl_us = request.ttl.seconds * SECOND_US + request.ttl.nanos // 1_000
    return HoldPoints(request.request_id, request.points, ttl_us, request.validate_only)


def hold_points_response(entry: Entry) -> messages.HoldPointsResponse:
    """The answer of the entry that reserved points."""
    held = _the(entry, Held)
    return messages.HoldPointsResponse(
        hold_id=held.hold_id,
        deadline_time=timestamp_of(held.deadline_us),
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
    )


def capture_hold_of(request: messages.CaptureHoldRequest) -> CaptureHold:
    """The command of a request."""
    return CaptureHold(request.request_id, request.hold_id, request.points, request.validate_only)


def capture_hold_response(entry: Entry) -> messages.CaptureHoldResponse:
    """The answer of the entry that captured a hold."""
    return messages.CaptureHoldResponse(
        captured_points=_the(entry, Captured).points,
        released_points=sum(change.points for change in _of_kind(entry, Released)),
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
    )


def release_hold_of(request: messages.ReleaseHoldRequest) -> ReleaseHold:
    """The command of a request."""
    return ReleaseHold(request.request_id, request.hold_id, request.validate_only)


def release_hold_response(entry: Entry) -> messages.ReleaseHoldResponse:
    """The answer of the entry that released a hold."""
    return messages.ReleaseHoldResponse(
        released_points=_the(entry, Released).points,
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
    )


def spend_points_of(request: messages.SpendPointsRequest) -> SpendPoints:
    """The command of a request."""
    return SpendPoints(request.request_id, request.points, request.reason, request.validate_only)


def spend_points_response(entry: Entry) -> messages.SpendPointsResponse:
    """The answer of the entry that spent points."""
    return messages.SpendPointsResponse(
        spent_points=_the(entry, Spent).points,
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
    )


def adjust_points_of(request: messages.AdjustPointsRequest) -> AdjustPoints:
    """The command of a request."""
    return AdjustPoints(request.request_id, request.delta, request.reason, request.validate_only)


def adjust_points_response(entry: Entry) -> messages.AdjustPointsResponse:
    """The answer of the entry that adjusted points."""
    return messages.AdjustPointsResponse(balance=balance_message(entry.balance, entry.seq), seq=entry.seq)


def void_points_of(request: messages.VoidPointsRequest) -> VoidPoints:
    """The command of a request: it names points, or everything, which is no number."""
    return VoidPoints(request.request_id, request.points, request.reason, request.validate_only)


def void_points_response(entry: Entry) -> messages.VoidPointsResponse:
    """The answer of the entry that voided points."""
    return messages.VoidPointsResponse(
        voided_points=_the(entry, Voided).points,
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
    )


def transfer_points_of(request: messages.TransferPointsRequest) -> TransferPoints:
    """The command of a request."""
    return TransferPoints(request.request_id, request.to_member_id, request.points, request.validate_only)


def transfer_points_response(entry: Entry) -> messages.TransferPointsResponse:
    """The answer of the sender's entry."""
    return messages.TransferPointsResponse(
        balance=balance_message(entry.balance, entry.seq),
        seq=entry.seq,
        to_seq=_the(entry, TransferredOut).to_seq,
    )
