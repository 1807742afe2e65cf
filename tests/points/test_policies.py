"""When points post and when they are gone, by hand-written calendars."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.policies import AT_ONCE, NEVER, lot_end_us, posting_us
from programs.document import ExpiresAfterDays, NeverExpires, NotPending, PendingDays

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Earned at (UTC), days, zone, and the first instant after the last day (UTC).
CALENDAR: Final = [
    # London, an ordinary winter day: from its first to its last instant.
    ("2024-01-10T00:00:00", 1, "Europe/London", "2024-01-12T00:00:00"),
    ("2024-01-10T23:59:59.999999", 1, "Europe/London", "2024-01-12T00:00:00"),
    ("2024-01-11T00:00:00", 1, "Europe/London", "2024-01-13T00:00:00"),
    # London, summer: the day begins at 23:00 UTC.
    ("2024-07-10T22:59:59.999999", 30, "Europe/London", "2024-08-09T23:00:00"),
    ("2024-07-10T23:00:00", 30, "Europe/London", "2024-08-10T23:00:00"),
    # Into summer time and out of it.
    ("2024-03-30T23:30:00", 1, "Europe/London", "2024-03-31T23:00:00"),
    ("2024-03-31T23:30:00", 1, "Europe/London", "2024-04-02T23:00:00"),
    ("2024-10-26T22:30:00", 1, "Europe/London", "2024-10-28T00:00:00"),
    ("2024-10-27T00:30:00", 1, "Europe/London", "2024-10-29T00:00:00"),
    ("2024-10-27T01:30:00", 1, "Europe/London", "2024-10-29T00:00:00"),
    # A year over a leap day and over none; ten years and a week, the longest there is.
    ("2024-01-10T12:00:00", 365, "Europe/London", "2025-01-10T00:00:00"),
    ("2025-01-10T12:00:00", 365, "Europe/London", "2026-01-11T00:00:00"),
    ("2024-02-29T12:00:00", 366, "Europe/London", "2025-03-02T00:00:00"),
    ("2024-01-01T12:00:00", 3_660, "Europe/London", "2034-01-09T00:00:00"),
    # Shanghai: eight hours ahead, no summer time.
    ("2024-02-28T15:59:59.999999", 1, "Asia/Shanghai", "2024-02-29T16:00:00"),
    ("2024-02-28T16:00:00", 1, "Asia/Shanghai", "2024-03-01T16:00:00"),
    ("2023-12-31T16:00:00", 366, "Asia/Shanghai", "2025-01-01T16:00:00"),
    # New York: behind, and over both changes of its clocks.
    ("2024-03-10T04:59:59.999999", 1, "America/New_York", "2024-03-11T04:00:00"),
    ("2024-03-10T05:00:00", 1, "America/New_York", "2024-03-12T04:00:00"),
    ("2024-11-03T03:59:59.999999", 1, "America/New_York", "2024-11-04T05:00:00"),
    ("2024-11-04T04:59:59.999999", 14, "America/New_York", "2024-11-18T05:00:00"),
]


def utc(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(("earned", "days", "zone", "expected"), CALENDAR)
def test_a_lot_is_gone_from_the_first_instant_after_its_last_day(
    earned: str, days: int, zone: str, expected: str
) -> None:
    """Domain, Points 4: N days after earning, in the program's time zone."""
    assert utc(expected) == lot_end_us(ExpiresAfterDays(days=days), utc(earned), ZoneInfo(zone))


@pytest.mark.parametrize(("earned", "days", "zone", "expected"), [row for row in CALENDAR if row[1] <= 366])
def test_points_post_when_the_return_window_is_over(earned: str, days: int, zone: str, expected: str) -> None:
    """Domain, Points 3: points may wait until a return window ends; its last day is a whole day."""
    assert utc(expected) == posting_us(PendingDays(days=days), utc(earned), ZoneInfo(zone))


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=4_102_444_800_000_000))
def test_points_that_never_expire_and_never_wait_have_no_date(earned_us: int) -> None:
    assert (
        lot_end_us(NeverExpires(), earned_us, ZoneInfo("UTC")),
        posting_us(NotPending(), earned_us, ZoneInfo("UTC")),
    ) == (NEVER, AT_ONCE)


@settings(deadline=None)
@given(
    st.dates(min_value=date(1992, 1, 1), max_value=date(2080, 1, 1)),
    st.integers(min_value=0, max_value=86_399_999_999),
    st.integers(min_value=1, max_value=3_660),
    st.sampled_from(["UTC", "Asia/Shanghai"]),
)
def test_all_points_of_a_day_have_one_end(day: date, into_day_us: int, days: int, name: str) -> None:
    """Domain, vocabulary: a lot is all of a member's points with one expiry date.

    In zones without summer time (Shanghai has had none since 1992), so that days can be counted in hours.
    """
    policy, zone = ExpiresAfterDays(days=days), ZoneInfo(name)
    first_us = (datetime(day.year, day.month, day.day, tzinfo=zone) - EPOCH) // timedelta(microseconds=1)

    end_us = lot_end_us(policy, first_us + into_day_us, zone)

    assert first_us + (days + 1) * 86_400_000_000 == end_us


@settings(deadline=None)
@given(
    st.integers(min_value=0, max_value=4_102_444_800_000_000),
    st.integers(min_value=1, max_value=366),
    st.integers(min_value=1, max_value=3_294),
    st.sampled_from(["Europe/London", "America/New_York", "Asia/Beirut", "America/Sao_Paulo"]),
)
def test_points_post_before_they_are_gone(earned_us: int, pending: int, longer: int, name: str) -> None:
    zone = ZoneInfo(name)

    post_us = posting_us(PendingDays(days=pending), earned_us, zone)

    assert earned_us < post_us < lot_end_us(ExpiresAfterDays(days=pending + longer), earned_us, zone)
