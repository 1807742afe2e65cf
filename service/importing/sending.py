"""Sending orders and refunds in batches: several streams, each member's events in one of them, in order.

Every order has a request id made of its order id, every refund one made of its return's and its order's. So
whatever was sent before may be sent again: the service answers what it answered the first time. That is what
makes an import resumable without a state of its own.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import grpc.aio
import msgspec
import stamina
from google.rpc import status_pb2
from loyalty.client import AsyncLoyaltyClient
from loyalty.v1 import points_service_pb2

from service.importing.answers import (
    WAIT_SECONDS_MAX,
    WAIT_SECONDS_MIN,
    StoppedError,
    TryAgainError,
    explain,
    is_passing,
    is_too_large,
    refusal_of,
    retry_after,
)
from service.importing.matching import Refund
from service.importing.messages import RefundRequest, SettleRequest, refund_request, settle_request
from service.importing.orders import Order
from service.importing.report import RefundTotals
from service.importing.rows import Problem
from service.importing.streams import Event, in_time_order, partition, rounds

STREAMS_DEFAULT: Final = 4
STREAMS_MAX: Final = 32
BATCH_ORDERS_DEFAULT: Final = 500
BATCH_ORDERS_MAX: Final = 1_000  # the contract's bound, for refunds as well
BATCH_BYTES_MAX: Final = 2 * 1024 * 1024  # half of what a gRPC server takes unless told otherwise
RETRY_SECONDS_DEFAULT: Final = 30.0
CALL_SECONDS_MAX: Final = 20.0
MESSAGE_TOO_LARGE: Final = "MESSAGE_TOO_LARGE"
NO_ANSWER: Final = "NO_ANSWER"

Request = SettleRequest | RefundRequest
Result = points_service_pb2.BatchSettleOrdersResult | points_service_pb2.BatchRefundOrdersResult
Batch = Sequence[tuple[Event, Request]]


class SendingOptions(msgspec.Struct, frozen=True):
    """How to send. With `validate_only` the service checks and answers, and writes nothing."""

    streams: int = STREAMS_DEFAULT
    batch_orders_max: int = BATCH_ORDERS_DEFAULT
    retry_seconds: float = RETRY_SECONDS_DEFAULT
    validate_only: bool = False


class Sending:
    """One import's events on their way. What it counts is right at any moment, also when it is interrupted.

    `settled` orders were answered, `refunds` adds up the answers to refunds, `refused` and `refused_refunds`
    are problems with the file's line numbers, and `stopped` says why it ended early, empty where it did not.
    """

    def __init__(
        self,
        client: AsyncLoyaltyClient,
        program_id: str,
        currency_code: str,
        options: SendingOptions,
        on_answered: Callable[[int], None] = lambda events: None,
    ) -> None:
        self._client: Final = client
        self._program_id: Final = program_id
        self._currency_code: Final = currency_code
        self._options: Final = options
        self._on_answered: Final = on_answered
        self.settled = 0
        self.earned_points = 0
        self.refunds = RefundTotals()
        self.refused: list[Problem] = []
        self.refused_refunds: list[Problem] = []
        self.stopped = ""

    async def send(self, orders: Sequence[Order], refunds: Sequence[Refund] = ()) -> None:
        """Send the events, and return when all were answered or one stream had to stop."""
        streams = partition(in_time_order(orders, refunds), self._options.streams)
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(self._send_stream(stream))

    async def _send_stream(self, events: Sequence[Event]) -> None:
        for batch in (batch for part in rounds(events) for batch in self._batches(part)):
            if self.stopped:
                return
            try:
                await self._send_batch(batch)
            except (grpc.aio.AioRpcError, TryAgainError, StoppedError) as error:
                self.stop(explain(error))
                return

    async def _send_batch(self, batch: Batch) -> None:
        """Send one batch until every event of it is answered, or time is up."""
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
                    raise TryAgainError(len(waiting), status)

    async def _attempt(self, batch: Batch) -> tuple[Batch, status_pb2.Status]:
        """Send a batch once. Returns the events to send again, with the last status that says so."""
        try:
            results = await self._call([request for _, request in batch])
        except grpc.aio.AioRpcError as error:
            if len(batch) == 1 and is_too_large(error):
                # It would be refused for ever; the other events need not wait for it.
                [(event, _)] = batch
                field = "order" if isinstance(event, Order) else "lines"
                self._refuse(event, MESSAGE_TOO_LARGE, field, error.details() or "")
                self._on_answered(1)
                return [], status_pb2.Status()
            raise
        if len(results) != len(batch):
            raise StoppedError(f"{len(results)} answers to a batch of {len(batch)}")
        again: list[tuple[Event, Request]] = []
        status = status_pb2.Status()
        for (event, request), result in zip(batch, results, strict=True):
            if result.WhichOneof("result") == "error" and is_passing(result.error):
                again.append((event, request))
                status = result.error
            else:
                self._take(event, result)
        self._on_answered(len(batch) - len(again))
        return again, status

    async def _call(self, requests: Sequence[Request]) -> Sequence[Result]:
        """Send a batch, which has requests of one kind only, and wait for its answer."""
        settles = [request for request in requests if isinstance(request, SettleRequest)]
        refunds = [request for request in requests if isinstance(request, RefundRequest)]
        points = self._client.points
        if settles:
            orders_batch = points_service_pb2.BatchSettleOrdersRequest(requests=settles)
            return (await points.BatchSettleOrders(orders_batch, timeout=CALL_SECONDS_MAX)).results
        refunds_batch = points_service_pb2.BatchRefundOrdersRequest(requests=refunds)
        return (await points.BatchRefundOrders(refunds_batch, timeout=CALL_SECONDS_MAX)).results

    def _take(self, event: Event, result: Result) -> None:
        """Count an answer that is final."""
        match result.WhichOneof("result"):
            case "response":
                self._count(result)
            case "error":
                kind = "order was settled" if isinstance(event, Order) else "return was applied"
                self._refuse(event, *refusal_of(result.error, f"this {kind} before with other content"))
            case None:
                self._refuse(event, NO_ANSWER, "", "the service answered neither yes nor no")

    def _count(self, result: Result) -> None:
        if isinstance(result, points_service_pb2.BatchRefundOrdersResult):
            self.refunds.add(result.response)
        else:
            self.settled += 1
            self.earned_points += result.response.earned_points

    def stop(self, why: str) -> None:
        """Send no further batch. The first reason given is kept."""
        if not self.stopped:  # what the other streams meet after the first reason is its consequence
            self.stopped = why

    def _refuse(self, event: Event, reason: str, field: str, detail: str) -> None:
        if isinstance(event, Order):
            self.refused.append(
                Problem(event.line_numbers, reason, field, detail, event.order_id, event.member_id)
            )
        else:
            # Its lines in the file stand under the return's own id.
            told = f"refund of order {event.order_id}: {detail}"
            self.refused_refunds.append(
                Problem(event.line_numbers, reason, field, told, event.return_id, event.member_id)
            )

    def _batches(self, events: Sequence[Event]) -> Iterator[Batch]:
        """Events with their messages, bounded by number and by bytes. A larger one goes alone."""
        batch: list[tuple[Event, Request]] = []
        batch_bytes = 0
        for event in events:
            request = self._request(event)
            request_bytes = request.ByteSize()
            if batch and (
                len(batch) == self._options.batch_orders_max or batch_bytes + request_bytes > BATCH_BYTES_MAX
            ):
                yield batch
                batch, batch_bytes = [], 0
            batch.append((event, request))
            batch_bytes += request_bytes
        if batch:
            yield batch

    def _request(self, event: Event) -> Request:
        validate_only = self._options.validate_only
        if isinstance(event, Refund):
            return refund_request(event, self._program_id, validate_only=validate_only)
        return settle_request(event, self._program_id, self._currency_code, validate_only=validate_only)
