"""The reader of the feed that puts right what Redis holds: a worker that was killed could not.

For the members of a page it asks Redis which of them it holds an older balance of than the page has entries,
and publishes those anew. The page counts as read only when Redis holds no older one any more; while Redis is
away it waits. It begins with what is written from now on: what Redis holds from before dies within a minute.

One of any number of workers works at a time. They agree by an advisory lock: a row's lock would take a
transaction id, and so hold the very feed back that is being read.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import asyncpg

from points.civil_time import instant_of
from store.balance_cache import BalanceCache
from store.database import STATEMENT_SECONDS_MAX, Database
from store.feed import FeedPage, Position, read_page
from store.guarded import guarded
from store.projection import projection_of
from store.rows import ACCOUNT_WIDTH, account_of
from store.slots import slot_of
from store.statements import READ_ACCOUNTS

READER_NAME: Final = "redis"
ENTRIES_A_PAGE: Final = 500
# Publishing waits 5 ms for Redis; a look whether it arrived may be too early a few times.
LOOKS_MAX: Final = 10
LOOK_SECONDS: Final = 0.01
STEP_SECONDS_MAX: Final = STATEMENT_SECONDS_MAX + 5
# Two workers take turns on this lock; its number is only ours by agreement.
REPROJECTION_LOCK: Final = 7_236_529_013

_TAKE_TURN: Final = f"SELECT pg_try_advisory_xact_lock({REPROJECTION_LOCK})"
# One cursor for all programs: each entry is looked at once, however few a program has.
_ALL_PROGRAMS: Final = ""
_BEGIN: Final = """
INSERT INTO feed_cursor (name, program_id, after_xid, after_slot, after_member, after_seq)
SELECT $1, $2, pg_snapshot_xmin(pg_current_snapshot()), -1, '', 0
ON CONFLICT (name, program_id) DO NOTHING
"""
_CURSOR: Final = """
SELECT after_xid, after_slot, after_member, after_seq FROM feed_cursor WHERE name = $1 AND program_id = $2
"""
_MOVE: Final = """
UPDATE feed_cursor SET after_xid = $3, after_slot = $4, after_member = $5, after_seq = $6
WHERE name = $1 AND program_id = $2
"""


class PageDone(NamedTuple):
    """A page that was dealt with: its entries, and how many balances in Redis were older."""

    entries: int
    replaced: int


class RedisAwayError(Exception):
    """Redis did not take a page; it has to be tried again."""


class Reprojection:
    """The reader. Without a Redis there is nothing for it to do."""

    def __init__(
        self,
        database: Database,
        cache: BalanceCache,
        *,
        entries_a_page: int = ENTRIES_A_PAGE,
        clock: Callable[[int], int] = lambda now_us: now_us,
    ) -> None:
        self._connection = database.dedicated()
        self._cache = cache
        self._entries_a_page = entries_a_page
        self._clock = clock

    async def step(self) -> PageDone:
        """Deal with one page. No entries: there are none now, or another worker is at it.

        Raises RedisAwayError and StoreUnavailableError; the page is then dealt with later.
        """
        return await guarded(self._connection, self._step, STEP_SECONDS_MAX)

    async def _step(self, connection: asyncpg.Connection) -> PageDone:
        cursor = await connection.fetchrow(_CURSOR, READER_NAME, _ALL_PROGRAMS)
        if cursor is None:
            await connection.execute(_BEGIN, READER_NAME, _ALL_PROGRAMS)
            return PageDone(0, 0)
        async with connection.transaction():
            if not await connection.fetchval(_TAKE_TURN):
                return PageDone(0, 0)
            after = Position(*await connection.fetchrow(_CURSOR, READER_NAME, _ALL_PROGRAMS))
            page = await read_page(connection, None, after, self._entries_a_page)
            if not page.entries:
                return PageDone(0, 0)
            replaced = await self._put_right(connection, page)
            end = page.position
            await connection.execute(
                _MOVE, READER_NAME, _ALL_PROGRAMS, end.feed_xid, end.slot, end.member_id, end.seq
            )
        return PageDone(len(page.entries), replaced)

    async def _put_right(self, connection: asyncpg.Connection, page: FeedPage) -> int:
        """Return when Redis holds no balance older than the page's entries; how many it held.

        Raises RedisAwayError.
        """
        versions = {(entry.program_id, entry.member_id): entry.seq for entry in page.entries}
        wanted = [(*member, version) for member, version in versions.items()]
        replaced: set[tuple[str, str]] = set()
        for _ in range(LOOKS_MAX):
            older = await self._cache.find_older(wanted)
            if older is None:
                break
            if not older:
                return len(replaced)
            replaced.update(older)
            await self._publish(connection, older)
            await asyncio.sleep(LOOK_SECONDS)
        raise RedisAwayError("redis does not take balances now")

    async def _publish(self, connection: asyncpg.Connection, members: Sequence[tuple[str, str]]) -> None:
        rows = await connection.fetch(
            READ_ACCOUNTS,
            [slot_of(*member) for member in members],
            [program_id for program_id, _ in members],
            [member_id for _, member_id in members],
        )
        await self._cache.publish(
            [projection_of(account_of(row), self._clock(instant_of(row[ACCOUNT_WIDTH]))) for row in rows]
        )

    async def close(self) -> None:
        """Give the connection up."""
        await self._connection.discard()
