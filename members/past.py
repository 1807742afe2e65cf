"""What held for an instant in the past, by what is known now (domain: Points 10)."""

from collections.abc import Iterable, Sequence

from members.account import Account
from members.journal import Entry, EntryBalance, Extended, decode_changes, legs_of
from points.falling_due import ledger_at
from points.ledger import Leg
from points.policies import NEVER, SLIDING


def effective_balance(account: Account, late: Sequence[Entry], at_us: int) -> EntryBalance:
    """The balance as of an instant: of an account whose entries are effective by then, and of entries that
    were written later and are effective by then, too.

    A late entry moved points as the books stood when it came. Where it took points that came after the
    instant, nothing is below zero: they were not there then.
    """
    ledger = ledger_at(account.ledger, max(at_us, account.advanced_us))
    sliding_end_us = max([ledger.sliding_end_us, *_extensions(late)])
    totals = {
        "available": ledger.available,
        "pending": ledger.pending,
        "held": ledger.held,
        "debt": -ledger.debt,
    }
    lots = {lot.end_us: lot.points for lot in ledger.lots}
    for leg in _legs(late):
        for name, points in ((leg.source, -leg.points), (leg.target, leg.points)):
            if name in totals:
                totals[name] += points
            if name == "available":
                lots[leg.end_us] = lots.get(leg.end_us, 0) + points
    ends = sorted(
        (sliding_end_us if end_us == SLIDING else end_us, points)
        for end_us, points in lots.items()
        if points > 0 and end_us != NEVER
    )
    next_us = ends[0][0] if ends else NEVER
    return EntryBalance(
        max(0, totals["available"]),
        max(0, totals["pending"]),
        max(0, totals["held"]),
        max(0, -totals["debt"]),
        next_us,
        min(max(0, totals["available"]), sum(points for end_us, points in ends if end_us == next_us)),
    )


def _extensions(entries: Iterable[Entry]) -> Iterable[int]:
    for entry in entries:
        for change in decode_changes(entry.changes_json):
            if isinstance(change, Extended):
                yield change.end_us


def _legs(entries: Iterable[Entry]) -> Iterable[Leg]:
    for entry in entries:
        for change in decode_changes(entry.changes_json):
            yield from legs_of(change)
