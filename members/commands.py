"""What can be asked of a member."""

from hashlib import blake2b
from typing import Final, assert_never

import msgspec

from points.money import Quote
from points.order import Order
from points.refunding import RefundLine

DIGEST_BYTES: Final = 16


class SettleOrder(msgspec.Struct, frozen=True):
    """Settle a paid order. `content` is the order's written form.

    Points may pay a part of it: `spend_points` available ones; or of a hold, all of them where `spend_points`
    is 0; or as many as `quote` says.
    """

    request_id: str
    order: Order
    content: bytes
    validate_only: bool = False
    spend_points: int = 0
    hold_id: str = ""
    quote: Quote | None = None


class EnrolMember(msgspec.Struct, frozen=True):
    """Make a person a member."""

    request_id: str
    display_name: str = ""
    validate_only: bool = False


class SpendPoints(msgspec.Struct, frozen=True):
    """Spend points without an order."""

    request_id: str
    points: int
    reason: str = ""
    validate_only: bool = False


class HoldPoints(msgspec.Struct, frozen=True):
    """Reserve points for `ttl_us` microseconds. The request id becomes the hold's id."""

    request_id: str
    points: int
    ttl_us: int
    validate_only: bool = False


class CaptureHold(msgspec.Struct, frozen=True):
    """Spend so many points of a hold, all of them where `points` is 0, and give back the rest."""

    request_id: str
    hold_id: str
    points: int = 0
    validate_only: bool = False


class ReleaseHold(msgspec.Struct, frozen=True):
    """Give back the points of a hold."""

    request_id: str
    hold_id: str
    validate_only: bool = False


class RefundOrder(msgspec.Struct, frozen=True):
    """Refund an order: lines, or an amount in minor units, or (neither) all that is left of it.

    `time_us` is when the goods came back, in microseconds since 1970, UTC; 0 is now.
    """

    request_id: str
    order_id: str
    refund_id: str = ""
    lines: tuple[RefundLine, ...] = ()
    amount_minor: int = 0
    time_us: int = 0
    validate_only: bool = False


class AdjustPoints(msgspec.Struct, frozen=True):
    """Give (above zero) or take (below zero) points by hand."""

    request_id: str
    delta: int
    reason: str
    validate_only: bool = False


class VoidPoints(msgspec.Struct, frozen=True):
    """Take so many available points away for good; 0: all that are available or pending."""

    request_id: str
    points: int
    reason: str
    validate_only: bool = False


class SuspendMember(msgspec.Struct, frozen=True):
    """Let a member earn and spend nothing until reinstated."""

    request_id: str
    reason: str
    validate_only: bool = False


class ReinstateMember(msgspec.Struct, frozen=True):
    """End a member's suspension."""

    request_id: str
    reason: str
    validate_only: bool = False


class TransferPoints(msgspec.Struct, frozen=True):
    """Give points to another member of the program. It concerns two members: see members/transfer.py."""

    request_id: str
    to_member_id: str
    points: int
    validate_only: bool = False


Command = (
    SettleOrder
    | EnrolMember
    | SpendPoints
    | HoldPoints
    | CaptureHold
    | ReleaseHold
    | RefundOrder
    | AdjustPoints
    | VoidPoints
    | SuspendMember
    | ReinstateMember
)

_encoder: Final = msgspec.json.Encoder()


def digest_of(command: Command | TransferPoints, salt: bytes) -> bytes:
    """A salted digest of everything a command says but its request id and validate_only.

    Two requests are the same when it is the same. The salt is the member's own and can be erased; without
    it the digest tells nothing about the content.
    """
    return blake2b(_content_of(command), key=salt, digest_size=DIGEST_BYTES).digest()


def _content_of(command: Command | TransferPoints) -> bytes:  # noqa: PLR0912 - one case a command
    match command:
        case SettleOrder():
            # The points of a quote count, not the quote: an order may be quoted anew before it is repeated.
            points = command.spend_points
            if command.quote is not None and points in {0, command.quote.points}:
                points = command.quote.points
            content = b"settle_order\n" + command.content
            if points or command.hold_id:
                content += b"\n" + _encoder.encode((points, command.hold_id))
            return content
        case EnrolMember():
            return b"enrol_member\n" + command.display_name.encode()
        case SpendPoints():
            return b"spend_points\n" + _encoder.encode((command.points, command.reason))
        case HoldPoints():
            return b"hold_points\n" + _encoder.encode((command.points, command.ttl_us))
        case CaptureHold():
            return b"capture_hold\n" + _encoder.encode((command.hold_id, command.points))
        case ReleaseHold():
            return b"release_hold\n" + _encoder.encode(command.hold_id)
        case RefundOrder():
            return b"refund_order\n" + _encoder.encode(
                (command.order_id, command.refund_id, command.lines, command.amount_minor, command.time_us)
            )
        case AdjustPoints():
            return b"adjust_points\n" + _encoder.encode((command.delta, command.reason))
        case VoidPoints():
            return b"void_points\n" + _encoder.encode((command.points, command.reason))
        case SuspendMember():
            return b"suspend_member\n" + command.reason.encode()
        case ReinstateMember():
            return b"reinstate_member\n" + command.reason.encode()
        case TransferPoints():
            return b"transfer_points\n" + _encoder.encode((command.to_member_id, command.points))
        case _:
            assert_never(command)


def note_of(command: Command | TransferPoints) -> str:
    """What a person wrote about the command; empty where nothing was written."""
    match command:
        case SpendPoints(reason=note) | AdjustPoints(reason=note) | VoidPoints(reason=note):
            return note
        case SuspendMember(reason=note) | ReinstateMember(reason=note):
            return note
        case _:
            return ""
