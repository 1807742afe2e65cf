"""A member's points: lots, pending points, and the books they must agree with (domain: Points 5 and 9).

All movements go through `move`, from one account of the books to another, so they balance by construction.
"""

from typing import Final, Literal, assert_never

import msgspec

from points.policies import NEVER

# Above it JavaScript and JSON lose the last digits of a number.
POINTS_MAX: Final = 2**53 - 1
# Open lots of a member, pending ones counted apart: more than twice what one expiry policy can make, so that
# only a program whose policies or time zone change again and again could reach it.
LOTS_MAX: Final = 8_000

LedgerAccount = Literal["issued", "available", "pending", "expired"]


class BooksBrokenError(Exception):
    """A movement or a state that the books do not allow: a defect or a forged row, never bad input."""


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """All available points of a member with one end.

    A lot's points are numbered from zero in the order they came and are consumed in that order. `credited`
    is the number of the next point to come, `consumed` that of the next to go.
    """

    end_us: int
    credited: int
    consumed: int

    @property
    def points(self) -> int:
        """Points left in the lot."""
        return self.credited - self.consumed


class PendingLot(msgspec.Struct, frozen=True, array_like=True):
    """Points that will join the lot of `end_us` at `posting_us`."""

    posting_us: int
    end_us: int
    points: int


class Leg(msgspec.Struct, frozen=True, array_like=True):
    """A movement of points between two accounts of the books.

    `offset` is the number, within the lot, of the first point that moves (see Lot); for points that go to
    `pending` it counts within the pending lot, which later joins its lot as a whole. Points that are issued
    after their lot has ended go from `issued` to `expired` and are in no lot; their offset is 0.
    """

    source: LedgerAccount
    target: LedgerAccount
    points: int
    end_us: int
    offset: int


class Ledger(msgspec.Struct, frozen=True):
    """The state of a member's points. Lots are ordered by end, the one that never expires last."""

    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    issued: int = 0
    expired: int = 0
    lots: tuple[Lot, ...] = ()
    pending_lots: tuple[PendingLot, ...] = ()


class Expiring(msgspec.Struct, frozen=True):
    """The points that are gone first, and when."""

    end_us: int
    points: int


NOTHING_EXPIRES: Final = Expiring(NEVER, 0)


def next_expiry(ledger: Ledger) -> Expiring:
    """The first lot that will expire; NOTHING_EXPIRES where none will."""
    for lot in ledger.lots:
        if lot.end_us != NEVER and lot.credited > lot.consumed:
            return Expiring(lot.end_us, lot.points)
    return NOTHING_EXPIRES


def next_due_us(ledger: Ledger) -> int:
    """The first instant at which time alone changes the points; NEVER where it does not."""
    expiry_us = next_expiry(ledger).end_us
    if not ledger.pending_lots:
        return expiry_us
    first_posting_us = ledger.pending_lots[0].posting_us
    return first_posting_us if expiry_us == NEVER else min(first_posting_us, expiry_us)


def credit_legs(
    ledger: Ledger, points: int, end_us: int, posting_us: int, advanced_us: int = 0
) -> tuple[Leg, ...]:
    """The movement that gives points: into their lot, or to pending until they post.

    A lot that ended by `advanced_us` was booked already and takes no more: such points expire as they come.
    """
    if end_us != NEVER and end_us <= advanced_us:
        return (Leg("issued", "expired", points, end_us, 0),)
    if posting_us:
        waiting = next(
            (lot for lot in ledger.pending_lots if (lot.posting_us, lot.end_us) == (posting_us, end_us)), None
        )
        return (Leg("issued", "pending", points, end_us, waiting.points if waiting else 0),)
    return (Leg("issued", "available", points, end_us, _credited(ledger, end_us)),)


def posting_legs(ledger: Ledger, posting_us: int) -> tuple[Leg, ...]:
    """The movements that post what waits for this instant."""
    return tuple(
        Leg("pending", "available", lot.points, lot.end_us, _credited(ledger, lot.end_us))
        for lot in ledger.pending_lots
        if lot.posting_us == posting_us
    )


