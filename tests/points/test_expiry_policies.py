"""When points are gone: every expiry policy, by hand-written calendars, to the microsecond."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.civil_time import day_of, last_day_of_month, months_later
from points.policies import NEVER, SLIDING, lot_end_us, sliding_end_us
from programs.document import (
    ExpiresAfterDays,
    ExpiresAfterMonths,
    ExpiresAtEndOfMonth,
    ExpiresAtEndOfYear,
    ExpiresOnDate,
    ExpiresWithoutActivity,
    Expiry,
    NeverExpires,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LONDON: Final = ZoneInfo("Europe/London")
INSTANTS: Final = st.integers(min_value=0, max_value=4_102_444_800_000_000)
ZONES: Final = st.sampled_from(["UTC", "Europe/London", "Asia/Shanghai", "America/New_York", "Asia/Beirut"])


def utc(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def on(year: int, month: int, day: int) -> ExpiresOnDate:
    return ExpiresOnDate(date=date(year, month, day))


# Months


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-01-10", 0, "2024-01-10"),
        ("2024-01-10", 1, "2024-02-10"),
        ("2024-12-10", 1, "2025-01-10"),
        ("2024-11-30", 14, "2026-01-30"),
        # The month has no such day: its last one.
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2023-01-29", 1, "2023-02-28"),
        ("2024-03-31", 1, "2024-04-30"),
        ("2024-08-31", 6, "2025-02-28"),
        ("2023-08-31", 6, "2024-02-29"),
        # A leap day a year later, and four.
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2024-02-29", 120, "2034-02-28"),
        # From the last day of a short month the day number counts, not that it was the last.
        ("2024-02-29", 1, "2024-03-29"),
        ("2023-02-28", 1, "2023-03-28"),
        ("2024-12-31", 120, "2034-12-31"),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: str, months: int, expected: str) -> None:
    assert date.fromisoformat(expected) == months_later(date.fromisoformat(day), months)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-02-01", "2024-02-29"),
        ("2023-02-28", "2023-02-28"),
        ("2100-02-01", "2100-02-28"),
        ("2000-02-01", "2000-02-29"),
        ("2024-04-30", "2024-04-30"),
        ("2024-12-01", "2024-12-31"),
    ],
)
def test_a_month_ends_with_its_last_day(day: str, expected: str) -> None:
    assert date.fromisoformat(expected) == last_day_of_month(date.fromisoformat(day))


# Policies: earned at (UTC), zone, and the first instant at which the points are gone (UTC).


@pytest.mark.parametrize(
    ("policy", "earned", "zone", "gone"),
    [
        # Months after the earning day, in the zone.
        (ExpiresAfterMonths(months=1), "2024-01-10T12:00:00", "UTC", "2024-02-11T00:00:00"),
        (ExpiresAfterMonths(months=12), "2024-02-29T12:00:00", "UTC", "2025-03-01T00:00:00"),
        (ExpiresAfterMonths(months=1), "2024-01-31T12:00:00", "UTC", "2024-03-01T00:00:00"),
        (ExpiresAfterMonths(months=1), "2023-01-31T12:00:00", "UTC", "2023-03-01T00:00:00"),
        (ExpiresAfterMonths(months=120), "2024-02-29T12:00:00", "UTC", "2034-03-01T00:00:00"),
        # 31 January ends at 16:00 UTC in Shanghai.
        (ExpiresAfterMonths(months=1), "2024-01-31T15:59:59.999999", "Asia/Shanghai", "2024-02-29T16:00:00"),
        (ExpiresAfterMonths(months=1), "2024-01-31T16:00:00", "Asia/Shanghai", "2024-03-01T16:00:00"),
        # Into London's summer and out of it: 29 February to 29 March, 30 March to 30 April.
        (ExpiresAfterMonths(months=1), "2024-02-29T12:00:00", "Europe/London", "2024-03-30T00:00:00"),
        (ExpiresAfterMonths(months=1), "2024-03-30T12:00:00", "Europe/London", "2024-04-30T23:00:00"),
        (ExpiresAfterMonths(months=1), "2024-09-27T12:00:00", "Europe/London", "2024-10-28T00:00:00"),
        (ExpiresAfterMonths(months=1), "2024-09-26T12:00:00", "Europe/London", "2024-10-26T23:00:00"),
        # The day is the zone's: 23:30 UTC is the next day in London's summer.
        (ExpiresAfterMonths(months=1), "2024-07-10T23:30:00", "Europe/London", "2024-08-11T23:00:00"),
        # End of a month, from its first instant to its last.
        (ExpiresAtEndOfMonth(months=0), "2024-02-01T00:00:00", "UTC", "2024-03-01T00:00:00"),
        (ExpiresAtEndOfMonth(months=0), "2024-02-29T23:59:59.999999", "UTC", "2024-03-01T00:00:00"),
        (ExpiresAtEndOfMonth(months=1), "2024-01-31T12:00:00", "UTC", "2024-03-01T00:00:00"),
        (ExpiresAtEndOfMonth(months=12), "2024-02-10T12:00:00", "UTC", "2025-03-01T00:00:00"),
        (ExpiresAtEndOfMonth(months=0), "2024-03-31T00:30:00", "Europe/London", "2024-03-31T23:00:00"),
        (ExpiresAtEndOfMonth(months=0), "2024-03-31T23:00:00", "Europe/London", "2024-04-30T23:00:00"),
        (ExpiresAtEndOfMonth(months=0), "2024-10-15T12:00:00", "Europe/London", "2024-11-01T00:00:00"),
        (ExpiresAtEndOfMonth(months=0), "2024-01-01T04:59:59", "America/New_York", "2024-01-01T05:00:00"),
        # End of a year: this one, the next, ten years on.
        (ExpiresAtEndOfYear(years=0), "2024-12-31T23:59:59.999999", "UTC", "2025-01-01T00:00:00"),
        (ExpiresAtEndOfYear(years=1), "2024-01-01T00:00:00", "UTC", "2026-01-01T00:00:00"),
        (ExpiresAtEndOfYear(years=10), "2024-06-01T00:00:00", "UTC", "2035-01-01T00:00:00"),
        (ExpiresAtEndOfYear(), "2024-06-01T00:00:00", "UTC", "2026-01-01T00:00:00"),
        (ExpiresAtEndOfYear(years=0), "2023-12-31T15:59:59.999999", "Asia/Shanghai", "2023-12-31T16:00:00"),
        (ExpiresAtEndOfYear(years=0), "2023-12-31T16:00:00", "Asia/Shanghai", "2024-12-31T16:00:00"),
        # One date, whenever they were earned; also when it has passed.
        (on(2024, 7, 10), "2024-01-01T00:00:00", "Europe/London", "2024-07-10T23:00:00"),
        (on(2024, 7, 10), "2024-12-01T00:00:00", "Europe/London", "2024-07-10T23:00:00"),
        (on(2024, 2, 29), "2020-01-01T00:00:00", "Asia/Shanghai", "2024-02-29T16:00:00"),
        (on(2199, 12, 31), "2024-01-01T00:00:00", "UTC", "2200-01-01T00:00:00"),
        (on(2018, 11, 3), "2018-01-01T00:00:00", "America/Sao_Paulo", "2018-11-04T03:00:00"),
    ],
)  # fmt: skip
def test_points_are_gone_from_the_first_instant_after_their_last_day(
    policy: Expiry, earned: str, zone: str, gone: str
) -> None:
    """Domain, Points 4, in the program's time zone."""
    assert utc(gone) == lot_end_us(policy, utc(earned), ZoneInfo(zone))


