"""One worker: connects, serves, watches its store, and drains when it is told to stop."""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

import structlog
from grpc_health.v1 import health

from service.application import Application, open_application
from service.calls.pipeline import CallsInFlight
from service.server import build_server, set_serving
from service.settings import Settings, StoreUrls
from store.database import StoreUnavailableError

OBJECTS_BEFORE_COLLECTING: Final = 50_000
STORE_CHECK_SECONDS: Final = 1.0
STORE_RETRY_SECONDS: Final = 0.5
QUIET_LOOKS: Final = 4
QUIET_LOOK_SECONDS: Final = 0.05

log = structlog.get_logger()


async def run_worker(
    settings: Settings, urls: StoreUrls, worker_index: int, ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then drain: what was taken is finished, what comes later is refused.

    It ends the process.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    application = await _open(settings, urls, stop)
    if application is None:
        return
    calls = CallsInFlight()
    server, health_servicer = build_server(application, settings, calls)
    server.add_insecure_port(settings.listen)
    _spare_the_collector()
    await server.start()
    await set_serving(health_servicer, True)
    ready()
    log.info("serving", listen=settings.listen, worker_index=worker_index)
    watch = asyncio.create_task(_watch_store(application, health_servicer))
    await stop.wait()
    log.info("draining", calls=calls.count)
    watch.cancel()
    calls.drain()
    await set_serving(health_servicer, False)
    await _until_answered(calls, settings.drain_seconds_max)
    await application.drain(0)
    await application.close()
    log.info("stopped")
    sys.stderr.flush()
    # Not server.stop(): it answers calls that arrived and did not begin with CANCELLED, which nobody repeats.
    # The end of the process closes the connections, and to a client that is UNAVAILABLE.
    os._exit(0)


async def _until_answered(calls: CallsInFlight, seconds_max: float) -> None:
    """Wait until no call is being answered, for a few looks in a row: the last answers must leave, too."""
    quiet = 0
    end = time.monotonic() + seconds_max
    while quiet < QUIET_LOOKS and time.monotonic() < end:
        await asyncio.sleep(QUIET_LOOK_SECONDS)
        quiet = 0 if calls.count else quiet + 1


def _spare_the_collector() -> None:
    """Let the cycle collector run after 50,000 new objects instead of 700, over what is new only.

    Calls make few cycles, and what was loaded at the start stays: at the default it took a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_COLLECTING, 20, 100)


async def _open(settings: Settings, urls: StoreUrls, stop: asyncio.Event) -> Application | None:
    """Connect, trying until Postgres answers; None where the worker is told to stop first."""
    while not stop.is_set():
        try:
            return await open_application(settings, urls)
        except StoreUnavailableError as error:
            log.warning("waiting for postgres", error=str(error))
            await asyncio.sleep(STORE_RETRY_SECONDS)
    return None


async def _watch_store(application: Application, health_servicer: health.aio.HealthServicer) -> None:
    """Keep health true: NOT_SERVING while Postgres does not answer."""
    serving = True
    while True:
        await asyncio.sleep(STORE_CHECK_SECONDS)
        try:
            async with asyncio.timeout(STORE_CHECK_SECONDS * 5):
                await application.database.check()
            answers = True
        except Exception:  # noqa: BLE001 - whatever the reason, it did not answer; the watch goes on
            answers = False
        if answers != serving:
            serving = answers
            log.log(
                20 if serving else 30, "postgres answers again" if serving else "postgres does not answer"
            )
            await set_serving(health_servicer, serving)
