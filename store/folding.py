"""A member's journal folded from nothing, and held against everything that is derived from it."""

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

import msgspec

from members.account import Account
from members.apply import follow
from members.chain import chain_holds
from members.commands import SettleOrder, digest_of
from members.effects import (
    Effect,
    HoldPlaced,
    HoldResolved,
    LotExpired,
    OrderRefunded,
    refunded_after,
)
from members.journal import Captured, Entry, Spent, decode_changes
from points.falling_due import next_due_us
from points.ledger import law_broken
from points.lots import BooksBrokenError
from points.order import decode_order
from points.refunding import NOTHING_REFUNDED, Refunded
from store.drifts import FoundDrift

# What is wrong with the journal itself, so that nothing can be made from it.
CHAIN_REASONS: Final = frozenset(
    {"SEQUENCE_GAP", "HASH_BROKEN", "ENTRY_BALANCE", "ENTRY_UNREADABLE", "LAW_BROKEN"}
)


# What is not in the journal, and so cannot be made from it.
LOST_REASONS: Final = frozenset({"ORDER_MISSING", "ORDER_CONTENT_DIFFERS"})


class HoldState(NamedTuple):
    """A hold as its row says, or as the journal gives it."""

    seq: int
    points: int
    deadline_us: int
    state: str
    captured_points: int
    resolved_seq: int | None


class OrderState(NamedTuple):
    """An order as its row says: the entry that settled it, what came back, and its content as stored."""

    seq: int
    refunded: Refunded
    content: str


class Derived(NamedTuple):
    """Everything beside the journal that a member's rows say. Times in microseconds since 1970, UTC."""

    account: Account | None
    next_due_us: int
    salt: bytes
    orders: dict[str, OrderState]
    refunds: set[tuple[str, int, str]]
    holds: dict[str, HoldState]
    expired: dict[int, int]
    snapshots: dict[int, Account]


NOTHING_DERIVED: Final = Derived(None, 0, b"", {}, set(), {}, {}, {})


