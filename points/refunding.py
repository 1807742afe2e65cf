"""Refunds: how much of an order came back, and which points that restores and takes back (domain: Points 7).

Everything is a function of what has come back so far, so that partial refunds add up to the whole.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from points.civil_time import day_of, first_instant_after
from points.ledger import (
    HoldPart,
    Ledger,
    Leg,
    credit_all_legs,
    has_ended,
    move_all,
    take_from_lot_legs,
    take_legs,
)
from points.lots import find_pending
from points.order import Order
from points.policies import NEVER, SLIDING

OnShortfall = Literal["debt", "forgive", "reject"]


class RefundLine(msgspec.Struct, frozen=True, array_like=True):
    """So many pieces of one line that come back."""

    line_id: str
    quantity: int


class LineRefunded(msgspec.Struct, frozen=True, array_like=True):
    """What has come back of one line: pieces, and money in minor units."""

    quantity: int
    amount_minor: int


class Refunded(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has come back of an order so far. `whole`: nothing is left to refund."""

    amount_minor: int = 0
    lines: dict[str, LineRefunded] = {}
    whole: bool = False


NOTHING_REFUNDED: Final = Refunded()


class Share(NamedTuple):
    """Which part of an order has come back: numerator ÷ denominator, between 0 and 1."""

    numerator: int
    denominator: int

    def of(self, points: int) -> int:
        """This part of some points, rounded down; all of them at the whole."""
        return points * self.numerator // self.denominator


class RefundTooLarge(msgspec.Struct, frozen=True):
    """More is to come back than is left. `line_id` is empty where it is about the order's money."""

    line_id: str
    requested: int
    left: int


class LineNotThere(msgspec.Struct, frozen=True):
    """The order has no such line."""

    line_id: str


def refund_so_far(
    order: Order, before: Refunded, lines: Sequence[RefundLine], amount_minor: int
) -> Refunded | RefundTooLarge | LineNotThere:
    """What will have come back after this refund: of lines, of an amount, or of all that is left."""
    paid_minor = order.amount_minor
    if before.whole:
        asked = lines[0].quantity if lines else amount_minor
        return RefundTooLarge(lines[0].line_id if lines else "", asked, 0)
    if not lines:
        if amount_minor > paid_minor - before.amount_minor:
            return RefundTooLarge("", amount_minor, paid_minor - before.amount_minor)
        total_minor = before.amount_minor + amount_minor if amount_minor else paid_minor
        return Refunded(total_minor, before.lines, whole=total_minor == paid_minor)
    bought = {line.line_id: line for line in order.lines}
    refunded = dict(before.lines)
    total_minor = before.amount_minor
    for line_id, quantity in ((line.line_id, line.quantity) for line in lines):
        line = bought.get(line_id)
        if line is None:
            return LineNotThere(line_id)
        earlier = refunded.get(line_id, LineRefunded(0, 0))
        pieces = earlier.quantity + quantity
        if pieces > line.quantity:
            return RefundTooLarge(line_id, quantity, line.quantity - earlier.quantity)
        # Rounding what came back so far, not each refund, makes the last piece bring the rest.
        line_minor = line.amount_minor * pieces // line.quantity
        total_minor += line_minor - earlier.amount_minor
        refunded[line_id] = LineRefunded(pieces, line_minor)
    if total_minor > paid_minor:
        return RefundTooLarge("", total_minor - before.amount_minor, paid_minor - before.amount_minor)
    whole = total_minor == paid_minor if paid_minor else _pieces(refunded) == _pieces_bought(order)
    return Refunded(total_minor, refunded, whole)


def _pieces(lines: Mapping[str, LineRefunded]) -> int:
    return sum(line.quantity for line in lines.values())


def _pieces_bought(order: Order) -> int:
    return sum(line.quantity for line in order.lines)


def share_of(order: Order, refunded: Refunded) -> Share:
    """Which part of an order has come back: by money, and by pieces where nothing was paid in money."""
    if refunded.whole:
        return Share(1, 1)
    if order.amount_minor:
        return Share(refunded.amount_minor, order.amount_minor)
    bought = _pieces_bought(order)
    return Share(_pieces(refunded.lines), bought) if bought else Share(0, 1)


def restored_parts(spent: Sequence[Leg], before: int, after: int) -> tuple[HoldPart, ...]:
    """Which of the spent points come back when so many have come back before, and so many will have.

    The last ones taken come back first: so what stays spent is what a smaller spend would have taken.
    """
    parts: list[HoldPart] = []
    position = 0
    for leg in reversed(spent):
        first, last = max(before, position), min(after, position + leg.points)
        if last > first:
            parts.append(HoldPart(leg.end_us, last - first))
        position += leg.points
    return tuple(parts)


