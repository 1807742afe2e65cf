"""Holds: points that are reserved for a time (domain: Points 6)."""

import msgspec

from points.ledger import Hold, HoldPart, Ledger, Leg, credit_all_legs, find_hold
from points.lots import BooksBrokenError


def hold_of(hold_id: str, deadline_us: int, legs: tuple[Leg, ...]) -> Hold:
    """The hold that these movements to `held` make."""
    return Hold(hold_id, deadline_us, tuple(HoldPart(leg.end_us, leg.points) for leg in legs))


def split_parts(
    parts: tuple[HoldPart, ...], points: int
) -> tuple[tuple[HoldPart, ...], tuple[HoldPart, ...]]:
    """The first so many points of a hold's parts, and the rest."""
    first: list[HoldPart] = []
    rest: list[HoldPart] = []
    for part in parts:
        taken = min(points, part.points)
        points -= taken
        if taken:
            first.append(HoldPart(part.end_us, taken))
        if part.points > taken:
            rest.append(HoldPart(part.end_us, part.points - taken))
    return tuple(first), tuple(rest)


def capture_legs(parts: tuple[HoldPart, ...]) -> tuple[Leg, ...]:
    """The movements that spend held points, also those whose lot has ended meanwhile."""
    return tuple(Leg("held", "redeemed", part.points, part.end_us, 0) for part in parts)


def release_legs(ledger: Ledger, parts: tuple[HoldPart, ...], as_of_us: int) -> tuple[Leg, ...]:
    """The movements that give held points back to their lots; those whose lot has ended expire at once."""
    return credit_all_legs(ledger, "held", [(part.end_us, part.points) for part in parts], as_of_us)


def open_hold(ledger: Ledger, hold: Hold) -> Ledger:
    """The ledger with one more hold, whose points have been moved."""
    if find_hold(ledger, hold.hold_id) is not None:
        raise BooksBrokenError(f"hold {hold.hold_id!r} is placed twice")
    return msgspec.structs.replace(ledger, holds=(*ledger.holds, hold))


def shrink_hold(ledger: Ledger, hold_id: str, points: int) -> Ledger:
    """The ledger whose hold has lost its first so many points, and is gone when none are left."""
    hold = find_hold(ledger, hold_id)
    if hold is None or hold.points < points:
        raise BooksBrokenError(f"{points} points leave hold {hold_id!r}; open is {hold}")
    _, rest = split_parts(hold.parts, points)
    holds = (
        tuple(
            one if one.hold_id != hold_id else Hold(hold_id, hold.deadline_us, rest) for one in ledger.holds
        )
        if rest
        else tuple(one for one in ledger.holds if one.hold_id != hold_id)
    )
    return msgspec.structs.replace(ledger, holds=holds)


def close_hold(ledger: Ledger, hold_id: str) -> Ledger:
    """The ledger without the hold, whose points have been moved."""
    hold = find_hold(ledger, hold_id)
    if hold is None:
        raise BooksBrokenError(f"hold {hold_id!r} is not open")
    return shrink_hold(ledger, hold_id, hold.points)
