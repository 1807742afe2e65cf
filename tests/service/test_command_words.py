"""What commands say of entries covers the contract, and what a person types is read as meant."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.v1 import entry_pb2

from service.command_line.entry_words import Kind, Line, change_line, kind_name, kind_word
from service.command_line.failing import CommandFailedError
from service.command_line.times import after, begin_of, end_of, span


def test_every_kind_of_entry_has_one_word_of_its_own() -> None:
    kinds = [kind for kind in entry_pb2.EntryKind.keys() if not kind.endswith("_UNSPECIFIED")]  # noqa: SIM118 - no mapping
    assert sorted(kind_name(kind) for kind in Kind) == sorted(kinds)
    words = [kind_word(entry_pb2.Entry(kind=kind).kind) for kind in kinds]
    assert sorted(words) == sorted(kind.value for kind in Kind)


def test_every_change_is_said() -> None:
    said: dict[str, Line] = {}
    for field in entry_pb2.Change.DESCRIPTOR.oneofs_by_name["change"].fields:
        change = entry_pb2.Change()
        getattr(change, field.name).SetInParent()
        said[field.name] = change_line(change, 1)
    assert change_line(entry_pb2.Change(), 1) not in said.values()
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize(
    ("text", "begin", "end", "behind"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31T23:59:59.999999Z", "2026-02-01T00:00:00Z"),
        ("2026-01-31T12:00:00Z", *["2026-01-31T12:00:00Z"] * 3),
        ("2026-01-31T12:00", *["2026-01-31T12:00:00Z"] * 3),
        ("2026-01-31 12:00:00.5+02:00", *["2026-01-31T10:00:00.500Z"] * 3),
    ],
)
def test_a_day_is_whole_and_a_time_is_itself(text: str, begin: str, end: str, behind: str) -> None:
    def texts(*times: Timestamp) -> list[str]:
        return [time.ToJsonString() for time in times]

    assert texts(begin_of("--x", text), end_of("--x", text), after("--x", text)) == [begin, end, behind]


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30", "31.01.2026", "9999-12-31", "0001-01-01T00:00+01:00"]
)
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(CommandFailedError, match="--since"):
        after("--since", text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("31d", 2_678_400)])
def test_a_span_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    found = span("--ttl", text)
    assert (found.seconds, found.nanos) == (seconds, 0)


@pytest.mark.parametrize("text", ["", "15", "m", "-5m", "1.5h", "15 m", "15min", "١٥m", "9999999s"])
def test_what_is_no_span_is_refused_by_name(text: str) -> None:
    with pytest.raises(CommandFailedError, match="--ttl"):
        span("--ttl", text)
