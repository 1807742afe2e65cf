"""From the errors of seals and receipts to what a caller gets."""

import grpc

from seals.statement import StatementInvalidError
from service.calls.refusal import CallRefused
from store.entries import EntryUnknownError
from store.receipts import NotSealedYetError, ReceiptTooLongError, SealBrokenError


def refusal_of_seal_error(error: Exception) -> CallRefused | None:
    """What a caller gets for an error that is part of the design; None for another one."""
    match error:
        case EntryUnknownError(program_id=program_id, member_id=member_id, seq=seq):
            return entry_not_found(program_id, member_id, seq)
        case NotSealedYetError(seq=seq, sealed_seq=sealed_seq):
            return CallRefused(
                grpc.StatusCode.FAILED_PRECONDITION,
                "NOT_SEALED_YET",
                f"no seal covers entry {seq} yet; the member's entries are sealed up to {sealed_seq}",
                metadata={"seq": seq, "sealed_seq": sealed_seq},
            )
        case ReceiptTooLongError(later=later, later_max=later_max):
            return CallRefused(
                grpc.StatusCode.FAILED_PRECONDITION,
                "RECEIPT_TOO_LONG",
                f"{later} later entries of the member lie under the same seal, a receipt holds {later_max}",
                metadata={"later": later, "later_max": later_max},
            )
        case SealBrokenError() | StatementInvalidError():
            return CallRefused(
                grpc.StatusCode.DATA_LOSS,
                "SEAL_BROKEN",
                f"the ledger is not what was sealed: {error}; `loyalty verify` shows where",
            )
        case _:
            return None


def entry_not_found(program_id: str, member_id: str, seq: int) -> CallRefused:
    """NOT_FOUND for a number that no entry of the member has."""
    return CallRefused(
        grpc.StatusCode.NOT_FOUND,
        "ENTRY_NOT_FOUND",
        f"member {member_id!r} of program {program_id!r} has no entry {seq}",
        metadata={"program_id": program_id, "member_id": member_id, "seq": seq},
    )
