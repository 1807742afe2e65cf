"""Why a command is refused. A refusal changes nothing and is not remembered: a retry is decided afresh."""

import msgspec


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


class MemberAlreadyEnrolled(msgspec.Struct, frozen=True):
    """The person is a member since `joined_us`."""

    joined_us: int


class PointsLimitExceeded(msgspec.Struct, frozen=True):
    """The member would have been issued more points than the limit."""

    issued: int
    points: int
    limit: int


class LotsLimitExceeded(msgspec.Struct, frozen=True):
    """The member has as many open lots as there may be: the program's policies changed too often."""

    limit: int


Rejection = (
    FieldInvalid
    | RequestIdReused
    | OrderAlreadySettled
    | MemberAlreadyEnrolled
    | PointsLimitExceeded
    | LotsLimitExceeded
)
