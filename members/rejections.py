"""Why a command is refused. A refusal changes nothing and is not remembered: a retry is decided afresh."""

from typing import Literal

import msgspec

from members.account import MemberState
from members.effects import HoldState
from points.money import SpendNotAllowed


class FieldInvalid(msgspec.Struct, frozen=True):
    """A field's value cannot be used with this program or at this time."""

    field: str
    message: str


class RequestIdReused(msgspec.Struct, frozen=True):
    """The request id was used for something else; `seq` is the entry it made."""

    request_id: str
    seq: int


class OrderAlreadySettled(msgspec.Struct, frozen=True):
    """The order was settled with other content; `seq` is its entry."""

    order_id: str
    seq: int


class OrderUnknown(msgspec.Struct, frozen=True):
    """The member has no settled order of this id."""

    order_id: str


class OrderErased(msgspec.Struct, frozen=True):
    """The order's content was erased, so nobody can tell any more what comes back of it."""

    order_id: str


class LineUnknown(msgspec.Struct, frozen=True):
    """The order has no line of this id. `place` is the line's place in the request."""

    order_id: str
    line_id: str
    place: int


class RefundIdReused(msgspec.Struct, frozen=True):
    """The order was refunded under this refund id with other content; `seq` is that entry."""

    order_id: str
    refund_id: str
    seq: int


class RefundExceedsOrder(msgspec.Struct, frozen=True):
    """More is to come back than is left: money in minor units, or pieces where a line is named."""

    order_id: str
    line_id: str
    requested: int
    left: int


class MemberUnknown(msgspec.Struct, frozen=True):
    """The program knows no such person."""

    member_id: str


class MemberAlreadyEnrolled(msgspec.Struct, frozen=True):
    """The person is a member since `joined_us`."""

    joined_us: int


class MemberNotActive(msgspec.Struct, frozen=True):
    """The person is no member, or a suspended one, so cannot do this."""

    member_id: str
    state: MemberState


class MemberAlreadySuspended(msgspec.Struct, frozen=True):
    """The member is suspended already."""

    member_id: str


class MemberNotSuspended(msgspec.Struct, frozen=True):
    """There is no suspension to end."""

    member_id: str


class InsufficientPoints(msgspec.Struct, frozen=True):
    """More points are needed than can be spent."""

    required: int
    available: int


class PointsLimitExceeded(msgspec.Struct, frozen=True):
    """The member would have been issued more points than the limit."""

    issued: int
    points: int
    limit: int


class LotsLimitExceeded(msgspec.Struct, frozen=True):
    """The member has as many open lots as there may be: the program's policies changed too often."""

    limit: int


class HoldsLimitExceeded(msgspec.Struct, frozen=True):
    """The member has as many open holds as there may be, or they reserve points of as many lots."""

    limit: int
    counted: Literal["holds", "lots"] = "holds"


class HoldUnknown(msgspec.Struct, frozen=True):
    """The member never had such a hold."""

    hold_id: str


class HoldResolvedOtherwise(msgspec.Struct, frozen=True):
    """The hold was resolved in another way: captured, released, or it had run out."""

    hold_id: str
    state: HoldState
    captured_points: int
    seq: int


class CaptureExceedsHold(msgspec.Struct, frozen=True):
    """More points are to be captured than are held."""

    hold_id: str
    requested: int
    held: int


class QuoteExpired(msgspec.Struct, frozen=True):
    """The quote is not kept any more."""

    deadline_us: int


class QuoteMismatch(msgspec.Struct, frozen=True):
    """The order is not the one that was quoted. `what` differs."""

    what: str
    quoted: str
    found: str


class TransferLimitExceeded(msgspec.Struct, frozen=True):
    """The program does not let a member give so many points. `used` counts for a limit a day."""

    limit_name: str
    points: int
    used: int
    limit: int


Rejection = (
    FieldInvalid
    | RequestIdReused
    | OrderAlreadySettled
    | OrderUnknown
    | OrderErased
    | LineUnknown
    | RefundIdReused
    | RefundExceedsOrder
    | MemberUnknown
    | MemberAlreadyEnrolled
    | MemberNotActive
    | MemberAlreadySuspended
    | MemberNotSuspended
    | InsufficientPoints
    | PointsLimitExceeded
    | LotsLimitExceeded
    | HoldsLimitExceeded
    | HoldUnknown
    | HoldResolvedOtherwise
    | CaptureExceedsHold
    | QuoteExpired
    | QuoteMismatch
    | SpendNotAllowed
    | TransferLimitExceeded
)
