"""Stores, workers and the whole service end at the worst moment: nothing acknowledged is lost or doubled."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
import grpc
import grpc.aio
import psutil
import pytest
from grpc_health.v1 import health_pb2
from loyalty.client import AsyncLoyaltyClient, LoyaltyClient, channel_options
from loyalty.v1 import points_service_pb2

from tests.end_to_end.callers import answered, callers_of
from tests.end_to_end.calls import (
    SECONDS_MAX,
    balance,
    code_of,
    entries,
    eventually,
    eventually_async,
    folder,
    order_of,
    refusal_of,
    settle_of,
    verified,
)
from tests.end_to_end.load import Load
from tests.end_to_end.private_stores import PrivatePostgres
from tests.end_to_end.standard_calls import health_of, reflected_services, watch_health
from tests.running_service import RunningService, free_port, running_service, start_service
from tests.service.processes import all_gone

pytestmark = pytest.mark.faults

SERVING: Final = int(health_pb2.HealthCheckResponse.SERVING)
NOT_SERVING: Final = int(health_pb2.HealthCheckResponse.NOT_SERVING)
SERVICES: Final = ("", "loyalty.v1.PointsService", "loyalty.v1.MemberService", "loyalty.v1.ProgramService")
ORDERS: Final = 200
CUT_SESSIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loyalty'
"""


class Health:
    """What health checks say on channels of their own, one to each worker at least in the long run."""

    CHANNELS: Final = 8

    def __init__(self, address: str) -> None:
        self._channels = [
            grpc.insecure_channel(address, options=channel_options(retry=False)) for _ in range(self.CHANNELS)
        ]

    def __enter__(self) -> "Health":
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels:
            channel.close()

    def says(self, status: int) -> bool:
        """Whether every channel gets this status for the server and each of its services."""
        return all(health_of(channel, name) == status for channel in self._channels for name in SERVICES)

    async def comes_to(self, status: int) -> None:
        """Wait until all say so."""

        async def all_say_so() -> bool:
            return await asyncio.to_thread(self.says, status)

        await eventually_async(f"health is {status}", all_say_so)


def kinds(load: Load) -> set[tuple[grpc.StatusCode, str]]:
    """How orders were refused."""
    return {(one.refusal.code, one.refusal.reason) for one in load.unacknowledged}


def defects(load: Load) -> set[tuple[str, grpc.StatusCode]]:
    """Reads that ended as none may, whatever is away."""
    known = {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.NOT_FOUND}
    return {(name, code) for name, code in load.reads if code not in known}


def crash(postgres: PrivatePostgres) -> None:
    postgres.crash()


def shut_down(postgres: PrivatePostgres) -> None:
    postgres.stop()


