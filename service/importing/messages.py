"""The messages that an import sends, and the request ids that make it safe to send them again."""

from collections.abc import Iterable
from hashlib import sha256

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.v1 import order_pb2, points_service_pb2

from points.civil_time import SECOND_US
from service.importing.matching import Refund
from service.importing.orders import Order
from service.importing.rows import ID_CHARACTERS_MAX

SettleRequest = points_service_pb2.SettleOrderRequest
RefundRequest = points_service_pb2.RefundOrderRequest


def request_id_of(order_id: str) -> str:
    """The request id under which an order is imported, today and whenever it is imported again."""
    plain = f"import:{order_id}"
    if len(plain) <= ID_CHARACTERS_MAX:
        return plain
    return f"import-sha256:{_digest([order_id])}"


def refund_request_id_of(return_id: str, order_id: str) -> str:
    """The request id under which what a return undoes of an order is imported, now and ever again."""
    plain = f"import:return:{return_id}:{order_id}"
    # With a second colon in it, two pairs of ids could make one text.
    if len(plain) <= ID_CHARACTERS_MAX and ":" not in return_id:
        return plain
    return f"import-return-sha256:{_digest([str(len(return_id)), return_id, order_id])}"


def _digest(parts: Iterable[str]) -> str:
    return sha256(":".join(parts).encode()).hexdigest()


def settle_request(
    order: Order, program_id: str, currency_code: str, *, validate_only: bool
) -> SettleRequest:
    """The message for one order."""
    return SettleRequest(
        program_id=program_id,
        member_id=order.member_id,
        request_id=request_id_of(order.order_id),
        order=order_pb2.Order(
            order_id=order.order_id,
            order_time=_timestamp(order.time_us),
            currency_code=currency_code,
            amount_minor=order.amount_minor,
            lines=[
                order_pb2.OrderLine(
                    line_id=line.line_id,
                    sku=line.sku,
                    category=line.category,
                    quantity=line.quantity,
                    amount_minor=line.amount_minor,
                )
                for line in order.lines
            ],
        ),
        validate_only=validate_only,
    )


def refund_request(refund: Refund, program_id: str, *, validate_only: bool) -> RefundRequest:
    """The message for what one return undoes of one order."""
    return RefundRequest(
        program_id=program_id,
        member_id=refund.member_id,
        request_id=refund_request_id_of(refund.return_id, refund.order_id),
        order_id=refund.order_id,
        refund_id=refund.return_id,
        lines=[
            points_service_pb2.RefundLine(line_id=line.line_id, quantity=line.quantity)
            for line in refund.lines
        ],
        refund_time=_timestamp(refund.time_us),
        validate_only=validate_only,
    )


def _timestamp(time_us: int) -> Timestamp:
    seconds, microseconds = divmod(time_us, SECOND_US)
    return Timestamp(seconds=seconds, nanos=microseconds * 1000)
