"""The gRPC server: every RPC of the contract on one port, with health and reflection."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from loyalty.v1 import member_service_pb2, program_service_pb2
from loyalty.v1 import points_service_pb2 as messages

from service.application import Application
from service.calls.pipeline import CallsInFlight, Deadlines, MethodHandler, stream_call, unary_call
from service.handlers.balances import BalanceHandlers
from service.handlers.books import BookHandlers
from service.handlers.feed import FeedHandlers
from service.handlers.members import MemberHandlers
from service.handlers.orders import OrderHandlers
from service.handlers.points import PointsHandlers
from service.handlers.programs import ProgramHandlers
from service.handlers.seals import SealHandlers
from service.settings import Settings

RequestT = TypeVar("RequestT", bound=Message)

POINTS: Final = messages.DESCRIPTOR.services_by_name["PointsService"]
MEMBERS: Final = member_service_pb2.DESCRIPTOR.services_by_name["MemberService"]
PROGRAMS: Final = program_service_pb2.DESCRIPTOR.services_by_name["ProgramService"]
SERVICE_NAMES: Final = tuple(str(service.full_name) for service in (POINTS, MEMBERS, PROGRAMS))

# Header bytes of a call: ids and a deadline fit many times over.
METADATA_BYTES_MAX: Final = 16 * 1024
STREAMS_A_CONNECTION_MAX: Final = 1_000
PENDING_CALLS_MAX: Final = 20_000


class _Service:
    """Collects a service's methods; `handler` refuses to leave one of the contract's out."""

    def __init__(self, descriptor: ServiceDescriptor, deadlines: Deadlines, calls: CallsInFlight) -> None:
        self._descriptor = descriptor
        self._calls = calls
        self._deadlines = deadlines
        self._handlers: dict[str, MethodHandler] = {}

    def unary(
        self, name: str, request_type: type[RequestT], handler: Callable[[RequestT], Awaitable[Message]]
    ) -> None:
        """A method that answers one message."""
        method = self._descriptor.methods_by_name[name]
        self._handlers[name] = unary_call(method, request_type, handler, self._deadlines, self._calls)

    def stream(
        self,
        name: str,
        request_type: type[RequestT],
        handler: Callable[[RequestT], AsyncGenerator[Message, None]],
    ) -> None:
        """A method that answers a stream."""
        method = self._descriptor.methods_by_name[name]
        self._handlers[name] = stream_call(method, request_type, handler, self._calls)

    def handler(self) -> grpc.GenericRpcHandler:
        """All of the service's methods."""
        missing = set(self._descriptor.methods_by_name) - set(self._handlers)
        if missing:
            raise AssertionError(f"no handler for {sorted(missing)}")
        return grpc.method_handlers_generic_handler(self._descriptor.full_name, self._handlers)


def build_server(
    application: Application, settings: Settings, calls: CallsInFlight
) -> tuple[grpc.aio.Server, health.aio.HealthServicer]:
    """A server that is not started, and its health, which says NOT_SERVING until it is told otherwise."""
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 1),
            ("grpc.max_receive_message_length", settings.message_bytes_max),
            ("grpc.max_send_message_length", settings.message_bytes_max),
            ("grpc.max_metadata_size", METADATA_BYTES_MAX),
            ("grpc.max_concurrent_streams", STREAMS_A_CONNECTION_MAX),
            # Beyond these the library cancels calls before we see them; the lanes' bound should speak first.
            ("grpc.server.max_pending_requests", PENDING_CALLS_MAX),
            ("grpc.server.max_pending_requests_hard_limit", PENDING_CALLS_MAX),
        ]
    )
    deadlines = Deadlines(settings.request_deadline_seconds_default, settings.request_deadline_seconds_max)
    server.add_generic_rpc_handlers(
        (
            _points_service(_Service(POINTS, deadlines, calls), application, calls),
            _member_service(_Service(MEMBERS, deadlines, calls), MemberHandlers(application)),
            _program_service(_Service(PROGRAMS, deadlines, calls), ProgramHandlers(application)),
        )
    )
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection(
        (*SERVICE_NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    return server, health_servicer


async def set_serving(health_servicer: health.aio.HealthServicer, serving: bool) -> None:
    """Tell health checks whether calls are answered."""
    status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
    for name in ("", *SERVICE_NAMES):
        await health_servicer.set(name, status)


def _points_service(
    service: _Service, application: Application, calls: CallsInFlight
) -> grpc.GenericRpcHandler:
    orders, points = OrderHandlers(application), PointsHandlers(application)
    balances, books = BalanceHandlers(application), BookHandlers(application)
    feed, seals = FeedHandlers(application, calls), SealHandlers(application)
    service.unary("QuoteOrder", messages.QuoteOrderRequest, orders.quote_order)
    service.unary("SettleOrder", messages.SettleOrderRequest, orders.settle_order)
    service.unary("BatchSettleOrders", messages.BatchSettleOrdersRequest, orders.batch_settle_orders)
    service.unary("RefundOrder", messages.RefundOrderRequest, orders.refund_order)
    service.unary("BatchRefundOrders", messages.BatchRefundOrdersRequest, orders.batch_refund_orders)
    service.unary("SpendPoints", messages.SpendPointsRequest, points.spend_points)
    service.unary("HoldPoints", messages.HoldPointsRequest, points.hold_points)
    service.unary("CaptureHold", messages.CaptureHoldRequest, points.capture_hold)
    service.unary("ReleaseHold", messages.ReleaseHoldRequest, points.release_hold)
    service.unary("AdjustPoints", messages.AdjustPointsRequest, points.adjust_points)
    service.unary("VoidPoints", messages.VoidPointsRequest, points.void_points)
    service.unary("TransferPoints", messages.TransferPointsRequest, points.transfer_points)
    service.unary("GetBalance", messages.GetBalanceRequest, balances.get_balance)
    service.unary("BatchGetBalances", messages.BatchGetBalancesRequest, balances.batch_get_balances)
    service.unary("ListEntries", messages.ListEntriesRequest, books.list_entries)
    service.unary("ExplainEntry", messages.ExplainEntryRequest, books.explain_entry)
    service.stream("Watch", messages.WatchRequest, feed.watch)
    service.unary("ListSeals", messages.ListSealsRequest, seals.list_seals)
    service.unary("GetReceipt", messages.GetReceiptRequest, seals.get_receipt)
    service.stream("VerifyLedger", messages.VerifyLedgerRequest, books.verify_ledger)
    return service.handler()


def _member_service(service: _Service, handlers: MemberHandlers) -> grpc.GenericRpcHandler:
    service.unary("EnrolMember", member_service_pb2.EnrolMemberRequest, handlers.enrol_member)
    service.unary("GetMember", member_service_pb2.GetMemberRequest, handlers.get_member)
    service.unary("SuspendMember", member_service_pb2.SuspendMemberRequest, handlers.suspend_member)
    service.unary("ReinstateMember", member_service_pb2.ReinstateMemberRequest, handlers.reinstate_member)
    return service.handler()


def _program_service(service: _Service, handlers: ProgramHandlers) -> grpc.GenericRpcHandler:
    service.unary("ApplyProgram", program_service_pb2.ApplyProgramRequest, handlers.apply_program)
    service.unary("GetProgram", program_service_pb2.GetProgramRequest, handlers.get_program)
    return service.handler()