def restore_legs(
    ledger: Ledger,
    parts: Sequence[HoldPart],
    as_of_us: int,
    refunded_us: int,
    grace_days: int,
    zone: ZoneInfo,
) -> tuple[Leg, ...]:
    """The movements that give spent points back, each to its lot.

    Points whose lot has ended by `as_of_us` expire at once, or join a lot that ends when the grace is over:
    so many days after the day of `refunded_us`, which is earlier where the refund became known late.
    """
    grace_us = NEVER
    if grace_days:
        grace_us = first_instant_after(day_of(refunded_us, zone) + timedelta(days=grace_days), zone)
    placed = [
        (grace_us if grace_days and has_ended(ledger, part.end_us, as_of_us) else part.end_us, part.points)
        for part in parts
    ]
    return credit_all_legs(ledger, "redeemed", placed, as_of_us)


class Taken(NamedTuple):
    """What taking back gives: the movements, and the points that were missing."""

    legs: tuple[Leg, ...]
    forgiven_points: int
    debt_points: int


def take_back(
    ledger: Ledger,
    earned: Sequence[Leg],
    taken_before: int,
    points: int,
    expired_left: Sequence[tuple[int, int]],
    on_shortfall: OnShortfall,
    *,
    late: bool = False,
) -> Taken:
    """Take earned points back: from the award's own pending ones, then the lot it fed, then what expired of
    that lot, then what expires first; what is missing is owed or let go.

    The sliding lot lives on after its points expired. Where that happened since the order, what is in it now
    came later, and what expired is taken first; not where the order became known `late`, and may have fed it.

    `earned` are the legs of the award, `taken_before` what earlier refunds took back of it, and
    `expired_left` says how many points of its lot expired and were not taken back yet, under one key or more.
    The part of an award that paid a debt when it was earned lies in no lot, and comes last.
    """
    legs: list[Leg] = []
    home = next((leg for leg in earned if leg.target != "debt"), None)
    rest = points
    if home is not None:
        in_lot = sum(leg.points for leg in earned if leg.target != "debt")
        own = min(points, max(0, in_lot - taken_before))
        expired_first = home.end_us == SLIDING and not late
        found = _from_home_legs(ledger, home, own, expired_left, expired_first=expired_first)
        ledger = move_all(ledger, found)
        legs += found
        rest -= sum(leg.points for leg in found)
    elsewhere = take_legs(ledger, "voided", min(rest, ledger.available))
    legs += elsewhere
    missing = rest - sum(leg.points for leg in elsewhere)
    if missing and on_shortfall != "forgive":
        return Taken((*legs, Leg("debt", "voided", missing, NEVER, 0)), 0, missing)
    return Taken(tuple(legs), missing, 0)


def _from_home_legs(
    ledger: Ledger,
    home: Leg,
    points: int,
    expired_left: Sequence[tuple[int, int]],
    *,
    expired_first: bool,
) -> list[Leg]:
    legs: list[Leg] = []
    if home.target == "pending":
        waiting = min(points, find_pending(ledger.pending_lots, home.posting_us, home.end_us))
        if waiting:
            legs.append(Leg("pending", "voided", waiting, home.end_us, 0, home.posting_us))
            points -= waiting
    if expired_first:
        legs += _expired_legs(points, expired_left)
        points -= sum(leg.points for leg in legs if leg.source == "expired")
    in_lot = take_from_lot_legs(ledger, "voided", points, home.end_us)
    legs += in_lot
    if not expired_first:
        legs += _expired_legs(points - sum(leg.points for leg in in_lot), expired_left)
    return legs


def _expired_legs(points: int, expired_left: Sequence[tuple[int, int]]) -> list[Leg]:
    legs: list[Leg] = []
    for key_us, left in expired_left:
        expired = min(points, left)
        if expired:
            legs.append(Leg("expired", "voided", expired, key_us, 0))
            points -= expired
    return legs


def expired_of_home(
    earned: Sequence[Leg], settled_us: int, expired: Mapping[int, int]
) -> list[tuple[int, int]]:
    """What expired of the lot that an award fed, by the keys it is counted under (see expired_key_us).

    Of the sliding lot, which lives on after its points expired, only what expired since the order counts.
    """
    home = next((leg for leg in earned if leg.target != "debt"), None)
    if home is None:
        return []
    if home.end_us != SLIDING:
        return [(home.end_us, expired.get(home.end_us, 0))]
    return sorted(((key, left) for key, left in expired.items() if key < -settled_us), reverse=True)


def expired_key_us(ledger: Ledger, end_us: int) -> int:
    """Under which key expired points are counted: their lot's end; for the sliding lot the instant at which
    it ended, below zero, so that what expired of it before an order can be told from what expired after.
    """
    return -ledger.sliding_end_us if end_us == SLIDING else end_us
