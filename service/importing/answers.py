"""What the service's errors say: whether to send again and when, and the reason for a person."""

from collections.abc import Iterator
from typing import Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

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
SENT_OTHERWISE: Final = frozenset({"ORDER_ALREADY_SETTLED", "REFUND_ID_REUSED", "REQUEST_ID_REUSED"})

Detail = TypeVar("Detail", bound=Message)


class TryAgainError(Exception):
    """Requests of a batch that the service could not take just now; the others were answered."""

    def __init__(self, requests: int, status: status_pb2.Status) -> None:
        super().__init__(f"{_code_name(status.code)}: {status.message} ({requests} requests of a batch)")
        self.status = status


class StoppedError(Exception):
    """An answer after which sending more makes no sense."""


def retry_after(error: Exception) -> bool | float:
    """Whether to send again after an error; where the server says how long to wait, that many seconds."""
    if isinstance(error, TryAgainError):
        status = error.status
    elif isinstance(error, grpc.aio.AioRpcError) and error.code() in PASSING and not is_too_large(error):
        packed = [value for key, value in error.trailing_metadata() if key == STATUS_METADATA_KEY]
        status = status_pb2.Status.FromString(packed[0]) if packed else status_pb2.Status()
    else:
        return False
    for info in _details(status, error_details_pb2.RetryInfo):
        delay_seconds: float = info.retry_delay.ToTimedelta().total_seconds()
        return min(max(delay_seconds, WAIT_SECONDS_MIN), SERVER_WAIT_SECONDS_MAX)
    return True


def is_passing(status: status_pb2.Status) -> bool:
    """Whether one request of a batch may be taken in a moment."""
    return status.code in PASSING_NUMBERS


def is_too_large(error: grpc.aio.AioRpcError) -> bool:
    """Whether a message is over a size limit, this side's or the server's."""
    # gRPC reports it with the code of an overload.
    return error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in (error.details() or "")


def refusal_of(status: status_pb2.Status, sent_otherwise: str) -> tuple[str, str, str]:
    """The reason, the field and a text for a person, out of one request's status.

    `sent_otherwise` is the text for an id that was used before with other content.
    """
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
    if reason in SENT_OTHERWISE:
        # Whoever imports a file never chose a request id, so the service's text alone would puzzle.
        return reason, field, f"{sent_otherwise} ({status.message})"
    return reason, field, detail or status.message


def explain(error: Exception) -> str:
    """Why sending ended, for a person."""
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