def expiry_legs(ledger: Ledger, end_us: int) -> tuple[Leg, ...]:
    """The movement that expires the lot of this end."""
    return tuple(
        Leg("available", "expired", lot.points, lot.end_us, lot.consumed)
        for lot in ledger.lots
        if lot.end_us == end_us and lot.points
    )


def _credited(ledger: Ledger, end_us: int) -> int:
    for lot in ledger.lots:
        if lot.end_us == end_us:
            return lot.credited
    return 0


def move(ledger: Ledger, leg: Leg, posting_us: int) -> Ledger:
    """Carry one movement out. `posting_us` names the pending lot it is about, where it is about one."""
    if leg.points <= 0:
        raise BooksBrokenError(f"a movement of {leg.points} points")
    available, pending, issued, expired = ledger.available, ledger.pending, ledger.issued, ledger.expired
    lots, pending_lots = ledger.lots, ledger.pending_lots
    match leg.source:
        case "issued":
            issued += leg.points
        case "available":
            available -= leg.points
            lots = _consume(lots, leg)
        case "pending":
            pending -= leg.points
            pending_lots = _unwait(pending_lots, leg, posting_us)
        case "expired":
            raise BooksBrokenError("expired points do not move")
        case _:
            assert_never(leg.source)
    if (leg.source, leg.target) == ("issued", "expired") and leg.offset != 0:
        raise BooksBrokenError(f"points that expire as they come are in no lot, not at {leg.offset}")
    match leg.target:
        case "available":
            available += leg.points
            lots = _credit(lots, leg)
        case "pending":
            pending += leg.points
            pending_lots = _wait(pending_lots, leg, posting_us)
        case "expired":
            expired += leg.points
        case "issued":
            raise BooksBrokenError("points are issued once")
        case _:
            assert_never(leg.target)
    return Ledger(available, pending, ledger.held, ledger.debt, issued, expired, lots, pending_lots)


def _lot_order(end_us: int) -> tuple[bool, int]:
    return end_us == NEVER, end_us


def _credit(lots: tuple[Lot, ...], leg: Leg) -> tuple[Lot, ...]:
    for index, lot in enumerate(lots):
        if lot.end_us == leg.end_us:
            if lot.credited != leg.offset:
                raise BooksBrokenError(f"points join lot {leg.end_us} at {leg.offset}, not {lot.credited}")
            grown = Lot(lot.end_us, lot.credited + leg.points, lot.consumed)
            return (*lots[:index], grown, *lots[index + 1 :])
    if leg.offset != 0:
        raise BooksBrokenError(f"points join the new lot {leg.end_us} at {leg.offset}, not 0")
    return tuple(sorted((*lots, Lot(leg.end_us, leg.points, 0)), key=lambda lot: _lot_order(lot.end_us)))


def _consume(lots: tuple[Lot, ...], leg: Leg) -> tuple[Lot, ...]:
    for index, lot in enumerate(lots):
        if lot.end_us == leg.end_us:
            if lot.consumed != leg.offset or lot.points < leg.points:
                raise BooksBrokenError(
                    f"{leg.points} points leave lot {leg.end_us} at {leg.offset};"
                    f" it has {lot.points} at {lot.consumed}"
                )
            rest = Lot(lot.end_us, lot.credited, lot.consumed + leg.points)
            return (*lots[:index], rest, *lots[index + 1 :])
    raise BooksBrokenError(f"points leave lot {leg.end_us}, which is not there")


