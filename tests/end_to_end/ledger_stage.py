"""A stage behind gRPC: what the model asks as calls, and what is answered in the model's words."""

from dataclasses import dataclass, field
from typing import Final, TypedDict

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import member_service_pb2, order_pb2, program_service_pb2
from loyalty.v1 import points_service_pb2 as messages
from loyalty.v1.balance_pb2 import Balance

from tests.end_to_end.calls import SECONDS_MAX, balance, refusal_of
from tests.ledger_laws.translating import REASON, document_of
from tests.ledger_model.answers import Answer, Done, Refused
from tests.ledger_model.asks import (
    Adjust,
    Ask,
    Capture,
    Enrol,
    Hold,
    Refund,
    Reinstate,
    Release,
    Settle,
    Spend,
    Suspend,
    Transfer,
    Void,
)
from tests.ledger_model.books import NaiveBalance
from tests.ledger_model.scripts import Scene

# What a caller is told for each refusal of the model; INVALID_ARGUMENT has no reason of its own.
REASONS: Final = {
    "already_enrolled": {"MEMBER_ALREADY_ENROLLED"},
    "capture_exceeds_hold": {"CAPTURE_EXCEEDS_HOLD"},
    "hold_resolved": {"HOLD_RESOLVED"},
    "hold_unknown": {"HOLD_NOT_FOUND"},
    "insufficient_points": {"INSUFFICIENT_POINTS"},
    "member_already_suspended": {"MEMBER_SUSPENDED"},
    "member_not_active": {"MEMBER_SUSPENDED", "MEMBER_NOT_ACTIVE"},
    "member_not_suspended": {"MEMBER_NOT_SUSPENDED"},
    "member_unknown": {"MEMBER_NOT_FOUND"},
    "order_already_settled": {"ORDER_ALREADY_SETTLED"},
    "order_unknown": {"ORDER_NOT_FOUND"},
    "points_limit_exceeded": {"POINTS_LIMIT_EXCEEDED"},
    "refund_exceeds_order": {"REFUND_EXCEEDS_ORDER"},
    "refund_id_reused": {"REFUND_ID_REUSED"},
    "request_id_reused": {"REQUEST_ID_REUSED"},
    "transfer_limit_exceeded": {"TRANSFER_LIMIT_EXCEEDED"},
}
INVALID: Final = {"field_invalid", "line_unknown"}


class Names(TypedDict):
    """What every write names."""

    program_id: str
    member_id: str
    request_id: str


