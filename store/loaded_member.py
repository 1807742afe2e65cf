"""A member while its batch is folded in memory."""

from collections import defaultdict
from typing import Final

import msgspec

from members.account import Account
from members.commands import Command, EnrolMember, SettleOrder, TransferPoints, note_of
from members.effects import Effect, HoldPlaced, HoldResolved, LotExpired, OrderRefunded, refunded_after
from members.execute import Accepted
from members.journal import Entry
from members.records import HoldRecord, SettledOrder
from points.policies import NEVER
from programs.program import Program

Key = tuple[int, str, str]
# An account is kept as it was at least every so many entries, for looks into the past.
SNAPSHOT_ENTRIES: Final = 64


class HoldRow(msgspec.Struct):
    """A hold as its row will be."""

    seq: int
    points: int
    deadline_us: int
    state: str = "open"
    captured_points: int = 0
    resolved_seq: int | None = None


class LoadedMember:
    """A member within a batch: as loaded, and as its commands have left it so far.

    What was looked up for its commands stands beside the account — `by_request`, `by_order`, `by_refund`,
    `settled`, `holds`, `expired` — and is kept true while the batch goes on; what is to be written gathers in
    the other collections.
    """

    __slots__ = (
        "account",
        "by_order",
        "by_refund",
        "by_request",
        "changed_refunds",
        "entries",
        "expired",
        "expired_changes",
        "expired_known",
        "feed_xid",
        "hold_rows",
        "holds",
        "key",
        "names",
        "notes",
        "orders",
        "program",
        "refunds",
        "repeats",
        "resolved_holds",
        "salt",
        "settled",
        "version_before",
    )

    def __init__(self, key: Key, account: Account, salt: bytes, feed_xid: int, program: Program) -> None:
        self.key = key
        self.account = account
        self.version_before = account.version
        self.salt = salt
        self.feed_xid = feed_xid
        self.program = program
        self.by_request: dict[str, tuple[bytes, Entry]] = {}
        self.by_order: dict[str, Entry] = {}
        self.by_refund: dict[tuple[str, str], Entry] = {}
        self.settled: dict[str, SettledOrder] = {}
        self.holds: dict[str, HoldRecord] = {}
        self.expired: dict[int, int] = {}
        self.expired_known: set[str] = set()
        self.entries: list[Entry] = []
        self.orders: list[tuple[str, int, bytes]] = []
        self.repeats: list[tuple[str, bytes, int]] = []
        self.names: list[str] = []
        self.notes: list[tuple[int, str]] = []
        self.refunds: list[tuple[str, int, str]] = []
        self.changed_refunds: set[str] = set()
        self.hold_rows: dict[str, HoldRow] = {}
        self.resolved_holds: list[HoldResolved] = []
        self.expired_changes: defaultdict[int, int] = defaultdict(int)

    @property
    def is_new(self) -> bool:
        """Whether the member was made for this batch's commands and none of them was accepted."""
        return self.account.version == 0

    @property
    def needs_snapshot(self) -> bool:
        """Whether so many entries came since the last time that the account is to be kept as it is now."""
        return self.version_before // SNAPSHOT_ENTRIES != self.account.version // SNAPSHOT_ENTRIES

    def remember(self, command: Command | TransferPoints, digest: bytes, result: Accepted) -> None:
        """Take over what an accepted command gave, for the commands after it and for writing."""
        entry = result.entries[-1]
        self.take_over(result)
        self.by_request[command.request_id] = (digest, entry)
        if isinstance(command, SettleOrder):
            order = command.order
            self.by_order[order.order_id] = entry
            self.settled[order.order_id] = SettledOrder(entry, order, self.program.document.policies.refunds)
            self.orders.append((order.order_id, entry.seq, command.content))
        elif isinstance(command, EnrolMember) and command.display_name:
            self.names.append(command.display_name)
        note = note_of(command)
        if note:
            self.notes.append((entry.seq, note))

    def take_over(self, result: Accepted) -> None:
        """Take over entries, the account after them, and what they change beside it."""
        self.account = result.account
        self.entries.extend(result.entries)
        if result.effects:
            entries = {entry.seq: entry for entry in result.entries}
            for effect in result.effects:
                self._follow(effect, entries)

    def _follow(self, effect: Effect, entries: dict[int, Entry]) -> None:
        match effect:
            case HoldPlaced():
                self.holds[effect.hold_id] = HoldRecord(effect.hold_id, effect.points, "open")
                self.hold_rows[effect.hold_id] = HoldRow(effect.seq, effect.points, effect.deadline_us)
            case HoldResolved():
                self._resolve(effect, entries[effect.seq])
            case OrderRefunded():
                settled = self.settled[effect.order_id]
                refunded = refunded_after(settled.refunded, effect.change)
                self.settled[effect.order_id] = msgspec.structs.replace(settled, refunded=refunded)
                self.refunds.append((effect.order_id, effect.seq, effect.refund_id))
                self.changed_refunds.add(effect.order_id)
                if effect.refund_id:
                    self.by_refund[effect.order_id, effect.refund_id] = entries[effect.seq]
            case LotExpired():
                self.expired_changes[effect.key_us] += effect.points
                # The sliding lot's key is made when it ends: what the table did not have, it has not now.
                if effect.key_us < NEVER or effect.key_us in self.expired:
                    self.expired[effect.key_us] = self.expired.get(effect.key_us, 0) + effect.points

    def _resolve(self, effect: HoldResolved, entry: Entry) -> None:
        placed = self.hold_rows.get(effect.hold_id)
        if placed is not None:
            placed.state, placed.captured_points = effect.state, effect.captured_points
            placed.resolved_seq = effect.seq
        else:
            self.resolved_holds.append(effect)
        known = self.holds.get(effect.hold_id)
        if known is not None:
            self.holds[effect.hold_id] = HoldRecord(
                effect.hold_id, known.points, effect.state, effect.captured_points, entry
            )

    def know_expired(self, key_us: int, points: int) -> None:
        """Note what the table says of a lot; what this batch did to it so far comes on top."""
        self.expired[key_us] = points + self.expired_changes.get(key_us, 0)