POLICIES: Final = st.one_of(
    st.builds(ExpiresAfterDays, days=st.integers(1, 3_660)),
    st.builds(ExpiresAfterMonths, months=st.integers(1, 120)),
    st.builds(ExpiresAtEndOfMonth, months=st.integers(0, 120)),
    st.builds(ExpiresAtEndOfYear, years=st.integers(0, 10)),
)


@settings(deadline=None)
@given(POLICIES, INSTANTS, ZONES)
def test_points_outlive_the_day_on_which_they_are_earned(policy: Expiry, earned_us: int, name: str) -> None:
    """Whatever the policy, a customer can spend on the day of the order what it earned."""
    zone = ZoneInfo(name)

    end_us = lot_end_us(policy, earned_us, zone)

    assert end_us > earned_us
    assert day_of(end_us - 1, zone) >= day_of(earned_us, zone)
    assert day_of(end_us, zone) > day_of(end_us - 1, zone)


@settings(deadline=None)
@given(st.integers(1, 120), INSTANTS, ZONES)
def test_points_of_months_end_on_the_day_number_they_were_earned_or_on_the_months_last(
    months: int, earned_us: int, name: str
) -> None:
    """By counting month by month on the calendar, and not by the policy's own sum."""
    zone = ZoneInfo(name)
    earned = day_of(earned_us, zone)
    last = day_of(lot_end_us(ExpiresAfterMonths(months=months), earned_us, zone) - 1, zone)

    year, month = earned.year, earned.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    assert (last.year, last.month) == (year, month)
    assert last.day == earned.day or (last.day < earned.day and (last + timedelta(days=1)).month != month)


