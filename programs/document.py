"""The program document: what a brand's rules may say, as types.

A field that is not known is an error everywhere, never ignored: a rule that was misspelt must not be lost.
"""

from datetime import date
from typing import Annotated, Final, Literal

import msgspec

DOCUMENT_BYTES_MAX: Final = 262_144
RULES_MAX: Final = 100
DISPLAY_NAMES_MAX: Final = 50
POINTS_A_RULE_MAX: Final = 1_000_000
AMOUNT_MINOR_MAX: Final = 1_000_000_000_000_000
EXPIRY_DAYS_MAX: Final = 3_660
EXPIRY_MONTHS_MAX: Final = 120
EXPIRY_YEARS_MAX: Final = 10
PENDING_DAYS_MAX: Final = 366
GRACE_DAYS_MAX: Final = 366
# Instants count from 1970, and from far years on the end of a day cannot be told.
EXPIRY_DATE_YEARS: Final = range(1970, 2200)
POINTS_LIMIT_MAX: Final = 2**53 - 1

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^\S+\Z")]
Language = Annotated[str, msgspec.Meta(min_length=2, max_length=35)]
DisplayName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
RuleId = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*\Z")]


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who becomes a member. `open`: everybody, with the first order (domain: Joining)."""

    open: Literal[True]


class PerAmount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points in proportion to what was paid: `points` × paid ÷ `per_amount_minor`, rounded down once an order
    (domain: Points 1 and 2).
    """

    id: RuleId
    # Required also while there is one kind only, so that every stored document says which it means.
    kind: Literal["per_amount"]
    points: Annotated[int, msgspec.Meta(ge=1, le=POINTS_A_RULE_MAX)]
    per_amount_minor: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)]
    base: Literal["paid"] = "paid"


class Earning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules that give points; each gives its own, and they add up."""

    rules: Annotated[tuple[PerAmount, ...], msgspec.Meta(max_length=RULES_MAX)]


class NeverExpires(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="never", tag_field="kind"
):
    """Points do not expire."""


class ExpiresAfterDays(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="days", tag_field="kind"
):
    """Points are good until the end of the day that lies so many days after the earning day."""

    days: Annotated[int, msgspec.Meta(ge=1, le=EXPIRY_DAYS_MAX)]


class ExpiresAfterMonths(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="months", tag_field="kind"
):
    """Points are good until the end of the same day so many months later, or of that month's last day."""

    months: Annotated[int, msgspec.Meta(ge=1, le=EXPIRY_MONTHS_MAX)]


class ExpiresAtEndOfMonth(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="end_of_month",
    tag_field="kind",
):
    """Points are good until the end of a month: the earning month (0), or so many months later."""

    months: Annotated[int, msgspec.Meta(ge=0, le=EXPIRY_MONTHS_MAX)] = 0


class ExpiresAtEndOfYear(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="end_of_year",
    tag_field="kind",
):
    """Points are good until 31 December: of the earning year (0), the next (1), or later."""

    years: Annotated[int, msgspec.Meta(ge=0, le=EXPIRY_YEARS_MAX)] = 1


class ExpiresOnDate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="date", tag_field="kind"
):
    """Points are good until the end of one day, whenever they were earned."""

    date: date


class ExpiresWithoutActivity(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sliding", tag_field="kind"
):
    """All points are good until so many days after the member's latest order, spend, hold or transfer."""

    days: Annotated[int, msgspec.Meta(ge=1, le=EXPIRY_DAYS_MAX)]


class NotPending(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="none", tag_field="kind"
):
    """Points can be spent as soon as they are earned."""


class PendingDays(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="days", tag_field="kind"
):
    """Points wait for a return window of so many days after the earning day, and post when it is over."""

    days: Annotated[int, msgspec.Meta(ge=1, le=PENDING_DAYS_MAX)]


class Refunds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when a refund takes back more points than there are (domain: Points 7)."""

    on_shortfall: Literal["debt", "forgive", "reject"] = "debt"
    # How long spent points that come back to a lot which has ended can be spent; 0: they expire at once.
    restore_grace_days: Annotated[int, msgspec.Meta(ge=0, le=GRACE_DAYS_MAX)] = 0


class Transfers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many points a member may give to others (domain: Points 11). Without a number there is no limit."""

    points_a_transfer_max: Annotated[int, msgspec.Meta(ge=0, le=POINTS_LIMIT_MAX)] | None = None
    points_a_day_max: Annotated[int, msgspec.Meta(ge=0, le=POINTS_LIMIT_MAX)] | None = None


class PointsAsMoney(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What points are worth at the till (domain: Points 12): `points` of them pay `amount_minor`.

    An order takes at least `minimum_points`, in steps of `step_points`, for at most `share_max_percent` of
    its gross amount and at most `amount_minor_max`.
    """

    points: Annotated[int, msgspec.Meta(ge=1, le=POINTS_A_RULE_MAX)]
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)]
    minimum_points: Annotated[int, msgspec.Meta(ge=0, le=POINTS_LIMIT_MAX)] = 0
    step_points: Annotated[int, msgspec.Meta(ge=1, le=POINTS_LIMIT_MAX)] = 1
    share_max_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100
    amount_minor_max: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)] | None = None


Expiry = (
    NeverExpires
    | ExpiresAfterDays
    | ExpiresAfterMonths
    | ExpiresAtEndOfMonth
    | ExpiresAtEndOfYear
    | ExpiresOnDate
    | ExpiresWithoutActivity
)
Pending = NotPending | PendingDays


class Policies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How points live and end."""

    expiry: Expiry = NeverExpires()
    pending: Pending = NotPending()
    refunds: Refunds = Refunds()
    transfers: Transfers = Transfers()
    points_as_money: PointsAsMoney | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole program."""

    schema_version: Literal[1]
    program_id: Identifier
    currency_code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    time_zone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    display_names: Annotated[dict[Language, DisplayName], msgspec.Meta(max_length=DISPLAY_NAMES_MAX)] = {}
    enrolment: Enrolment
    earning: Earning
    policies: Policies = Policies()
