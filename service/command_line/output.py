"""What commands print: tables for people, JSON for scripts."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

Plain = str | int | bool | float | None | list["Plain"] | dict[str, "Plain"]

# What people name things is printed as it is: ":tea:" is no picture.
console: Final = Console(highlight=False, emoji=False)
error_console: Final = Console(stderr=True, highlight=False, emoji=False)


def print_json(content: Plain) -> None:
    """One JSON document on standard output."""
    console.file.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def plain(message: Message) -> dict[str, Plain]:
    """A message for scripts: the contract's field names, numbers as numbers, times in RFC 3339, bytes in hex.

    Every field is there; a message that is not set is null.
    """
    result: dict[str, Plain] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        enum = field.enum_type
        names = {} if enum is None else {one.number: one.name for one in enum.values}
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            result[field.name] = {str(key): str(item) for key, item in value.items()}
        elif field.is_repeated:
            result[field.name] = [_plain_value(names, item) for item in value]
        elif field.has_presence and not message.HasField(field.name):
            if field.containing_oneof is None:
                result[field.name] = None
        else:
            result[field.name] = _plain_value(names, value)
    return result


def _plain_value(names: Mapping[int, str], value: object) -> Plain:
    if isinstance(value, Timestamp):
        return rfc3339(value)
    if isinstance(value, Message):
        return plain(value)
    if isinstance(value, bytes):
        return value.hex()
    if names and isinstance(value, int):
        return names[value]
    if isinstance(value, (str, int, bool, float)):
        return value
    raise TypeError(f"a field holds a {type(value).__name__}")


def rfc3339(time: Timestamp) -> str:
    """A time in UTC, with a fraction where there is one."""
    return time.ToJsonString()


def local_time(time: Timestamp) -> str:
    """A time for a person: to the minute, in UTC."""
    return datetime.fromtimestamp(time.seconds, UTC).strftime("%Y-%m-%d %H:%M")


def number(value: int) -> str:
    """A number with separators."""
    return f"{value:,}"
