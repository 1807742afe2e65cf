"""A reader of the feed as any is, and writers whose transactions a test holds open."""

from dataclasses import dataclass, field
from typing import Final, Self

import asyncpg

from members.journal import Entry
from store.feed import BEGINNING, FeedPage, Position, read_page
from store.slots import slot_of
from tests.store.opened import PROGRAM, Opened

PAGES_MAX: Final = 100_000
LOCK: Final = """
SELECT greatest(feed_xid, pg_current_xact_id()) FROM account
WHERE slot = $1 AND program_id = $2 AND member_id = $3 FOR UPDATE
"""
ADVANCE: Final = """
UPDATE account SET version = version + 1, feed_xid = $4
WHERE slot = $1 AND program_id = $2 AND member_id = $3
"""
REPEAT_LAST: Final = """
INSERT INTO journal SELECT (jsonb_populate_record(j, jsonb_build_object(
    'seq', j.seq + 1, 'request_id', 'held:' || j.seq, 'order_id', NULL, 'feed_xid', $4::text
))).*
FROM journal j WHERE slot = $1 AND program_id = $2 AND member_id = $3 ORDER BY j.seq DESC LIMIT 1
"""

Key = tuple[str, int]
"""A member and the entry's number."""


def key_of(entry: Entry) -> Key:
    return entry.member_id, entry.seq


@dataclass
class Reader:
    """Reads pages and remembers what it got, in the order in which it got it."""

    connection: asyncpg.Connection
    program_id: str = PROGRAM
    entries_max: int = 100
    position: Position = BEGINNING
    seen: list[Key] = field(default_factory=list)

    @classmethod
    async def of(cls, store: Opened, entries_max: int = 100) -> Self:
        return cls(await store.connect(), entries_max=entries_max)

    async def page(self) -> FeedPage:
        """The next page."""
        page = await read_page(self.connection, self.program_id, self.position, self.entries_max)
        self.position = page.position
        self.seen += [key_of(entry) for entry in page.entries]
        return page

    async def catch_up(self) -> list[Key]:
        """Read until there is no more; what it got."""
        before = len(self.seen)
        for _ in range(PAGES_MAX):
            if not (await self.page()).full:
                break
        return self.seen[before:]

    def assert_each_in_order(self) -> None:
        """Every member's entries came once, and as they are numbered."""
        by_member: dict[str, list[int]] = {}
        for member_id, seq in self.seen:
            by_member.setdefault(member_id, []).append(seq)
        for member_id, numbers in by_member.items():
            assert list(range(1, len(numbers) + 1)) == numbers, member_id


class HeldWriter:
    """A writing transaction that stays open until the test says so. It has its id from the start."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @classmethod
    async def begin(cls, store: Opened) -> Self:
        connection = await store.connect()
        await connection.execute("BEGIN")
        await connection.fetchval("SELECT pg_current_xact_id()")
        return cls(connection)

    async def write(self, member_id: str) -> None:
        """Another entry for a member, in the place that the lanes would give it."""
        key = (slot_of(PROGRAM, member_id), PROGRAM, member_id)
        feed_xid = await self._connection.fetchval(LOCK, *key)
        await self._connection.execute(ADVANCE, *key, feed_xid)
        await self._connection.execute(REPEAT_LAST, *key, str(feed_xid))

    async def commit(self) -> None:
        await self._connection.execute("COMMIT")
        await self._connection.close()

    async def roll_back(self) -> None:
        await self._connection.execute("ROLLBACK")
        await self._connection.close()
