"""The load of a benchmark, in a process of its own: so many callers for so many seconds.

Callers use bare multicallables on bytes, so that as little as can be of what is measured is the load's own
work. It prints one JSON line: calls, orders, seconds, latencies in milliseconds, and how many were refused.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import grpc.aio
import uvloop
from loyalty.client import channel_options
from loyalty.v1 import order_pb2, points_service_pb2

# 1 June 2026, in seconds since 1970.
ORDER_TIME: Final = 1_780_272_000
CALL_SECONDS_MAX: Final = 60
PROGRAM: Final = "demo"


class Load(NamedTuple):
    """What to do: `mode` is settle, batch (of 500) or balance."""

    address: str
    mode: str
    callers: int
    channels: int
    seconds: float
    members: int
    run: str
    order_seconds: int = ORDER_TIME


class Measured(NamedTuple):
    """What came of it."""

    calls: int
    orders: int
    seconds: float
    refused: int
    p50_ms: float
    p99_ms: float


BATCH_ORDERS: Final = 500


def settle_request(
    run: str, number: int, member: int, order_seconds: int = ORDER_TIME
) -> points_service_pb2.SettleOrderRequest:
    """An order of a member that nobody has sent before."""
    name = f"{run}-{number}"
    request = points_service_pb2.SettleOrderRequest(
        program_id=PROGRAM,
        member_id=str(member),
        request_id=name,
        order=order_pb2.Order(order_id=name, currency_code="GBP", amount_minor=100 + number % 20_000),
    )
    request.order.order_time.seconds = order_seconds
    return request


def _calls(load: Load) -> tuple[str, Callable[[], bytes], int]:
    """The method, how to make the next request, and how many orders one is."""
    numbers = itertools.count()
    chance = random.Random(load.run)

    def settle() -> bytes:
        return settle_request(
            load.run, next(numbers), chance.randrange(load.members), load.order_seconds
        ).SerializeToString()

    def batch() -> bytes:
        return points_service_pb2.BatchSettleOrdersRequest(
            requests=[
                settle_request(load.run, next(numbers), chance.randrange(load.members))
                for _ in range(BATCH_ORDERS)
            ]
        ).SerializeToString()

    def balance() -> bytes:
        return points_service_pb2.GetBalanceRequest(
            program_id=PROGRAM, member_id=str(chance.randrange(load.members))
        ).SerializeToString()

    service = "/loyalty.v1.PointsService/"
    return {
        "settle": (service + "SettleOrder", settle, 1),
        "batch": (service + "BatchSettleOrders", batch, BATCH_ORDERS),
        "balance": (service + "GetBalance", balance, 0),
        "empty": ("/grpc.health.v1.Health/Check", lambda: b"", 0),
    }[load.mode]


async def run_load(load: Load) -> Measured:
    """Call until the time is over."""
    method, make, orders_a_call = _calls(load)
    channels = [
        grpc.aio.insecure_channel(load.address, options=channel_options(retry=False))
        for _ in range(load.channels)
    ]
    stubs: list[Callable[..., Awaitable[bytes]]] = [
        channel.unary_unary(method, request_serializer=None, response_deserializer=None)
        for channel in channels
    ]
    await asyncio.gather(*(stub(make(), timeout=CALL_SECONDS_MAX) for stub in stubs))
    latencies: list[float] = []
    refused = 0
    started = time.perf_counter()
    end = started + load.seconds

    async def caller(stub: Callable[..., Awaitable[bytes]]) -> None:
        nonlocal refused
        while (before := time.perf_counter()) < end:
            try:
                await stub(make(), timeout=CALL_SECONDS_MAX)
            except grpc.aio.AioRpcError:
                refused += 1
                continue
            latencies.append(time.perf_counter() - before)

    await asyncio.gather(*(caller(stubs[number % len(stubs)]) for number in range(load.callers)))
    seconds = time.perf_counter() - started
    for channel in channels:
        await channel.close()
    latencies.sort()
    return Measured(
        len(latencies),
        len(latencies) * orders_a_call,
        seconds,
        refused,
        latencies[len(latencies) // 2] * 1_000,
        latencies[len(latencies) * 99 // 100] * 1_000,
    )


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run_load(Load(**json.loads(sys.argv[1]))))._asdict()))
