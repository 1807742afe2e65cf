"""The journal: the changes an entry can hold, and the entry itself."""

from typing import Final, Literal

import msgspec

from points.falling_due import next_expiry
from points.ledger import Ledger, Leg
from points.refunding import LineRefunded

EntryKind = Literal[
    "member_enrolled",
    "order_settled",
    "fell_due",
    "points_spent",
    "points_held",
    "hold_captured",
    "hold_released",
    "order_refunded",
    "points_adjusted",
    "points_voided",
    "transfer_sent",
    "transfer_received",
    "member_suspended",
    "member_reinstated",
]


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


class Spent(msgspec.Struct, frozen=True, tag="spent", tag_field="change", omit_defaults=True):
    """Points were spent. `worth_minor` is what they paid at the till; 0 where the program gives no worth."""

    points: int
    legs: tuple[Leg, ...]
    worth_minor: int = 0


class Held(msgspec.Struct, frozen=True, tag="held", tag_field="change", omit_defaults=True):
    """Points were reserved until `deadline_us`."""

    hold_id: str
    points: int
    deadline_us: int
    legs: tuple[Leg, ...]


class Captured(msgspec.Struct, frozen=True, tag="captured", tag_field="change", omit_defaults=True):
    """Reserved points were spent."""

    hold_id: str
    points: int
    legs: tuple[Leg, ...]
    worth_minor: int = 0


class Released(msgspec.Struct, frozen=True, tag="released", tag_field="change", omit_defaults=True):
    """Reserved points were given back. `timed_out`: nobody asked, the hold ran out."""

    hold_id: str
    points: int
    legs: tuple[Leg, ...]
    timed_out: bool = False


class Refunding(msgspec.Struct, frozen=True, tag="refunded", tag_field="change", omit_defaults=True):
    """Money of an order was given back: `amount_minor` this time, `refunded_minor` so far of `paid_minor`.

    `settled_seq` is the entry that settled the order. `lines` hold what came back of them this time.
    """

    settled_seq: int
    amount_minor: int
    refunded_minor: int
    paid_minor: int
    refund_id: str = ""
    lines: dict[str, LineRefunded] = {}
    whole: bool = False


class Restored(msgspec.Struct, frozen=True, tag="restored", tag_field="change", omit_defaults=True):
    """Spent points came back with a refund."""

    points: int
    legs: tuple[Leg, ...]


class TakenBack(msgspec.Struct, frozen=True, tag="taken_back", tag_field="change", omit_defaults=True):
    """A refund took back what a rule had given; `points` includes what was forgiven and what is owed."""

    rule_id: str
    points: int
    legs: tuple[Leg, ...] = ()
    forgiven_points: int = 0
    debt_points: int = 0


class Adjusted(msgspec.Struct, frozen=True, tag="adjusted", tag_field="change", omit_defaults=True):
    """Somebody gave or took points by hand."""

    delta: int
    legs: tuple[Leg, ...]


class Voided(msgspec.Struct, frozen=True, tag="voided", tag_field="change", omit_defaults=True):
    """Points were taken away for good."""

    points: int
    legs: tuple[Leg, ...]


class TransferredOut(
    msgspec.Struct, frozen=True, tag="transferred_out", tag_field="change", omit_defaults=True
):
    """Points went to another member, whose entry is `to_seq`. `day` is the program's day, as an ordinal."""

    to_member_id: str
    to_seq: int
    points: int
    day: int
    legs: tuple[Leg, ...]


class TransferredIn(
    msgspec.Struct, frozen=True, tag="transferred_in", tag_field="change", omit_defaults=True
):
    """Points came from another member, whose entry is `from_seq`."""

    from_member_id: str
    from_seq: int
    points: int
    legs: tuple[Leg, ...]


class Extended(msgspec.Struct, frozen=True, tag="extended", tag_field="change", omit_defaults=True):
    """The sliding lot now lives until `end_us`."""

    end_us: int


class Suspended(msgspec.Struct, frozen=True, tag="suspended", tag_field="change", omit_defaults=True):
    """The member was suspended."""


class Reinstated(msgspec.Struct, frozen=True, tag="reinstated", tag_field="change", omit_defaults=True):
    """The member's suspension ended."""


Change = (
    Joined
    | Earned
    | Posted
    | Expired
    | Spent
    | Held
    | Captured
    | Released
    | Refunding
    | Restored
    | TakenBack
    | Adjusted
    | Voided
    | TransferredOut
    | TransferredIn
    | Extended
    | Suspended
    | Reinstated
)


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


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(tuple[Change, ...])


def encode_changes(changes: tuple[Change, ...]) -> bytes:
    """The changes as they are stored, in JSON."""
    return _encoder.encode(changes)


def decode_changes(content: bytes | str) -> tuple[Change, ...]:
    """The changes of their stored form. Raises msgspec.ValidationError or DecodeError where it is not one."""
    return _decoder.decode(content)


def legs_of(change: Change) -> tuple[Leg, ...]:
    """The movements of a change; none where it moves no points."""
    if isinstance(change, (Joined, Refunding, Extended, Suspended, Reinstated)):
        return ()
    return change.legs


def entry_balance(ledger: Ledger) -> EntryBalance:
    """The balance that a state of the points shows."""
    expiring = next_expiry(ledger)
    return EntryBalance(
        ledger.available, ledger.pending, ledger.held, ledger.debt, expiring.end_us, expiring.points
    )
