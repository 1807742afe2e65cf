"""The background process: books what fell due and refreshes Redis, killed, doubled or late without harm."""

import asyncio
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
import psutil
import pytest
import redis
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2

from store.balance_value import VALUE_BYTES, cache_key
from store.reprojection import READER_NAME
from tests.end_to_end.calls import (
    NOON_SECONDS,
    SECONDS_MAX,
    balance,
    entries,
    eventually,
    folder,
    order_of,
    settle,
    settle_of,
    verified,
)
from tests.running_service import (
    DEMO,
    RunningService,
    named_program,
    run_loyalty,
    running_service,
    start_loyalty,
)
from tests.stores import clone_template, drop_database

pytestmark = pytest.mark.faults

# Two weeks after an order its points are available; they are gone 30 days after it. Both are long ago.
DOCUMENT: Final = DEMO.replace("kind: never", "kind: days\n    days: 30").replace(
    "kind: none", "kind: days\n    days: 14"
)
MEMBERS: Final = 60


def background_of(service: RunningService) -> list[psutil.Process]:
    """The background processes of a server that run."""
    found = []
    for child in psutil.Process(service.process.pid).children():
        try:
            if "service.jobs_process" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


class Worker:
    """A `loyalty worker` that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.log = ""

    def wait_until_it_runs(self) -> None:
        """Read its log up to the entry that says so."""
        assert self.process.stderr is not None
        while "background jobs run" not in self.log:
            line = self.process.stderr.readline()
            assert line, self.log
            self.log += line

    def stop(self) -> None:
        """Ask it to stop, where it was not killed, and read the rest of its log."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=SECONDS_MAX)
        self.log += errors


@contextmanager
def worker(database_url: str, redis_url: str) -> Iterator[Worker]:
    """A `loyalty worker`, told to stop at the end."""
    process = start_loyalty(
        "worker",
        LOYALTY_DATABASE_URL=database_url,
        LOYALTY_REDIS_URL=redis_url,
        LOYALTY_LOG_FORMAT="json",
    )
    running = Worker(process)
    try:
        running.wait_until_it_runs()
        yield running
    finally:
        running.stop()


def settle_old_orders(client: LoyaltyClient, program_id: str, first: int = 0) -> None:
    """Orders of long ago, whose points have been posted and have expired since, and nobody booked it."""
    for number in range(first, first + MEMBERS):
        settle(
            client,
            settle_of(program_id, f"m{number}", order_of("o1", 1_000, order_time=NOON_SECONDS + number)),
        )


def entry_count(client: LoyaltyClient, program_id: str) -> int:
    """How many entries the feed of a program has."""
    stream = client.points.Watch(
        points_service_pb2.WatchRequest(program_id=program_id, until_now=True), timeout=SECONDS_MAX
    )
    return sum(len(response.entries) for response in stream)


def test_a_private_database_has_one_that_comes_back_when_killed() -> None:
    """Inside `serve`: it books without a call, it is no worker, it ends with the server."""
    with folder() as path, running_service(data_dir=path / "data", workers=1) as service:
        program_id = service.apply_program("due", DOCUMENT)
        assert len(service.workers()) == 1
        eventually("it runs", lambda: len(background_of(service)) == 1)
        with LoyaltyClient(service.address) as client:
            settle_old_orders(client, program_id)
            eventually("all is booked", lambda: entry_count(client, program_id) == 3 * MEMBERS)

            (before,) = background_of(service)
            before.kill()
            settle_old_orders(client, program_id, MEMBERS)
            eventually("all is booked again", lambda: entry_count(client, program_id) == 6 * MEMBERS)
            assert verified(client, program_id).checked_entries == 6 * MEMBERS
            (after,) = background_of(service)
            assert before.pid != after.pid
        assert "a background process died" in service.log()
        assert service.terminate() == 0
        assert not after.is_running()


@pytest.mark.parametrize(("setting", "count"), [(None, 0), ("on", 1)])
def test_a_database_given_by_url_has_one_where_it_is_wanted(
    database_url: str, redis_url: str, setting: str | None, count: int
) -> None:
    """By default `loyalty worker` is the one that works there."""
    with running_service(
        database_url=database_url,
        redis_url=redis_url,
        workers=1,
        settings={"LOYALTY_BACKGROUND_JOBS": setting} if setting else None,
    ) as service:
        eventually("it has as many as it should", lambda: len(background_of(service)) == count)
        assert len(service.workers()) == 1


