"""When points that are earned now will post, and when they will be gone (domain: Points 3 and 4)."""

from datetime import date, timedelta
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from points.civil_time import day_of, first_instant_after, last_day_of_month, months_later
from programs.document import (
    ExpiresAfterDays,
    ExpiresAfterMonths,
    ExpiresAtEndOfMonth,
    ExpiresAtEndOfYear,
    ExpiresOnDate,
    ExpiresWithoutActivity,
    Expiry,
    NeverExpires,
    NotPending,
    Pending,
    PendingDays,
)

NEVER: Final = 0
AT_ONCE: Final = 0
# The lot whose end moves with every activity; the end itself stands in the ledger.
SLIDING: Final = -1
DECEMBER: Final = 12


def lot_end_us(policy: Expiry, earned_us: int, zone: ZoneInfo) -> int:
    """The first instant at which points earned then are gone; NEVER where they stay, SLIDING where that
    instant moves with the member's activity.
    """
    day = day_of(earned_us, zone)
    match policy:
        case NeverExpires():
            return NEVER
        case ExpiresWithoutActivity():
            return SLIDING
        case ExpiresAfterDays(days=days):
            last_day = day + timedelta(days=days)
        case ExpiresAfterMonths(months=months):
            last_day = months_later(day, months)
        case ExpiresAtEndOfMonth(months=months):
            last_day = last_day_of_month(months_later(day, months))
        case ExpiresAtEndOfYear(years=years):
            last_day = date(day.year + years, DECEMBER, 31)
        case ExpiresOnDate(date=last_day):
            pass
        case _:
            assert_never(policy)
    return first_instant_after(last_day, zone)


def sliding_end_us(policy: Expiry, activity_us: int, zone: ZoneInfo) -> int:
    """The instant to which an activity extends the sliding lot; NEVER where the policy is another."""
    if not isinstance(policy, ExpiresWithoutActivity):
        return NEVER
    return first_instant_after(day_of(activity_us, zone) + timedelta(days=policy.days), zone)


def posting_us(policy: Pending, earned_us: int, zone: ZoneInfo) -> int:
    """The instant at which points earned then can be spent; AT_ONCE where they need not wait."""
    match policy:
        case NotPending():
            return AT_ONCE
        case PendingDays(days=days):
            return first_instant_after(day_of(earned_us, zone) + timedelta(days=days), zone)
        case _:
            assert_never(policy)
