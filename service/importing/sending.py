"""Sending orders through BatchSettleOrders: several streams, each member's orders in one of them, in order.

Every order has a request id made of its order id. So whatever was sent before may be sent again: the service
answers what it answered the first time. That is what makes an import resumable without a state of its own.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final, TypeVar
from zlib import crc32

import grpc
import grpc.aio
import msgspec
import stamina
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2, error_details_pb2, status_pb2
from loyalty.client import AsyncLoyaltyClient
from loyalty.v1 import order_pb2, points_service_pb2

from points.civil_time import SECOND_US
from service.importing.orders import Order
from service.importing.rows import ID_CHARACTERS_MAX, Problem

STREAMS_DEFAULT: Final = 4
STREAMS_MAX: Final = 32
BATCH_ORDERS_DEFAULT: Final = 500
BATCH_ORDERS_MAX: Final = 1_000  # the contract's bound
BATCH_BYTES_MAX: Final = 2 * 1024 * 1024  # half of what a gRPC server takes unless told otherwise
RETRY_SECONDS_DEFAULT: Final = 30.0
CALL_SECONDS_MAX: Final = 20.0
WAIT_SECONDS_MIN: Final = 0.1
WAIT_SECONDS_MAX: Final = 2.0
SERVER_WAIT_SECONDS_MAX: Final = 10.0  # the longest delay a server's RetryInfo is followed to

# What may be over in a moment. CANCELLED is what a server that shuts down makes of calls it had begun.
PASSING: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
)
PASSING_NUMBERS: Final = frozenset(
    {code_pb2.UNAVAILABLE, code_pb2.RESOURCE_EXHAUSTED, code_pb2.DEADLINE_EXCEEDED, code_pb2.CANCELLED}
)
STATUS_METADATA_KEY: Final = "grpc-status-details-bin"  # where gRPC carries a call's google.rpc.Status
MESSAGE_TOO_LARGE: Final = "MESSAGE_TOO_LARGE"
NO_ANSWER: Final = "NO_ANSWER"
SETTLED_OTHERWISE: Final = frozenset({"ORDER_ALREADY_SETTLED", "REQUEST_ID_REUSED"})

Request = points_service_pb2.SettleOrderRequest
Detail = TypeVar("Detail", bound=Message)


class SendingOptions(msgspec.Struct, frozen=True):
    """How to send. With `validate_only` the service checks and answers, and writes nothing."""

    streams: int = STREAMS_DEFAULT
    batch_orders_max: int = BATCH_ORDERS_DEFAULT
    retry_seconds: float = RETRY_SECONDS_DEFAULT
    validate_only: bool = False


class _TryAgainError(Exception):
    """Orders of a batch that the service could not take just now; the others of the batch were answered."""

    def __init__(self, orders: int, status: status_pb2.Status) -> None:
        super().__init__(f"{_code_name(status.code)}: {status.message} ({orders} orders of a batch)")
        self.status = status


class _StoppedError(Exception):
    """An answer after which sending more makes no sense."""


class Sending:
    """One import's orders on their way. What it counts is right at any moment, also when it is interrupted.

    `settled` orders were answered, `refused` are problems with the file's line numbers, and `stopped` says
    why it ended early, empty where it did not.
    """

    def __init__(
        self,
        client: AsyncLoyaltyClient,
        program_id: str,
        currency_code: str,
        options: SendingOptions,
        on_answered: Callable[[int], None] = lambda orders: None,
    ) -> None:
        self._client: Final = client
        self._program_id: Final = program_id
        self._currency_code: Final = currency_code
        self._options: Final = options
        self._on_answered: Final = on_answered
        self.settled = 0
        self.earned_points = 0
        self.refused: list[Problem] = []
        self.stopped = ""

    async def send(self, orders: Sequence[Order]) -> None:
        """Send the orders, and return when all were answered or one stream had to stop."""
        streams = partition(orders, self._options.streams)
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(self._send_stream(stream))

    async def _send_stream(self, orders: Sequence[Order]) -> None:
        for batch in self._batches(orders):
            if self.stopped:
                return
            try:
                await self._settle(batch)
            except (grpc.aio.AioRpcError, _TryAgainError, _StoppedError) as error:
                self.stop(_explain(error))
                return

    async def _settle(self, batch: Sequence[tuple[Order, Request]]) -> None:
        """Send one batch until every order of it is answered, or time is up."""
        waiting = batch
        seconds = self._options.retry_seconds
        async for attempt in stamina.retry_context(
            on=retry_after,
            attempts=None if seconds else 1,
            timeout=seconds or None,
            wait_initial=WAIT_SECONDS_MIN,
            wait_jitter=WAIT_SECONDS_MIN,
            wait_max=WAIT_SECONDS_MAX,
        ):
            with attempt:
                waiting, status = await self._attempt(waiting)
                if waiting:
                    raise _TryAgainError(len(waiting), status)

    async def _attempt(
        self, batch: Sequence[tuple[Order, Request]]
    ) -> tuple[Sequence[tuple[Order, Request]], status_pb2.Status]:
        """Send a batch once. Returns the orders to send again, with the last status that says so."""
        request = points_service_pb2.BatchSettleOrdersRequest(requests=[settle for _, settle in batch])
        try:
            answer = await self._client.points.BatchSettleOrders(request, timeout=CALL_SECONDS_MAX)
        except grpc.aio.AioRpcError as error:
            if len(batch) == 1 and _is_too_large(error):
                # It would be refused for ever; the other orders need not wait for it.
                self._refuse(batch[0][0], MESSAGE_TOO_LARGE, "order", error.details() or "")
                self._on_answered(1)
                return [], status_pb2.Status()
            raise
        if len(answer.results) != len(batch):
            raise _StoppedError(f"{len(answer.results)} answers to a batch of {len(batch)} orders")
        again: list[tuple[Order, Request]] = []
        status = status_pb2.Status()
        for (order, settle), result in zip(batch, answer.results, strict=True):
            match result.WhichOneof("result"):
                case "response":
                    self.settled += 1
                    self.earned_points += result.response.earned_points
                case "error" if result.error.code in PASSING_NUMBERS:
                    again.append((order, settle))
                    status = result.error
                case "error":
                    self._refuse(order, *_refusal(result.error))
                case None:
                    self._refuse(order, NO_ANSWER, "", "the service answered neither yes nor no")
        self._on_answered(len(batch) - len(again))
        return again, status

    def stop(self, why: str) -> None:
        """Send no further batch. The first reason given is kept."""
        if not self.stopped:  # what the other streams meet after the first reason is its consequence
            self.stopped = why

    def _refuse(self, order: Order, reason: str, field: str, detail: str) -> None:
        self.refused.append(
            Problem(order.line_numbers, reason, field, detail, order.order_id, order.member_id)
        )

    def _batches(self, orders: Sequence[Order]) -> Iterator[list[tuple[Order, Request]]]:
        """Orders with their messages, bounded by number and by bytes. A larger order goes alone."""
        batch: list[tuple[Order, Request]] = []
        batch_bytes = 0
        for order in orders:
            request = settle_request(
                order, self._program_id, self._currency_code, validate_only=self._options.validate_only
            )
            request_bytes = request.ByteSize()
            if batch and (
                len(batch) == self._options.batch_orders_max or batch_bytes + request_bytes > BATCH_BYTES_MAX
            ):
                yield batch
                batch, batch_bytes = [], 0
            batch.append((order, request))
            batch_bytes += request_bytes
        if batch:
            yield batch


def partition(orders: Sequence[Order], streams: int) -> list[list[Order]]:
    """The orders of each stream. All of a member are in one, in the order given."""
    parts: list[list[Order]] = [[] for _ in range(streams)]
    for order in orders:
        parts[crc32(order.member_id.encode()) % streams].append(order)
    return parts


def request_id_of(order_id: str) -> str:
    """The request id under which an order is imported, today and whenever it is imported again."""
    plain = f"import:{order_id}"
    if len(plain) <= ID_CHARACTERS_MAX:
        return plain
    return f"import-sha256:{sha256(order_id.encode()).hexdigest()}"


def settle_request(order: Order, program_id: str, currency_code: str, *, validate_only: bool) -> Request:
    """The message for one order."""
    seconds, microseconds = divmod(order.time_us, SECOND_US)
    return Request(
        program_id=program_id,
        member_id=order.member_id,
        request_id=request_id_of(order.order_id),
        order=order_pb2.Order(
            order_id=order.order_id,
            order_time=Timestamp(seconds=seconds, nanos=microseconds * 1000),
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


def retry_after(error: Exception) -> bool | float:
    """Whether to send again after an error; where the server says how long to wait, that many seconds."""
    if isinstance(error, _TryAgainError):
        status = error.status
    elif isinstance(error, grpc.aio.AioRpcError) and error.code() in PASSING and not _is_too_large(error):
        packed = [value for key, value in error.trailing_metadata() if key == STATUS_METADATA_KEY]
        status = status_pb2.Status.FromString(packed[0]) if packed else status_pb2.Status()
    else:
        return False
    for info in _details(status, error_details_pb2.RetryInfo):
        delay_seconds: float = info.retry_delay.ToTimedelta().total_seconds()
        return min(max(delay_seconds, WAIT_SECONDS_MIN), SERVER_WAIT_SECONDS_MAX)
    return True


def _is_too_large(error: grpc.aio.AioRpcError) -> bool:
    # gRPC reports a message over the size limit, its own or the server's, with the code of an overload.
    return error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in (error.details() or "")


def _refusal(status: status_pb2.Status) -> tuple[str, str, str]:
    """The reason, the field and a text for a person, out of one order's status."""
    reason = _code_name(status.code)
    for info in _details(status, error_details_pb2.ErrorInfo):
        reason = info.reason
    violations = [
        violation
        for bad_request in _details(status, error_details_pb2.BadRequest)
        for violation in bad_request.field_violations
    ]
    field = ", ".join(violation.field for violation in violations)
    detail = "; ".join(f"{violation.field}: {violation.description}" for violation in violations)
    if reason in SETTLED_OTHERWISE:
        # Whoever imports a file never chose a request id, so the service's text alone would puzzle.
        return reason, field, f"this order was settled before with other content ({status.message})"
    return reason, field, detail or status.message


def _explain(error: Exception) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error)


def _code_name(number: int) -> str:
    return code_pb2.Code.Name(number) if number in code_pb2.Code.values() else f"CODE_{number}"


def _details(status: status_pb2.Status, kind: type[Detail]) -> Iterator[Detail]:
    """A status's details of one kind."""
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            yield detail
