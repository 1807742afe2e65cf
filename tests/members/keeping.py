"""A member with everything that is kept beside the account, as a store keeps it: for commands in a row."""

from dataclasses import dataclass, field

import msgspec

from members.account import Account
from members.commands import Command, SettleOrder, TransferPoints, digest_of
from members.effects import (
    Effect,
    HoldPlaced,
    HoldResolved,
    LotExpired,
    OrderRefunded,
    refunded_after,
)
from members.execute import Accepted, BothAccepted, Repeated, execute, execute_transfer, recognise
from members.journal import Change, Entry
from members.records import HoldRecord, Records, SettledOrder
from members.rejections import Rejection
from programs.program import Program
from tests.members.building import NOBODY, SALT, changes_of

Outcome = Accepted | Repeated | Rejection


@dataclass
class Kept:
    """A member, its journal, and what its entries changed beside the account."""

    member_id: str = "m1"
    account: Account = NOBODY
    entries: list[Entry] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    by_request: dict[str, tuple[bytes, Entry]] = field(default_factory=dict)
    orders: dict[str, SettledOrder] = field(default_factory=dict)
    by_refund: dict[tuple[str, str], Entry] = field(default_factory=dict)
    holds: dict[str, HoldRecord] = field(default_factory=dict)
    expired: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account = msgspec.structs.replace(self.account, member_id=self.member_id)

    def records(self, command: Command) -> Records:
        """What a command needs to know beside the account."""
        order_id = getattr(command, "order_id", "")
        hold_id = getattr(command, "hold_id", "")
        return Records(self.orders.get(order_id), self.holds.get(hold_id), self.expired)

    def outcome(self, command: Command, rules: Program, now_us: int) -> Outcome:
        """What a command would give, and nothing is changed."""
        digest = digest_of(command, SALT)
        order_id = command.order.order_id if isinstance(command, SettleOrder) else ""
        refund = (getattr(command, "order_id", ""), getattr(command, "refund_id", ""))
        earlier = recognise(
            command,
            digest,
            self.by_request.get(command.request_id),
            self.orders[order_id].entry if order_id in self.orders else None,
            self.by_refund.get(refund) if refund[1] else None,
            self.holds.get(getattr(command, "hold_id", "")),
        )
        if earlier is not None:
            return earlier
        return execute(self.account, command, digest, rules, now_us, self.records(command))

    def tried(self, command: Command, rules: Program, now_us: int) -> Outcome:
        """What a command gives; accepted, it has happened."""
        outcome = self.outcome(command, rules, now_us)
        if isinstance(outcome, Accepted):
            self.take_over(outcome)
            entry = outcome.entries[-1]
            self.by_request[command.request_id] = (digest_of(command, SALT), entry)
            if isinstance(command, SettleOrder):
                policy = rules.document.policies.refunds
                self.orders[command.order.order_id] = SettledOrder(entry, command.order, policy)
        elif isinstance(outcome, Repeated) and not outcome.known:
            self.by_request[command.request_id] = (digest_of(command, SALT), outcome.entry)
        return outcome

    def done(self, command: Command, rules: Program, now_us: int) -> tuple[Change, ...]:
        """What an accepted command's own entry changed."""
        outcome = self.tried(command, rules, now_us)
        assert isinstance(outcome, Accepted), outcome
        return changes_of(outcome.entries[-1])

    def take_over(self, result: Accepted) -> None:
        """Take over entries and what they change."""
        self.account = result.account
        self.entries += result.entries
        self.effects += result.effects
        entries = {entry.seq: entry for entry in result.entries}
        for effect in result.effects:
            match effect:
                case HoldPlaced():
                    self.holds[effect.hold_id] = HoldRecord(effect.hold_id, effect.points, "open")
                case HoldResolved():
                    points = self.holds[effect.hold_id].points
                    self.holds[effect.hold_id] = HoldRecord(
                        effect.hold_id, points, effect.state, effect.captured_points, entries[effect.seq]
                    )
                case OrderRefunded():
                    settled = self.orders[effect.order_id]
                    refunded = refunded_after(settled.refunded, effect.change)
                    self.orders[effect.order_id] = msgspec.structs.replace(settled, refunded=refunded)
                    if effect.refund_id:
                        self.by_refund[effect.order_id, effect.refund_id] = entries[effect.seq]
                case LotExpired():
                    self.expired[effect.key_us] = self.expired.get(effect.key_us, 0) + effect.points


def transferred(
    sender: Kept, receiver: Kept, command: TransferPoints, rules: Program, now_us: int
) -> BothAccepted | Rejection:
    """What a transfer gives; accepted, it has happened to both."""
    digest = digest_of(command, SALT)
    outcome = execute_transfer(sender.account, receiver.account, command, digest, rules, now_us)
    if isinstance(outcome, BothAccepted):
        sender.take_over(outcome.sender)
        receiver.take_over(outcome.receiver)
        sender.by_request[command.request_id] = (digest, outcome.sender.entries[-1])
    return outcome
