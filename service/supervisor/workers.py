"""The child processes of one kind: started, watched, started again when they die, drained in the end."""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator

import structlog

from service.lifeline import Handover
from service.settings import Settings, StoreUrls
from service.supervisor.errors import WorkersFailedError

READY_SECONDS_MAX = 120.0
# Beyond the workers' own time to drain, for their closing of connections.
DRAIN_GRACE_SECONDS = 5.0
DEATHS_MAX = 10
DEATHS_WINDOW_SECONDS = 60.0

_BACKOFF_SECONDS_MIN = 0.1
_BACKOFF_SECONDS_MAX = 5.0

log = structlog.get_logger()


class Workers:
    """All child processes of one kind. `run` keeps them going until it is cancelled; `drain` ends them.

    `kind` is what the log calls one. Where `vital`, too many deaths end the server; else it goes on without,
    and tries again for ever.
    """

    def __init__(
        self, settings: Settings, urls: StoreUrls, module: str, *, count: int, kind: str, vital: bool
    ) -> None:
        self._settings = settings
        self._urls = urls
        self._module = module
        self._count = count
        self._kind = kind
        self._vital = vital
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._ready: set[int] = set()
        self._all_ready = asyncio.Event()
        # One bad moment may kill every worker once; that alone is no reason to give up.
        self._deaths_max = max(DEATHS_MAX, 2 * count)
        self._death_times_seconds: deque[float] = deque()

    async def run(self) -> None:
        """Keep every one running. Raises WorkersFailedError when vital ones die too often."""
        try:
            async with asyncio.TaskGroup() as group:
                for index in range(self._count):
                    group.create_task(self._keep_running(index))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the first worker too many; the rest was cancelled

    async def all_ready(self) -> None:
        """Wait until every worker has answered once."""
        await self._all_ready.wait()

    async def drain(self) -> None:
        """Ask every worker to finish its calls and end; kill those that do not in time."""
        running = list(self._running())
        for process in running:
            process.send_signal(signal.SIGTERM)
        seconds_max = self._settings.drain_seconds_max + DRAIN_GRACE_SECONDS
        try:
            async with asyncio.timeout(seconds_max):
                await asyncio.gather(*(process.wait() for process in running))
        except TimeoutError:
            log.warning(f"{self._kind}s did not finish in time, killing them", seconds=seconds_max)
        finally:
            for process in self._running():
                process.kill()
            await asyncio.gather(*(process.wait() for process in running))

    def _running(self) -> Iterator[asyncio.subprocess.Process]:
        return (process for process in self._processes.values() if process.returncode is None)

    async def _keep_running(self, index: int) -> None:
        backoff_seconds = _BACKOFF_SECONDS_MIN
        while True:
            started_seconds = time.monotonic()
            process = await self._start(index)
            await self._watch_until_ready(index, process)
            status = await process.wait()
            if time.monotonic() - started_seconds > DEATHS_WINDOW_SECONDS:
                backoff_seconds = _BACKOFF_SECONDS_MIN
            log.error(
                f"a {self._kind} died",
                worker=index,
                pid=process.pid,
                status=status,
                restart_in_seconds=backoff_seconds,
            )
            if self._vital:
                self._count_death()
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(_BACKOFF_SECONDS_MAX, backoff_seconds * 2)

    async def _start(self, index: int) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", self._module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Ctrl-C in the terminal is for the parent, which drains the workers.
            start_new_session=True,
            # The handover says it all, and an environment is easier to look into than a pipe.
            env={name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")},
        )
        self._processes[index] = process
        assert process.stdin is not None  # noqa: S101  # asked for above
        process.stdin.write(Handover(self._settings, self._urls, index).to_line())
        return process

    async def _watch_until_ready(self, index: int, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101  # asked for in _start
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                line = await process.stdout.readline()
        except TimeoutError:
            log.error(  # noqa: TRY400
                f"a {self._kind} was not ready in time, killing it", worker=index, seconds=READY_SECONDS_MAX
            )
            process.kill()
            return
        if line != b"ready\n":
            return  # it ended; the caller sees how
        log.info(f"a {self._kind} is ready", worker=index, pid=process.pid)
        self._ready.add(index)
        if len(self._ready) == self._count:
            self._all_ready.set()

    def _count_death(self) -> None:
        now = time.monotonic()
        self._death_times_seconds.append(now)
        while self._death_times_seconds[0] < now - DEATHS_WINDOW_SECONDS:
            self._death_times_seconds.popleft()
        if len(self._death_times_seconds) > self._deaths_max:
            raise WorkersFailedError(
                f"Workers died {len(self._death_times_seconds)} times within {DEATHS_WINDOW_SECONDS:.0f} s:"
                " giving up. The log entries before this one say why they died"
            )