def test_workers_side_by_side_book_everything_once_and_change_no_balance(
    store_urls: tuple[str, str], redis_url: str
) -> None:
    """Late, doubled or killed half-way: what a reader saw before is what the books say afterwards."""
    database_url = asyncio.run(clone_template(store_urls[0]))
    with running_service(database_url=database_url, redis_url=redis_url, workers=1) as service:
        program_id = service.apply_program("due", DOCUMENT)
        with LoyaltyClient(service.address) as client:
            settle_old_orders(client, program_id)
            assert entry_count(client, program_id) == MEMBERS
            before = [balance(client, program_id, f"m{number}") for number in range(MEMBERS)]
            assert {(one.available, one.pending) for one in before} == {(0, 0)}

            with worker(database_url, redis_url) as killed:
                killed.process.kill()
            with worker(database_url, redis_url) as one, worker(database_url, redis_url) as two:
                eventually("all is booked", lambda: entry_count(client, program_id) == 3 * MEMBERS)
                for number in range(MEMBERS):
                    found = entries(client, program_id, f"m{number}")
                    assert [entry.seq for entry in found] == [1, 2, 3]
                    assert [len(entry.changes) for entry in found[1:]] == [1, 1]
                    after = balance(client, program_id, f"m{number}", 3)
                    assert (after.available, after.pending, after.version) == (0, 0, 3)
            assert (one.process.returncode, two.process.returncode) == (0, 0)
            assert verified(client, program_id).checked_entries == 3 * MEMBERS
            told = one.log + two.log
            booked = [int(count) for count in re.findall(r'"job": "due", "entries": (\d+)', told)]
            assert sum(booked) == 2 * MEMBERS, told
    asyncio.run(drop_database(database_url))


def test_a_balance_that_a_killed_worker_left_in_redis_is_replaced(
    store_urls: tuple[str, str], redis_url: str
) -> None:
    """By `loyalty worker`, without anybody writing or passing a version."""
    database_url = asyncio.run(clone_template(store_urls[0]))
    cache = redis.Redis.from_url(redis_url)
    with (
        running_service(database_url=database_url, redis_url=redis_url, workers=1) as service,
        LoyaltyClient(service.address) as client,
        worker(database_url, redis_url),
    ):
        program_id = service.apply_program("stale")
        cursors = "SELECT count(*) FROM feed_cursor WHERE name = $1"
        eventually("it follows the feed", lambda: _value(database_url, cursors, READER_NAME) == 1)
        key = cache_key(program_id, "17850")

        def held() -> bytes:
            value = cache.get(key)
            return value if isinstance(value, bytes) else b""

        settle(client, settle_of(program_id, "17850", order_of("A1", 1_000)))
        eventually("redis has heard of it", lambda: len(held()) == VALUE_BYTES)
        old = held()
        settle(client, settle_of(program_id, "17850", order_of("A2", 500)))
        cache.set(key, old, px=60_000)
        eventually("it is put right", lambda: balance(client, program_id, "17850").version == 2)
        eventually("in redis", lambda: held()[:16] == b"%016d" % 2)
    cache.close()
    asyncio.run(drop_database(database_url))


def _value(database_url: str, statement: str, *arguments: object) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_it_says_what_it_cannot_work_with(store_urls: tuple[str, str]) -> None:
    """No database, one that is not there, one with another schema, one that was restored."""
    found = run_loyalty("worker")
    assert found.returncode == 1
    assert "LOYALTY_DATABASE_URL is not set" in found.stderr
    assert "loyalty serve" in found.stderr
    found = run_loyalty("worker", LOYALTY_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (found.returncode, found.stderr.count("\n")) == (1, 1), found.stderr

    database_url = asyncio.run(clone_template(store_urls[0]))
    try:
        _value(database_url, "UPDATE feed_epoch SET system_identifier = 1")
        found = run_loyalty("worker", LOYALTY_DATABASE_URL=database_url)
        assert found.returncode == 1
        assert "restored from a dump" in found.stderr
        assert "loyalty migrate" in found.stderr
        assert run_loyalty("migrate", LOYALTY_DATABASE_URL=database_url).returncode == 0
        _value(database_url, "UPDATE alembic_version SET version_num = '0001'")
        found = run_loyalty("worker", LOYALTY_DATABASE_URL=database_url)
        assert found.returncode == 1
        assert "loyalty migrate" in found.stderr
    finally:
        asyncio.run(drop_database(database_url))


def test_the_programs_document_is_as_these_tests_need_it() -> None:
    """Points are pending for two weeks and expire: else nothing falls due, and nothing is tested."""
    _, text = named_program("due", DOCUMENT)
    assert "days: 30" in text
    assert "days: 14" in text
