"""Days on the wall, and when points end and post: domain.md, Points 3 and 4."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US


@dataclass(frozen=True)
class Never:
    """Points stay."""


@dataclass(frozen=True)
class Days:
    """Good until the end of the day so many days after the day they were earned."""

    days: int


@dataclass(frozen=True)
class Months:
    """Good until the end of the day of the same number, so many months later, or of that month's last day."""

    months: int


@dataclass(frozen=True)
class EndOfMonth:
    """Good until the end of the month so many months after the month they were earned in."""

    months: int


@dataclass(frozen=True)
class EndOfYear:
    """Good until the end of the year so many years after the year they were earned in."""

    years: int


@dataclass(frozen=True)
class FixedDate:
    """Good until the end of this day."""

    last_day: date


@dataclass(frozen=True)
class Sliding:
    """All of them are good until the end of the day so many days after the last activity."""

    days: int


Policy = Never | Days | Months | EndOfMonth | EndOfYear | FixedDate | Sliding


def utc(text: str) -> int:
    """The instant of a time in UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def local_day(instant_us: int, zone: str) -> date:
    """The day on the wall of a place."""
    return (EPOCH + timedelta(microseconds=instant_us)).astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=10_000)
def over_us(last_day: date, zone: str) -> int:
    """The first instant at which the calendar on the wall shows a later day: found by halving."""
    days = last_day.toordinal() - date(1970, 1, 1).toordinal()
    before_us, after_us = (days - 1) * DAY_US, (days + 3) * DAY_US
    while after_us - before_us > 1:
        middle_us = (before_us + after_us) // 2
        if local_day(middle_us, zone) > last_day:
            after_us = middle_us
        else:
            before_us = middle_us
    return after_us


def months_later(day: date, months: int) -> date:
    """The first day of the month so many months later."""
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=31)).replace(day=1)
    return first


def last_good_day(policy: Policy, day: date) -> date | None:
    """The last day on which points earned on a day are good. For sliding ones: without further activity."""
    match policy:
        case Never():
            return None
        case Days(days) | Sliding(days):
            return day + timedelta(days=days)
        case Months(months):
            month = months_later(day, months)
            return month.replace(day=min(day.day, monthrange(month.year, month.month)[1]))
        case EndOfMonth(months):
            return months_later(day, months + 1) - timedelta(days=1)
        case EndOfYear(years):
            return date(day.year + years, 12, 31)
        case FixedDate(last_day):
            return last_day


def gone_us(policy: Policy, earned_us: int, zone: str) -> int | None:
    """The first instant at which points earned then are gone; None: never."""
    last_day = last_good_day(policy, local_day(earned_us, zone))
    return None if last_day is None else over_us(last_day, zone)


def posting_us(pending_days: int | None, earned_us: int, zone: str) -> int | None:
    """The first instant at which points earned then can be spent; None: at once."""
    if pending_days is None:
        return None
    return over_us(local_day(earned_us, zone) + timedelta(days=pending_days), zone)