@settings(deadline=None)
@given(INSTANTS, INSTANTS, POLICIES, ZONES)
def test_points_earned_later_are_not_gone_earlier(one: int, other: int, policy: Expiry, name: str) -> None:
    """So that first in is first out across the lots of one policy, too."""
    earlier, later = sorted((one, other))
    zone = ZoneInfo(name)

    assert lot_end_us(policy, earlier, zone) <= lot_end_us(policy, later, zone)


# Sliding


@settings(deadline=None)
@given(st.integers(1, 3_660), INSTANTS, ZONES)
def test_points_that_slide_are_one_lot_whose_end_stands_elsewhere(
    days: int, earned_us: int, name: str
) -> None:
    policy, zone = ExpiresWithoutActivity(days=days), ZoneInfo(name)

    assert lot_end_us(policy, earned_us, zone) == SLIDING
    assert sliding_end_us(policy, earned_us, zone) == lot_end_us(ExpiresAfterDays(days=days), earned_us, zone)


@pytest.mark.parametrize(
    ("activity", "days", "zone", "expected"),
    [
        ("2024-01-10T00:00:00", 30, "Europe/London", "2024-02-10T00:00:00"),
        ("2024-01-10T23:59:59.999999", 30, "Europe/London", "2024-02-10T00:00:00"),
        ("2024-03-30T12:00:00", 1, "Europe/London", "2024-03-31T23:00:00"),
        ("2024-01-10T16:00:00", 1, "Asia/Shanghai", "2024-01-12T16:00:00"),
        ("2024-02-28T12:00:00", 1, "UTC", "2024-03-01T00:00:00"),
        ("2024-01-01T12:00:00", 3_660, "UTC", "2034-01-09T00:00:00"),
    ],
)
def test_an_activity_keeps_points_alive_for_days_after_its_own(
    activity: str, days: int, zone: str, expected: str
) -> None:
    policy = ExpiresWithoutActivity(days=days)

    assert utc(expected) == sliding_end_us(policy, utc(activity), ZoneInfo(zone))


@pytest.mark.parametrize(
    "policy",
    [
        NeverExpires(),
        ExpiresAfterDays(days=30),
        ExpiresAfterMonths(months=1),
        ExpiresAtEndOfMonth(),
        ExpiresAtEndOfYear(),
        ExpiresOnDate(date=date(2030, 1, 1)),
    ],
)
def test_an_activity_extends_nothing_under_another_policy(policy: Expiry) -> None:
    assert sliding_end_us(policy, utc("2024-01-10T00:00:00"), LONDON) == NEVER