class Fold:
    """A member's journal, folded entry by entry. The first entry that does not fit ends it."""

    def __init__(self, program_id: str, member_id: str, derived: Derived = NOTHING_DERIVED) -> None:
        self.account = Account(program_id, member_id)
        self.orders: dict[str, tuple[int, Refunded]] = {}
        self.refunds: set[tuple[str, int, str]] = set()
        self.holds: dict[str, HoldState] = {}
        self.expired: dict[int, int] = {}
        self.drifts: list[FoundDrift] = []
        self.broken = False
        self._derived = derived

    def add(self, entry: Entry) -> None:
        """Check the next entry and fold it in."""
        if self.broken:
            return
        found = self._first_mistake(entry)
        if found is not None:
            self._drift(entry.seq, *found)
            self.broken = True
            return
        if entry.kind == "order_settled":
            self.orders[entry.order_id] = (entry.seq, NOTHING_REFUNDED)
            self._check_order(entry)
        kept = self._derived.snapshots.get(entry.seq)
        if kept is not None and kept != self.account:
            self._drift(entry.seq, "SNAPSHOT_DIFFERS", difference(self.account, kept))

    def _first_mistake(self, entry: Entry) -> tuple[str, str] | None:
        if entry.seq != self.account.version + 1:
            return "SEQUENCE_GAP", f"follows entry {self.account.version}"
        if not chain_holds(self.account.head_hash, entry):
            return "HASH_BROKEN", "the hash is not the one its content and predecessor give"
        try:
            recorded = follow(self.account, entry)
        except BooksBrokenError as error:
            return "ENTRY_BALANCE", str(error)
        except msgspec.MsgspecError as error:
            return "ENTRY_UNREADABLE", str(error)
        self.account = recorded.account
        for effect in recorded.effects:
            self._follow(effect)
        law = law_broken(self.account.ledger)
        return ("LAW_BROKEN", law) if law else None

    def _follow(self, effect: Effect) -> None:
        match effect:
            case HoldPlaced():
                self.holds[effect.hold_id] = HoldState(
                    effect.seq, effect.points, effect.deadline_us, "open", 0, None
                )
            case HoldResolved():
                self.holds[effect.hold_id] = self.holds[effect.hold_id]._replace(
                    state=effect.state, captured_points=effect.captured_points, resolved_seq=effect.seq
                )
            case OrderRefunded():
                settled_seq, refunded = self.orders[effect.order_id]
                self.orders[effect.order_id] = settled_seq, refunded_after(refunded, effect.change)
                self.refunds.add((effect.order_id, effect.seq, effect.refund_id))
            case LotExpired():
                left = self.expired.get(effect.key_us, 0) + effect.points
                self.expired[effect.key_us] = left

    def _check_order(self, entry: Entry) -> None:
        stored = self._derived.orders.get(entry.order_id)
        if stored is None or stored.seq != entry.seq:
            self._drift(entry.seq, "ORDER_MISSING", f"order {entry.order_id!r} is not recorded for it")
        elif self._is_checkable(stored) and not _is_content(entry, stored.content, self._derived.salt):
            detail = f"order {entry.order_id!r} is not what was received"
            self._drift(entry.seq, "ORDER_CONTENT_DIFFERS", detail)

    def _is_checkable(self, stored: OrderState) -> bool:
        """Whether content and salt are there: without both, the digest tells nothing."""
        return stored.content != "null" and bool(self._derived.salt)

    def finish(self) -> list[FoundDrift]:
        """Compare with what is derived from the journal; everything that was found."""
        if self.broken:
            return self.drifts
        derived = self._derived
        if derived.account is None:
            self._drift(0, "ACCOUNT_DIFFERS", "there are entries and no account")
        elif derived.account != self.account:
            self._drift(0, "ACCOUNT_DIFFERS", difference(self.account, derived.account))
        elif derived.next_due_us != next_due_us(self.account.ledger):
            due = next_due_us(self.account.ledger)
            self._drift(0, "ACCOUNT_DIFFERS", f"falls due at {due}, the account says {derived.next_due_us}")
        for order_id, (seq, refunded) in self.orders.items():
            stored = derived.orders.get(order_id)
            if stored is not None and stored.seq == seq and stored.refunded != refunded:
                detail = f"order {order_id!r}: the journal gives {refunded}, its row has {stored.refunded}"
                self._drift(seq, "ORDER_DIFFERS", detail)
        self._compare("ORDER_DIFFERS", "refunds", self.refunds, derived.refunds)
        self._compare("HOLD_DIFFERS", "holds", set(self.holds.items()), set(derived.holds.items()))
        expired = {item for item in self.expired.items() if item[1]}
        stored_expired = {item for item in derived.expired.items() if item[1]}
        self._compare("EXPIRED_LOT_DIFFERS", "expired lots", expired, stored_expired)
        return self.drifts

    def _compare(
        self, reason: str, what: str, wanted: AbstractSet[object], have: AbstractSet[object]
    ) -> None:
        if wanted != have:
            missing, strange = sorted(map(str, wanted - have)), sorted(map(str, have - wanted))
            self._drift(0, reason, f"{what}: the journal gives {missing}, the rows have {strange}")

    def _drift(self, seq: int, reason: str, detail: str) -> None:
        self.drifts.append(FoundDrift(self.account.member_id, seq, reason, detail))


def _is_content(entry: Entry, content: str, salt: bytes) -> bool:
    """Whether an order's stored content is the one whose digest the entry keeps."""
    order = decode_order(content)
    changes = decode_changes(entry.changes_json)
    spent = next((change for change in changes if isinstance(change, (Spent, Captured))), None)
    hold_id = spent.hold_id if isinstance(spent, Captured) else ""
    # Of a hold, all points may have been asked for as 0.
    asked = {0, spent.points} if hold_id and spent is not None else {spent.points if spent is not None else 0}
    return any(
        digest_of(SettleOrder("", order, content.encode(), spend_points=points, hold_id=hold_id), salt)
        == entry.digest
        for points in asked
    )


def difference(expected: Account, found: Account) -> str:
    """Where two accounts differ, in words."""
    wanted, have = msgspec.structs.asdict(expected), msgspec.structs.asdict(found)
    return "; ".join(
        f"{name}: the journal gives {_shown(wanted[name])}, the row has {_shown(have[name])}"
        for name in wanted
        if wanted[name] != have[name]
    )


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
