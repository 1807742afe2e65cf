"""Seals as Postgres holds them: the signed statements, and the heads of members under each."""

from typing import Final, NamedTuple

import asyncpg

from members.slots import SLOTS
from seals.heads import Head
from seals.merkle import HASH_BYTES
from seals.statement import Statement, read_statement
from store.database import Database

NUMBER_MAX: Final = 2**63 - 1

_COLUMNS: Final = "statement, signature, slot_hashes, feed_epoch, before_xid::text::bigint"
_LAST: Final = f"SELECT {_COLUMNS} FROM seal WHERE program_id = $1 ORDER BY number DESC LIMIT 1"  # noqa: S608 - column names of our own
_ONE: Final = f"SELECT {_COLUMNS} FROM seal WHERE program_id = $1 AND number = $2"  # noqa: S608 - the same
_BELOW: Final = """
SELECT statement, signature FROM seal WHERE program_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3
"""
_ABOVE: Final = """
SELECT statement, signature FROM seal WHERE program_id = $1 AND number > $2 ORDER BY number LIMIT $3
"""
# Every member of the slot by one step along the key, and of each the newest head: the rows in between,
# one for each seal that a member had news in, are not read.
_HEADS: Final = """
WITH RECURSIVE m AS (
    (SELECT member_id FROM seal_head WHERE slot = $1 AND program_id = $2 ORDER BY member_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT h.member_id FROM seal_head h
        WHERE h.slot = $1 AND h.program_id = $2 AND h.member_id > m.member_id
        ORDER BY h.member_id LIMIT 1
    ) FROM m WHERE m.member_id IS NOT NULL
)
SELECT m.member_id, newest.seq, newest.hash FROM m CROSS JOIN LATERAL (
    SELECT h.seq, h.hash FROM seal_head h
    WHERE h.slot = $1 AND h.program_id = $2 AND h.member_id = m.member_id AND h.number <= $3
    ORDER BY h.number DESC LIMIT 1
) newest
WHERE m.member_id IS NOT NULL
ORDER BY m.member_id
"""


class SignedStatement(NamedTuple):
    """A seal as it is given to others: the text that was signed, and the signature."""

    text: str
    signature: bytes

    def read(self) -> Statement:
        """What it says. Raises StatementInvalidError."""
        return read_statement(self.text)


class StoredSeal(NamedTuple):
    """A seal with what the next one and receipts are made of.

    It covers the entries of its epoch of the feed whose feed_xid is below `before_xid`.
    """

    signed: SignedStatement
    slot_hashes: tuple[bytes, ...]
    feed_epoch: int
    before_xid: int


async def last_seal(driver: asyncpg.Connection, program_id: str) -> StoredSeal | None:
    """The program's newest seal, if there is one."""
    return _stored(await driver.fetchrow(_LAST, program_id))


async def seal_numbered(driver: asyncpg.Connection, program_id: str, number: int) -> StoredSeal | None:
    """The program's seal of this number, if there is one."""
    return _stored(await driver.fetchrow(_ONE, program_id, number))


async def heads_under(driver: asyncpg.Connection, program_id: str, slot: int, number: int) -> list[Head]:
    """The heads of a slot's members as a seal covers them, in the order of the tree."""
    return [Head(*row) for row in await driver.fetch(_HEADS, slot, program_id, number)]


async def seals_below(
    database: Database, program_id: str, number: int, count_max: int
) -> list[SignedStatement]:
    """Up to `count_max` seals with numbers below `number`, newest first. Raises StoreUnavailableError."""
    return await _page(database, _BELOW, program_id, number, count_max)


async def seals_above(
    database: Database, program_id: str, number: int, count_max: int
) -> list[SignedStatement]:
    """Up to `count_max` seals with numbers above `number`, oldest first. Raises StoreUnavailableError."""
    return await _page(database, _ABOVE, program_id, number, count_max)


async def _page(
    database: Database, statement: str, program_id: str, number: int, count_max: int
) -> list[SignedStatement]:
    async with database.borrowed() as driver:
        rows = await driver.fetch(statement, program_id, number, count_max)
    return [SignedStatement(row[0], row[1]) for row in rows]


def _stored(row: asyncpg.Record | None) -> StoredSeal | None:
    if row is None:
        return None
    hashes = tuple(row[2][at : at + HASH_BYTES] for at in range(0, SLOTS * HASH_BYTES, HASH_BYTES))
    return StoredSeal(SignedStatement(row[0], row[1]), hashes, row[3], row[4])
