"""Postgres ends amid transfers and refunds: nothing is half done, and the same request id finds out."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, cast

import asyncpg
import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message
from loyalty.client import AsyncLoyaltyClient, LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages

from tests.end_to_end.asking import Member
from tests.end_to_end.calls import (
    POLL_SECONDS,
    SECONDS_MAX,
    WAIT_SECONDS_MAX,
    balances,
    code_of,
    eventually,
    eventually_async,
    order_of,
    refusal_of,
    verified,
)
from tests.end_to_end.private_stores import PrivatePostgres
from tests.end_to_end.scenes import day
from tests.running_service import RunningService

pytestmark = pytest.mark.faults

CALLERS: Final = 12
MEMBERS: Final = 6
POINTS: Final = 1_000_000
ORDERS: Final = 2_000
WRITES_BETWEEN: Final = 60
CUT_SESSIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loyalty'
"""


class Movements:
    """Callers that transfer and refund without a break. Use it as an async context manager."""

    def __init__(self, address: str, program_id: str) -> None:
        self.address = address
        self.program_id = program_id
        self.acknowledged: list[tuple[Message, Message]] = []
        self.unacknowledged: list[Message] = []
        self.refusals: Counter[tuple[grpc.StatusCode, str]] = Counter()
        self._members = [Member(program_id, f"member-{number}") for number in range(MEMBERS)]
        self._numbers = itertools.count()
        self._client = AsyncLoyaltyClient(address, retry=False)
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        await self._prepare()
        self._tasks = [asyncio.create_task(self._move()) for _ in range(CALLERS)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop()
        finally:
            await self._client.__aexit__(kind, error, trace)

    async def stop(self) -> None:
        """Make no further call; every call is answered or refused after it."""
        self._stopping = True
        await asyncio.gather(*self._tasks)
        self._tasks = []

    async def _prepare(self) -> None:
        """Points to give away, and orders of 10 pounds to bring back."""
        given = [
            member.settle(order_of("begin", 100 * POINTS, order_time=day(-2))) for member in self._members
        ]
        orders = [
            self._members[number % MEMBERS].settle(order_of(f"order-{number}", order_time=day(-1)))
            for number in range(ORDERS)
        ]
        requests = [*given, *orders]
        for begin in range(0, len(requests), 500):
            batch = messages.BatchSettleOrdersRequest(requests=requests[begin : begin + 500])
            answer = await self._client.points.BatchSettleOrders(batch, timeout=WAIT_SECONDS_MAX)
            assert {"response"} == {result.WhichOneof("result") for result in answer.results}

    def _request(self, number: int) -> Message:
        """Every other one a transfer; the others refund 3 pounds of an order of their own."""
        member = self._members[number % MEMBERS]
        if number // MEMBERS % 2:
            return member.refund(f"order-{number}", f"refund-{number}", amount_minor=300)
        # To each of the others in turn, so that pairs meet in both directions.
        step = 1 + number // (2 * MEMBERS) % (MEMBERS - 1)
        receiver = self._members[(number + step) % MEMBERS]
        return member.transfer(receiver.member_id, 10 + number % 7, f"transfer-{number}")

    async def _send(self, client: AsyncLoyaltyClient, request: Message) -> Message:
        method = getattr(client.points, request.DESCRIPTOR.name.removesuffix("Request"))
        return cast("Message", await method(request, timeout=SECONDS_MAX))

    async def _move(self) -> None:
        while not self._stopping:
            number = next(self._numbers)
            assert number < ORDERS
            request = self._request(number)
            try:
                self.acknowledged.append((request, await self._send(self._client, request)))
            except grpc.aio.AioRpcError as error:
                refusal = refusal_of(error)
                self.refusals[refusal.code, refusal.reason] += 1
                self.unacknowledged.append(request)
                # What is away is not asked so often that the orders run out.
                await asyncio.sleep(POLL_SECONDS)

    async def makes_more(self, writes: int) -> None:
        """Wait until so many more were acknowledged."""
        wanted = len(self.acknowledged) + writes

        async def are_there() -> bool:
            return len(self.acknowledged) >= wanted

        await eventually_async(f"{writes} more are acknowledged", are_there)

    async def find_out(self) -> None:
        """Repeat every write whose outcome is not known, under its request id, until it is."""
        async with AsyncLoyaltyClient(self.address) as client:
            for request in self.unacknowledged:
                self.acknowledged.append((request, await self._send(client, request)))
        self.unacknowledged = []

    async def check_answers(self) -> None:
        """Each write is still answered as it was the first time."""
        async with AsyncLoyaltyClient(self.address) as client:
            for request, answer in self.acknowledged:
                assert answer == await self._send(client, request)

    def check_books(self, client: LoyaltyClient) -> None:
        """Every write was made once, and nothing else."""
        points: Counter[str] = Counter({member.member_id: POINTS for member in self._members})
        for number in range(ORDERS):
            points[self._members[number % MEMBERS].member_id] += 10
        moved = taken = 0
        for request, _ in self.acknowledged:
            if isinstance(request, messages.TransferPointsRequest):
                points[request.member_id] -= request.points
                points[request.to_member_id] += request.points
                moved += request.points
            elif isinstance(request, messages.RefundOrderRequest):
                points[request.member_id] -= 3
                taken += 3
        found = balances(client, self.program_id, list(points))
        assert points == {member_id: one.available for member_id, one in found.items()}
        totals = verified(client, self.program_id).totals
        assert (totals.transferred_in, totals.transferred_out, totals.voided) == (moved, moved, taken)


def crash(postgres: PrivatePostgres) -> None:
    postgres.crash()


def shut_down(postgres: PrivatePostgres) -> None:
    postgres.stop()


def nothing_is_half_done(movements: Movements) -> None:
    """Before anything is repeated: the books prove themselves, and both sides of each transfer are there."""
    with LoyaltyClient(movements.address, channels=1) as client:
        eventually(
            "the ledger can be checked",
            lambda: code_of(lambda: verified(client, movements.program_id)) is grpc.StatusCode.OK,
        )
        totals = verified(client, movements.program_id).totals
    assert totals.transferred_in == totals.transferred_out


async def all_found_out(movements: Movements) -> None:
    assert set(movements.refusals) == {(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")}
    await asyncio.to_thread(nothing_is_half_done, movements)
    await movements.find_out()
    await movements.check_answers()
    with LoyaltyClient(movements.address, channels=1) as client:
        movements.check_books(client)


async def test_sessions_of_postgres_cut_during_transfers_and_refunds(
    hurt_service: RunningService, hurt_postgres: PrivatePostgres, hurt_program: str
) -> None:
    async with Movements(hurt_service.address, hurt_program) as movements:
        for _ in range(6):
            await movements.makes_more(WRITES_BETWEEN)
            connection = await asyncpg.connect(hurt_postgres.url.replace("+asyncpg", ""))
            try:
                await connection.execute(CUT_SESSIONS)
            finally:
                await connection.close()
        await movements.makes_more(WRITES_BETWEEN)
        await movements.stop()
        await all_found_out(movements)


@pytest.mark.parametrize("end", [crash, shut_down])
async def test_postgres_restarted_during_transfers_and_refunds(
    hurt_service: RunningService,
    hurt_postgres: PrivatePostgres,
    hurt_program: str,
    end: Callable[[PrivatePostgres], None],
) -> None:
    async with Movements(hurt_service.address, hurt_program) as movements:
        await movements.makes_more(WRITES_BETWEEN)
        try:
            await asyncio.to_thread(end, hurt_postgres)
        finally:
            await asyncio.to_thread(hurt_postgres.start)
        await movements.makes_more(WRITES_BETWEEN)
        await movements.stop()
        await all_found_out(movements)
