"""Requests to the ledger that can be made wrong, and a shop whose books every kind of them can meet."""

from collections.abc import Callable
from typing import Final

from google.protobuf.message import Message
from loyalty.client import LoyaltyClient
from loyalty.v1 import order_pb2

from tests.end_to_end.asking import Member, do
from tests.end_to_end.calls import order_of
from tests.end_to_end.scenes import document_with, settle_points
from tests.end_to_end.shop import Shop
from tests.running_service import RunningService

POINTS_MAX: Final = 2**53 - 1
MONEY_MAX: Final = 10**15
LINES: Final = (
    order_pb2.OrderLine(line_id="tea", quantity=3, amount_minor=600),
    order_pb2.OrderLine(line_id="cups", quantity=2, amount_minor=400),
)

Asked = Callable[[Member], Message]


def open_shop(service: RunningService, client: LoyaltyClient, name: str) -> Shop:
    """A program with limits on transfers, and members in every state that a wrong request may meet."""
    limits = {"points_a_transfer_max": 50, "points_a_day_max": 80}
    document = document_with(transfers=limits)
    shop = Shop(client, service.apply_program(name, document))
    owner, receiver, suspended = (Member(shop.program_id, name) for name in ("17850", "17851", "suspended"))
    do(client.points.SettleOrder, owner.settle(order_of("A1", 1_000, lines=LINES)))
    settle_points(client, owner, "A2", 490, -1)
    do(client.points.RefundOrder, owner.refund("A1", "refund-1", lines={"tea": 1}))
    do(client.points.SettleOrder, owner.settle(order_of("A3", 1_000)))
    do(client.points.RefundOrder, owner.refund("A3", "refund-2", refund_id="R2"))
    for hold_id, points in (("open", 30), ("captured", 20), ("released", 10)):
        do(client.points.HoldPoints, owner.hold(points, hold_id))
    do(client.points.CaptureHold, owner.capture(15, "capture-1", "captured"))
    do(client.points.ReleaseHold, owner.release("release-1", "released"))
    settle_points(client, receiver, "B1", 100, -1)
    do(client.points.TransferPoints, owner.transfer("17851", 40, "transfer-1"))
    settle_points(client, suspended, "C1", 100, -1)
    do(client.members.SuspendMember, suspended.suspend())
    elsewhere = service.apply_program(f"{name}-2", document)
    settle_points(client, Member(elsewhere, "elsewhere"), "D1", 100, -1)
    return shop


def setting(request: Asked, field: str, value: object) -> Asked:
    """The request with another value in one field."""

    def changed(member: Member) -> Message:
        message = request(member)
        if isinstance(value, Message):
            getattr(message, field).CopyFrom(value)
        else:
            setattr(message, field, value)
        return message

    return changed


WRITES: Final[dict[str, Asked]] = {
    "refund": lambda member: member.refund("A1", amount_minor=1),
    "hold": lambda member: member.hold(1),
    "capture": lambda member: member.capture(1, hold_id="open"),
    "release": lambda member: member.release(hold_id="open"),
    "spend": lambda member: member.spend(1),
    "adjust": lambda member: member.adjust(1),
    "void": lambda member: member.void(1),
    "transfer": lambda member: member.transfer("17851", 1),
    "suspend": lambda member: member.suspend(),
    "reinstate": lambda member: member.reinstate(),
}
