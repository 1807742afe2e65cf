"""The statement of a seal: the exact text that is signed.

One line a field, each `name: value` and ended by a line feed, in a fixed order after a line that names the
format. So a signature can be checked with any tool, and a person can read what was signed.
"""

import re
from typing import Final

import msgspec

from seals.merkle import HASH_BYTES

STATEMENT_FORMAT: Final = "loyalty seal 1"
FIRST_PREVIOUS_ROOT: Final = bytes(HASH_BYTES)
NUMBER_MAX: Final = 2**63 - 1

_HEX: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class StatementInvalidError(ValueError):
    """A text is no statement; the error says which line is wrong."""


class Statement(msgspec.Struct, frozen=True):
    """What a seal says: what all journals of a program were at one moment.

    `root` is the Merkle root over the members' latest entries, `previous_root` that of the seal before (zero
    bytes for the first), `heads_digest` the digest of the heads that are new since it. `time_us` is when it
    was made, by Postgres's clock.
    """

    program_id: str
    number: int
    root: bytes
    previous_root: bytes
    heads_digest: bytes
    members: int
    entries: int
    time_us: int
    public_key: bytes


_FIELDS: Final = Statement.__struct_fields__
_HASHES: Final = {"root", "previous_root", "heads_digest", "public_key"}


def statement_text(statement: Statement) -> str:
    """The text that is signed. Raises StatementInvalidError where a value does not fit one line."""
    lines = [STATEMENT_FORMAT]
    for name in _FIELDS:
        value = getattr(statement, name)
        lines.append(f"{name}: {value.hex() if isinstance(value, bytes) else value}")
    text = "".join(f"{line}\n" for line in lines)
    if read_statement(text) != statement:
        raise StatementInvalidError("a value cannot be told from another in the statement's text")
    return text


def read_statement(text: str) -> Statement:
    """The statement of its text, which must be written exactly so. Raises StatementInvalidError."""
    first, *lines = text.split("\n")
    if first != STATEMENT_FORMAT:
        raise StatementInvalidError(f"line 1: must be {STATEMENT_FORMAT!r}")
    if len(lines) != len(_FIELDS) + 1 or lines[-1]:
        raise StatementInvalidError(f"must be {len(_FIELDS) + 1} lines, each ended by a line feed")
    values = [
        _value(place, name, line) for place, (name, line) in enumerate(zip(_FIELDS, lines, strict=False))
    ]
    return Statement(*values)  # type: ignore[arg-type] # each is read by its field's name


def _value(place: int, name: str, line: str) -> str | int | bytes:
    label, separator, value = line.partition(": ")
    if label != name or not separator:
        raise StatementInvalidError(f"line {place + 2}: must begin with '{name}: '")
    if name in _HASHES:
        if not _HEX.fullmatch(value):
            raise StatementInvalidError(f"{name}: must be 64 hexadecimal digits in lower case")
        return bytes.fromhex(value)
    if name == "program_id":
        if not value:
            raise StatementInvalidError("program_id: must not be empty")
        return value
    if not _NUMBER.fullmatch(value) or int(value) > NUMBER_MAX:
        raise StatementInvalidError(f"{name}: must be a number from 0 to {NUMBER_MAX}")
    return int(value)
