"""Undoing orders: domain.md, Points 7. By the record of the order's own entry, as parts of what it was."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from tests.ledger_model.answers import Refused
from tests.ledger_model.asks import Refund, Settle, Terms
from tests.ledger_model.parcels import Points
from tests.ledger_model.parts import SLIDING, End, end_of_grace, split


@dataclass
class Award:
    """What a rule gave an order: points of one end, perhaps waiting until an instant; how many of them paid
    debt at once, and how many were taken back since.
    """

    points: int
    earned_us: int
    end: End
    waited_us: int | None
    paid_debt: int
    taken_back: int = 0


@dataclass
class Settled:
    """An order, by which terms it was settled, what it spent and earned, and what came back of it so far."""

    order: Settle
    terms: Terms
    spent: list[tuple[End, int]]
    awards: list[Award]
    settled_us: int
    told_late: bool
    refunded_minor: int = 0
    pieces: Counter[str] = field(default_factory=Counter)
    restored: int = 0
    whole: bool = False


@dataclass
class Undone:
    """What one refund did."""

    refunded_minor: int = 0
    restored: int = 0
    taken_back: int = 0
    debt_added: int = 0
    forgiven: int = 0


def refund(points: Points, settled: Settled, ask: Refund, refunded_us: int, zone: str) -> Undone | Refused:
    """Carry a refund out. Where it is refused, what it has done so far is for the caller to throw away."""
    if settled.whole:
        return Refused("refund_exceeds_order")
    money = money_of(settled, ask)
    if isinstance(money, Refused):
        return money
    if settled.refunded_minor + money > settled.order.amount_minor:
        return Refused("refund_exceeds_order")
    settled.refunded_minor += money
    share = share_of(settled, ask)
    settled.whole = share == 1
    undone = Undone(refunded_minor=money)
    undone.restored = restore(points, settled, share, refunded_us, zone)
    for award in settled.awards:
        take_back(points, settled, award, share, undone)
    if undone.debt_added and settled.terms.on_shortfall == "reject":
        return Refused("insufficient_points", (undone.taken_back, undone.taken_back - undone.debt_added))
    return undone


def money_of(settled: Settled, ask: Refund) -> int | Refused:
    """The money that is given back this time; counts the pieces."""
    if not ask.lines:
        return ask.amount_minor or settled.order.amount_minor - settled.refunded_minor
    money = 0
    for line_id, pieces in ask.lines:
        line = next((line for line in settled.order.lines if line.line_id == line_id), None)
        if line is None:
            return Refused("line_unknown")
        before = settled.pieces[line_id]
        if before + pieces > line.quantity:
            return Refused("refund_exceeds_order")
        settled.pieces[line_id] += pieces
        a_piece = Fraction(line.amount_minor, line.quantity)
        money += floor(a_piece * (before + pieces)) - floor(a_piece * before)
    return money


def share_of(settled: Settled, ask: Refund) -> Fraction:
    """How much of the order has come back by now, this time included: 1 is all of it."""
    if not ask.lines and not ask.amount_minor:
        return Fraction(1)
    if settled.order.amount_minor:
        return Fraction(settled.refunded_minor, settled.order.amount_minor)
    bought = sum(line.quantity for line in settled.order.lines)
    return Fraction(settled.pieces.total(), bought)


def restore(points: Points, settled: Settled, share: Fraction, refunded_us: int, zone: str) -> int:
    """Give spent points back, the last of them first; answers how many."""
    last_first = settled.spent[::-1]
    wanted = floor(sum(count for _, count in last_first) * share)
    _, coming = split(split(last_first, wanted)[0], settled.restored)
    settled.restored = wanted
    grace_days = settled.terms.restore_grace_days
    for spent_end, count in coming:
        end = spent_end
        if points.has_ended(end) and grace_days:
            end = end_of_grace(refunded_us, grace_days, zone)
        points.counts["redeemed"] -= count
        points.credit(end, count, f"restored {settled.order.order_id}")
    return sum(count for _, count in coming)


def take_back(points: Points, settled: Settled, award: Award, share: Fraction, undone: Undone) -> None:
    """Take earned points back: where they wait, where they are, where they expired, then what ends first.

    What of an award paid debt when it was earned is nowhere to be found, and is taken last.
    """
    wanted = floor(award.points * share)
    required = wanted - award.taken_back
    findable = max(0, award.points - award.paid_debt - award.taken_back)
    award.taken_back = wanted
    missing = required - take_own(points, award, min(required, findable), late=settled.told_late)
    missing -= sum(parcel.points for parcel in points.take(missing))
    forgiven = missing if settled.terms.on_shortfall == "forgive" else 0
    undone.taken_back += required - forgiven
    undone.forgiven += forgiven
    undone.debt_added += missing - forgiven
    points.debt += missing - forgiven
    points.counts["voided"] += required - forgiven


def take_own(points: Points, award: Award, wanted: int, *, late: bool) -> int:
    """Take points from where the award put its own; answers how many were there.

    Sliding points that were gone since the order are the order's, and what slides now came later; an order
    that was told late may have come to what slides now.
    """
    missing = wanted
    if award.waited_us is not None:
        missing -= points.take_waiting(award.waited_us, award.end, missing)
    if award.end == SLIDING and not late:
        missing -= points.take_expired(award.end, award.earned_us, missing)
    missing -= points.take_of(award.end, missing)
    missing -= points.take_expired(award.end, award.earned_us, missing)
    return wanted - missing
