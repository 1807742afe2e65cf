"""A receipt: one entry, and everything that proves it to stand under a signed seal.

It is a JSON document that is checked without the service and without its database. Every byte of it counts:
it is written in one way only, and a receipt that is written otherwise is refused.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from members.chain import CHAIN_FORMAT, digest_of_texts, entry_fields_json, linked
from members.journal import Entry, EntryBalance
from members.slots import SLOTS, slot_of
from seals.heads import Head, leaves_of
from seals.merkle import leaf_hash, root_by_path, slot_hash, tree_path
from seals.signing import signature_holds
from seals.statement import Statement, StatementInvalidError, read_statement

RECEIPT_FORMAT: Final = "loyalty receipt 1"
# What a reader takes: the entries of one member between two seals, at about 75 bytes each.
LATER_ENTRIES_MAX: Final = 100_000
RECEIPT_BYTES_MAX: Final = 16 * 1024 * 1024

HexHash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
HexSignature = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ReceiptInvalidError(ValueError):
    """The bytes are no receipt; the error says why."""


class ProvenEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The entry: the two texts whose digest the chain is made of, and the hash of the entry before it."""

    fields: str
    changes: str
    previous_hash: HexHash


class EntryFields(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What an entry's fields say, in their order. The times are microseconds since 1970, UTC."""

    format: int
    program_id: str
    member_id: str
    seq: int
    kind: str
    request_id: str
    request_digest: str
    order_id: str
    balance: EntryBalance
    program_version: int
    effective_us: int
    recorded_us: int
    back_dated: bool


class SlotProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The member's place among the members of its slot, and the path to the root over them."""

    number: Annotated[int, msgspec.Meta(ge=0, lt=SLOTS)]
    members: Count
    index: Count
    path: Annotated[tuple[HexHash, ...], msgspec.Meta(max_length=64)]


class SealProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seal: the path from the slot to its root, the statement, and the signature over it."""

    path: Annotated[tuple[HexHash, ...], msgspec.Meta(max_length=64)]
    statement: str
    public_key: HexHash
    signature: HexSignature


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt. `later_digests` are the content digests of the member's later entries under the seal."""

    format: str
    program_id: str
    member_id: str
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    entry: ProvenEntry
    later_digests: Annotated[tuple[HexHash, ...], msgspec.Meta(max_length=LATER_ENTRIES_MAX)]
    slot: SlotProof
    seal: SealProof


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Receipt)
_fields_decoder: Final = msgspec.json.Decoder(EntryFields)


def build_receipt(
    entry: Entry,
    previous_hash: bytes,
    later_digests: Sequence[bytes],
    heads: Sequence[Head],
    slot_hashes: Sequence[bytes],
    statement: str,
    signature: bytes,
) -> Receipt:
    """The receipt of an entry. `heads` are those of its slot in order, `slot_hashes` those of all slots.

    Raises ReceiptInvalidError where the member is not among the heads.
    """
    slot = slot_of(entry.program_id, entry.member_id)
    index = next((place for place, head in enumerate(heads) if head.member_id == entry.member_id), None)
    if index is None:
        raise ReceiptInvalidError(f"the seal does not cover member {entry.member_id!r}")
    return Receipt(
        RECEIPT_FORMAT,
        entry.program_id,
        entry.member_id,
        entry.seq,
        ProvenEntry(entry_fields_json(entry).decode(), entry.changes_json.decode(), previous_hash.hex()),
        _hex(later_digests),
        SlotProof(slot, len(heads), index, _hex(tree_path(leaves_of(heads), index))),
        SealProof(
            _hex(tree_path(slot_hashes, slot)),
            statement,
            read_statement(statement).public_key.hex(),
            signature.hex(),
        ),
    )


def encode_receipt(receipt: Receipt) -> bytes:
    """The one way in which a receipt is written: JSON, two spaces deep, ended by a line feed."""
    return msgspec.json.format(_encoder.encode(receipt), indent=2) + b"\n"


