"""The steps of a history: what happens next, said without knowing what it will meet."""

from dataclasses import dataclass
from typing import Final, Literal

from tests.ledger_model.asks import Terms
from tests.ledger_model.days import local_day, utc

# A week before summer time ends in London; in Beirut and Sao Paulo midnight is near such a change as well.
START_US: Final = utc("2018-10-21T12:00:00")
START_DAY: Final = local_day(START_US, "UTC")
MEMBERS: Final = ("ann", "bob", "cat")

How = Literal["lines", "amount", "all"]


@dataclass(frozen=True)
class Wait:
    """Time goes by."""

    for_us: int


@dataclass(frozen=True)
class WaitForDue:
    """Time goes by until it changes something: to the instant itself, or to just before or after it."""

    plus_us: int


@dataclass(frozen=True)
class Size:
    """Points as quarters of what there is, and a few more or less."""

    quarters: int
    plus: int

    def of(self, points: int) -> int:
        """So many points, at least one."""
        return max(1, points * self.quarters // 4 + self.plus)


@dataclass(frozen=True)
class Buy:
    """An order becomes known that was placed some time ago, or (negative) that lies ahead.

    Its lines have these pieces and this money each. It is paid with points, or with a hold, or not.
    """

    who: int
    ago_us: int
    amount_minor: int
    lines: tuple[tuple[int, int], ...] = ()
    pays: Size | None = None
    hold: int | None = None
    currency_code: str = "GBP"


@dataclass(frozen=True)
class SpendSome:
    """Points are spent, or held for a time."""

    who: int
    size: Size
    ttl_us: int | None = None


@dataclass(frozen=True)
class ResolveHold:
    """A hold is captured in part (`size`) or as a whole, or released."""

    who: int
    which: int
    release: bool
    size: Size | None


@dataclass(frozen=True)
class RefundSome:
    """An order comes back: some pieces of a line, a part of the money, or all that is left."""

    who: int
    which: int
    how: How
    size: Size
    refund_id: str
    ago_us: int


@dataclass(frozen=True)
class Change:
    """Points are given by hand; or taken (`size`), or voided, or all of them are voided."""

    who: int
    give: int
    size: Size
    void: bool
    everything: bool


@dataclass(frozen=True)
class Give:
    """Points go to another member, or to oneself, or to somebody nobody knows."""

    who: int
    whom: int
    size: Size


@dataclass(frozen=True)
class Status:
    """A person asks to join, or is suspended, or reinstated."""

    who: int
    what: Literal["enrol", "suspend", "reinstate"]


@dataclass(frozen=True)
class Again:
    """Something that was asked comes again: under its request id or another, perhaps with other content."""

    which: int
    new_request: bool
    changed: bool


@dataclass(frozen=True)
class Meanwhile:
    """The operator applies another version of the program."""

    terms: Terms


@dataclass(frozen=True)
class Job:
    """The worker books what has fallen due."""


Step = (
    Wait
    | WaitForDue
    | Buy
    | SpendSome
    | ResolveHold
    | RefundSome
    | Change
    | Give
    | Status
    | Again
    | Meanwhile
    | Job
)
