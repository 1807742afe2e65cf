"""What an entry changes beside the account: holds, what came back of orders, what expired of lots.

These rows are looked up by their keys when a command needs them. They follow from the journal as the account
does, so the ledger check compares them too.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from members.journal import Captured, Change, Earned, Held, Refunding, Released, legs_of
from points.ledger import Ledger
from points.refunding import LineRefunded, Refunded, expired_key_us

HoldState = Literal["open", "captured", "released", "timed_out"]


class HoldPlaced(msgspec.Struct, frozen=True):
    """A hold is open."""

    hold_id: str
    seq: int
    points: int
    deadline_us: int


class HoldResolved(msgspec.Struct, frozen=True):
    """A hold is resolved, by the entry `seq`."""

    hold_id: str
    seq: int
    state: HoldState
    captured_points: int


class OrderRefunded(msgspec.Struct, frozen=True):
    """Something of an order came back, by the entry `seq`."""

    order_id: str
    seq: int
    refund_id: str
    change: Refunding


class LotExpired(msgspec.Struct, frozen=True):
    """Points of a lot expired (above zero), or expired points were taken back by a refund (below zero)."""

    key_us: int
    points: int


Effect = HoldPlaced | HoldResolved | OrderRefunded | LotExpired


def refunded_after(before: Refunded, change: Refunding) -> Refunded:
    """What has come back of an order after one more refund."""
    lines = dict(before.lines)
    for line_id, line in change.lines.items():
        earlier = lines.get(line_id, LineRefunded(0, 0))
        lines[line_id] = LineRefunded(
            earlier.quantity + line.quantity, earlier.amount_minor + line.amount_minor
        )
    return Refunded(change.refunded_minor, lines, change.whole)


def effects_of(ledger: Ledger, order_id: str, seq: int, changes: Sequence[Change]) -> tuple[Effect, ...]:
    """What an entry's changes do beside the account; `ledger` is the state before them."""
    effects: list[Effect] = []
    captured: dict[str, int] = {}
    for change in changes:
        match change:
            case Earned():  # nearly all are
                pass
            case Held():
                effects.append(HoldPlaced(change.hold_id, seq, change.points, change.deadline_us))
            case Captured():
                captured[change.hold_id] = change.points
            case Released() if change.hold_id not in captured:
                state: HoldState = "timed_out" if change.timed_out else "released"
                effects.append(HoldResolved(change.hold_id, seq, state, 0))
            case Refunding():
                effects.append(OrderRefunded(order_id, seq, change.refund_id, change))
            case _:
                pass
        for leg in legs_of(change):
            if leg.target == "expired":
                effects.append(LotExpired(expired_key_us(ledger, leg.end_us), leg.points))
            elif leg.source == "expired":
                effects.append(LotExpired(leg.end_us, -leg.points))
    effects += [HoldResolved(hold_id, seq, "captured", points) for hold_id, points in captured.items()]
    return tuple(effects)
