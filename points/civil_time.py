"""Between instants and the days of a program's time zone.

An instant is an integer: microseconds since 1970 in UTC. So it can be compared, stored and hashed exactly.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
ONE_DAY: Final = timedelta(days=1)


def instant_of(moment: datetime) -> int:
    """The instant of an aware datetime."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(instant_us: int) -> datetime:
    """The datetime, in UTC, of an instant."""
    return EPOCH + timedelta(microseconds=instant_us)


def day_of(instant_us: int, zone: ZoneInfo) -> date:
    """The day in which an instant lies, in the program's time zone."""
    return moment_of(instant_us).astimezone(zone).date()


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or that month's last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_day_of_month(day: date) -> date:
    """The last day of the day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def first_instant_after(day: date, zone: ZoneInfo) -> int:
    """The instant at which the day is over. Where clocks skip midnight, it is the moment they do; where they
    turn back over midnight, so that the day comes back for a while, it is the second midnight.
    """
    midnight = datetime.combine(day + ONE_DAY, time(), tzinfo=zone)
    first, second = (instant_of(midnight.replace(fold=fold).astimezone(UTC)) for fold in (0, 1))
    return second if second > first and day_of(second - 1, zone) == day else first