def decode_receipt(content: bytes) -> Receipt:
    """The receipt of its bytes. Raises ReceiptInvalidError where they are none, or written in another way."""
    if len(content) > RECEIPT_BYTES_MAX:
        raise ReceiptInvalidError(f"must not be longer than {RECEIPT_BYTES_MAX} bytes")
    try:
        receipt = _decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ReceiptInvalidError(str(error)) from None
    if receipt.format != RECEIPT_FORMAT:
        raise ReceiptInvalidError(f"format: must be {RECEIPT_FORMAT!r}")
    if encode_receipt(receipt) != content:
        raise ReceiptInvalidError(
            "it is not written as a receipt is: something was added, moved or reformatted"
        )
    return receipt


def entry_fields(receipt: Receipt) -> EntryFields:
    """What the entry's fields say. Raises msgspec.MsgspecError where they are not those of an entry."""
    return _fields_decoder.decode(receipt.entry.fields)


def check_receipt(receipt: Receipt, public_key: bytes | None) -> list[str]:
    """What is wrong with a receipt, a sentence each; nothing where it proves its entry.

    `public_key` is the key that the seal must have been signed with. Without one the receipt is checked with
    the key that it names itself: then it proves only what the owner of that key says, whoever that is.
    """
    try:
        statement = read_statement(receipt.seal.statement)
    except StatementInvalidError as error:
        return [f"the statement of the seal cannot be read: {error}"]
    return [
        *_entry_problems(receipt),
        *_seal_problems(receipt, statement, public_key),
        *_path_problems(receipt, statement),
    ]


def _entry_problems(receipt: Receipt) -> list[str]:
    """Whether the entry's text says what the receipt says of it."""
    try:
        fields = entry_fields(receipt)
        msgspec.json.decode(receipt.entry.changes)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ["the entry's fields or changes are not those of an entry"]
    expected = {
        "format": CHAIN_FORMAT,
        "program_id": receipt.program_id,
        "member_id": receipt.member_id,
        "seq": receipt.seq,
    }
    return [
        f"the entry's {name} is {getattr(fields, name)!r}, the receipt says {wanted!r}"
        for name, wanted in expected.items()
        if getattr(fields, name) != wanted
    ]


def _seal_problems(receipt: Receipt, statement: Statement, public_key: bytes | None) -> list[str]:
    problems: list[str] = []
    if statement.program_id != receipt.program_id:
        problems.append(f"the seal is of program {statement.program_id!r}, not of {receipt.program_id!r}")
    named = bytes.fromhex(receipt.seal.public_key)
    if named != statement.public_key:
        problems.append("the receipt names another public key than the statement of its seal")
    if public_key not in {None, statement.public_key}:
        problems.append("the seal was signed with another key than the one that is trusted")
    signature = bytes.fromhex(receipt.seal.signature)
    if not signature_holds(statement.public_key, receipt.seal.statement, signature):
        problems.append("the signature is not one over this statement")
    return problems


def _path_problems(receipt: Receipt, statement: Statement) -> list[str]:
    """Whether the way from the entry's text leads to the root that was signed."""
    slot = slot_of(receipt.program_id, receipt.member_id)
    if receipt.slot.number != slot:
        return [f"the member's slot is {slot}, not {receipt.slot.number}"]
    digest = digest_of_texts(receipt.entry.fields.encode(), receipt.entry.changes.encode())
    head = linked(bytes.fromhex(receipt.entry.previous_hash), digest)
    for later in receipt.later_digests:
        head = linked(head, bytes.fromhex(later))
    leaf = leaf_hash(receipt.member_id, receipt.seq + len(receipt.later_digests), head)
    slot_root = root_by_path(leaf, receipt.slot.index, receipt.slot.members, _bytes(receipt.slot.path))
    if slot_root is None:
        return ["the path within the slot does not fit the member's place in it"]
    top_leaf = slot_hash(slot, receipt.slot.members, slot_root)
    root = root_by_path(top_leaf, slot, SLOTS, _bytes(receipt.seal.path))
    if root != statement.root:
        return [
            "the entry does not lead to the root that was sealed: it is not what was written, or not there"
        ]
    return []


def _hex(hashes: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in hashes)


def _bytes(hashes: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(one) for one in hashes)
