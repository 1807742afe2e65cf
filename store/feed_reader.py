"""Readers of the feed in one process share one connection: pages are read one after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from store.database import STATEMENT_SECONDS_MAX, Database
from store.feed import (
    CursorExpiredError,
    FeedPage,
    Position,
    decode_cursor,
    encode_cursor,
    read_page,
)
from store.feed_epoch import FeedEpoch, current_epoch
from store.guarded import guarded

READ_SECONDS_MAX: Final = STATEMENT_SECONDS_MAX + 5
_BEGUN: Final = "SELECT pg_snapshot_xmax(pg_current_snapshot())"

Result = TypeVar("Result")


class FeedReader:
    """Pages of the feed, from one connection, which is held only while a page is read."""

    def __init__(self, database: Database) -> None:
        self._connection = database.dedicated()
        self._turn = asyncio.Lock()
        # What a caller no longer waits for is still read to its end: breaking it off costs the connection.
        self._reading: set[asyncio.Task[object]] = set()

    async def begin(self, program_id: str, cursor: str) -> "ProgramFeed":
        """The feed of a program from a cursor on; from the beginning where it is empty.

        Raises CursorInvalidError, CursorExpiredError, StoreUnavailableError.
        """

        async def look(driver: asyncpg.Connection) -> tuple[FeedEpoch, int]:
            return await current_epoch(driver), int(await driver.fetchval(_BEGUN))

        epoch, begun_xid = await self._in_turn(look)
        position = decode_cursor(epoch, program_id, cursor)
        if position.feed_xid > begun_xid:
            # The server counts from an earlier point than it had reached: it went back to an older state.
            raise CursorExpiredError
        return ProgramFeed(self, epoch, program_id, position, begun_xid)

    async def page(self, program_id: str, after: Position, entries_max: int) -> FeedPage:
        """The next entries. Raises StoreUnavailableError."""

        async def read(driver: asyncpg.Connection) -> FeedPage:
            return await read_page(driver, program_id, after, entries_max)

        return await self._in_turn(read)

    async def _in_turn(self, work: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
        async def take_turn() -> Result:
            async with self._turn:
                return await guarded(self._connection, work, READ_SECONDS_MAX)

        task = asyncio.create_task(take_turn())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give the connection up."""
        for task in self._reading:
            task.cancel()
        await self._connection.discard()


class ProgramFeed:
    """One program's feed as one reader follows it.

    `begun_xid` is the first transaction that had not begun when the reader did: once all below it have ended
    and were read, nothing is missing that was committed by then.
    """

    def __init__(
        self, reader: FeedReader, epoch: FeedEpoch, program_id: str, position: Position, begun_xid: int
    ) -> None:
        self.begun_xid = begun_xid
        self._reader = reader
        self._epoch = epoch
        self._program_id = program_id
        self._position = position

    async def next_page(self, entries_max: int) -> FeedPage:
        """The next entries; the feed stands behind them afterwards. Raises StoreUnavailableError."""
        page = await self._reader.page(self._program_id, self._position, entries_max)
        self._position = page.position
        return page

    def cursor(self, position: Position) -> str:
        """What resumes right after a position."""
        return encode_cursor(self._epoch, self._program_id, position)
