"""The journal as a feed: every entry of a program once, each member's in order, and none skipped.

Rows are ordered by (feed_xid, slot, member, seq). `feed_xid` is the writing transaction's id, or the
account's last one where that is greater: a transaction gets its id before it gets the account's lock, so ids
alone do not order a member's rows. Only rows below the oldest transaction that still runs are read. Whoever
commits later writes rows that stand at or above it, so behind a position that was read nothing appears.

Reading takes no lock and no transaction id: it costs writers nothing, however slow the reader is.
"""

import base64
import binascii
import struct
from hashlib import blake2b
from typing import Final, NamedTuple

import asyncpg
import msgspec

from members.journal import Entry
from store.feed_epoch import NONCE_BYTES, FeedEpoch
from store.rows import JOURNAL_COLUMNS, JOURNAL_WIDTH, columns_of, entry_of
from store.slots import SLOTS

# The snapshot's bounds come with the rows, and also where there are none. Rows of all programs are read, and
# those of others left out afterwards: a page costs the same however few of its rows are one's own, and never
# looks for them through everything that others wrote.
READ_FEED: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)}, j.feed_xid, s.horizon_xid, s.begun_xid
FROM (
    SELECT pg_snapshot_xmin(now) AS horizon_xid, pg_snapshot_xmax(now) AS begun_xid
    FROM pg_current_snapshot() AS now
) s
LEFT JOIN LATERAL (
    SELECT * FROM journal
    WHERE (feed_xid, slot, member_id, seq) > ($1::xid8, $2::smallint, $3::text, $4::bigint)
      AND feed_xid < s.horizon_xid
    ORDER BY feed_xid, slot, member_id, seq
    LIMIT $5::bigint
) j ON true
ORDER BY j.feed_xid, j.slot, j.member_id, j.seq
"""  # noqa: S608 - column names of our own

_TOKEN_VERSION: Final = 1
# Token: version, epoch's nonce, transaction id, slot, seq, then the member's id, then the seal.
_TOKEN_FIELDS: Final = struct.Struct(f">B{NONCE_BYTES}sQhq")
_SEAL_BYTES: Final = 8
XID_MAX: Final = 2**64 - 1


class Position(msgspec.Struct, frozen=True):
    """A place in a program's feed: right after the entry with this key, whether or not there is one."""

    feed_xid: int
    slot: int
    member_id: str
    seq: int


BEGINNING: Final = Position(0, -1, "", 0)


class FeedPage(NamedTuple):
    """The next entries and where they end.

    `positions` has each entry's place. `position` is where to read on: after the last entry, or, where the
    page was not full, after all that could be read. Every transaction below `horizon_xid` has ended;
    `begun_xid` is the first that had not begun.
    """

    entries: list[Entry]
    positions: list[Position]
    position: Position
    horizon_xid: int
    begun_xid: int
    full: bool


class CursorInvalidError(Exception):
    """The text is not a cursor of this program's feed."""


class CursorExpiredError(Exception):
    """The cursor is of a feed that ended when the database was restored."""


async def read_page(
    connection: asyncpg.Connection, program_id: str | None, after: Position, entries_max: int
) -> FeedPage:
    """The entries of a program, or of all (None), among the next `entries_max` after a position.

    Raises what the driver raises.
    """
    rows = await connection.fetch(
        READ_FEED, after.feed_xid, after.slot, after.member_id, after.seq, entries_max
    )
    horizon_xid, begun_xid = rows[0][JOURNAL_WIDTH + 1 :]
    read = [row for row in rows if row[JOURNAL_WIDTH] is not None]
    found = read if program_id is None else [row for row in read if row[1] == program_id]
    full = len(read) == entries_max
    last = _position(read[-1]) if read else after
    return FeedPage(
        [entry_of(row) for row in found],
        [_position(row) for row in found],
        last if full else _later(last, horizon_xid),
        horizon_xid,
        begun_xid,
        full,
    )


def _position(row: asyncpg.Record) -> Position:
    return Position(row[JOURNAL_WIDTH], row[0], row[2], row[3])


def _later(position: Position, horizon_xid: int) -> Position:
    """All below the horizon was read: that is further than the last row."""
    return position if position.feed_xid >= horizon_xid else Position(horizon_xid, -1, "", 0)


def encode_cursor(epoch: FeedEpoch, program_id: str, position: Position) -> str:
    """The position as a caller keeps it: base64url, sealed against what it is not."""
    content = (
        _TOKEN_FIELDS.pack(_TOKEN_VERSION, epoch.nonce, position.feed_xid, position.slot, position.seq)
        + position.member_id.encode()
    )
    return base64.urlsafe_b64encode(content + _seal(program_id, content)).rstrip(b"=").decode()


def decode_cursor(epoch: FeedEpoch, program_id: str, cursor: str) -> Position:
    """The position of a cursor; the beginning where it is empty.

    Raises CursorInvalidError for what is no cursor of this program, CursorExpiredError for one of another
    epoch.
    """
    if not cursor:
        return BEGINNING
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
    except (UnicodeEncodeError, binascii.Error):
        raise CursorInvalidError from None
    content, seal = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
    if len(content) < _TOKEN_FIELDS.size or seal != _seal(program_id, content):
        raise CursorInvalidError
    version, nonce, feed_xid, slot, seq = _TOKEN_FIELDS.unpack(content[: _TOKEN_FIELDS.size])
    if version != _TOKEN_VERSION:
        raise CursorInvalidError
    if nonce != epoch.nonce:
        raise CursorExpiredError
    try:
        member_id = content[_TOKEN_FIELDS.size :].decode()
    except UnicodeDecodeError:
        raise CursorInvalidError from None
    if not (-1 <= slot < SLOTS and seq >= 0):
        raise CursorInvalidError
    return Position(feed_xid, slot, member_id, seq)


def _seal(program_id: str, content: bytes) -> bytes:
    """No secret: it tells a mistake, and a cursor of another program, from a cursor."""
    return blake2b(program_id.encode() + b"\0" + content, digest_size=_SEAL_BYTES).digest()
