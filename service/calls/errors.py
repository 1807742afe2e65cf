"""From the store's and the documents' errors to what a caller gets. Each is mapped here, once."""

from typing import Final

import grpc

from programs.reading import DocumentInvalidError
from service.calls.refusal import CallRefused, FieldViolation, invalid
from service.calls.seal_errors import refusal_of_seal_error
from store.database import StoreUnavailableError
from store.feed import CursorExpiredError, CursorInvalidError
from store.gathering import ClosedError, QueueFullError
from store.programs import ApplyRequestReusedError, VersionChangedError
from store.tickets import ProgramUnknownError

OVERLOAD_RETRY_SECONDS: Final = 0.5
UNAVAILABLE_RETRY_SECONDS: Final = 0.2
VERIFICATION_RETRY_SECONDS: Final = 10
WATCH_RETRY_SECONDS: Final = 1


def refusal_of_error(error: Exception) -> CallRefused | None:
    """What a caller gets for an error that is part of the design; None for a defect."""
    match error:
        case CallRefused():
            return error
        case ProgramUnknownError(program_id=program_id):
            return CallRefused(
                grpc.StatusCode.NOT_FOUND,
                "PROGRAM_NOT_FOUND",
                f"there is no program {program_id!r}",
                metadata={"program_id": program_id},
            )
        case QueueFullError(waiting_max=waiting_max):
            return CallRefused(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "OVERLOADED",
                f"more than {waiting_max} calls wait; repeat this one later with the same request_id",
                metadata={"waiting_max": waiting_max},
                retry_seconds=OVERLOAD_RETRY_SECONDS,
            )
        case StoreUnavailableError() | ClosedError():
            # What the driver says may name hosts and statements: it goes to the log only.
            return CallRefused(
                grpc.StatusCode.UNAVAILABLE,
                "STORE_UNAVAILABLE",
                "the ledger cannot be reached now; repeat the call with the same request_id",
                retry_seconds=UNAVAILABLE_RETRY_SECONDS,
            )
        case DocumentInvalidError(problems=problems):
            return invalid([FieldViolation("document", str(problem)) for problem in problems])
        case VersionChangedError(expected=expected, live=live):
            return CallRefused(
                grpc.StatusCode.ABORTED,
                "PROGRAM_VERSION_CHANGED",
                f"expected_version is {expected}, the live version is {live}",
                metadata={"expected_version": expected, "live_version": live},
            )
        case ApplyRequestReusedError(request_id=request_id, version=version):
            return CallRefused(
                grpc.StatusCode.ALREADY_EXISTS,
                "REQUEST_ID_REUSED",
                f"request_id {request_id!r} applied another document, version {version}",
                metadata={"request_id": request_id, "version": version},
            )
        case CursorInvalidError():
            return invalid([FieldViolation("cursor", "must be the cursor of an answer about this program")])
        case CursorExpiredError():
            return CallRefused(
                grpc.StatusCode.FAILED_PRECONDITION,
                "CURSOR_EXPIRED",
                "the database was restored since this cursor was given; begin anew, without a cursor",
            )
        case _:
            return refusal_of_seal_error(error)


def member_not_found(program_id: str, member_id: str) -> CallRefused:
    """NOT_FOUND for a person the program does not know."""
    return CallRefused(
        grpc.StatusCode.NOT_FOUND,
        "MEMBER_NOT_FOUND",
        f"program {program_id!r} knows no member {member_id!r}",
        metadata={"program_id": program_id, "member_id": member_id},
    )


def version_not_reached(min_version: int, version: int) -> CallRefused:
    """FAILED_PRECONDITION for a version that lies beyond the member's entries."""
    return CallRefused(
        grpc.StatusCode.FAILED_PRECONDITION,
        "VERSION_NOT_REACHED",
        f"min_version is {min_version}, the member's latest is {version}",
        metadata={"min_version": min_version, "version": version},
    )


def too_many_verifications(limit: int) -> CallRefused:
    """RESOURCE_EXHAUSTED for a ledger check beside as many as a worker runs at once."""
    return CallRefused(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "OVERLOADED",
        f"{limit} ledger checks are running already; try again when one has ended",
        metadata={"running_max": limit},
        retry_seconds=VERIFICATION_RETRY_SECONDS,
    )


def too_many_watches(limit: int) -> CallRefused:
    """RESOURCE_EXHAUSTED for a stream of the feed beside as many as a worker serves at once."""
    return CallRefused(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "OVERLOADED",
        f"this worker serves {limit} streams of the feed already; try again, on another channel",
        metadata={"running_max": limit},
        retry_seconds=WATCH_RETRY_SECONDS,
    )
