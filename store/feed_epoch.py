"""The feed's epoch: in which server's transaction ids its positions count.

Transaction ids belong to one server. After a restore from a logical dump they start anew: rows from before
could stay unread until the new server has counted as far, and a cursor from before would skip what is new.
So `migrate` notices a restore, puts every row from before to the feed's beginning, and starts an epoch whose
cursors are others. What it notices a restore by: another system identifier (a role may be forbidden to
read it), another journal table, or rows ahead of the server's own count.
"""

import secrets
from typing import Final, NamedTuple

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from store.slots import SLOTS

NONCE_BYTES: Final = 8
# Rows are put to the beginning in as many transactions, so that none holds many members' rows for long.
RESET_PARTS: Final = 64

_NOW: Final = sa.text("""
SELECT 'journal'::regclass::oid::bigint AS journal_oid,
       has_function_privilege('pg_control_system()', 'execute') AS may_identify,
       EXISTS (
           SELECT FROM journal WHERE feed_xid >= pg_snapshot_xmax(pg_current_snapshot())
       ) AS ahead
""")
# Apart from the others: a role that may not call it may not even ask for it in a branch that is not taken.
_IDENTIFIER: Final = sa.text("SELECT system_identifier FROM pg_control_system()")
_NOTED: Final = sa.text("""
SELECT epoch, system_identifier, journal_oid, complete FROM feed_epoch
""")
_FIRST: Final = sa.text("""
INSERT INTO feed_epoch (epoch, nonce, system_identifier, journal_oid, complete, begin_time)
VALUES (:epoch, :nonce, :system_identifier, :journal_oid, :complete, clock_timestamp())
""")
_NEXT: Final = sa.text("""
UPDATE feed_epoch SET epoch = :epoch, nonce = :nonce, system_identifier = :system_identifier,
    journal_oid = :journal_oid, complete = :complete, begin_time = clock_timestamp()
""")
_COMPLETE: Final = sa.text("UPDATE feed_epoch SET complete = true")
_IDENTIFY: Final = sa.text("""
UPDATE feed_epoch SET system_identifier = :system_identifier WHERE system_identifier IS NULL
""")
# Accounts first: a writer that waits for one then takes its new, low feed_xid for the rows it writes. The
# slot's number stands in for an id: the rows of one id are sorted when they are read, so they must be few.
_RESET: Final = tuple(
    sa.text(
        f"UPDATE {table} SET feed_xid = slot::text::xid8"  # noqa: S608 - names of our own
        " WHERE slot BETWEEN :first AND :last AND feed_xid <> slot::text::xid8"
    )
    for table in ("account", "journal")
)
_HORIZON: Final = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_COUNT_ON: Final = sa.text("SELECT pg_current_xact_id()")
_FORGET_CURSORS: Final = sa.text("DELETE FROM feed_cursor")
_CURRENT: Final = "SELECT epoch, nonce FROM feed_epoch"


class FeedEpoch(NamedTuple):
    """An epoch: its number, and what makes it different from one of that number elsewhere."""

    number: int
    nonce: bytes


class RestoredError(Exception):
    """The database was restored from a dump, and the feed has not begun anew."""

    def __init__(self) -> None:
        super().__init__("the feed belongs to another server: the database was restored from a dump")


class _Server(NamedTuple):
    """What tells this server and table from another; `system_identifier` is None where it is a secret."""

    system_identifier: int | None
    journal_oid: int
    ahead: bool


class _Noted(NamedTuple):
    """The epoch as it stands in its table."""

    epoch: int
    system_identifier: int | None
    journal_oid: int
    complete: bool


async def current_epoch(connection: asyncpg.Connection) -> FeedEpoch:
    """The epoch whose cursors hold."""
    return FeedEpoch(*await connection.fetchrow(_CURRENT))


async def check_epoch(connection: AsyncConnection) -> None:
    """Raises RestoredError where the epoch on record is not one of this server, or there is none."""
    server, noted = await _look(connection)
    if noted is None or _is_over(server, noted):
        raise RestoredError


async def renew_epoch(connection: AsyncConnection) -> bool:
    """Start a new epoch where the one on record is not one of this server; whether it did.

    One caller at a time. It may be interrupted: then the epoch stays incomplete, and the next call starts
    over with another one.
    """
    server, noted = await _look(connection)
    await connection.commit()
    over = server.ahead if noted is None else _is_over(server, noted)
    if noted is not None and not over:
        await _note_identifier(connection, server, noted)
        return False
    epoch = 1 if noted is None else noted.epoch + 1
    new = {
        "epoch": epoch,
        "nonce": secrets.token_bytes(NONCE_BYTES),
        "system_identifier": server.system_identifier,
        "journal_oid": server.journal_oid,
        "complete": not over,
    }
    await connection.execute(_FIRST if noted is None else _NEXT, new)
    await connection.execute(_FORGET_CURSORS)
    await connection.commit()
    if over:
        await _count_beyond_slots(connection)
        await _reset(connection)
        await connection.execute(_COMPLETE)
        await connection.commit()
    return True


async def _look(connection: AsyncConnection) -> tuple[_Server, _Noted | None]:
    found = (await connection.execute(_NOW)).one()
    identifier = await connection.scalar(_IDENTIFIER) if found.may_identify else None
    noted = (await connection.execute(_NOTED)).one_or_none()
    server = _Server(identifier, found.journal_oid, found.ahead)
    return server, None if noted is None else _Noted(*noted)


def _is_over(server: _Server, noted: _Noted) -> bool:
    """Whether the rows are of another server than this one."""
    known = noted.system_identifier is not None and server.system_identifier is not None
    return (
        server.ahead
        or not noted.complete
        or noted.journal_oid != server.journal_oid
        or (known and noted.system_identifier != server.system_identifier)
    )


async def _note_identifier(connection: AsyncConnection, server: _Server, noted: _Noted) -> None:
    """What could not be read when the epoch began may be readable now."""
    if noted.system_identifier is None and server.system_identifier is not None:
        await connection.execute(_IDENTIFY, {"system_identifier": server.system_identifier})
        await connection.commit()


async def _count_beyond_slots(connection: AsyncConnection) -> None:
    """Let a server that is quite new count on until the slots' numbers are ids of the past."""
    for _ in range(SLOTS):
        horizon = await connection.scalar(_HORIZON)
        await connection.commit()
        if horizon >= SLOTS:
            return
        await connection.execute(_COUNT_ON)
        await connection.commit()


async def _reset(connection: AsyncConnection) -> None:
    """Put every row there is to the beginning of the feed: each member's in their order, by seq."""
    slots_a_part = SLOTS // RESET_PARTS
    for first in range(0, SLOTS, slots_a_part):
        for statement in _RESET:
            await connection.execute(statement, {"first": first, "last": first + slots_a_part - 1})
        await connection.commit()
