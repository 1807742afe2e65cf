"""Points of one end: parcels of them, and how a number of points is cut into parts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from tests.ledger_model.days import local_day, over_us

NEVER: Final = "never"
SLIDING: Final = "sliding"
End = int | Literal["never", "sliding"]
"""When points are gone: an instant, never, or when the member's activity ends."""

LONG_AFTER_US: Final = 10**18


@dataclass
class Parcel:
    """Points that can be spent, in the order they came. `origin` says what brought them."""

    end: End
    points: int
    origin: str


def in_line(end: End) -> tuple[int, int]:
    """In which order points post at one instant: dated ones by their end, sliding ones, the others."""
    return (1, 0) if end == "sliding" else (2, 0) if end == "never" else (0, end)


def by_end(parcels: list[Parcel]) -> list[tuple[End, int]]:
    """How many points of which end, neighbours of one end together."""
    parts: list[tuple[End, int]] = []
    for parcel in parcels:
        if parts and parts[-1][0] == parcel.end:
            parts[-1] = (parcel.end, parts[-1][1] + parcel.points)
        else:
            parts.append((parcel.end, parcel.points))
    return parts


def split(parts: list[tuple[End, int]], points: int) -> tuple[list[tuple[End, int]], list[tuple[End, int]]]:
    """The first points of the parts, and the rest."""
    first: list[tuple[End, int]] = []
    rest: list[tuple[End, int]] = []
    for end, count in parts:
        part = min(count, points)
        points -= part
        if part:
            first.append((end, part))
        if count > part:
            rest.append((end, count - part))
    return first, rest


def end_of_grace(refunded_us: int, days: int, zone: str) -> End:
    """When points that come back by grace are gone."""
    return over_us(local_day(refunded_us, zone) + timedelta(days=days), zone)
