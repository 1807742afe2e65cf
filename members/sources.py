"""Where points came from: which awards paid a spend, told from the numbers that movements took (Points 5).

It follows a member's journal from its first entry, as only explanations need.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from members.journal import Change, Earned, Entry, decode_changes, legs_of
from points.ledger import Leg
from points.policies import SLIDING

POOLS: Final = frozenset({"available", "pending", "held", "redeemed", "expired"})


class Source(NamedTuple):
    """So many points that one entry had given; `end_us` names the lot they were of."""

    seq: int
    order_id: str
    rule_id: str
    points: int
    end_us: int


# Points of one pool: what is available or pending of a lot, held by a hold, spent by an order.
_Pool = deque[Source]
_Place = tuple[str, int, int, str]


class Tracing:
    """A journal, followed entry by entry; `moved` is where the points that the latest one moved came from."""

    def __init__(self) -> None:
        self._pools: defaultdict[_Place, _Pool] = defaultdict(deque)
        self.moved: list[Source] = []

    def follow(self, entry: Entry) -> None:
        """Move the points of an entry, and remember where they came from."""
        self.moved = []
        for change in decode_changes(entry.changes_json):
            rule_id = change.rule_id if isinstance(change, Earned) else ""
            for leg in legs_of(change):
                self._move(entry, change, leg, rule_id)

    def _move(self, entry: Entry, change: Change, leg: Leg, rule_id: str) -> None:
        if leg.source in POOLS:
            pool = self._pools[_place(leg.source, entry, change, leg)]
            of_order = entry.order_id if leg.source == "pending" and entry.order_id else ""
            # Restored points are the ones that were taken last: see points/refunding.py.
            taken = _take(pool, leg.points, of_order, last=leg.source == "redeemed")
            self.moved += taken
        else:
            taken = [Source(entry.seq, entry.order_id, rule_id, leg.points, leg.end_us)]
        if leg.target in POOLS:
            target = self._pools[_place(leg.target, entry, change, leg)]
            target.extend(source._replace(end_us=leg.end_us) for source in taken)


def _place(pool: str, entry: Entry, change: Change, leg: Leg) -> _Place:
    match pool:
        case "pending":
            return pool, leg.posting_us, leg.end_us, ""
        case "held":
            return pool, 0, leg.end_us, str(getattr(change, "hold_id", ""))
        case "redeemed":
            return pool, 0, 0, entry.order_id or f"entry {entry.seq}"
        case _:
            # Expired points of the sliding lot are named by the instant at which it ended, below zero.
            return pool, 0, max(leg.end_us, SLIDING), ""


def _take(pool: _Pool, points: int, of_order: str, *, last: bool) -> list[Source]:
    """Take points out of a pool: the first ones, the last ones, or before all others those of one order."""
    taken: list[Source] = []
    kept: list[Source] = []
    while points and pool:
        source = pool.pop() if last else pool.popleft()
        if of_order and source.order_id != of_order:
            kept.append(source)
            continue
        count = min(points, source.points)
        points -= count
        taken.append(source._replace(points=count))
        if source.points > count:
            rest = source._replace(points=source.points - count)
            if last:
                pool.append(rest)
            else:
                pool.appendleft(rest)
    pool.extendleft(reversed(kept))
    if points and kept:
        # The order's own were taken away before, by hand: points of one lot are as good as each other.
        taken += _take(pool, points, "", last=last)
    return taken


def joined_sources(sources: Iterable[Source]) -> list[Source]:
    """The same points with one row for each entry, rule and lot, in the order in which they came."""
    counted: dict[Source, int] = {}
    for source in sources:
        one = source._replace(points=0)
        counted[one] = counted.get(one, 0) + source.points
    return [source._replace(points=points) for source, points in counted.items()]
