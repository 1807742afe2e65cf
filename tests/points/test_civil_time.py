"""Instants and the days of a time zone, also where a day is not 24 hours long."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.civil_time import day_of, first_instant_after, instant_of, moment_of

# Zones that skip midnight, reach it twice, go back over it, skipped a day, or lie at the ends of the day.
ZONES: Final = [
    "America/Havana",
    "America/Moncton",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "UTC",
]
DAYS: Final = st.dates(min_value=date(1971, 1, 1), max_value=date(2099, 12, 30))


def utc(text: str) -> int:
    """The instant of a UTC time, counted by hand: days, then seconds, then microseconds."""
    moment = datetime.fromisoformat(text + "+00:00")
    days = moment.date().toordinal() - date(1970, 1, 1).toordinal()
    seconds = moment.hour * 3_600 + moment.minute * 60 + moment.second
    return (days * 86_400 + seconds) * 1_000_000 + moment.microsecond


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00+00:00", 0),
        ("1970-01-01T00:00:00.000001+00:00", 1),
        ("1969-12-31T23:59:59.999999+00:00", -1),
        ("2000-02-29T12:00:00+00:00", 951_825_600_000_000),
        ("2024-06-01T00:00:00+01:00", 1_717_196_400_000_000),
        ("9999-12-31T23:59:59.999999+00:00", 253_402_300_799_999_999),
    ],
)
def test_an_instant_counts_microseconds_since_1970_in_utc(text: str, expected: int) -> None:
    assert expected == instant_of(datetime.fromisoformat(text))


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_keeps_every_microsecond(moment: datetime) -> None:
    """No floating point: year 1 to 9999, to the microsecond."""
    assert moment == moment_of(instant_of(moment))


@settings(deadline=None)
@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001 - zone follows
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_one_instant_has_many_names(local: datetime, offset_minutes: int) -> None:
    offset = timedelta(minutes=offset_minutes)

    expected = instant_of(local.replace(tzinfo=UTC)) - offset_minutes * 60_000_000

    assert expected == instant_of(local.replace(tzinfo=timezone(offset)))


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        ("2024-06-30T22:59:59.999999", "Europe/London", "2024-06-30"),
        ("2024-06-30T23:00:00", "Europe/London", "2024-07-01"),
        ("2024-12-31T23:59:59.999999", "Europe/London", "2024-12-31"),
        ("2025-01-01T00:00:00", "Europe/London", "2025-01-01"),
        ("2024-02-28T15:59:59.999999", "Asia/Shanghai", "2024-02-28"),
        ("2024-02-28T16:00:00", "Asia/Shanghai", "2024-02-29"),
        ("2024-03-11T03:59:59.999999", "America/New_York", "2024-03-10"),
        ("2024-11-04T04:59:59.999999", "America/New_York", "2024-11-03"),
        ("2018-11-04T02:59:59.999999", "America/Sao_Paulo", "2018-11-03"),
        ("2018-11-04T03:00:00", "America/Sao_Paulo", "2018-11-04"),
    ],
)
def test_an_instant_lies_in_a_day_of_the_zone(instant: str, zone: str, expected: str) -> None:
    assert date.fromisoformat(expected) == day_of(utc(instant), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        ("2024-06-30", "UTC", "2024-07-01T00:00:00"),
        ("2024-06-30", "Asia/Shanghai", "2024-06-30T16:00:00"),
        # A day of 23 and one of 25 hours.
        ("2024-03-30", "Europe/London", "2024-03-31T00:00:00"),
        ("2024-03-31", "Europe/London", "2024-03-31T23:00:00"),
        ("2024-10-26", "Europe/London", "2024-10-26T23:00:00"),
        ("2024-10-27", "Europe/London", "2024-10-28T00:00:00"),
        ("2024-03-10", "America/New_York", "2024-03-11T04:00:00"),
        ("2024-11-03", "America/New_York", "2024-11-04T05:00:00"),
        # The clock goes from 24:00 to 01:00: there is no midnight.
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-05T02:00:00"),
        ("2022-03-26", "Asia/Beirut", "2022-03-26T22:00:00"),
        ("2022-03-27", "Asia/Beirut", "2022-03-27T21:00:00"),
        # The clock goes from 24:00 back to 23:00: the day's last hour comes twice.
        ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00:00"),
        ("2022-10-29", "Asia/Beirut", "2022-10-29T22:00:00"),
        # The clock goes from 01:00 back to 00:00: midnight comes twice, the day is over at the first.
        ("2024-11-02", "America/Havana", "2024-11-03T04:00:00"),
        ("2024-11-03", "America/Havana", "2024-11-04T05:00:00"),
        # The clock goes from 23:30 to 24:00.
        ("2018-05-04", "Asia/Pyongyang", "2018-05-04T15:00:00"),
        # A day that never was.
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-31T10:00:00"),
        # Leap days and the end of a year.
        ("2024-02-28", "Asia/Shanghai", "2024-02-28T16:00:00"),
        ("2024-02-29", "Asia/Shanghai", "2024-02-29T16:00:00"),
        ("2023-02-28", "UTC", "2023-03-01T00:00:00"),
        ("2100-02-28", "UTC", "2100-03-01T00:00:00"),
        ("2024-12-31", "Pacific/Kiritimati", "2024-12-31T10:00:00"),
        ("2024-12-31", "Pacific/Niue", "2025-01-01T11:00:00"),
    ],
)
def test_a_day_is_over_at_an_instant(day: str, zone: str, expected: str) -> None:
    """Domain, Points 4: the first instant after the last day, in the program's time zone."""
    assert utc(expected) == first_instant_after(date.fromisoformat(day), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        ("2010-11-06", "America/St_Johns", "2010-11-07T03:30:00"),
        ("2006-10-28", "America/Moncton", "2006-10-29T04:00:00"),
        # The days beside it are over as ever.
        ("2010-11-05", "America/St_Johns", "2010-11-06T02:30:00"),
        ("2010-11-07", "America/St_Johns", "2010-11-08T03:30:00"),
    ],
)
def test_a_day_that_comes_back_is_not_over(day: str, zone: str, expected: str) -> None:
    """The clock went from 00:01 back to 23:01. No zone does so today; an imported history may lie there."""
    assert utc(expected) == first_instant_after(date.fromisoformat(day), ZoneInfo(zone))


