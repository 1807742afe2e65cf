"""What a command needs to know beside the account: its order, its hold, what expired of the order's lots."""

from collections.abc import Mapping
from typing import Final

import msgspec

from members.effects import HoldState
from members.journal import Captured, Earned, Entry, Spent, decode_changes
from points.ledger import Leg
from points.order import Order, decode_order
from points.refunding import NOTHING_REFUNDED, Refunded
from programs.document import Refunds


class SettledOrder(msgspec.Struct, frozen=True):
    """A settled order: its entry, its content (None where that was erased) and what has come back of it.

    `refunds` is the policy of the program version that settled it.
    """

    entry: Entry
    content: Order | None
    refunds: Refunds
    refunded: Refunded = NOTHING_REFUNDED

    @property
    def awards(self) -> list[Earned]:
        """What its rules gave, in their order."""
        return [change for change in decode_changes(self.entry.changes_json) if isinstance(change, Earned)]

    @property
    def spent(self) -> list[Leg]:
        """The movements of the points that paid a part of it, in their order."""
        return [
            leg
            for change in decode_changes(self.entry.changes_json)
            if isinstance(change, (Spent, Captured))
            for leg in change.legs
        ]


class HoldRecord(msgspec.Struct, frozen=True):
    """A hold that was placed, and how it was resolved: by `resolution`, None while it is open."""

    hold_id: str
    points: int
    state: HoldState
    captured_points: int = 0
    resolution: Entry | None = None


class Records(msgspec.Struct, frozen=True):
    """What stands beside the account for one command. `expired` says what expired of lots, by their key."""

    order: SettledOrder | None = None
    hold: HoldRecord | None = None
    expired: Mapping[int, int] = {}


NO_RECORDS: Final = Records()


def order_of_record(content: str | bytes | None) -> Order | None:
    """The order of its stored content; None where that was erased."""
    return decode_order(content) if content and content not in {"null", b"null"} else None
