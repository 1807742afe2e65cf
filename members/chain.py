"""The hash chain that makes a change to a member's history show.

An entry's hash is SHA-256 over the hash of the member's previous entry (32 zero bytes before the first), a
JSON array of the entry's fields, a line feed, and the stored text of its changes. `docs/ledger.md` says how
to recompute it without this program.
"""

from hashlib import sha256
from typing import Final

import msgspec

from members.journal import Draft, Entry, EntryBalance

CHAIN_FORMAT: Final = 1

_encoder: Final = msgspec.json.Encoder()


def entry_hash(
    previous_hash: bytes,
    program_id: str,
    member_id: str,
    seq: int,
    draft: Draft | Entry,
    balance: EntryBalance,
    back_dated: bool,
    changes_json: bytes,
) -> bytes:
    """The hash of an entry that follows the one of `previous_hash`."""
    fields = _encoder.encode(
        (
            CHAIN_FORMAT,
            program_id,
            member_id,
            seq,
            draft.kind,
            draft.request_id,
            draft.digest.hex(),
            draft.order_id,
            balance,
            draft.program_version,
            draft.effective_us,
            draft.recorded_us,
            back_dated,
        )
    )
    return sha256(previous_hash + fields + b"\n" + changes_json).digest()


def chain_holds(previous_hash: bytes, entry: Entry) -> bool:
    """Whether the entry's hash is the one its content and its predecessor give."""
    return entry.hash == entry_hash(
        previous_hash,
        entry.program_id,
        entry.member_id,
        entry.seq,
        entry,
        entry.balance,
        entry.back_dated,
        entry.changes_json,
    )