@pytest.mark.parametrize("end", [crash, shut_down])
async def test_postgres_restarted_under_load(
    hurt_service: RunningService,
    hurt_postgres: PrivatePostgres,
    hurt_program: str,
    end: Callable[[PrivatePostgres], None],
) -> None:
    workers = {worker.pid for worker in hurt_service.workers()}
    with Health(hurt_service.address) as health:
        await health.comes_to(SERVING)
        async with Load(hurt_service.address, hurt_program) as load:
            await load.settles_more(ORDERS)
            try:
                await asyncio.to_thread(end, hurt_postgres)
                await health.comes_to(NOT_SERVING)
                refused_while_away = len(load.unacknowledged)
                acknowledged_before = len(load.acknowledged)

                async def more_are_refused() -> bool:
                    return len(load.unacknowledged) > refused_while_away + 50

                await eventually_async("callers are refused", more_are_refused)
                assert acknowledged_before == len(load.acknowledged)
            finally:
                await asyncio.to_thread(hurt_postgres.start)
            await health.comes_to(SERVING)
            await load.settles_more(ORDERS)
            await load.stop()
            assert kinds(load) == {(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")}
            assert {True} == {(one.refusal.retry_seconds or 0) > 0 for one in load.unacknowledged}
            assert defects(load) == set()
            await load.settle_the_rest()
            load.check_books()
    # It recovered by itself: by the same processes.
    assert workers == {worker.pid for worker in hurt_service.workers()}


async def test_sessions_of_postgres_cut_under_load(
    hurt_service: RunningService, hurt_postgres: PrivatePostgres, hurt_program: str
) -> None:
    async with Load(hurt_service.address, hurt_program) as load:
        for _ in range(5):
            await load.settles_more(ORDERS // 4)
            connection = await asyncpg.connect(hurt_postgres.url.replace("+asyncpg", ""))
            try:
                await connection.execute(CUT_SESSIONS)
            finally:
                await connection.close()
        await load.settles_more(ORDERS)
        await load.stop()
        assert kinds(load) <= {(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")}
        assert defects(load) == set()
        await load.settle_the_rest()
        load.check_books()


async def test_workers_killed_under_load(hurt_service: RunningService, hurt_program: str) -> None:
    async with Load(hurt_service.address, hurt_program) as load:
        for _ in range(2):
            await load.settles_more(ORDERS)
            before = hurt_service.workers()
            assert len(before) == 2
            before[0].kill()

            async def is_replaced(old: list[psutil.Process] = before) -> bool:
                now = hurt_service.workers()
                return len(now) == 2 and old[0] not in now and old[1] in now

            await eventually_async("the worker is replaced", is_replaced)
        await load.settles_more(ORDERS)
        await load.stop()
        assert {code for code, _ in kinds(load)} <= {grpc.StatusCode.UNAVAILABLE}
        assert defects(load) == set()
        await load.settle_the_rest()
        load.check_books()
    # The new ones serve: callers find each worker.
    eventually("both are ready", lambda: hurt_service.log().count('"a worker is ready"') >= 4)
    async with callers_of(hurt_service) as callers:
        answers = await callers.settle_all([settle_of(hurt_program, "17850", "A1", request_id="A1")] * 8)
        assert [answers[0]] * 8 == answers


async def test_sigterm_under_load(database_url: str, redis_url: str, request: pytest.FixtureRequest) -> None:
    with running_service(database_url=database_url, redis_url=redis_url) as service:
        program_id = service.apply_program(request.node.nodeid)
        family = [psutil.Process(service.process.pid), *psutil.Process(service.process.pid).children(True)]
        async with Load(service.address, program_id) as load:
            await load.settles_more(ORDERS)
            service.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(service.process.wait, SECONDS_MAX) == 0
            await load.stop()
        assert all_gone(family)
    assert {code for code, _ in kinds(load)} == {grpc.StatusCode.UNAVAILABLE}
    assert defects(load) == set()
    with running_service(database_url=database_url, redis_url=redis_url) as again:
        with LoyaltyClient(again.address, channels=1) as client:
            # Before anything is repeated: what was acknowledged is there, and no more than was asked for.
            entries_found = verified(client, program_id).checked_entries
        asked = len(load.acknowledged) + len(load.unacknowledged)
        assert len(load.acknowledged) <= entries_found <= asked
        await load.settle_the_rest(again.address)
        load.check_books(again.address)


async def test_a_held_stream_does_not_delay_the_stop(database_url: str, redis_url: str) -> None:
    settings = {"LOYALTY_DRAIN_SECONDS_MAX": "300"}
    with running_service(database_url=database_url, redis_url=redis_url, settings=settings) as service:
        async with grpc.aio.insecure_channel(service.address) as channel:
            seen: list[int] = []
            watching = asyncio.create_task(watch_health(channel, seen))

            async def is_told() -> bool:
                return seen == [SERVING]

            await eventually_async("the stream answers", is_told)
            service.process.send_signal(signal.SIGTERM)
            assert await watching in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
            assert seen == [SERVING, NOT_SERVING]
            assert await asyncio.to_thread(service.process.wait, SECONDS_MAX) == 0


async def test_a_full_queue_refuses_with_a_delay_and_loses_nothing(
    database_url: str, redis_url: str, request: pytest.FixtureRequest
) -> None:
    settings = {"LOYALTY_LANE_QUEUE_MAX": "5", "LOYALTY_LANE_BATCH_MAX": "5"}
    with running_service(
        database_url=database_url, redis_url=redis_url, workers=1, settings=settings
    ) as service:
        program_id = service.apply_program(request.node.nodeid)
        requests = [
            settle_of(program_id, f"member-{number % 7}", order_of(f"A{number}", 100 * number))
            for number in range(300)
        ]
        async with AsyncLoyaltyClient(service.address, retry=False) as client:
            answers = await asyncio.gather(
                *(answered(client.points.SettleOrder(one, timeout=SECONDS_MAX)) for one in requests)
            )
            refusals = [refusal_of(one) for one in answers if isinstance(one, grpc.aio.AioRpcError)]
            assert 0 < len(refusals) < len(requests)
            expected = (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "loyalty", {"waiting_max": "5"})
            for refusal in refusals:
                assert expected == (refusal.code, refusal.reason, refusal.domain, refusal.metadata)
                assert (refusal.retry_seconds or 0) > 0
        with LoyaltyClient(service.address, channels=1) as patient:
            assert len(requests) - len(refusals) == verified(patient, program_id).checked_entries
            for one, answer in zip(requests, answers, strict=True):
                again = patient.points.SettleOrder(one, timeout=SECONDS_MAX)
                assert isinstance(answer, grpc.aio.AioRpcError) or answer == again
            last = verified(patient, program_id)
            assert (len(requests), sum(range(300))) == (last.checked_entries, last.totals.issued)


async def test_a_client_that_gives_up_and_asks_again_is_served_once(
    hurt_service: RunningService, hurt_postgres: PrivatePostgres, hurt_program: str
) -> None:
    with LoyaltyClient(hurt_service.address, channels=4, retry=False) as client:

        def settle(order_id: str, seconds: float) -> points_service_pb2.SettleOrderResponse:
            request = settle_of(hurt_program, "17850", order_of(order_id))
            return client.points.SettleOrder(request, timeout=seconds)

        settle("A0", SECONDS_MAX)
        # Nothing can be written while somebody else holds the member's row.
        connection = await asyncpg.connect(hurt_postgres.url.replace("+asyncpg", ""))
        try:
            await connection.execute("BEGIN")
            await connection.execute("SELECT FROM account WHERE program_id = $1 FOR UPDATE", hurt_program)
            for seconds in (0.001, 0.1):
                code = await asyncio.to_thread(code_of, partial(settle, "A1", seconds))
                assert code is grpc.StatusCode.DEADLINE_EXCEEDED
        finally:
            await connection.close()
        assert (await asyncio.to_thread(settle, "A1", SECONDS_MAX)).seq == 2

        # Deadlines that end at every moment of a call, from before it is sent to after it is answered.
        hasty = [(f"B{number}", 0.0002 * (number % 50)) for number in range(100)]
        codes = [await asyncio.to_thread(code_of, partial(settle, *one)) for one in hasty]
        assert set(codes) <= {grpc.StatusCode.OK, grpc.StatusCode.DEADLINE_EXCEEDED}
        assert grpc.StatusCode.DEADLINE_EXCEEDED in codes
        answers = [settle(order_id, SECONDS_MAX) for order_id, _ in hasty]
        assert list(range(3, 103)) == sorted(answer.seq for answer in answers)
        assert balance(client, hurt_program, "17850").available == 1_020


def test_reflection_names_every_service(hurt_service: RunningService) -> None:
    with grpc.insecure_channel(hurt_service.address) as channel:
        found = reflected_services(channel)
    expected = {*SERVICES[1:], "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    assert expected == set(found)


@pytest.fixture(scope="module")
def embedded() -> Iterator[tuple[RunningService, Path]]:
    """A service with stores of its own, and its data directory."""
    with folder() as data_dir, running_service(data_dir=data_dir, port=free_port()) as service:
        yield service, data_dir


def test_a_second_service_on_the_same_data_directory_gets_a_clear_error(
    embedded: tuple[RunningService, Path],
) -> None:
    first, data_dir = embedded
    second = start_service(data_dir=data_dir)
    assert second.process.wait(SECONDS_MAX) == 1
    expected = f"The data directory {data_dir} is in use by another server (pid {first.process.pid})"
    assert expected in second.log()
    assert "Traceback" not in second.log()


def test_a_second_service_on_the_same_port_gets_a_clear_error(
    embedded: tuple[RunningService, Path],
) -> None:
    first, _ = embedded
    with folder() as other:
        second = start_service(data_dir=other, port=int(first.address.rpartition(":")[2]))
        assert second.process.wait(SECONDS_MAX) == 1
        assert f"Another server (pid {first.process.pid}) is listening on {first.address}" in second.log()
        assert "Traceback" not in second.log()


def test_data_survive_a_restart_and_the_first_service_ends_with_all_it_started(
    embedded: tuple[RunningService, Path],
) -> None:
    first, data_dir = embedded
    request = settle_of("demo", "17850", order_of("A1", 12_345))
    with LoyaltyClient(first.address, channels=1) as client:
        answer = client.points.SettleOrder(request, timeout=SECONDS_MAX)
        journal = entries(client, "demo", "17850")
    family = psutil.Process(first.process.pid).children(recursive=True)
    assert first.terminate() == 0
    assert all_gone(family)

    with running_service(data_dir=data_dir) as again, LoyaltyClient(again.address, channels=1) as client:
        assert balance(client, "demo", "17850").available == 123
        assert journal == entries(client, "demo", "17850")
        assert answer == client.points.SettleOrder(request, timeout=SECONDS_MAX)
        assert verified(client, "demo").checked_entries == 1
