"""From the domain's refusals to what a caller gets. Each is mapped here, once: code, reason, numbers."""

from collections.abc import Mapping
from typing import Final, assert_never

import grpc

from members.rejections import (
    CaptureExceedsHold,
    FieldInvalid,
    HoldResolvedOtherwise,
    HoldsLimitExceeded,
    HoldUnknown,
    InsufficientPoints,
    LineUnknown,
    LotsLimitExceeded,
    MemberAlreadyEnrolled,
    MemberAlreadySuspended,
    MemberNotActive,
    MemberNotSuspended,
    MemberUnknown,
    OrderAlreadySettled,
    OrderErased,
    OrderUnknown,
    PointsLimitExceeded,
    QuoteExpired,
    QuoteMismatch,
    RefundExceedsOrder,
    RefundIdReused,
    Rejection,
    RequestIdReused,
    TransferLimitExceeded,
)
from points.civil_time import moment_of
from points.money import SpendNotAllowed
from service.calls.refusal import CallRefused, FieldViolation, invalid

EXISTS: Final = grpc.StatusCode.ALREADY_EXISTS
MISSING: Final = grpc.StatusCode.NOT_FOUND
PRECONDITION: Final = grpc.StatusCode.FAILED_PRECONDITION


def refusal_of_rejection(rejection: Rejection) -> CallRefused:  # noqa: PLR0912 - one case a refusal
    """What a caller gets for a command that the domain refused."""
    match rejection:
        case FieldInvalid(field=field, message=message):
            return invalid([FieldViolation(field, message)])
        case RequestIdReused(request_id=request_id, seq=seq):
            text = f"request_id {request_id!r} was used for something else, entry {seq}; use a new one"
            return CallRefused(
                EXISTS, "REQUEST_ID_REUSED", text, metadata={"request_id": request_id, "seq": seq}
            )
        case MemberAlreadyEnrolled(joined_us=joined_us):
            joined = _time(joined_us)
            return CallRefused(
                EXISTS, "MEMBER_ALREADY_ENROLLED", f"a member since {joined}", metadata={"join_time": joined}
            )
        case MemberUnknown(member_id=member_id):
            text = f"the program knows no member {member_id!r}"
            return CallRefused(MISSING, "MEMBER_NOT_FOUND", text, metadata={"member_id": member_id})
        case MemberNotActive(member_id=member_id, state="suspended"):
            return _failed("MEMBER_SUSPENDED", f"member {member_id!r} is suspended", {"member_id": member_id})
        case MemberNotActive(member_id=member_id, state=state):
            return _failed(
                "MEMBER_NOT_ACTIVE",
                f"{member_id!r} is a {state}, not a member",
                {"member_id": member_id, "state": state},
            )
        case MemberAlreadySuspended(member_id=member_id):
            return _failed(
                "MEMBER_SUSPENDED", f"member {member_id!r} is suspended already", {"member_id": member_id}
            )
        case MemberNotSuspended(member_id=member_id):
            return _failed(
                "MEMBER_NOT_SUSPENDED", f"member {member_id!r} is not suspended", {"member_id": member_id}
            )
        case InsufficientPoints(required=required, available=available):
            return _failed(
                "INSUFFICIENT_POINTS",
                f"{required} points are needed, {available} are available",
                {"required": required, "available": available, "missing": required - available},
            )
        case PointsLimitExceeded(issued=issued, points=points, limit=limit):
            return _failed(
                "POINTS_LIMIT_EXCEEDED",
                f"{points} more points than the {issued} so far would exceed the limit of {limit}",
                {"issued": issued, "points": points, "limit": limit},
            )
        case LotsLimitExceeded(limit=limit):
            return _failed(
                "LOTS_LIMIT_EXCEEDED",
                f"the member has {limit} lots of points with different ends, which is the limit",
                {"limit": limit},
            )
        case TransferLimitExceeded(limit_name=name, points=points, used=used, limit=limit):
            return _failed(
                "TRANSFER_LIMIT_EXCEEDED",
                f"{points} points, with {used} given that day, exceed {name} of {limit}",
                {"limit_name": name, "points": points, "used": used, "limit": limit},
            )
        case HoldsLimitExceeded() | HoldUnknown() | HoldResolvedOtherwise() | CaptureExceedsHold():
            return _refusal_about_hold(rejection)
        case OrderAlreadySettled() | OrderUnknown() | OrderErased():
            return _refusal_about_order(rejection)
        case LineUnknown() | RefundIdReused() | RefundExceedsOrder():
            return _refusal_about_refund(rejection)
        case QuoteExpired() | QuoteMismatch() | SpendNotAllowed():
            return _refusal_at_the_till(rejection)
        case _:
            assert_never(rejection)


def _failed(reason: str, text: str, metadata: Mapping[str, str | int]) -> CallRefused:
    return CallRefused(PRECONDITION, reason, text, metadata=metadata)