def _wait(lots: tuple[PendingLot, ...], leg: Leg, posting_us: int) -> tuple[PendingLot, ...]:
    for index, lot in enumerate(lots):
        if (lot.posting_us, lot.end_us) == (posting_us, leg.end_us):
            if lot.points != leg.offset:
                raise BooksBrokenError(f"points wait at {leg.offset}, not {lot.points}")
            return (
                *lots[:index],
                PendingLot(posting_us, leg.end_us, lot.points + leg.points),
                *lots[index + 1 :],
            )
    if leg.offset != 0:
        raise BooksBrokenError(f"points wait at {leg.offset} of a new pending lot, not 0")
    added = PendingLot(posting_us, leg.end_us, leg.points)
    return tuple(sorted((*lots, added), key=lambda lot: (lot.posting_us, *_lot_order(lot.end_us))))


def _unwait(lots: tuple[PendingLot, ...], leg: Leg, posting_us: int) -> tuple[PendingLot, ...]:
    rest = tuple(lot for lot in lots if (lot.posting_us, lot.end_us) != (posting_us, leg.end_us))
    gone = [lot for lot in lots if (lot.posting_us, lot.end_us) == (posting_us, leg.end_us)]
    if [lot.points for lot in gone] != [leg.points]:
        raise BooksBrokenError(f"{leg.points} points post at {posting_us}; waiting were {gone}")
    return rest


def ledger_at(ledger: Ledger, now_us: int) -> Ledger:
    """The points as of an instant: what posts by then has posted, what ends by then is expired.

    The same as booking everything that falls due one after the other, in one pass: for readers.
    """
    due_us = next_due_us(ledger)
    if due_us == NEVER or due_us > now_us:
        return ledger
    credited = {lot.end_us: (lot.credited, lot.consumed) for lot in ledger.lots}
    pending = ledger.pending
    for waiting in ledger.pending_lots:
        if waiting.posting_us <= now_us:
            pending -= waiting.points
            before, consumed = credited.get(waiting.end_us, (0, 0))
            credited[waiting.end_us] = (before + waiting.points, consumed)
    lots = [Lot(end_us, *numbers) for end_us, numbers in credited.items()]
    live = sorted(
        (lot for lot in lots if lot.end_us == NEVER or lot.end_us > now_us),
        key=lambda lot: _lot_order(lot.end_us),
    )
    available = sum(lot.points for lot in live)
    return Ledger(
        available,
        pending,
        ledger.held,
        ledger.debt,
        ledger.issued,
        ledger.expired + ledger.available + ledger.pending - pending - available,
        tuple(live),
        tuple(waiting for waiting in ledger.pending_lots if waiting.posting_us > now_us),
    )


def without_ended_lots(ledger: Ledger, until_us: int) -> Ledger:
    """Forget empty lots that have ended, so that what is kept is bounded by the expiry policy's days."""
    if all(lot.end_us == NEVER or lot.end_us > until_us or lot.points for lot in ledger.lots):
        return ledger
    kept = tuple(lot for lot in ledger.lots if lot.end_us == NEVER or lot.end_us > until_us or lot.points)
    return msgspec.structs.replace(ledger, lots=kept)


def law_broken(ledger: Ledger) -> str | None:
    """The first law of the books that the state breaks, in words; None where it keeps them all.

    issued = available + pending + held + expired - debt; a total is the sum of its lots; nothing is negative.
    """
    if ledger.issued != ledger.available + ledger.pending + ledger.held + ledger.expired - ledger.debt:
        return f"issued {ledger.issued} is not what became of it: {ledger}"
    if ledger.available != sum(lot.points for lot in ledger.lots):
        return f"available {ledger.available} is not the sum of its lots: {ledger.lots}"
    if ledger.pending != sum(lot.points for lot in ledger.pending_lots):
        return f"pending {ledger.pending} is not the sum of its lots: {ledger.pending_lots}"
    if min(ledger.available, ledger.pending, ledger.held, ledger.debt, ledger.issued, ledger.expired) < 0:
        return f"a negative total: {ledger}"
    if any(not 0 <= lot.consumed <= lot.credited for lot in ledger.lots):
        return f"a lot consumed beyond its end: {ledger.lots}"
    if ledger.issued > POINTS_MAX:
        return f"issued {ledger.issued} is above the limit of {POINTS_MAX}"
    return None
