"""The program document: what a brand's rules may say, as types.

A field that is not known is an error everywhere, never ignored: a rule that was misspelt must not be lost.
"""

from typing import Annotated, Final, Literal

import msgspec

DOCUMENT_BYTES_MAX: Final = 262_144
RULES_MAX: Final = 100
DISPLAY_NAMES_MAX: Final = 50
POINTS_A_RULE_MAX: Final = 1_000_000
AMOUNT_MINOR_MAX: Final = 1_000_000_000_000_000
EXPIRY_DAYS_MAX: Final = 3_660
PENDING_DAYS_MAX: Final = 366

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^\S+\Z")]
Language = Annotated[str, msgspec.Meta(min_length=2, max_length=35)]
DisplayName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
RuleId = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*\Z")]


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who becomes a member. `open`: everybody, with the first order (domain: Joining)."""

    open: Literal[True]


class PerAmount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many points for each full amount of what was paid, rounded down once an order (domain: Points 2)."""

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


Expiry = NeverExpires | ExpiresAfterDays
Pending = NotPending | PendingDays


class Policies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How points live and end."""

    expiry: Expiry = NeverExpires()
    pending: Pending = NotPending()
    refunds: Refunds = Refunds()


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
