"""Callers whose channels provably reach different workers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar

import grpc.aio
import psutil
from loyalty.client import AsyncLoyaltyClient
from loyalty.v1 import points_service_pb2

from tests.end_to_end.calls import SECONDS_MAX, balance_request
from tests.running_service import RunningService

Answer = TypeVar("Answer")
Request = TypeVar("Request")

CHANNELS_TRIED_MAX: Final = 64
CHANNELS_A_WORKER: Final = 2


def served_by(service: RunningService) -> dict[int, int]:
    """Which worker holds the server's end of each connection: process ids by the client's port."""
    return {
        connection.raddr.port: worker.pid
        for worker in service.workers()
        for connection in worker.net_connections(kind="tcp")
        if connection.status == psutil.CONN_ESTABLISHED
    }


def own_ports(service: RunningService) -> set[int]:
    """The ports from which this process is connected to the service."""
    port = int(service.address.rpartition(":")[2])
    return {
        connection.laddr.port
        for connection in psutil.Process().net_connections(kind="tcp")
        if connection.status == psutil.CONN_ESTABLISHED and connection.raddr.port == port
    }


async def answered(call: Awaitable[Answer]) -> Answer | grpc.aio.AioRpcError:
    """The answer or the refusal of a call."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return error


class Callers:
    """Channels to every worker, each with the client's port that it calls from."""

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self._clients: dict[int, AsyncLoyaltyClient] = {}
        self._workers: dict[int, int] = {}

    async def open(self, at_the_end: AsyncExitStack) -> None:
        """Open channels until each worker has its share of them."""
        workers = {worker.pid for worker in self._service.workers()}
        for _ in range(CHANNELS_TRIED_MAX):
            before = own_ports(self._service)
            client = AsyncLoyaltyClient(self._service.address, channels=1, retry=False)
            await at_the_end.enter_async_context(client)
            async with asyncio.timeout(SECONDS_MAX):
                await client._channels[0].channel_ready()
            (port,) = own_ports(self._service) - before
            worker = served_by(self._service)[port]
            if Counter(self._workers.values())[worker] < CHANNELS_A_WORKER:
                self._clients[port], self._workers[port] = client, worker
            if len(self._workers) == CHANNELS_A_WORKER * len(workers):
                break
        assert dict.fromkeys(workers, CHANNELS_A_WORKER) == Counter(self._workers.values())

    def of_each_worker(self) -> list[AsyncLoyaltyClient]:
        """One caller for each worker."""
        by_worker = {worker: self._clients[port] for port, worker in self._workers.items()}
        return list(by_worker.values())

    async def settle_all(
        self, requests: list[points_service_pb2.SettleOrderRequest]
    ) -> list[points_service_pb2.SettleOrderResponse | grpc.aio.AioRpcError]:
        """Settle all orders at once: see all_at_once."""
        return await self.all_at_once(
            lambda client, request: client.points.SettleOrder(request, timeout=SECONDS_MAX), requests
        )

    async def all_at_once(
        self,
        call: Callable[[AsyncLoyaltyClient, Request], Awaitable[Answer]],
        requests: Sequence[Request],
    ) -> list[Answer | grpc.aio.AioRpcError]:
        """Make all calls at once, on the channels in turn; each worker has answered its share of them."""
        ports = list(self._clients)
        calls = [
            call(self._clients[ports[number % len(ports)]], request)
            for number, request in enumerate(requests)
        ]
        answers = list(await asyncio.gather(*map(answered, calls)))
        # No channel was connected anew meanwhile, so each answer came from the worker noted for its channel.
        connected = served_by(self._service)
        assert self._workers == {port: connected.get(port) for port in ports}
        served = Counter(self._workers[ports[number % len(ports)]] for number in range(len(requests)))
        assert {worker.pid for worker in self._service.workers()} == set(served)
        assert set(served.values()) == {len(requests) // len(served)}
        return answers


@asynccontextmanager
async def callers_of(service: RunningService) -> AsyncIterator[Callers]:
    """Callers to all workers, for a while."""
    async with AsyncExitStack() as at_the_end:
        callers = Callers(service)
        await callers.open(at_the_end)
        yield callers


async def available(callers: Callers, program_id: str, member_id: str) -> list[int]:
    """The balance that each worker gives."""
    return [
        (
            await client.points.GetBalance(balance_request(program_id, member_id), timeout=SECONDS_MAX)
        ).balance.available
        for client in callers.of_each_worker()
    ]
