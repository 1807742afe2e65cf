"""A server that answers an import as a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.rpc import status_pb2
from loyalty.client import AsyncLoyaltyClient
from loyalty.v1 import points_service_pb2 as api

from service.importing.matching import Refund
from service.importing.orders import Order
from service.importing.sending import Sending, SendingOptions

SettleRequest = api.SettleOrderRequest
SettleResult = api.BatchSettleOrdersResult
RefundRequest = api.RefundOrderRequest
RefundResult = api.BatchRefundOrdersResult


def settled(request: SettleRequest) -> SettleResult:
    """One point a pound."""
    points = request.order.amount_minor // 100
    return SettleResult(response=api.SettleOrderResponse(earned_points=points))


def refunded(request: RefundRequest) -> RefundResult:
    """One point and one pound a piece."""
    pieces = sum(line.quantity for line in request.lines)
    answer = api.RefundOrderResponse(taken_back_points=pieces, refunded_amount_minor=100 * pieces)
    return RefundResult(response=answer)


def status_of(code: int, message: str, *details: Message) -> status_pb2.Status:
    packed = []
    for detail in details:
        packed.append(Packed())
        packed[-1].Pack(detail)
    return status_pb2.Status(code=code, message=message, details=packed)


def refused(code: int, message: str = "", *details: Message) -> SettleResult:
    """The refusal of an order."""
    return SettleResult(error=status_of(code, message, *details))


class Outside:
    """The service as its clients see it: it remembers what it was sent, and answers as it is told."""

    def __init__(self) -> None:
        self.batches: list[list[SettleRequest]] = []
        self.refund_batches: list[list[RefundRequest]] = []
        self.batch_bytes: list[int] = []
        self.arrived: list[SettleRequest | RefundRequest] = []
        self.answer: Callable[[SettleRequest], SettleResult] = settled
        self.answer_refund: Callable[[RefundRequest], RefundResult] = refunded
        self.failures: list[grpc.StatusCode] = []
        self.seconds = 0.0
        self.fifth_batch = asyncio.Event()

    async def settle(
        self,
        request: api.BatchSettleOrdersRequest,
        context: grpc.aio.ServicerContext[api.BatchSettleOrdersRequest, api.BatchSettleOrdersResponse],
    ) -> api.BatchSettleOrdersResponse:
        if self.failures:
            await context.abort(self.failures.pop(0), "as the test wants it")
        self.batches.append(list(request.requests))
        self.batch_bytes.append(request.ByteSize())
        if len(self.batches) == 5:
            self.fifth_batch.set()
        await asyncio.sleep(self.seconds)
        self.arrived.extend(request.requests)
        return api.BatchSettleOrdersResponse(results=[self.answer(settle) for settle in request.requests])

    async def refund(
        self,
        request: api.BatchRefundOrdersRequest,
        context: grpc.aio.ServicerContext[api.BatchRefundOrdersRequest, api.BatchRefundOrdersResponse],
    ) -> api.BatchRefundOrdersResponse:
        self.refund_batches.append(list(request.requests))
        self.arrived.extend(request.requests)
        return api.BatchRefundOrdersResponse(
            results=[self.answer_refund(refund) for refund in request.requests]
        )

    @property
    def sent(self) -> list[SettleRequest]:
        return [request for batch in self.batches for request in batch]

    @property
    def handler(self) -> grpc.GenericRpcHandler:
        settle = grpc.unary_unary_rpc_method_handler(
            self.settle,
            request_deserializer=api.BatchSettleOrdersRequest.FromString,
            response_serializer=api.BatchSettleOrdersResponse.SerializeToString,
        )
        refund = grpc.unary_unary_rpc_method_handler(
            self.refund,
            request_deserializer=api.BatchRefundOrdersRequest.FromString,
            response_serializer=api.BatchRefundOrdersResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(
            "loyalty.v1.PointsService", {"BatchSettleOrders": settle, "BatchRefundOrders": refund}
        )


@asynccontextmanager
async def serving(outside: Outside, port: int = 0) -> AsyncIterator[int]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((outside.handler,))
    bound_port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound_port
    finally:
        await server.stop(grace=None)


async def send(
    port: int, orders: Sequence[Order], options: SendingOptions, refunds: Sequence[Refund] = ()
) -> Sending:
    async with AsyncLoyaltyClient(f"127.0.0.1:{port}", retry=False) as client:
        sending = Sending(client, "demo", "GBP", options)
        await sending.send(orders, refunds)
    return sending
