"""The background process: connects, and runs every job until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

import structlog

from service.application import BALANCE_KEY_NAME
from service.jobs.due import due_job
from service.jobs.reprojection import reprojection_job
from service.jobs.runner import Job, run_jobs
from service.jobs.sealing import sealing_job
from service.sealing import load_signer
from service.settings import Settings, StoreUrls
from store.balance_cache import BalanceCache
from store.database import Database, StoreUnavailableError
from store.due_booking import DueBooking
from store.keys import shared_key
from store.reprojection import Reprojection

# One a job.
CONNECTIONS_KEPT: Final = 3
STORE_RETRY_SECONDS: Final = 0.5

log = structlog.get_logger()


async def run_background(settings: Settings, urls: StoreUrls, ready: Callable[[], None]) -> None:
    """Run the jobs until SIGTERM or SIGINT. `ready` is called at once, also while Postgres is away.

    Raises SealKeyError.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ready()
    async with AsyncExitStack() as at_the_end:
        database = Database(urls.database_url, kept=CONNECTIONS_KEPT)
        at_the_end.push_async_callback(database.close)
        key = await _balance_key(database, stop)
        if key is None:
            return
        cache = BalanceCache(urls.redis_url, key)
        at_the_end.push_async_callback(cache.close)
        jobs = _jobs(settings, urls, database, cache, at_the_end)
        log.info("background jobs run", jobs=[job.name for job in jobs])
        await run_jobs(jobs, stop, drain_seconds_max=settings.drain_seconds_max)
    log.info("background jobs stopped")


async def _balance_key(database: Database, stop: asyncio.Event) -> bytes | None:
    """The secret that balances in Redis are sealed with; None where the process is told to stop first."""
    while not stop.is_set():
        try:
            return await shared_key(database, BALANCE_KEY_NAME)
        except StoreUnavailableError as error:
            log.warning("waiting for postgres", error=str(error))
            await asyncio.sleep(STORE_RETRY_SECONDS)
    return None


def _jobs(
    settings: Settings, urls: StoreUrls, database: Database, cache: BalanceCache, at_the_end: AsyncExitStack
) -> list[Job]:
    booking = DueBooking(database, cache)
    at_the_end.push_async_callback(booking.close)
    jobs = [due_job(booking)]
    if urls.redis_url is not None:
        reprojection = Reprojection(database, cache)
        at_the_end.push_async_callback(reprojection.close)
        jobs.append(reprojection_job(reprojection))
    signer = load_signer(settings)
    if signer is not None:
        export_dir, interval_seconds = settings.seal_export_path, settings.seal_interval_seconds
        jobs.append(sealing_job(database, signer, export_dir, interval_seconds))
    return jobs
