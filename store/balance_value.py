"""A balance as Redis holds it: fixed length, versioned, and sealed so that nothing else is taken for one."""

import hmac
import struct
from hashlib import blake2b
from typing import Final, NamedTuple

from members.journal import EntryBalance

CHECKSUM_BYTES: Final = 16
VERSION_DIGITS: Final = 16
_FIELDS: Final = struct.Struct(">qqqqqqq")
VALUE_BYTES: Final = VERSION_DIGITS + _FIELDS.size + CHECKSUM_BYTES


class KnownBalance(NamedTuple):
    """A member's balance as of now, the entry it includes, and until when time alone does not change it.

    `valid_until_us` is microseconds since 1970, UTC.
    """

    version: int
    balance: EntryBalance
    valid_until_us: int


def cache_key(program_id: str, member_id: str) -> bytes:
    """The member's key in Redis. The program's length comes first, so no two members share one."""
    program = program_id.encode()
    return b"loyalty:balance:%d:%b:%b" % (len(program), program, member_id.encode())


def encode_value(key: bytes, known: KnownBalance, secret: bytes) -> bytes:
    """The value: the version in 16 digits, which the replacing script compares; the fields; the seal."""
    balance = known.balance
    content = b"%016d%b" % (
        known.version,
        _FIELDS.pack(
            balance.available,
            balance.pending,
            balance.held,
            balance.debt,
            balance.next_expiry_us,
            balance.next_expiry_points,
            known.valid_until_us,
        ),
    )
    return content + _seal(key, content, secret)


def decode_value(key: bytes, value: bytes, secret: bytes) -> KnownBalance | None:
    """The balance of a value; None where the value was not written for this key by this installation."""
    if len(value) != VALUE_BYTES:
        return None
    content, seal = value[:-CHECKSUM_BYTES], value[-CHECKSUM_BYTES:]
    if not hmac.compare_digest(seal, _seal(key, content, secret)):
        return None
    *fields, valid_until_us = _FIELDS.unpack(content[VERSION_DIGITS:])
    return KnownBalance(int(content[:VERSION_DIGITS]), EntryBalance(*fields), valid_until_us)


def _seal(key: bytes, content: bytes, secret: bytes) -> bytes:
    return blake2b(key + b"\0" + content, key=secret, digest_size=CHECKSUM_BYTES).digest()
