"""When points that are earned now will post, and when they will be gone (domain: Points 3 and 4)."""

from datetime import timedelta
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from points.civil_time import day_of, first_instant_after
from programs.document import ExpiresAfterDays, Expiry, NeverExpires, NotPending, Pending, PendingDays

NEVER: Final = 0
AT_ONCE: Final = 0


def lot_end_us(policy: Expiry, earned_us: int, zone: ZoneInfo) -> int:
    """The first instant at which points earned then are gone; NEVER where they stay."""
    match policy:
        case NeverExpires():
            return NEVER
        case ExpiresAfterDays(days=days):
            return first_instant_after(day_of(earned_us, zone) + timedelta(days=days), zone)
        case _:
            assert_never(policy)


def posting_us(policy: Pending, earned_us: int, zone: ZoneInfo) -> int:
    """The instant at which points earned then can be spent; AT_ONCE where they need not wait."""
    match policy:
        case NotPending():
            return AT_ONCE
        case PendingDays(days=days):
            return first_instant_after(day_of(earned_us, zone) + timedelta(days=days), zone)
        case _:
            assert_never(policy)
