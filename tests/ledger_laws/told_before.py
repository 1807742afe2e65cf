"""Histories to which random ones seldom come, each with the rule it is about.

On some of them the service and the model once parted; the others tell a broken rule from a kept one.
"""

from datetime import timedelta
from typing import Final

from tests.ledger_model.asks import Terms
from tests.ledger_model.days import DAY_US, Days, EndOfYear, FixedDate, Sliding
from tests.ledger_model.steps import (
    START_DAY,
    Buy,
    Change,
    Give,
    Job,
    Meanwhile,
    RefundSome,
    ResolveHold,
    Size,
    SpendSome,
    Step,
    Wait,
    WaitForDue,
)

ALL = Size(4, 0)
HALF = Size(2, 0)


def refund(ago_us: int = 0, size: Size | None = None) -> RefundSome:
    """The latest order comes back, as a whole or in part."""
    return RefundSome(0, 0, "amount" if size is not None else "all", size or ALL, "", ago_us)


def a_piece() -> RefundSome:
    """A piece of the first line of the latest order comes back."""
    return RefundSome(0, 0, "lines", Size(0, 1), "", 0)


TOLD_BEFORE: Final[dict[str, tuple[Terms, list[Step]]]] = {
    "points of a late order slid away before it was told: a refund reclassifies them": (
        Terms(),
        [Buy(0, 0, 1_000), Meanwhile(Terms(expiry=Sliding(10))), Buy(0, 60 * DAY_US, 5_000), refund()],
    ),
    "the same where sliding points have come since": (
        Terms(),
        [
            Buy(0, 0, 1_000),
            Meanwhile(Terms(expiry=Sliding(10))),
            Buy(0, 60 * DAY_US, 5_000),
            Change(0, 50, ALL, void=False, everything=False),
            refund(),
        ],
    ),
    "sliding points that expire as a batch begins are reclassified by a refund of that batch": (
        Terms(expiry=Sliding(10)),
        [
            Buy(0, 0, 1_000),
            Wait(20 * DAY_US),
            Meanwhile(Terms()),
            Change(0, 50, ALL, void=False, everything=False),
            refund(),
        ],
    ),
    "and dated ones": (
        Terms(expiry=Days(10)),
        [
            Buy(0, 0, 1_000),
            Wait(20 * DAY_US),
            Meanwhile(Terms()),
            Change(0, 50, ALL, void=False, everything=False),
            refund(),
        ],
    ),
    "points that post after their end pay no debt": (
        Terms(),
        [
            Buy(0, 0, 10_000),
            SpendSome(0, ALL),
            refund(),
            Meanwhile(Terms(expiry=FixedDate(START_DAY + timedelta(days=3)), pending_days=14)),
            Buy(0, 0, 5_000),
            Wait(30 * DAY_US),
            Change(0, 1, ALL, void=False, everything=False),
        ],
    ),
    "points that end while held are gone when released": (
        Terms(expiry=Days(5)),
        [
            Buy(0, 0, 10_000),
            SpendSome(0, HALF, 31 * DAY_US),
            Wait(9 * DAY_US),
            ResolveHold(0, 0, release=True, size=None),
        ],
    ),
    "what is not captured of them, too": (
        Terms(expiry=Days(5)),
        [
            Buy(0, 0, 10_000),
            SpendSome(0, HALF, 31 * DAY_US),
            Wait(9 * DAY_US),
            ResolveHold(0, 0, release=False, size=HALF),
        ],
    ),
    "a hold is captured once, with one number of points": (
        Terms(),
        [
            Buy(0, 0, 10_000),
            SpendSome(0, HALF, 31 * DAY_US),
            ResolveHold(0, 0, release=False, size=HALF),
            ResolveHold(0, 3, release=False, size=HALF),
            ResolveHold(0, 3, release=False, size=ALL),
            ResolveHold(0, 3, release=True, size=None),
        ],
    ),
    "no more is captured than was held": (
        Terms(),
        [
            Buy(0, 0, 10_000),
            SpendSome(0, HALF, 31 * DAY_US),
            ResolveHold(0, 0, release=False, size=Size(4, 1)),
        ],
    ),
    "a refund is decided by the rules under which its order was settled": (
        Terms(on_shortfall="forgive"),
        [Buy(0, 0, 10_000), SpendSome(0, ALL), Meanwhile(Terms()), refund()],
    ),
    "the worker books nothing early": (
        Terms(expiry=Days(5)),
        [
            Buy(0, 0, 10_000),
            Wait(DAY_US),
            Buy(0, 0, 10_000),
            WaitForDue(-1),
            Job(),
            WaitForDue(0),
            Job(),
            SpendSome(0, HALF),
        ],
    ),
    "pieces of a line bring the line's money together, and no more": (
        Terms(),
        [Buy(0, 0, 2_000, ((3, 1_000), (1, 1_000))), *[a_piece() for _ in range(4)], refund()],
    ),
    "no more pieces than were bought": (
        Terms(),
        [Buy(0, 0, 9_000, ((3, 1_000),)), *[RefundSome(0, 0, "lines", Size(3, 0), "", 0) for _ in range(2)]],
    ),
    "what paid debt at earning lies in no lot": (
        Terms(),
        [
            Buy(0, 0, 10_000),
            SpendSome(0, Size(3, 0)),
            refund(),
            Buy(0, 0, 10_000),
            Meanwhile(Terms(expiry=Days(3))),
            Change(0, 50, ALL, void=False, everything=False),
            Change(0, 50, ALL, void=False, everything=False),
            Meanwhile(Terms()),
            Change(0, 50, ALL, void=False, everything=False),
            refund(size=HALF),
        ],
    ),
    "sliding points that were gone before an order are not taken back for it": (
        Terms(expiry=Sliding(10)),
        [
            Buy(0, 0, 10_000),
            Wait(20 * DAY_US),
            Buy(0, 0, 5_000),
            SpendSome(0, ALL),
            refund(),
        ],
    ),
    "what is given on one day counts together": (
        Terms(points_a_day_max=100),
        [Buy(0, 0, 40_000), Buy(1, 0, 100), *[Give(0, 1, Size(0, 39)) for _ in range(3)]],
    ),
    "points that a refund restores to an ended lot expire, and are reclassified before anybody owes": (
        Terms(expiry=Days(5)),
        [Buy(0, 0, 10_000), Buy(0, 0, 10_000, (), Size(2, 0)), SpendSome(0, ALL), Wait(9 * DAY_US), refund()],
    ),
    "and the same in halves": (
        Terms(expiry=Days(5)),
        [
            Buy(0, 0, 10_000),
            Buy(0, 0, 10_000, (), HALF),
            SpendSome(0, ALL),
            Wait(9 * DAY_US),
            refund(size=HALF),
            refund(),
        ],
    ),
    "the grace of a refund that is told late begins on its own day": (
        Terms(expiry=Days(5), restore_grace_days=20),
        [
            Buy(0, 0, 10_000),
            Meanwhile(Terms(awards=(), expiry=EndOfYear(1), restore_grace_days=20)),
            Buy(0, 0, 10_000, (), ALL),
            Wait(19 * DAY_US),
            Change(0, 1, ALL, void=False, everything=False),
            refund(ago_us=10 * DAY_US),
        ],
    ),
}
