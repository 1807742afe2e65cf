"""Lots: all of a member's points with one end, numbered in the order they came (domain: Points 5)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from points.policies import NEVER, SLIDING


class BooksBrokenError(Exception):
    """A movement or a state that the books do not allow: a defect or a forged row, never bad input."""


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """All available points of a member with one end; the end is NEVER or SLIDING for the two that have none.

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


Lots = tuple[Lot, ...]
PendingLots = tuple[PendingLot, ...]

# Lots without an end of their own stand behind those that have one.
_PLACES: Final = {NEVER: (2, 0), SLIDING: (1, 0)}


def _place(end_us: int) -> tuple[int, int]:
    return _PLACES.get(end_us, (0, end_us))


def find_lot(lots: Lots, end_us: int) -> Lot | None:
    """The lot of this end; None where there is none."""
    for lot in lots:
        if lot.end_us == end_us:
            return lot
    return None


class LotMovement(NamedTuple):
    """Points that join (above zero) or leave (below zero) a lot, the first of them as its `number`."""

    end_us: int
    points: int
    number: int


# Up to so many movements, changing one lot after the other is quicker than a table of all of them.
_FEW: Final = 3


def lots_after(lots: Lots, movements: Sequence[LotMovement]) -> Lots:
    """The lots after points joined and left them. Raises BooksBrokenError where the numbers do not follow."""
    if len(movements) <= _FEW:
        for movement in movements:
            lots = _with_lot(lots, _moved(find_lot(lots, movement.end_us), movement))
        return lots
    by_end = {lot.end_us: lot for lot in lots}
    for movement in movements:
        by_end[movement.end_us] = _moved(by_end.get(movement.end_us), movement)
    changed = tuple(by_end.values())
    return changed if len(changed) == len(lots) else _in_order(changed)


def _with_lot(lots: Lots, changed: Lot) -> Lots:
    for index, lot in enumerate(lots):
        if lot.end_us == changed.end_us:
            return (*lots[:index], changed, *lots[index + 1 :])
    return _in_order((*lots, changed))


def _in_order(lots: Lots) -> Lots:
    return tuple(sorted(lots, key=lambda lot: _place(lot.end_us)))


def _moved(lot: Lot | None, movement: LotMovement) -> Lot:
    end_us, points, number = movement
    if lot is None:
        if points < 0:
            raise BooksBrokenError(f"points leave lot {end_us}, which is not there")
        lot = Lot(end_us, 0, 0)
    if points >= 0:
        if lot.credited != number:
            raise BooksBrokenError(f"points join lot {end_us} at {number}, not {lot.credited}")
        return Lot(end_us, lot.credited + points, lot.consumed)
    if lot.consumed != number or lot.points < -points:
        raise BooksBrokenError(
            f"{-points} points leave lot {end_us} at {number}; it has {lot.points} at {lot.consumed}"
        )
    return Lot(end_us, lot.credited, lot.consumed - points)


def find_pending(lots: PendingLots, posting_us: int, end_us: int) -> int:
    """How many points wait to join the lot of this end at this instant."""
    for lot in lots:
        if lot.posting_us == posting_us and lot.end_us == end_us:
            return lot.points
    return 0


def pending_after(lots: PendingLots, movements: Sequence[PendingLot]) -> PendingLots:
    """The pending lots after points began to wait (above zero) or stopped waiting (below zero)."""
    if not movements:
        return lots
    waiting = {(lot.posting_us, lot.end_us): lot.points for lot in lots}
    for posting_us, end_us, points in ((lot.posting_us, lot.end_us, lot.points) for lot in movements):
        left = waiting.pop((posting_us, end_us), 0) + points
        if left < 0:
            raise BooksBrokenError(f"{-points} points stop waiting for {posting_us}; {left - points} wait")
        if left:
            waiting[posting_us, end_us] = left
    return tuple(
        PendingLot(posting_us, end_us, points)
        for (posting_us, end_us), points in sorted(
            waiting.items(), key=lambda item: (item[0][0], _place(item[0][1]))
        )
    )
