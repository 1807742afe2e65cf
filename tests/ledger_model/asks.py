"""What can be asked of a member, in the model's own words; and a program in a handful of facts."""

from dataclasses import dataclass
from typing import Final

from tests.ledger_model.days import Never, Policy

NEVER_EXPIRES: Final = Never()


@dataclass(frozen=True)
class Terms:
    """A program. An award is points for an amount in minor units; None: no waiting, no limit."""

    awards: tuple[tuple[int, int], ...] = ((1, 100),)
    expiry: Policy = NEVER_EXPIRES
    pending_days: int | None = None
    zone: str = "Europe/London"
    on_shortfall: str = "debt"
    restore_grace_days: int = 0
    points_a_transfer_max: int | None = None
    points_a_day_max: int | None = None


@dataclass(frozen=True)
class Line:
    """A line of an order: pieces, and the money paid for all of them in minor units."""

    line_id: str
    quantity: int
    amount_minor: int


@dataclass(frozen=True)
class Settle:
    """An order was paid: with money, and perhaps with points, or with those of a hold (0: all of them)."""

    request_id: str
    order_id: str
    time_us: int
    amount_minor: int
    lines: tuple[Line, ...] = ()
    currency_code: str = "GBP"
    spend_points: int = 0
    hold_id: str = ""


@dataclass(frozen=True)
class Enrol:
    """A person wants to join."""

    request_id: str


@dataclass(frozen=True)
class Spend:
    """Points are spent."""

    request_id: str
    points: int


@dataclass(frozen=True)
class Hold:
    """Points are reserved for a time."""

    request_id: str
    points: int
    ttl_us: int


@dataclass(frozen=True)
class Capture:
    """Reserved points are spent, all of them where it is 0; the rest is given back."""

    request_id: str
    hold_id: str
    points: int = 0


@dataclass(frozen=True)
class Release:
    """Reserved points are given back."""

    request_id: str
    hold_id: str


@dataclass(frozen=True)
class Refund:
    """An order is undone: pieces of lines, or an amount, or all that is left. A time of 0: now."""

    request_id: str
    order_id: str
    refund_id: str = ""
    lines: tuple[tuple[str, int], ...] = ()
    amount_minor: int = 0
    time_us: int = 0


@dataclass(frozen=True)
class Adjust:
    """Points are given, or taken where below zero, by hand."""

    request_id: str
    delta: int


@dataclass(frozen=True)
class Void:
    """Points are taken away; 0: all that are available or pending."""

    request_id: str
    points: int = 0


@dataclass(frozen=True)
class Transfer:
    """Points go to another member."""

    request_id: str
    to_member_id: str
    points: int


@dataclass(frozen=True)
class Suspend:
    """A member earns and spends nothing from now on."""

    request_id: str


@dataclass(frozen=True)
class Reinstate:
    """A suspension ends."""

    request_id: str


Ask = (
    Settle
    | Enrol
    | Spend
    | Hold
    | Capture
    | Release
    | Refund
    | Adjust
    | Void
    | Transfer
    | Suspend
    | Reinstate
)
