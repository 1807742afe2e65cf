"""The hash chain that makes a change to a member's history show.

An entry's hash is SHA-256 over the hash of the member's previous entry (32 zero bytes before the first)
and the entry's content digest: SHA-256 over a JSON array of its fields, a line feed, and the stored text of
its changes. So the chain can be walked over entries of which nothing but the digest is known.
`docs/ledger.md` says how to recompute it without this program.
"""

from hashlib import sha256
from typing import Final

import msgspec

from members.journal import Draft, Entry, EntryBalance

CHAIN_FORMAT: Final = 2

_encoder: Final = msgspec.json.Encoder()


def fields_json(
    program_id: str,
    member_id: str,
    seq: int,
    draft: Draft | Entry,
    balance: EntryBalance,
    back_dated: bool,
) -> bytes:
    """The text of an entry's fields that is hashed: everything but its changes."""
    return _encoder.encode(
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


def digest_of_texts(fields: bytes, changes_json: bytes) -> bytes:
    """The content digest of an entry whose texts are these."""
    return sha256(fields + b"\n" + changes_json).digest()


def linked(previous_hash: bytes, digest: bytes) -> bytes:
    """The hash of an entry with this content digest that follows the one of `previous_hash`."""
    return sha256(previous_hash + digest).digest()


def content_digest(entry: Entry) -> bytes:
    """SHA-256 of what the entry says: its fields and its changes, but not what it follows."""
    return digest_of_texts(entry_fields_json(entry), entry.changes_json)


def entry_fields_json(entry: Entry) -> bytes:
    """The text of a written entry's fields that is hashed."""
    return fields_json(entry.program_id, entry.member_id, entry.seq, entry, entry.balance, entry.back_dated)


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
    fields = fields_json(program_id, member_id, seq, draft, balance, back_dated)
    return linked(previous_hash, digest_of_texts(fields, changes_json))


def chain_holds(previous_hash: bytes, entry: Entry) -> bool:
    """Whether the entry's hash is the one its content and its predecessor give."""
    return entry.hash == linked(previous_hash, content_digest(entry))
