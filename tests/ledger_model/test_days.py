"""The model's calendar, by a wall calendar."""

from datetime import date

import pytest

from tests.ledger_model.days import (
    Days,
    EndOfMonth,
    EndOfYear,
    FixedDate,
    Months,
    Never,
    Policy,
    Sliding,
    gone_us,
    last_good_day,
    over_us,
    posting_us,
    utc,
)


@pytest.mark.parametrize(
    ("policy", "day", "expected"),
    [
        (Never(), date(2024, 1, 31), None),
        (Days(1), date(2024, 2, 28), date(2024, 2, 29)),
        (Days(365), date(2024, 1, 1), date(2024, 12, 31)),
        (Months(1), date(2024, 1, 31), date(2024, 2, 29)),
        (Months(1), date(2023, 1, 31), date(2023, 2, 28)),
        (Months(1), date(2024, 2, 29), date(2024, 3, 29)),
        (Months(12), date(2024, 2, 29), date(2025, 2, 28)),
        (Months(13), date(2024, 12, 31), date(2026, 1, 31)),
        (EndOfMonth(0), date(2024, 2, 1), date(2024, 2, 29)),
        (EndOfMonth(1), date(2024, 1, 31), date(2024, 2, 29)),
        (EndOfMonth(12), date(2024, 12, 31), date(2025, 12, 31)),
        (EndOfYear(0), date(2024, 12, 31), date(2024, 12, 31)),
        (EndOfYear(1), date(2024, 1, 1), date(2025, 12, 31)),
        (FixedDate(date(2024, 6, 30)), date(2024, 7, 1), date(2024, 6, 30)),
        (Sliding(90), date(2024, 3, 1), date(2024, 5, 30)),
    ],
)
def test_the_last_good_day(policy: Policy, day: date, expected: date | None) -> None:
    assert expected == last_good_day(policy, day)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/London", "2018-11-04T00:00:00"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00"),  # midnight was skipped: the day began at one o'clock
        ("Asia/Shanghai", "2018-11-03T16:00:00"),
        ("America/New_York", "2018-11-04T04:00:00"),
    ],
)
def test_when_a_day_is_over(zone: str, expected: str) -> None:
    assert utc(expected) == over_us(date(2018, 11, 3), zone)


def test_a_day_is_that_of_the_place() -> None:
    """An hour before midnight in London it is the next day in Shanghai."""
    late_us = utc("2024-02-29T23:00:00")

    assert utc("2024-03-02T00:00:00") == gone_us(Days(1), late_us, "Europe/London")
    assert utc("2024-03-02T16:00:00") == gone_us(Days(1), late_us, "Asia/Shanghai")
    assert utc("2024-03-08T00:00:00") == posting_us(7, late_us, "Europe/London")
    assert posting_us(None, late_us, "Europe/London") is None