@settings(deadline=None)
@given(DAYS, st.sampled_from(ZONES))
def test_just_before_the_end_of_a_day_it_is_that_day_and_at_its_end_a_later_one(day: date, name: str) -> None:
    zone = ZoneInfo(name)

    end_us = first_instant_after(day, zone)

    assert (day_of(end_us - 1, zone) <= day, day_of(end_us, zone) > day) == (True, True)


@settings(deadline=None)
@given(DAYS, st.sampled_from(ZONES), st.integers(min_value=0, max_value=3 * 3_600_000_000))
def test_a_day_that_is_over_does_not_come_back(day: date, name: str, later_us: int) -> None:
    zone = ZoneInfo(name)

    assert day_of(first_instant_after(day, zone) + later_us, zone) > day


@pytest.mark.parametrize(
    ("day", "name"), [("2010-11-06", "America/St_Johns"), ("2006-10-28", "America/Moncton")]
)
def test_a_day_that_came_back_does_not_come_back_again(day: str, name: str) -> None:
    zone = ZoneInfo(name)

    end_us = first_instant_after(date.fromisoformat(day), zone)

    assert day_of(end_us - 1, zone) == date.fromisoformat(day)
    assert {day_of(end_us + minute * 60_000_000, zone) for minute in range(180)} == {
        date.fromisoformat(day) + timedelta(days=1)
    }


@settings(deadline=None)
@given(DAYS, st.sampled_from(ZONES))
def test_days_follow_each_other(day: date, name: str) -> None:
    """A day is at most 25 hours long; one that the zone skipped has no time at all."""
    zone = ZoneInfo(name)

    length_us = first_instant_after(day + timedelta(days=1), zone) - first_instant_after(day, zone)

    assert 0 <= length_us <= 25 * 3_600_000_000
