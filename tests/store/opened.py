"""The parts of a worker on a test's own database, without gRPC."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from members.commands import SettleOrder
from members.journal import Entry
from points.order import Order, encode_order
from programs.reading import read_document
from store.balance_cache import BalanceCache
from store.balance_reads import BalanceReads
from store.command_lanes import CommandLanes
from store.database import Database, as_asyncpg_url
from store.drifts import FoundDrift
from store.keys import shared_key
from store.programs import apply_program, count_programs
from store.tickets import Outcome
from store.verification import Progress, verify_ledger
from tests.running_service import DEMO

PROGRAM: Final = "demo"
DAY_US: Final = 24 * 3_600 * 1_000_000
# 1 December 2025, noon in UTC.
NOON_US: Final = 1_764_590_400_000_000


def order(order_id: str, amount_minor: int = 1_000, time_us: int = NOON_US) -> Order:
    """A paid order in pounds."""
    return Order(order_id, time_us, "GBP", amount_minor)


def settle(
    order_id: str,
    amount_minor: int = 1_000,
    *,
    request_id: str | None = None,
    time_us: int = NOON_US,
    validate_only: bool = False,
) -> SettleOrder:
    """The command that settles such an order."""
    content = order(order_id, amount_minor, time_us)
    return SettleOrder(request_id or f"settle:{order_id}", content, encode_order(content), validate_only)


@dataclass
class Opened:
    """A store that is open."""

    database: Database
    cache: BalanceCache
    lanes: CommandLanes
    reads: BalanceReads
    url: str
    clock: Callable[[int], int]

    async def execute(self, member_id: str, command: SettleOrder) -> Outcome:
        """One command of a member of the demo program."""
        return await self.lanes.execute(PROGRAM, member_id, command)

    async def settled(self, member_id: str, command: SettleOrder) -> Entry:
        """The entry of a command that must be accepted."""
        outcome = await self.execute(member_id, command)
        assert isinstance(outcome, Entry), outcome
        return outcome

    async def available(self, member_id: str) -> int | None:
        """The member's available points as a reader sees them."""
        known = await self.reads.get(PROGRAM, member_id)
        return None if known is None else known.balance.available

    async def verify(self) -> tuple[Progress, list[FoundDrift]]:
        """The ledger check: its last progress, and all drifts."""
        drifts: list[FoundDrift] = []
        last: Progress | None = None
        async for progress in verify_ledger(self.database, self.cache, PROGRAM, self.clock):
            drifts += progress.drifts
            last = progress
        assert last is not None
        return last, drifts

    def repairing(self) -> AsyncIterator[Progress]:
        """The ledger check with its repair."""
        return verify_ledger(self.database, self.cache, PROGRAM, self.clock, repair=True)

    async def connect(self) -> asyncpg.Connection:
        """A session as someone with psql would have it."""
        url = as_asyncpg_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        return await asyncpg.connect(url)

    async def sql(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Run a statement in such a session."""
        connection = await self.connect()
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()


@asynccontextmanager
async def opened(
    url: str,
    redis_url: str | None = None,
    *,
    lanes: int = 1,
    batch_max: int = 500,
    waiting_max: int = 5_000,
    document: str = DEMO,
    clock: Callable[[int], int] = lambda now_us: now_us,
) -> AsyncIterator[Opened]:
    """A store with the demo program, or another document under its name."""
    database = Database(url)
    if not (await _has_program(database)):
        read_document(document)
        await apply_program(database, PROGRAM, document, 0, "test:demo")
    cache = BalanceCache(redis_url, await shared_key(database, "balance"))
    command_lanes = CommandLanes(
        database, cache, lanes=lanes, batch_max=batch_max, waiting_max=waiting_max, clock=clock
    )
    reads = BalanceReads(database, cache, clock=clock)
    try:
        yield Opened(database, cache, command_lanes, reads, url, clock)
    finally:
        await command_lanes.drain(5)
        await reads.close()
        await cache.close()
        await database.close()


async def _has_program(database: Database) -> bool:
    return await count_programs(database) > 0
