"""What a worker serves with: its database, its Redis, its lanes and reads."""

import asyncio
from dataclasses import dataclass
from typing import Final

from service.quotes import QUOTE_KEY_NAME
from service.seal_keys import load_seal_keys
from service.settings import Settings, StoreUrls
from store.balance_cache import BalanceCache
from store.balance_reads import BalanceReads
from store.command_lanes import CommandLanes
from store.database import Database
from store.feed_reader import FeedReader
from store.keys import shared_key

BALANCE_KEY_NAME: Final = "balance"
# Each holds a connection and folds whole histories for as long as it runs.
VERIFICATIONS_MAX: Final = 2
# Each holds a connection and may follow a member's whole history. More wait, as long as their callers do.
EXPLANATIONS_MAX: Final = 2
# Connections that are kept beside those of the lanes: for balances, transfers and the feed.
KEPT_BESIDE_LANES: Final = 3


@dataclass(frozen=True, slots=True)
class Application:
    """The parts that handlers use."""

    database: Database
    cache: BalanceCache
    lanes: CommandLanes
    reads: BalanceReads
    verifications: asyncio.Semaphore
    feed: FeedReader
    seal_keys: frozenset[bytes]
    quote_key: bytes
    explanations: asyncio.Semaphore

    async def drain(self, seconds_max: float) -> None:
        """Work off what waits in the lanes; what is left when the time is over is refused."""
        await self.lanes.drain(seconds_max)

    async def close(self) -> None:
        """Close every connection."""
        await self.feed.close()
        await self.reads.close()
        await self.cache.close()
        await self.database.close()


async def open_application(settings: Settings, urls: StoreUrls) -> Application:
    """Connect to the stores. Raises StoreUnavailableError where Postgres is away, and SealKeyError."""
    database = Database(urls.database_url, kept=settings.lanes + KEPT_BESIDE_LANES)
    cache = BalanceCache(urls.redis_url, await shared_key(database, BALANCE_KEY_NAME))
    lanes = CommandLanes(
        database,
        cache,
        lanes=settings.lanes,
        batch_max=settings.lane_batch_max,
        waiting_max=settings.lane_queue_max,
    )
    reads = BalanceReads(database, cache)
    return Application(
        database,
        cache,
        lanes,
        reads,
        asyncio.Semaphore(VERIFICATIONS_MAX),
        FeedReader(database),
        load_seal_keys(settings).trusted,
        await shared_key(database, QUOTE_KEY_NAME),
        asyncio.Semaphore(EXPLANATIONS_MAX),
    )
