"""A member's points and the books they must agree with (domain: Points 9).

All movements go through `move_all`, from one account of the books to another: they balance by construction.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from points.lots import (
    BooksBrokenError,
    Lot,
    LotMovement,
    Lots,
    PendingLot,
    PendingLots,
    lots_after,
    pending_after,
)
from points.policies import NEVER, SLIDING

# Above it JavaScript and JSON lose the last digits of a number.
POINTS_MAX: Final = 2**53 - 1
# Open lots of a member, pending ones included: more than twice what one expiry policy can make, so that only
# a program whose policies or time zone change again and again could reach it.
LOTS_MAX: Final = 8_000
OPEN_HOLDS_MAX: Final = 100
# Lots that all open holds of a member together may reserve points of, each counted once a hold.
HOLD_PARTS_MAX: Final = 2_000

LedgerAccount = Literal[
    "issued", "available", "pending", "held", "redeemed", "expired", "voided", "debt", "transfer"
]

# Which account of the books points may move to, from which.
MOVEMENTS: Final[dict[LedgerAccount, frozenset[LedgerAccount]]] = {
    "issued": frozenset({"available", "pending", "expired", "debt"}),
    "pending": frozenset({"available", "expired", "voided", "debt"}),
    "available": frozenset({"held", "redeemed", "expired", "voided", "transfer"}),
    "held": frozenset({"available", "redeemed", "expired", "debt"}),
    "redeemed": frozenset({"available", "expired", "debt"}),
    "expired": frozenset({"voided"}),
    "debt": frozenset({"voided"}),
    "transfer": frozenset({"available", "expired", "debt"}),
    "voided": frozenset(),
}


class HoldPart(msgspec.Struct, frozen=True, array_like=True):
    """Held points of one lot."""

    end_us: int
    points: int


class Hold(msgspec.Struct, frozen=True, array_like=True):
    """Reserved points. Parts stand in the order in which they were taken: what expires first comes first."""

    hold_id: str
    deadline_us: int
    parts: tuple[HoldPart, ...]

    @property
    def points(self) -> int:
        """Points that are held."""
        return sum(part.points for part in self.parts)


class Leg(msgspec.Struct, frozen=True, array_like=True):
    """A movement of points between two accounts of the books.

    `end_us` names the lot they are of, NEVER and SLIDING included. `offset` is the number, within the lot, of
    the first point that moves (see Lot); points that neither leave nor reach `available` have no number: 0.
    `posting_us` names, for points that begin or stop waiting, the instant at which they were to post.
    """

    source: LedgerAccount
    target: LedgerAccount
    points: int
    end_us: int
    offset: int
    posting_us: int = 0


class Ledger(msgspec.Struct, frozen=True):
    """The state of a member's points. Lots are ordered by end, the sliding and the endless one last.

    `sliding_end_us` is the first instant at which the sliding lot's points are gone; NEVER before there was
    one. `transfer_day` (ordinal of the program's day) and `transferred_that_day` count for the daily limit.
    """

    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    issued: int = 0
    expired: int = 0
    lots: Lots = ()
    pending_lots: PendingLots = ()
    redeemed: int = 0
    voided: int = 0
    transferred_in: int = 0
    transferred_out: int = 0
    holds: tuple[Hold, ...] = ()
    sliding_end_us: int = NEVER
    transfer_day: int = 0
    transferred_that_day: int = 0


def actual_end_us(ledger: Ledger, end_us: int) -> int:
    """The first instant at which the points of a lot are gone; NEVER where they stay."""
    return ledger.sliding_end_us if end_us == SLIDING else end_us


def has_ended(ledger: Ledger, end_us: int, as_of_us: int) -> bool:
    """Whether the points of a lot are gone by an instant."""
    end = actual_end_us(ledger, end_us)
    return end <= as_of_us if end != NEVER else end_us == SLIDING


def expiring_lots(ledger: Ledger) -> list[Lot]:
    """The lots with points in the order in which they are gone, those that stay last."""
    lots = [lot for lot in ledger.lots if lot.credited > lot.consumed]
    if ledger.sliding_end_us != NEVER:
        lots.sort(key=lambda lot: (lot.end_us == NEVER, actual_end_us(ledger, lot.end_us)))
    return lots


def find_hold(ledger: Ledger, hold_id: str) -> Hold | None:
    """The open hold of this id; None where there is none."""
    for hold in ledger.holds:
        if hold.hold_id == hold_id:
            return hold
    return None


def move_all(ledger: Ledger, legs: Sequence[Leg]) -> Ledger:
    """Carry movements out, one after the other. Raises BooksBrokenError where the books do not allow one."""
    if not legs:
        return ledger
    change = dict.fromkeys(MOVEMENTS, 0)
    transferred_in = 0
    in_lots: list[LotMovement] = []
    in_pending: list[PendingLot] = []
    for leg in legs:
        source, target, points = leg.source, leg.target, leg.points
        if points <= 0:
            raise BooksBrokenError(f"a movement of {points} points")
        if target not in MOVEMENTS[source]:
            raise BooksBrokenError(f"points do not move from {source} to {target}")
        change[source] -= points
        change[target] += points
        if source == "transfer":
            transferred_in += points
        if source == "available":
            in_lots.append(LotMovement(leg.end_us, -points, leg.offset))
        elif target == "available":
            in_lots.append(LotMovement(leg.end_us, points, leg.offset))
        elif leg.offset != 0:
            raise BooksBrokenError(f"points of no lot have no number, not {leg.offset}")
        if source == "pending":
            in_pending.append(PendingLot(leg.posting_us, leg.end_us, -points))
        elif target == "pending":
            in_pending.append(PendingLot(leg.posting_us, leg.end_us, points))
    return Ledger(
        ledger.available + change["available"],
        ledger.pending + change["pending"],
        ledger.held + change["held"],
        # Points that are owed come out of the debt, which grows; what reaches it makes it smaller.
        ledger.debt - change["debt"],
        ledger.issued - change["issued"],
        ledger.expired + change["expired"],
        lots_after(ledger.lots, in_lots),
        pending_after(ledger.pending_lots, in_pending),
        ledger.redeemed + change["redeemed"],
        ledger.voided + change["voided"],
        ledger.transferred_in + transferred_in,
        ledger.transferred_out + transferred_in + change["transfer"],
        ledger.holds,
        ledger.sliding_end_us,
        ledger.transfer_day,
        ledger.transferred_that_day,
    )


def move(ledger: Ledger, leg: Leg) -> Ledger:
    """Carry one movement out."""
    return move_all(ledger, (leg,))


def credit_legs(
    ledger: Ledger, source: LedgerAccount, points: int, end_us: int, as_of_us: int
) -> tuple[Leg, ...]:
    """The movements that make points of one lot available. See credit_all_legs."""
    return credit_all_legs(ledger, source, ((end_us, points),), as_of_us)


def credit_all_legs(
    ledger: Ledger,
    source: LedgerAccount,
    parts: Sequence[tuple[int, int]],
    as_of_us: int,
    posting_us: int = 0,
) -> tuple[Leg, ...]:
    """The movements that make points available, each part (end, points) to its lot, after debt is paid.

    Points whose lot has ended by `as_of_us` expire as they come: a lot that was booked takes no more.
    `posting_us` names, for points that waited, when they were to post.
    """
    legs: list[Leg] = []
    debt = ledger.debt
    numbers: dict[int, int] | None = None
    for end_us, points in parts:
        if not points:
            continue
        if has_ended(ledger, end_us, as_of_us):
            legs.append(Leg(source, "expired", points, end_us, 0, posting_us))
            continue
        paid = min(debt, points)
        if paid:
            debt -= paid
            legs.append(Leg(source, "debt", paid, end_us, 0, posting_us))
        if points == paid:
            continue
        if numbers is None:
            numbers = {lot.end_us: lot.credited for lot in ledger.lots}
        number = numbers.get(end_us, 0)
        numbers[end_us] = number + points - paid
        legs.append(Leg(source, "available", points - paid, end_us, number, posting_us))
    return tuple(legs)


def lots_exceeded(before: Ledger, after: Ledger) -> bool:
    """Whether lots were added beyond the limit. What waits counts, because it will be a lot."""
    lots = len(after.lots) + len(after.pending_lots)
    return lots > max(LOTS_MAX, len(before.lots) + len(before.pending_lots))


def take_legs(ledger: Ledger, target: LedgerAccount, points: int) -> tuple[Leg, ...]:
    """The movements that take available points, those that expire first first (domain: Points 5)."""
    legs: list[Leg] = []
    for lot in expiring_lots(ledger):
        if not points:
            break
        taken = min(points, lot.points)
        legs.append(Leg("available", target, taken, lot.end_us, lot.consumed))
        points -= taken
    if points:
        raise BooksBrokenError(f"{points} points more are taken than are available")
    return tuple(legs)


def take_from_lot_legs(ledger: Ledger, target: LedgerAccount, points: int, end_us: int) -> tuple[Leg, ...]:
    """The movement that takes up to so many available points of one lot; none where it has none."""
    for lot in ledger.lots:
        if lot.end_us == end_us and lot.points and points:
            return (Leg("available", target, min(points, lot.points), end_us, lot.consumed),)
    return ()


def without_ended_lots(ledger: Ledger, until_us: int) -> Ledger:
    """Forget empty lots that have ended, so that what is kept is bounded by the expiry policy's days."""
    if not any(NEVER < lot.end_us <= until_us and not lot.points for lot in ledger.lots):
        return ledger
    kept = tuple(lot for lot in ledger.lots if not NEVER < lot.end_us <= until_us or lot.points)
    return msgspec.structs.replace(ledger, lots=kept)


def law_broken(ledger: Ledger) -> str | None:
    """The first law of the books that the state breaks, in words; None where it keeps them all.

    Domain, Points 9: issued + transferred in = available + pending + held + redeemed + expired + voided +
    transferred out - debt; a total is the sum of its lots; nothing is negative; who owes has nothing.
    """
    came = ledger.issued + ledger.transferred_in
    became = (
        ledger.available
        + ledger.pending
        + ledger.held
        + ledger.redeemed
        + ledger.expired
        + ledger.voided
        + ledger.transferred_out
        - ledger.debt
    )
    if came != became:
        return f"{came} points came, {became} are accounted for: {ledger}"
    in_lots = 0
    for lot in ledger.lots:
        if not 0 <= lot.consumed <= lot.credited:
            return f"a lot consumed beyond its end: {lot}"
        in_lots += lot.credited - lot.consumed
    if ledger.available != in_lots:
        return f"available {ledger.available} is not the sum of its lots: {ledger.lots}"
    if ledger.pending != sum(lot.points for lot in ledger.pending_lots):
        return f"pending {ledger.pending} is not the sum of its lots: {ledger.pending_lots}"
    if ledger.held != sum(hold.points for hold in ledger.holds):
        return f"held {ledger.held} is not the sum of its holds: {ledger.holds}"
    if ledger.debt and ledger.available:
        return f"{ledger.debt} points are owed while {ledger.available} are available"
    totals = (
        ledger.available,
        ledger.pending,
        ledger.held,
        ledger.debt,
        ledger.issued,
        ledger.expired,
        ledger.redeemed,
        ledger.voided,
        ledger.transferred_in,
        ledger.transferred_out,
    )
    if min(totals) < 0:
        return f"a negative total: {ledger}"
    if came > POINTS_MAX:
        return f"{came} points came, which is above the limit of {POINTS_MAX}"
    return None
