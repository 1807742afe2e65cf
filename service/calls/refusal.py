"""A refusal a caller can act on: a status code, a reason, and the numbers."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

ERROR_DOMAIN: Final = "loyalty"
# A proxy or client drops a call whose trailers grow beyond 8 kB.
VIOLATIONS_SHOWN_MAX: Final = 20
DESCRIPTION_LENGTH_MAX: Final = 300


class FieldViolation(NamedTuple):
    """What is wrong with one field. `field` is its path in the request: order.lines[3].quantity."""

    field: str
    description: str


class CallRefused(Exception):  # noqa: N818 - a refusal is an answer, not a failure of ours
    """The call is refused with this status; nothing was changed by it."""

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        metadata: Mapping[str, str | int] | None = None,
        violations: Sequence[FieldViolation] = (),
        retry_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = {name: str(value) for name, value in (metadata or {}).items()}
        self.violations = violations
        self.retry_seconds = retry_seconds

    def status(self) -> status_pb2.Status:
        """The refusal as google.rpc.Status, with ErrorInfo and what else applies."""
        details: list[
            error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo
        ]
        details = [
            error_details_pb2.ErrorInfo(reason=self.reason, domain=ERROR_DOMAIN, metadata=self.metadata)
        ]
        if self.violations:
            details.append(
                error_details_pb2.BadRequest(
                    field_violations=[
                        error_details_pb2.BadRequest.FieldViolation(
                            field=violation.field, description=violation.description[:DESCRIPTION_LENGTH_MAX]
                        )
                        for violation in self.violations[:VIOLATIONS_SHOWN_MAX]
                    ]
                )
            )
        if self.retry_seconds is not None:
            delay = duration_pb2.Duration()
            delay.FromMilliseconds(int(self.retry_seconds * 1_000))
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        packed = []
        for detail in details:
            wrapped = any_pb2.Any()
            wrapped.Pack(detail)
            packed.append(wrapped)
        return status_pb2.Status(code=self.code.value[0], message=self.message, details=packed)


def invalid(violations: Sequence[FieldViolation]) -> CallRefused:
    """INVALID_ARGUMENT, naming the fields and their limits."""
    shown = "; ".join(f"{field}: {description}" for field, description in violations[:3])
    more = f"; and {len(violations) - 3} more" if len(violations) > 3 else ""
    return CallRefused(
        grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", shown[:1_000] + more, violations=violations
    )
