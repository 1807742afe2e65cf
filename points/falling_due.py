"""What time alone does to points: pending ones post, holds run out, lots expire (domain: Points 3, 4 and 6).

At one instant they happen in this order.
"""

from typing import Final

import msgspec

from points.holding import close_hold, release_legs
from points.ledger import (
    Hold,
    Ledger,
    Leg,
    actual_end_us,
    credit_all_legs,
    expiring_lots,
    move_all,
)
from points.lots import Lot
from points.policies import NEVER, SLIDING


class Expiring(msgspec.Struct, frozen=True):
    """The points that are gone first, and when."""

    end_us: int
    points: int


NOTHING_EXPIRES: Final = Expiring(NEVER, 0)


def next_expiry(ledger: Ledger) -> Expiring:
    """The points that expire first, and when; NOTHING_EXPIRES where none will."""
    if ledger.sliding_end_us == NEVER:
        for lot in ledger.lots:
            if lot.end_us != NEVER and lot.credited > lot.consumed:
                return Expiring(lot.end_us, lot.points)
        return NOTHING_EXPIRES
    lots = [lot for lot in expiring_lots(ledger) if lot.end_us != NEVER]
    if not lots:
        return NOTHING_EXPIRES
    end_us = actual_end_us(ledger, lots[0].end_us)
    return Expiring(end_us, sum(lot.points for lot in lots if actual_end_us(ledger, lot.end_us) == end_us))


def next_due_us(ledger: Ledger) -> int:
    """The first instant at which time alone changes the points; NEVER where it does not."""
    due_us = next_expiry(ledger).end_us
    if ledger.pending_lots:
        posting_us = ledger.pending_lots[0].posting_us
        due_us = posting_us if due_us == NEVER else min(due_us, posting_us)
    if ledger.holds:
        deadline_us = min(hold.deadline_us for hold in ledger.holds)
        due_us = deadline_us if due_us == NEVER else min(due_us, deadline_us)
    return due_us


def posting_legs(ledger: Ledger, posting_us: int) -> tuple[Leg, ...]:
    """The movements that post what waits for this instant. Points whose lot has ended by then expire."""
    parts = [(lot.end_us, lot.points) for lot in ledger.pending_lots if lot.posting_us == posting_us]
    return credit_all_legs(ledger, "pending", parts, posting_us, posting_us)


def timed_out_holds(ledger: Ledger, due_us: int) -> list[Hold]:
    """The holds that run out at this instant, in the order in which they are released."""
    return sorted(
        (hold for hold in ledger.holds if hold.deadline_us == due_us), key=lambda hold: hold.hold_id
    )


def expiry_legs(ledger: Ledger, end_us: int) -> tuple[Leg, ...]:
    """The movements that expire the points which are gone from this instant on."""
    return tuple(
        Leg("available", "expired", lot.points, lot.end_us, lot.consumed)
        for lot in ledger.lots
        if lot.points and lot.end_us != NEVER and actual_end_us(ledger, lot.end_us) == end_us
    )


def ledger_at(ledger: Ledger, now_us: int) -> Ledger:
    """The points as of an instant: what falls due by then has happened.

    The same as booking everything one after the other, for readers: postings and releases in their order,
    and then all lots that have ended at once. A lot's end changes nothing for a posting or a release, which
    look at ends themselves; and while they pay a debt, there is no lot with points.
    """
    due_us = next_due_us(ledger)
    if due_us == NEVER or due_us > now_us:
        return ledger
    events = sorted(
        {(lot.posting_us, 0, "") for lot in ledger.pending_lots if lot.posting_us <= now_us}
        | {(hold.deadline_us, 1, hold.hold_id) for hold in ledger.holds if hold.deadline_us <= now_us}
    )
    for at_us, _, hold_id in events:
        if hold_id:
            hold = next(hold for hold in ledger.holds if hold.hold_id == hold_id)
            ledger = close_hold(move_all(ledger, release_legs(ledger, hold.parts, at_us)), hold_id)
        else:
            ledger = move_all(ledger, posting_legs(ledger, at_us))
    return _without_expired(ledger, now_us)


def _without_expired(ledger: Ledger, now_us: int) -> Ledger:
    kept: list[Lot] = []
    expired = 0
    for lot in ledger.lots:
        if lot.end_us == NEVER or actual_end_us(ledger, lot.end_us) > now_us:
            kept.append(lot)
            continue
        expired += lot.points
        if lot.end_us == SLIDING:
            # It may be filled again: its numbers go on.
            kept.append(Lot(SLIDING, lot.credited, lot.credited))
    return msgspec.structs.replace(
        ledger, available=ledger.available - expired, expired=ledger.expired + expired, lots=tuple(kept)
    )
