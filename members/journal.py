"""The journal: the changes an entry can hold, and the entry itself."""

from typing import Final, Literal

import msgspec

from points.ledger import Ledger, Leg, next_expiry

EntryKind = Literal["member_enrolled", "order_settled", "fell_due"]


class Joined(msgspec.Struct, frozen=True, tag="joined", tag_field="change", omit_defaults=True):
    """A person became a member: by request, or because the program lets everybody in."""

    condition: Literal["open", "request"]


class Earned(msgspec.Struct, frozen=True, tag="earned", tag_field="change", omit_defaults=True):
    """A rule gave points. `posting_us` is 0 where they were available at once; no legs where it gave 0."""

    rule_id: str
    base_amount_minor: int
    points: int
    posting_us: int = 0
    legs: tuple[Leg, ...] = ()


class Posted(msgspec.Struct, frozen=True, tag="posted", tag_field="change", omit_defaults=True):
    """Pending points became available."""

    points: int
    posting_us: int
    legs: tuple[Leg, ...]


class Expired(msgspec.Struct, frozen=True, tag="expired", tag_field="change", omit_defaults=True):
    """A lot's points are gone."""

    points: int
    legs: tuple[Leg, ...]


Change = Joined | Earned | Posted | Expired


class EntryBalance(msgspec.Struct, frozen=True, array_like=True):
    """The balance right after an entry, as of its effective time."""

    available: int
    pending: int
    held: int
    debt: int
    next_expiry_us: int
    next_expiry_points: int


class Draft(msgspec.Struct, frozen=True):
    """What is to be written: an entry without what only its place in the journal gives it.

    `request_id` and `digest` are empty for what fell due by time. `program_version` decided it.
    """

    kind: EntryKind
    request_id: str
    digest: bytes
    order_id: str
    changes: tuple[Change, ...]
    program_version: int
    effective_us: int
    recorded_us: int


class Entry(msgspec.Struct, frozen=True):
    """One row of a member's journal. `changes_json` is the exact text that is stored and hashed."""

    program_id: str
    member_id: str
    seq: int
    kind: EntryKind
    request_id: str
    digest: bytes
    order_id: str
    changes_json: bytes
    balance: EntryBalance
    program_version: int
    effective_us: int
    recorded_us: int
    back_dated: bool
    hash: bytes


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(tuple[Change, ...])


def encode_changes(changes: tuple[Change, ...]) -> bytes:
    """The changes as they are stored, in JSON."""
    return _encoder.encode(changes)


def decode_changes(content: bytes | str) -> tuple[Change, ...]:
    """The changes of their stored form. Raises msgspec.ValidationError or DecodeError where it is not one."""
    return _decoder.decode(content)


def entry_balance(ledger: Ledger) -> EntryBalance:
    """The balance that a state of the points shows."""
    expiring = next_expiry(ledger)
    return EntryBalance(
        ledger.available, ledger.pending, ledger.held, ledger.debt, expiring.end_us, expiring.points
    )
