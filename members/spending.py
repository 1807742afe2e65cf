"""Spending points, and holding them first (domain: Points 5 and 6)."""

import msgspec

from members.account import Account
from members.activity import as_of_us, extended, inactive
from members.commands import CaptureHold, HoldPoints, ReleaseHold, SpendPoints
from members.journal import Captured, Change, Held, Released, Spent
from members.records import Records
from members.rejections import (
    CaptureExceedsHold,
    HoldResolvedOtherwise,
    HoldsLimitExceeded,
    HoldUnknown,
    InsufficientPoints,
    Rejection,
)
from points.holding import capture_legs, release_legs, shrink_hold, split_parts
from points.ledger import HOLD_PARTS_MAX, OPEN_HOLDS_MAX, Hold, Ledger, find_hold, move_all, take_legs
from programs.program import Program


def spend(
    account: Account, command: SpendPoints, program: Program, effective_us: int
) -> tuple[Change, ...] | Rejection:
    """Spend available points, those that expire first first."""
    refused = inactive(account) or insufficient(account.ledger, command.points)
    if refused:
        return refused
    ledger, extension = extended(account, program, effective_us)
    return (*extension, Spent(command.points, take_legs(ledger, "redeemed", command.points)))


def insufficient(ledger: Ledger, points: int) -> InsufficientPoints | None:
    """Why so many points cannot be taken; None where they can."""
    return InsufficientPoints(points, ledger.available) if points > ledger.available else None


def hold(
    account: Account, command: HoldPoints, program: Program, effective_us: int
) -> tuple[Change, ...] | Rejection:
    """Reserve available points until a deadline."""
    refused = inactive(account) or insufficient(account.ledger, command.points)
    if refused:
        return refused
    if len(account.ledger.holds) >= OPEN_HOLDS_MAX:
        return HoldsLimitExceeded(OPEN_HOLDS_MAX)
    ledger, extension = extended(account, program, effective_us)
    legs = take_legs(ledger, "held", command.points)
    if sum(len(one.parts) for one in ledger.holds) + len(legs) > HOLD_PARTS_MAX:
        return HoldsLimitExceeded(HOLD_PARTS_MAX, "lots")
    return (*extension, Held(command.request_id, command.points, effective_us + command.ttl_us, legs))


def capture(
    account: Account, command: CaptureHold, program: Program, effective_us: int, records: Records
) -> tuple[Change, ...] | Rejection:
    """Spend the first points of a hold and give back the rest."""
    found = open_hold_of(account, command.hold_id, records)
    if not isinstance(found, Hold):
        return found
    refused = inactive(account) or exceeds(found, command.points)
    if refused:
        return refused
    ledger, extension = extended(account, program, effective_us)
    changes, _ = capture_changes(
        ledger, found, command.points, as_of_us(account, effective_us), account.ledger.sliding_end_us
    )
    return (*extension, *changes)


def exceeds(found: Hold, points: int) -> CaptureExceedsHold | None:
    """Why so many points of a hold cannot be captured; None where they can."""
    return CaptureExceedsHold(found.hold_id, points, found.points) if points > found.points else None


def capture_changes(
    ledger: Ledger, found: Hold, points: int, at_us: int, sliding_end_us: int, worth_minor: int = 0
) -> tuple[tuple[Change, ...], Ledger]:
    """The changes that spend so many points of a hold (0: all) and give back the rest; the points after.

    `sliding_end_us` is the sliding lot's end before this activity extended it: what had ended stays gone.
    """
    first, rest = split_parts(found.parts, points or found.points)
    spent = capture_legs(first)
    count = sum(part.points for part in first)
    changes: list[Change] = [Captured(found.hold_id, count, spent, worth_minor)]
    ledger = shrink_hold(move_all(ledger, spent), found.hold_id, count)
    if rest:
        before = msgspec.structs.replace(ledger, sliding_end_us=sliding_end_us)
        given = release_legs(before, rest, at_us)
        left = sum(part.points for part in rest)
        changes.append(Released(found.hold_id, left, given))
        ledger = shrink_hold(move_all(ledger, given), found.hold_id, left)
    return tuple(changes), ledger


def release(
    account: Account, command: ReleaseHold, effective_us: int, records: Records
) -> tuple[Change, ...] | Rejection:
    """Give the points of a hold back to their lots."""
    found = open_hold_of(account, command.hold_id, records)
    if not isinstance(found, Hold):
        return found
    legs = release_legs(account.ledger, found.parts, as_of_us(account, effective_us))
    return (Released(found.hold_id, found.points, legs),)


def open_hold_of(account: Account, hold_id: str, records: Records) -> Hold | Rejection:
    """The open hold of this id, or how it was resolved, or that there never was one."""
    found = find_hold(account.ledger, hold_id)
    if found is not None:
        return found
    known = records.hold
    if known is None or known.hold_id != hold_id:
        return HoldUnknown(hold_id)
    # Open in the records and not in the account: it ran out just now, and that is not booked yet.
    state = "timed_out" if known.state == "open" else known.state
    seq = known.resolution.seq if known.resolution is not None else 0
    return HoldResolvedOtherwise(hold_id, state, known.captured_points, seq)
