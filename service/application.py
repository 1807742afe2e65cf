"""What a worker serves with: its database, its Redis, its lanes and reads."""

import asyncio
from dataclasses import dataclass
from typing import Final

from service.settings import Settings, StoreUrls
from store.balance_cache import BalanceCache
from store.balance_reads import BalanceReads
from store.command_lanes import CommandLanes
from store.database import Database
from store.keys import shared_key

BALANCE_KEY_NAME: Final = "balance"
# Each holds a connection and folds whole histories for as long as it runs.
VERIFICATIONS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Application:
    """The parts that handlers use."""

    database: Database
    cache: BalanceCache
    lanes: CommandLanes
    reads: BalanceReads
    verifications: asyncio.Semaphore

    async def drain(self, seconds_max: float) -> None:
        """Work off what waits in the lanes; what is left when the time is over is refused."""
        await self.lanes.drain(seconds_max)

    async def close(self) -> None:
        """Close every connection."""
        await self.reads.close()
        await self.cache.close()
        await self.database.close()


async def open_application(settings: Settings, urls: StoreUrls) -> Application:
    """Connect to the stores. Raises StoreUnavailableError where Postgres does not answer."""
    database = Database(urls.database_url, kept=settings.lanes + 1)
    cache = BalanceCache(urls.redis_url, await shared_key(database, BALANCE_KEY_NAME))
    lanes = CommandLanes(
        database,
        cache,
        lanes=settings.lanes,
        batch_max=settings.lane_batch_max,
        waiting_max=settings.lane_queue_max,
    )
    reads = BalanceReads(database, cache)
    return Application(database, cache, lanes, reads, asyncio.Semaphore(VERIFICATIONS_MAX))