def _time(instant_us: int) -> str:
    return moment_of(instant_us).isoformat(timespec="seconds")


def _refusal_about_hold(
    rejection: HoldsLimitExceeded | HoldUnknown | HoldResolvedOtherwise | CaptureExceedsHold,
) -> CallRefused:
    match rejection:
        case HoldsLimitExceeded(limit=limit, counted=counted):
            what = "open holds" if counted == "holds" else "lots with held points"
            text = f"the member would have more than {limit} {what}, which is the limit"
            return _failed("HOLDS_LIMIT_EXCEEDED", text, {"limit": limit, "counted": counted})
        case HoldUnknown(hold_id=hold_id):
            text = f"the member never had a hold {hold_id!r}"
            return CallRefused(MISSING, "HOLD_NOT_FOUND", text, metadata={"hold_id": hold_id})
        case HoldResolvedOtherwise(hold_id=hold_id, state=state, captured_points=captured, seq=seq):
            how = f"captured with {captured} points" if state == "captured" else state.replace("_", " ")
            metadata: dict[str, str | int] = {"hold_id": hold_id, "state": state, "captured_points": captured}
            # A time-out that nobody has booked yet has no entry.
            return _failed(
                "HOLD_RESOLVED",
                f"hold {hold_id!r} is resolved: {how}",
                {**metadata, "seq": seq} if seq else metadata,
            )
        case CaptureExceedsHold(hold_id=hold_id, requested=requested, held=held):
            return _failed(
                "CAPTURE_EXCEEDS_HOLD",
                f"{requested} points are more than the {held} that hold {hold_id!r} reserves",
                {"hold_id": hold_id, "requested": requested, "held": held},
            )
        case _:
            assert_never(rejection)


def _refusal_about_order(rejection: OrderAlreadySettled | OrderUnknown | OrderErased) -> CallRefused:
    match rejection:
        case OrderAlreadySettled(order_id=order_id, seq=seq):
            return CallRefused(
                EXISTS,
                "ORDER_ALREADY_SETTLED",
                f"order {order_id!r} was settled with other content, entry {seq}",
                metadata={"order_id": order_id, "seq": seq},
            )
        case OrderUnknown(order_id=order_id):
            text = f"the member has no settled order {order_id!r}"
            return CallRefused(MISSING, "ORDER_NOT_FOUND", text, metadata={"order_id": order_id})
        case OrderErased(order_id=order_id):
            text = f"the content of order {order_id!r} was erased, so it cannot be refunded any more"
            return _failed("ORDER_ERASED", text, {"order_id": order_id})
        case _:
            assert_never(rejection)


def _refusal_about_refund(rejection: LineUnknown | RefundIdReused | RefundExceedsOrder) -> CallRefused:
    match rejection:
        case LineUnknown(order_id=order_id, line_id=line_id, place=place):
            return invalid(
                [FieldViolation(f"lines[{place}].line_id", f"order {order_id!r} has no line {line_id!r}")]
            )
        case RefundIdReused(order_id=order_id, refund_id=refund_id, seq=seq):
            return CallRefused(
                EXISTS,
                "REFUND_ID_REUSED",
                f"refund {refund_id!r} of order {order_id!r} was made with other content, entry {seq}",
                metadata={"order_id": order_id, "refund_id": refund_id, "seq": seq},
            )
        case RefundExceedsOrder(order_id=order_id, line_id=line_id, requested=requested, left=left):
            what = f"pieces of line {line_id!r}" if line_id else "minor units"
            return _failed(
                "REFUND_EXCEEDS_ORDER",
                f"{requested} {what} are to come back of order {order_id!r}; {left} are left"
                if requested
                else f"nothing of order {order_id!r} is left to refund",
                {"order_id": order_id, "line_id": line_id, "requested": requested, "left": left},
            )
        case _:
            assert_never(rejection)


def _refusal_at_the_till(rejection: QuoteExpired | QuoteMismatch | SpendNotAllowed) -> CallRefused:
    match rejection:
        case QuoteExpired(deadline_us=deadline_us):
            deadline = _time(deadline_us)
            text = f"the quote was good until {deadline}; ask for a new one"
            return _failed("QUOTE_EXPIRED", text, {"quote_expiry_time": deadline})
        case QuoteMismatch(what=what, quoted=quoted, found=found):
            return _failed(
                "QUOTE_MISMATCH",
                f"{what} is {found}, but {quoted} was quoted",
                {"field": what, "quoted": quoted, "found": found},
            )
        case SpendNotAllowed(rule=rule, points=points, worth_minor=worth, limit=limit):
            return _failed(
                "SPEND_NOT_ALLOWED",
                f"{points} points, worth {worth} minor units, do not keep the program's {rule} of {limit}",
                {"rule": rule, "points": points, "worth_minor": worth, "limit": limit},
            )
        case _:
            assert_never(rejection)