def at(instant_us: int) -> Timestamp:
    """An instant as a message."""
    return Timestamp(seconds=instant_us // 1_000_000, nanos=instant_us % 1_000_000 * 1_000)


def balance_of(found: Balance) -> NaiveBalance:
    """A balance in the model's words."""
    expires = found.HasField("next_expiry_time")
    return NaiveBalance(
        found.available,
        found.pending,
        found.held,
        found.debt,
        found.next_expiry_time.ToMicroseconds() if expires else None,
        found.next_expiry_points,
    )


def order_of(ask: Settle) -> order_pb2.Order:
    """The order as a message."""
    return order_pb2.Order(
        order_id=ask.order_id,
        order_time=at(ask.time_us),
        currency_code=ask.currency_code,
        amount_minor=ask.amount_minor,
        lines=[
            order_pb2.OrderLine(line_id=line.line_id, quantity=line.quantity, amount_minor=line.amount_minor)
            for line in ask.lines
        ],
    )


@dataclass
class GrpcStage:
    """A program of its own on a running service."""

    client: LoyaltyClient
    program_id: str
    version: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    def set_scene(self, scene: Scene) -> None:
        """Let the scene's program be in force."""
        while self.version < scene.version:
            # Versions without a scene were never seen; the number must be the scene's all the same.
            document = document_of(scene.terms, self.program_id) + " " * (scene.version - self.version)
            self.client.programs.ApplyProgram(
                program_service_pb2.ApplyProgramRequest(
                    document=document,
                    expected_version=self.version,
                    request_id=f"{self.program_id} {self.version}",
                ),
                timeout=SECONDS_MAX,
            )
            self.version += 1

    def ask(self, member_id: str, ask: Ask) -> tuple[str, Answer | None]:
        """The reason of a refusal, or what was done. A call refused as invalid has the reason INVALID."""
        try:
            return "", self._call(member_id, ask)
        except grpc.RpcError as error:
            refusal = refusal_of(error)
            if refusal.code is grpc.StatusCode.INVALID_ARGUMENT:
                return "INVALID", None
            numbers = None
            if refusal.reason == "INSUFFICIENT_POINTS":
                numbers = int(refusal.metadata["required"]), int(refusal.metadata["available"])
            return refusal.reason, Refused(refusal.reason, numbers)

    def read(self, member_id: str) -> NaiveBalance:
        """What a reader sees now, whichever worker answers."""
        return balance_of(balance(self.client, self.program_id, member_id, self.versions.get(member_id, 0)))

    def _seen(self, member_id: str, found: Balance) -> NaiveBalance:
        self.versions[member_id] = max(found.version, self.versions.get(member_id, 0))
        return balance_of(found)

    def _call(self, member_id: str, ask: Ask) -> Done | None:
        names: Names = {
            "program_id": self.program_id,
            "member_id": member_id,
            "request_id": ask.request_id,
        }
        if isinstance(ask, Settle | Refund):
            return self._call_about_order(member_id, ask, names)
        if isinstance(ask, Enrol | Suspend | Reinstate):
            self._call_about_member(ask, names)
            return None
        return self._call_about_points(member_id, ask, names)

    def _call_about_order(self, member_id: str, ask: Settle | Refund, names: Names) -> Done:
        points = self.client.points
        if isinstance(ask, Settle):
            settled = points.SettleOrder(
                messages.SettleOrderRequest(
                    **names, order=order_of(ask), spend_points=ask.spend_points, hold_id=ask.hold_id
                ),
                timeout=SECONDS_MAX,
            )
            seen = self._seen(member_id, settled.balance)
            return Done(seen, earned=settled.earned_points, spent=settled.spent_points)
        refunded = points.RefundOrder(
            messages.RefundOrderRequest(
                **names,
                order_id=ask.order_id,
                refund_id=ask.refund_id,
                lines=[messages.RefundLine(line_id=line, quantity=pieces) for line, pieces in ask.lines],
                amount_minor=ask.amount_minor,
                refund_time=at(ask.time_us) if ask.time_us else None,
            ),
            timeout=SECONDS_MAX,
        )
        return Done(
            self._seen(member_id, refunded.balance),
            refunded_minor=refunded.refunded_amount_minor,
            refundable_minor=refunded.refundable_amount_minor,
            restored=refunded.restored_points,
            taken_back=refunded.taken_back_points,
            debt_added=refunded.debt_points,
            forgiven=refunded.forgiven_points,
        )

    def _call_about_member(self, ask: Enrol | Suspend | Reinstate, names: Names) -> None:
        members = self.client.members
        match ask:
            case Enrol():
                members.EnrolMember(member_service_pb2.EnrolMemberRequest(**names), timeout=SECONDS_MAX)
            case Suspend():
                request = member_service_pb2.SuspendMemberRequest(**names, reason=REASON)
                members.SuspendMember(request, timeout=SECONDS_MAX)
            case Reinstate():
                again = member_service_pb2.ReinstateMemberRequest(**names, reason=REASON)
                members.ReinstateMember(again, timeout=SECONDS_MAX)

    def _call_about_points(
        self,
        member_id: str,
        ask: Spend | Hold | Capture | Release | Adjust | Void | Transfer,
        names: Names,
    ) -> Done:
        points = self.client.points
        match ask:
            case Spend():
                spend = messages.SpendPointsRequest(**names, points=ask.points)
                spent = points.SpendPoints(spend, timeout=SECONDS_MAX)
                return Done(self._seen(member_id, spent.balance), spent=spent.spent_points)
            case Hold():
                ttl = Duration(seconds=ask.ttl_us // 1_000_000)
                hold = messages.HoldPointsRequest(**names, points=ask.points, ttl=ttl)
                held = points.HoldPoints(hold, timeout=SECONDS_MAX)
                assert held.hold_id == ask.request_id
                return Done(self._seen(member_id, held.balance))
            case Capture():
                capture = messages.CaptureHoldRequest(**names, hold_id=ask.hold_id, points=ask.points)
                captured = points.CaptureHold(capture, timeout=SECONDS_MAX)
                seen = self._seen(member_id, captured.balance)
                return Done(seen, spent=captured.captured_points, released=captured.released_points)
            case Release():
                release = messages.ReleaseHoldRequest(**names, hold_id=ask.hold_id)
                released = points.ReleaseHold(release, timeout=SECONDS_MAX)
                return Done(self._seen(member_id, released.balance), released=released.released_points)
            case Adjust():
                adjust = messages.AdjustPointsRequest(**names, delta=ask.delta, reason=REASON)
                return Done(self._seen(member_id, points.AdjustPoints(adjust, timeout=SECONDS_MAX).balance))
            case Void():
                everything = ask.points == 0
                void = messages.VoidPointsRequest(
                    **names, points=ask.points, everything=everything, reason=REASON
                )
                voided = points.VoidPoints(void, timeout=SECONDS_MAX)
                return Done(self._seen(member_id, voided.balance), voided=voided.voided_points)
            case Transfer():
                transfer = messages.TransferPointsRequest(
                    **names, to_member_id=ask.to_member_id, points=ask.points
                )
                sent = points.TransferPoints(transfer, timeout=SECONDS_MAX)
                receiver = ask.to_member_id
                self.versions[receiver] = max(sent.to_seq, self.versions.get(receiver, 0))
                return Done(self._seen(member_id, sent.balance), spent=ask.points)
