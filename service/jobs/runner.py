"""Running jobs beside each other: batch after batch while there is work, and none stops another."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import structlog

from store.database import StoreUnavailableError
from store.reprojection import RedisAwayError

# Between two batches of a job with work left: commands come first.
BATCH_PAUSE_SECONDS: Final = 0.005
RETRY_SECONDS_MIN: Final = 0.1
RETRY_SECONDS_MAX: Final = 10.0
# While a job has work without end, its count is logged this often.
REPORT_SECONDS: Final = 10.0

log = structlog.get_logger()


class Step(NamedTuple):
    """What one batch of a job did: how much there is to tell of, and whether there may be more at once."""

    done: int
    more: bool


class Job(NamedTuple):
    """A job: `step` does one bounded batch, `interval_seconds` passes after one that found no more.

    `counts` is what `done` counts, for the log.
    """

    name: str
    counts: str
    interval_seconds: float
    step: Callable[[], Awaitable[Step]]


async def run_jobs(jobs: Sequence[Job], stop: asyncio.Event, *, drain_seconds_max: float) -> None:
    """Run all jobs until `stop`; a batch under way is then finished, or broken off when the time is over."""
    tasks = [asyncio.create_task(_Running(job, stop).run(), name=job.name) for job in jobs]
    await stop.wait()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=drain_seconds_max)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class _Running:
    """One job on its way."""

    def __init__(self, job: Job, stop: asyncio.Event) -> None:
        self._job = job
        self._stop = stop
        self._retry_seconds = RETRY_SECONDS_MIN
        self._waiting = False
        self._done = 0
        self._report_due_seconds = 0.0

    async def run(self) -> None:
        while not self._stop.is_set():
            pause_seconds = await self._step()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_seconds):
                    await self._stop.wait()

    async def _step(self) -> float:
        """One batch; how long to pause after it."""
        try:
            step = await self._job.step()
        except (StoreUnavailableError, RedisAwayError) as error:
            if not self._waiting:
                log.warning("a job waits", job=self._job.name, error=str(error))
            self._waiting = True
            return self._back_off()
        except Exception:
            # A defect of this job: the others go on, and it may succeed once its work is another.
            log.exception("a job failed", job=self._job.name)
            return self._back_off()
        if self._waiting:
            log.info("a job goes on", job=self._job.name)
        self._waiting = False
        self._retry_seconds = RETRY_SECONDS_MIN
        self._report(step)
        return BATCH_PAUSE_SECONDS if step.more else self._job.interval_seconds

    def _back_off(self) -> float:
        seconds, self._retry_seconds = self._retry_seconds, min(RETRY_SECONDS_MAX, self._retry_seconds * 2)
        return seconds

    def _report(self, step: Step) -> None:
        """Say what was done, when it was all or has been going on for long; nothing where it was nothing."""
        now_seconds = time.monotonic()
        if not self._done:
            self._report_due_seconds = now_seconds + REPORT_SECONDS
        self._done += step.done
        if self._done and (not step.more or now_seconds >= self._report_due_seconds):
            log.info("a job has worked", job=self._job.name, **{self._job.counts: self._done})
            self._done = 0
