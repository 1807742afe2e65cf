"""The life of a server: take what it needs alone, start stores and workers, serve, end in reverse order."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from service.embedded import EmbeddedStores, EmbeddedStoresError, start_embedded_stores
from service.file_lock import FileLock, LockHeldError
from service.settings import ListenAddress, Settings, StoreUrls
from service.supervisor.errors import StartError, WorkersFailedError
from service.supervisor.reservation import Reservation
from service.supervisor.workers import Workers

WORKER_MODULE = "service.worker_process"
JOBS_MODULE = "service.jobs_process"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """A server whose workers all answer."""

    listen: ListenAddress
    """With the port that was taken, also where the settings asked for any."""
    workers: int
    urls: StoreUrls
    notes: tuple[str, ...]
    """About private stores, one sentence each; empty when there are none."""


async def supervise(
    settings: Settings,
    *,
    prepare: Callable[[StoreUrls], Awaitable[None]],
    announce: Callable[[Running], None],
    worker_module: str = WORKER_MODULE,
) -> int:
    """Run a server until SIGTERM or SIGINT; gives the exit status.

    0: it was asked to end. 1: it could not start, or its workers or private stores failed; the log says why.
    `prepare` runs once, when the stores answer and before any worker; what it raises comes out of here, after
    the stores were stopped. `announce` is called once, when all workers are ready.
    A second signal ends this process at once, and with it the workers; the stores still stop cleanly.
    """
    stop_asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked_to_stop, stop_asked)
    serving = asyncio.create_task(_serve(settings, prepare, announce, worker_module))
    asked = asyncio.create_task(stop_asked.wait())
    try:
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            log.info("stopping", drain_seconds_max=settings.drain_seconds_max)
            serving.cancel()
        await serving
    except (StartError, EmbeddedStoresError, WorkersFailedError) as error:
        log.error("the server does not run", error=str(error))  # noqa: TRY400  # the sentence says it all
        return 1
    except asyncio.CancelledError:
        if stop_asked.is_set():
            log.info("stopped")
            return 0
        raise
    finally:
        asked.cancel()
        if not serving.done():
            serving.cancel()
            await asyncio.wait({serving})
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 0


def _asked_to_stop(stop_asked: asyncio.Event) -> None:
    if stop_asked.is_set():
        # The life lines end with this process: workers exit at once, the stores shut down in order.
        sys.stderr.flush()
        os._exit(130)
    stop_asked.set()


async def _serve(
    settings: Settings,
    prepare: Callable[[StoreUrls], Awaitable[None]],
    announce: Callable[[Running], None],
    worker_module: str,
) -> None:
    """Serve until cancelled. On the way out everything ends in the reverse order of its start."""
    async with AsyncExitStack() as at_the_end:
        if settings.embeds_postgres or settings.embeds_redis:
            at_the_end.enter_context(_take_data_directory(settings))
        reservation = await Reservation.take(settings.listen_address)
        at_the_end.callback(reservation.release)

        stores: EmbeddedStores | None = None
        if settings.embeds_postgres or settings.embeds_redis:
            stores = await start_embedded_stores(settings)
            at_the_end.push_async_callback(stores.stop)
            for note in stores.notes:
                log.info(note)
        urls = stores.urls if stores is not None else _given_urls(settings)
        await prepare(urls)

        handed_over = settings.model_copy(update={"listen": str(reservation.address)})
        workers = Workers(handed_over, urls, worker_module, count=settings.workers, kind="worker", vital=True)
        jobs = Workers(handed_over, urls, JOBS_MODULE, count=1, kind="background process", vital=False)
        at_the_end.push_async_callback(_drain, workers, jobs)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(workers.run())
                if settings.runs_background_jobs:
                    group.create_task(jobs.run())
                if stores is not None:
                    group.create_task(_watch(stores))
                await workers.all_ready()
                announce(Running(reservation.address, settings.workers, urls, stores.notes if stores else ()))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # one failure ends the server; the others follow from it


async def _drain(*children: Workers) -> None:
    await asyncio.gather(*(child.drain() for child in children))


async def _watch(stores: EmbeddedStores) -> None:
    """Raise when the private stores end on their own.

    They are not started again under running workers: whatever ended the process (out of memory, a full disk,
    a person) is best met by a start from the beginning, which checks everything; service managers do that.
    A Redis that ends is started again inside that process; it is only a cache.
    """
    status = await stores.ended()
    raise EmbeddedStoresError(
        f"The process of the private stores (pid {stores.process_id}) ended with status {status}:"
        " the server cannot go on. Start it again; every answered command is in the database"
    )


def _take_data_directory(settings: Settings) -> FileLock:
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock.take(settings.data_dir / "serve.lock")
    except LockHeldError as error:
        raise StartError(
            f"The data directory {settings.data_dir} is in use by another server"
            f" (pid {error.owner_pid or 'unknown'}). Stop it, or choose another LOYALTY_DATA_DIR"
        ) from error
    except OSError as error:
        raise StartError(
            f"The data directory {settings.data_dir} cannot be used: {error.strerror}"
        ) from error


def _given_urls(settings: Settings) -> StoreUrls:
    if settings.database_url is None:
        raise TypeError("no database URL is given, so the store is embedded")
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url is not None else None
    return StoreUrls(settings.database_url.get_secret_value(), redis_url)
