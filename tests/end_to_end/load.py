"""Callers that settle orders without a break, and know exactly what the books must say afterwards."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable
from types import TracebackType
from typing import Final, NamedTuple, Self

import grpc
import grpc.aio
from loyalty.client import AsyncLoyaltyClient, LoyaltyClient
from loyalty.v1 import member_service_pb2, points_service_pb2, program_service_pb2

from tests.end_to_end.callers import answered
from tests.end_to_end.calls import (
    POLL_SECONDS,
    SECONDS_MAX,
    Refusal,
    balance_request,
    balances,
    eventually_async,
    order_of,
    refusal_of,
    settle_of,
    verified,
)

CALLERS: Final = 16
# Each caller's, so that what is under test is not starved of its processor.
PAUSE_SECONDS: Final = 0.02
MEMBERS: Final = 40
CHANNELS: Final = 4
ORDERS_MAX: Final = 20_000


class Unacknowledged(NamedTuple):
    """An order whose caller does not know whether it was settled."""

    request: points_service_pb2.SettleOrderRequest
    refusal: Refusal


class Load:
    """A load on one service. Use it as an async context manager; it stops at the end at the latest."""

    def __init__(self, address: str, program_id: str) -> None:
        self.address = address
        self.program_id = program_id
        self.acknowledged: list[
            tuple[points_service_pb2.SettleOrderRequest, points_service_pb2.SettleOrderResponse]
        ] = []
        self.unacknowledged: list[Unacknowledged] = []
        self.reads: Counter[tuple[str, grpc.StatusCode]] = Counter()
        """How often each kind of read ended with each status."""
        self._numbers = itertools.count(1)
        self._client = AsyncLoyaltyClient(address, channels=CHANNELS, retry=False)
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        self._tasks = [asyncio.create_task(self._settle()) for _ in range(CALLERS)]
        self._tasks.append(asyncio.create_task(self._read()))
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

    async def settles_more(self, orders: int) -> None:
        """Wait until so many more orders were acknowledged."""
        wanted = len(self.acknowledged) + orders

        async def is_there() -> bool:
            return len(self.acknowledged) >= wanted

        await eventually_async(f"{orders} more orders are acknowledged", is_there)

    async def _settle(self) -> None:
        while not self._stopping:
            number = next(self._numbers)
            assert number < ORDERS_MAX
            request = settle_of(
                self.program_id, f"member-{number % MEMBERS}", order_of(f"order-{number}", 100 * number)
            )
            try:
                answer = await self._client.points.SettleOrder(request, timeout=SECONDS_MAX)
            except grpc.aio.AioRpcError as error:
                self.unacknowledged.append(Unacknowledged(request, refusal_of(error)))
            else:
                self.acknowledged.append((request, answer))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _read(self) -> None:
        """Every kind of read, of those who are there and of those who are not."""
        program, timeout = self.program_id, SECONDS_MAX
        nobody = points_service_pb2.BatchGetBalancesRequest(program_id=program, member_ids=["nobody"])
        page = points_service_pb2.ListEntriesRequest(program_id=program, member_id="member-1")
        member = member_service_pb2.GetMemberRequest(program_id=program, member_id="member-1")
        while not self._stopping:
            points, members, programs = self._client.points, self._client.members, self._client.programs
            calls: dict[str, Awaitable[object]] = {
                "balance": points.GetBalance(balance_request(program, "member-1"), timeout=timeout),
                "no balance": points.GetBalance(balance_request(program, "nobody"), timeout=timeout),
                "balances of nobody": points.BatchGetBalances(nobody, timeout=timeout),
                "entries": points.ListEntries(page, timeout=timeout),
                "member": members.GetMember(member, timeout=timeout),
                "program": programs.GetProgram(
                    program_service_pb2.GetProgramRequest(program_id=program), timeout=timeout
                ),
            }
            for name, call in calls.items():
                outcome = await answered(call)
                code = outcome.code() if isinstance(outcome, grpc.aio.AioRpcError) else grpc.StatusCode.OK
                self.reads[name, code] += 1
            await asyncio.sleep(POLL_SECONDS)

    async def settle_the_rest(self, address: str | None = None) -> None:
        """Repeat every order that was not acknowledged, under its request id, until it is."""
        async with AsyncLoyaltyClient(address or self.address, channels=CHANNELS) as client:
            for request, _ in self.unacknowledged:
                answer = await client.points.SettleOrder(request, timeout=SECONDS_MAX)
                self.acknowledged.append((request, answer))

    def check_books(self, address: str | None = None) -> None:
        """Every order is in the books once, and each is still answered as it was the first time."""
        points: Counter[str] = Counter()
        orders: Counter[str] = Counter()
        for request, answer in self.acknowledged:
            assert answer.earned_points == request.order.amount_minor // 100
            points[request.member_id] += answer.earned_points
            orders[request.member_id] += 1
        with LoyaltyClient(address or self.address, channels=1) as client:
            found = balances(client, self.program_id, list(points))
            assert points == {member_id: one.available for member_id, one in found.items()}
            assert orders == {member_id: one.version for member_id, one in found.items()}
            assert len(self.acknowledged) == verified(client, self.program_id).checked_entries
            for begin in range(0, len(self.acknowledged), 500):
                part = self.acknowledged[begin : begin + 500]
                again = client.points.BatchSettleOrders(
                    points_service_pb2.BatchSettleOrdersRequest(requests=[request for request, _ in part]),
                    timeout=SECONDS_MAX,
                )
                assert [answer for _, answer in part] == [result.response for result in again.results]
