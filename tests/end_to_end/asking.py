"""Requests about one member's points, as a checkout and a support desk send them."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol, TypedDict, TypeVar, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import member_service_pb2, order_pb2
from loyalty.v1 import points_service_pb2 as messages

from tests.end_to_end.calls import SECONDS_MAX, order_of, settle_of

HOLD_SECONDS: Final = 600

RequestT_contra = TypeVar("RequestT_contra", bound=Message, contravariant=True)
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class Call(Protocol[RequestT_contra, AnswerT_co]):
    """A method of a stub."""

    def __call__(self, request: RequestT_contra, *, timeout: float) -> AnswerT_co:
        """Make the call."""


class _Write(TypedDict):
    """What every write names."""

    program_id: str
    member_id: str
    request_id: str


class Member(NamedTuple):
    """A member of a program, and the requests about them."""

    program_id: str
    member_id: str = "17850"

    def settle(
        self,
        order: order_pb2.Order | str,
        *,
        spend_points: int = 0,
        hold_id: str = "",
        quote_id: str = "",
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> messages.SettleOrderRequest:
        """Settle an order; a text stands for an order of 10 pounds of that id."""
        request = settle_of(
            self.program_id, self.member_id, order, request_id=request_id, validate_only=validate_only
        )
        request.spend_points, request.hold_id, request.quote_id = spend_points, hold_id, quote_id
        return request

    def quote(self, order: order_pb2.Order | str, spend_points: int = 0) -> messages.QuoteOrderRequest:
        """What points may pay of an order."""
        content = order_of(order) if isinstance(order, str) else order
        return messages.QuoteOrderRequest(
            program_id=self.program_id, member_id=self.member_id, order=content, spend_points=spend_points
        )

    def spend(self, points: int, request_id: str = "spend", reason: str = "") -> messages.SpendPointsRequest:
        """Spend points without an order."""
        return messages.SpendPointsRequest(**self._write(request_id), points=points, reason=reason)

    def hold(
        self, points: int, request_id: str = "hold", ttl_seconds: int = HOLD_SECONDS
    ) -> messages.HoldPointsRequest:
        """Reserve points; the request id becomes the hold's."""
        return messages.HoldPointsRequest(
            **self._write(request_id), points=points, ttl=Duration(seconds=ttl_seconds)
        )

    def capture(
        self, points: int = 0, request_id: str = "capture", hold_id: str = "hold"
    ) -> messages.CaptureHoldRequest:
        """Spend points of a hold; 0: all of them."""
        return messages.CaptureHoldRequest(**self._write(request_id), hold_id=hold_id, points=points)

    def release(self, request_id: str = "release", hold_id: str = "hold") -> messages.ReleaseHoldRequest:
        """Give the points of a hold back."""
        return messages.ReleaseHoldRequest(**self._write(request_id), hold_id=hold_id)

    def adjust(
        self, delta: int, request_id: str = "adjust", reason: str = "Goodwill"
    ) -> messages.AdjustPointsRequest:
        """Give or take points by hand."""
        return messages.AdjustPointsRequest(**self._write(request_id), delta=delta, reason=reason)

    def void(
        self, points: int = 0, request_id: str = "void", *, everything: bool = False, reason: str = "Fraud"
    ) -> messages.VoidPointsRequest:
        """Take points away for good."""
        return messages.VoidPointsRequest(
            **self._write(request_id), points=points, everything=everything, reason=reason
        )

    def transfer(
        self, to_member_id: str, points: int, request_id: str = "transfer"
    ) -> messages.TransferPointsRequest:
        """Give points to another member."""
        return messages.TransferPointsRequest(
            **self._write(request_id), to_member_id=to_member_id, points=points
        )

    def refund(
        self,
        order_id: str,
        request_id: str = "refund",
        *,
        amount_minor: int = 0,
        lines: Mapping[str, int] | None = None,
        refund_id: str = "",
        refund_seconds: int | None = None,
    ) -> messages.RefundOrderRequest:
        """Refund an order: by amount, by pieces of lines, or all that is left."""
        return messages.RefundOrderRequest(
            **self._write(request_id),
            order_id=order_id,
            refund_id=refund_id,
            amount_minor=amount_minor,
            lines=[
                messages.RefundLine(line_id=name, quantity=count) for name, count in (lines or {}).items()
            ],
            refund_time=None if refund_seconds is None else Timestamp(seconds=refund_seconds),
        )

    def enrol(self, request_id: str = "enrol") -> member_service_pb2.EnrolMemberRequest:
        """Join."""
        return member_service_pb2.EnrolMemberRequest(**self._write(request_id))

    def suspend(
        self, request_id: str = "suspend", reason: str = "Under review"
    ) -> member_service_pb2.SuspendMemberRequest:
        """Suspend the member."""
        return member_service_pb2.SuspendMemberRequest(**self._write(request_id), reason=reason)

    def reinstate(
        self, request_id: str = "reinstate", reason: str = "Cleared"
    ) -> member_service_pb2.ReinstateMemberRequest:
        """End the suspension."""
        return member_service_pb2.ReinstateMemberRequest(**self._write(request_id), reason=reason)

    def entries(self, **wanted: object) -> messages.ListEntriesRequest:
        """A page of the journal."""
        request = messages.ListEntriesRequest(program_id=self.program_id, member_id=self.member_id)
        request.MergeFrom(messages.ListEntriesRequest(**wanted))  # type: ignore[arg-type]  # fields by name
        return request

    def explain(self, seq: int) -> messages.ExplainEntryRequest:
        """Why an entry is what it is."""
        return messages.ExplainEntryRequest(program_id=self.program_id, member_id=self.member_id, seq=seq)

    def _write(self, request_id: str) -> _Write:
        return {"program_id": self.program_id, "member_id": self.member_id, "request_id": request_id}


def do(call: Call[RequestT_contra, AnswerT_co], request: RequestT_contra) -> AnswerT_co:
    """Make a call that must be accepted."""
    return call(request, timeout=SECONDS_MAX)


def send(client: LoyaltyClient, request: Message) -> Message:
    """Make the call that a request is of, whichever it is."""
    name = request.DESCRIPTOR.name.removesuffix("Request")
    stub = client.members if hasattr(client.members, name) else client.points
    return cast("Message", getattr(stub, name)(request, timeout=SECONDS_MAX))
