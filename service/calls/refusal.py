"""A refusal a caller can act on: a status code, a reason, and the numbers."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

ERROR_DOMAIN: Final = "loyalty"
# A refusal travels in trailers, which clients and proxies drop beyond 8 kB. The message stands there twice:
# as text whose bytes beyond ASCII are written with three characters each, and with the details in base64.
MESSAGE_LENGTH_MAX: Final = 200
METADATA_VALUE_LENGTH_MAX: Final = 130
FIELD_LENGTH_MAX: Final = 80
DESCRIPTION_LENGTH_MAX: Final = 160
VIOLATIONS_BYTES_MAX: Final = 2_000


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
        self.message = _cut(message, MESSAGE_LENGTH_MAX)
        self.metadata = {
            name: _cut(str(value), METADATA_VALUE_LENGTH_MAX) for name, value in (metadata or {}).items()
        }
        self.violations = _within_bytes(violations)
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
                        error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
                        for field, description in self.violations
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


def _cut(text: str, length_max: int) -> str:
    return text if len(text) <= length_max else text[: length_max - 1] + "…"


def _within_bytes(violations: Sequence[FieldViolation]) -> list[FieldViolation]:
    """The first violations, shortened, as far as there is room for them; the first one always."""
    shown: list[FieldViolation] = []
    left = VIOLATIONS_BYTES_MAX
    for violation in violations:
        short = FieldViolation(
            _cut(violation.field, FIELD_LENGTH_MAX), _cut(violation.description, DESCRIPTION_LENGTH_MAX)
        )
        left -= len(short.field.encode()) + len(short.description.encode())
        if left < 0 and shown:
            break
        shown.append(short)
    return shown


def invalid(violations: Sequence[FieldViolation]) -> CallRefused:
    """INVALID_ARGUMENT, naming the fields and their limits."""
    first = f"{_cut(violations[0].field, FIELD_LENGTH_MAX)}: {violations[0].description}"
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    message = _cut(first.removeprefix(": "), MESSAGE_LENGTH_MAX - len(more)) + more
    return CallRefused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", message, violations=violations)
