"""Running background jobs: batch after batch, none stops another, and all stop when told."""

import asyncio
from collections.abc import Callable

from structlog.testing import capture_logs

from service.jobs.runner import Job, Step, run_jobs
from store.database import StoreUnavailableError
from store.reprojection import RedisAwayError

# So long that a test which waits for it fails by its time limit.
NEVER_SECONDS = 100_000.0


class Steps:
    """A job that does what it is told, step by step, and stops everything at the last."""

    def __init__(self, *outcomes: Step | Exception, at_last: Callable[[], None]) -> None:
        self.outcomes = list(outcomes)
        self.taken = 0
        self._at_last = at_last

    async def __call__(self) -> Step:
        outcome = self.outcomes[self.taken]
        self.taken += 1
        if self.taken == len(self.outcomes):
            self._at_last()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def job(name: str, steps: Steps) -> Job:
    return Job(name, "entries", NEVER_SECONDS, steps)


async def test_a_job_goes_on_at_once_while_there_is_work() -> None:
    """Its interval is for when there is none; what it did is told once, at the end."""
    stop = asyncio.Event()
    steps = Steps(Step(3, more=True), Step(2, more=True), Step(0, more=False), at_last=stop.set)
    with capture_logs() as entries:
        await run_jobs([job("due", steps)], stop, drain_seconds_max=5)
    assert steps.taken == 3
    assert [entry for entry in entries if entry["event"] == "a job has worked"] == [
        {"event": "a job has worked", "job": "due", "entries": 5, "log_level": "info"}
    ]


async def test_nothing_done_is_nothing_told() -> None:
    """An idle service is quiet."""
    stop = asyncio.Event()
    steps = Steps(Step(0, more=True), Step(0, more=False), at_last=stop.set)
    with capture_logs() as entries:
        await run_jobs([job("due", steps)], stop, drain_seconds_max=5)
    assert entries == []


async def test_a_job_that_fails_is_tried_again_and_the_others_go_on() -> None:
    """Defects too: each is logged; what is only unavailable is logged once, and when it is over."""
    done = [asyncio.Event() for _ in range(3)]
    stop = asyncio.Event()

    def finished(place: int) -> None:
        done[place].set()
        if all(one.is_set() for one in done):
            stop.set()

    jobs = {
        "defect": Steps(KeyError("x"), KeyError("x"), Step(1, more=False), at_last=lambda: finished(0)),
        "postgres": Steps(
            StoreUnavailableError("gone"),
            StoreUnavailableError("gone"),
            Step(0, more=False),
            at_last=lambda: finished(1),
        ),
        "redis": Steps(RedisAwayError("gone"), Step(0, more=False), at_last=lambda: finished(2)),
    }
    with capture_logs() as entries:
        await run_jobs([job(name, steps) for name, steps in jobs.items()], stop, drain_seconds_max=5)
    assert {name: steps.taken for name, steps in jobs.items()} == {"defect": 3, "postgres": 3, "redis": 2}
    told = [(entry["job"], entry["event"]) for entry in entries]
    assert told.count(("defect", "a job failed")) == 2
    for name in ("postgres", "redis"):
        assert told.count((name, "a job waits")) == 1
        assert told.count((name, "a job goes on")) == 1


async def test_a_batch_under_way_is_finished_when_it_stops() -> None:
    """Within the time there is."""
    stop, begun, finish = asyncio.Event(), asyncio.Event(), asyncio.Event()
    finished: list[str] = []

    async def step() -> Step:
        begun.set()
        await finish.wait()
        finished.append("whole")
        return Step(1, more=True)

    running = asyncio.create_task(
        run_jobs([Job("due", "entries", NEVER_SECONDS, step)], stop, drain_seconds_max=60)
    )
    await begun.wait()
    stop.set()
    await asyncio.sleep(0)
    finish.set()
    await running
    assert finished == ["whole"]


async def test_a_batch_that_hangs_is_broken_off_when_it_stops() -> None:
    """The time to drain is the bound."""
    stop, begun = asyncio.Event(), asyncio.Event()

    async def step() -> Step:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("it waits for ever")

    running = asyncio.create_task(
        run_jobs([Job("due", "entries", NEVER_SECONDS, step)], stop, drain_seconds_max=0.01)
    )
    await begun.wait()
    stop.set()
    await running
