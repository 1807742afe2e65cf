"""Days, times and spans as a person types them. All are in UTC unless a time says otherwise."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from service.command_line.failing import CommandFailedError

SECONDS_A_UNIT: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# More digits say nothing that the service would accept, and could leave what a span can hold.
SPAN_DIGITS_MAX: Final = 6
_SPAN: Final = re.compile(rf"([0-9]{{1,{SPAN_DIGITS_MAX}}})([smhd])")
_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


def begin_of(option: str, text: str) -> Timestamp:
    """A time, or the first instant of a day. Raises CommandFailedError naming the option."""
    return _read(option, text, timedelta())


def after(option: str, text: str) -> Timestamp:
    """A time, or the first instant after a day. Raises CommandFailedError naming the option."""
    return _read(option, text, _DAY)


def end_of(option: str, text: str) -> Timestamp:
    """A time, or the last instant of a day. Raises CommandFailedError naming the option."""
    return _read(option, text, _DAY - _INSTANT)


def span(option: str, text: str) -> Duration:
    """A span such as 90s, 15m, 2h or 7d. Raises CommandFailedError naming the option."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise CommandFailedError(f"{option} {text!r} is not a span such as 90s, 15m, 2h or 7d")
    return Duration(seconds=int(found[1]) * SECONDS_A_UNIT[found[2]])


def _read(option: str, text: str, into_day: timedelta) -> Timestamp:
    """The instant of a text. A day alone stands for the instant that lies so far from its begin."""
    try:
        moment = datetime.fromisoformat(text)
        if _is_day(text):
            moment += into_day
        in_utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CommandFailedError(
            f"{option} {text!r} is neither a day such as 2026-01-31 nor a time such as 2026-01-31T12:00:00Z"
        ) from None
    time = Timestamp()
    time.FromDatetime(in_utc)
    return time


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
