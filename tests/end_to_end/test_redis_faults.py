"""Redis may be away, empty or wrong at any time: balances stay right, writes go on, and it heals."""

from collections.abc import Callable
from typing import Final, NamedTuple

import asyncpg
import pytest
from loyalty.client import AsyncLoyaltyClient, LoyaltyClient
from loyalty.v1 import points_service_pb2

from members.journal import EntryBalance
from store.balance_value import KnownBalance, cache_key, encode_value
from tests.end_to_end.callers import Callers, callers_of
from tests.end_to_end.calls import (
    SECONDS_MAX,
    balance_request,
    eventually,
    order_of,
    settle_of,
    verified,
)
from tests.end_to_end.private_stores import PrivatePostgres, PrivateRedis
from tests.running_service import RunningService, run_loyalty

pytestmark = pytest.mark.faults

MEMBERS: Final = ("17850", "17851", "17852")
VALUE_BYTES: Final = 88
LIFETIME_MS_MAX: Final = 60_000


class Shop:
    """Members whose points are known, written through one worker after the other and read through all."""

    def __init__(self, callers: Callers, program_id: str) -> None:
        self.program_id = program_id
        self._callers = callers.of_each_worker()
        self._points = dict.fromkeys(MEMBERS, 0)
        self._orders = 0

    @property
    def points(self) -> dict[str, int]:
        """What every member must have."""
        return dict(self._points)

    async def settle(self) -> None:
        """An order of each member, of another amount each time; each is read at once by all workers."""
        for place, member_id in enumerate(MEMBERS):
            self._orders += 1
            client = self._callers[(self._orders + place) % len(self._callers)]
            request = settle_of(
                self.program_id, member_id, order_of(f"order-{self._orders}", 100 * self._orders)
            )
            answer = await client.points.SettleOrder(request, timeout=SECONDS_MAX)
            self._points[member_id] += self._orders
            assert self._points[member_id] == answer.balance.available
            for reader in self._callers:
                read = await reader.points.GetBalance(
                    balance_request(self.program_id, member_id, answer.balance.version), timeout=SECONDS_MAX
                )
                assert answer.balance == read.balance

    async def read(self) -> list[dict[str, int]]:
        """What each worker says, asked one by one and all at once."""
        return [found for client in self._callers for found in await self._read(client)]

    async def _read(self, client: AsyncLoyaltyClient) -> list[dict[str, int]]:
        single: dict[str, int] = {}
        for member_id in MEMBERS:
            answer = await client.points.GetBalance(
                balance_request(self.program_id, member_id), timeout=SECONDS_MAX
            )
            single[member_id] = answer.balance.available
        batch = await client.points.BatchGetBalances(
            points_service_pb2.BatchGetBalancesRequest(program_id=self.program_id, member_ids=MEMBERS),
            timeout=SECONDS_MAX,
        )
        return [single, {one.member_id: one.balance.available for one in batch.balances}]

    async def assert_right(self) -> None:
        assert [self.points] * 4 == await self.read()


def keys_of(program_id: str) -> list[bytes]:
    return [cache_key(program_id, member_id) for member_id in MEMBERS]


def lifetimes_ms(cache: PrivateRedis, program_id: str) -> list[int]:
    """How long each member's value still lives; -1 for ever, -2 where there is none."""
    return [int(str(cache.client.pttl(key))) for key in keys_of(program_id)]


def checked(service: RunningService, program_id: str) -> points_service_pb2.VerifyLedgerResponse:
    with LoyaltyClient(service.address, channels=1) as client:
        return verified(client, program_id)


async def assert_healed(service: RunningService, cache: PrivateRedis, shop: Shop) -> None:
    """Redis serves again: reads are right and hit it, it holds every balance, and the check is clean."""

    def is_used() -> bool:
        last = checked(service, shop.program_id)
        return not last.cache_unavailable

    eventually("no worker goes without Redis", lambda: all(is_used() for _ in range(4)))
    await shop.settle()
    await shop.assert_right()
    assert len(MEMBERS) == checked(service, shop.program_id).checked_cached_balances
    assert all(0 < lifetime <= LIFETIME_MS_MAX for lifetime in lifetimes_ms(cache, shop.program_id))
    hits_before = cache.client.info("stats")["keyspace_hits"]
    await shop.assert_right()
    hits = cache.client.info("stats")["keyspace_hits"] - hits_before
    assert hits >= 2 * 2 * len(MEMBERS)


async def test_redis_stopped(
    hurt_service: RunningService, hurt_redis: PrivateRedis, hurt_program: str
) -> None:
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        hurt_redis.stop()
        await shop.assert_right()
        await shop.settle()
        await shop.assert_right()
        assert checked(hurt_service, hurt_program).cache_unavailable

        hurt_redis.start()
        await assert_healed(hurt_service, hurt_redis, shop)


async def test_redis_paused(
    hurt_service: RunningService, hurt_redis: PrivateRedis, hurt_program: str
) -> None:
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        await shop.assert_right()
        for _ in range(3):
            hurt_redis.pause()
            await shop.settle()
            await shop.assert_right()
            hurt_redis.resume()
            # What it held when it was paused is older than what was written meanwhile.
            for _ in range(10):
                await shop.assert_right()
        await assert_healed(hurt_service, hurt_redis, shop)


async def test_redis_flushed(
    hurt_service: RunningService, hurt_redis: PrivateRedis, hurt_program: str
) -> None:
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        hurt_redis.client.flushall()
        assert lifetimes_ms(hurt_redis, hurt_program) == [-2, -2, -2]
        await shop.assert_right()
        assert all(0 < lifetime <= LIFETIME_MS_MAX for lifetime in lifetimes_ms(hurt_redis, hurt_program))
        await assert_healed(hurt_service, hurt_redis, shop)


def all_garbage(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        cache.client.set(key, b"garbage")


def all_empty(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        cache.client.set(key, b"")


def of_the_right_length(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        cache.client.set(key, b"\xff" * VALUE_BYTES)


def of_a_version_far_ahead(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        value = cache.client.get(key)
        assert isinstance(value, bytes)
        assert len(value) == VALUE_BYTES
        cache.client.set(key, b"9" * 16 + value[16:])


def with_a_bit_flipped(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        value = cache.client.get(key)
        assert isinstance(value, bytes)
        cache.client.set(key, value[:20] + bytes([value[20] ^ 1]) + value[21:])


def of_another_member(cache: PrivateRedis, keys: list[bytes]) -> None:
    values = [cache.client.get(key) for key in keys]
    for key, value in zip(keys, [*values[1:], values[0]], strict=True):
        assert isinstance(value, bytes)
        cache.client.set(key, value)


def all_lists(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        cache.client.delete(key)
        cache.client.rpush(key, b"a", b"b")


def all_hashes(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        cache.client.delete(key)
        cache.client.hset(key, "available", "1000000")


def a_megabyte_each(cache: PrivateRedis, keys: list[bytes]) -> None:
    for key in keys:
        cache.client.set(key, b"9" * 1_000_000)


Fill = Callable[[PrivateRedis, list[bytes]], None]
FILLS: Final[tuple[Fill, ...]] = (
    all_garbage,
    all_empty,
    of_the_right_length,
    of_a_version_far_ahead,
    with_a_bit_flipped,
    of_another_member,
    all_lists,
    all_hashes,
    a_megabyte_each,
)


async def test_redis_filled_with_wrong_values_at_any_moment(
    hurt_service: RunningService, hurt_redis: PrivateRedis, hurt_program: str
) -> None:
    keys = keys_of(hurt_program)
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        for fill in FILLS:
            # A read corrects it.
            fill(hurt_redis, keys)
            await shop.assert_right()
            assert len(MEMBERS) == checked(hurt_service, hurt_program).checked_cached_balances, fill.__name__
            # So does a write.
            fill(hurt_redis, keys)
            await shop.settle()
            await shop.assert_right()
            assert len(MEMBERS) == checked(hurt_service, hurt_program).checked_cached_balances, fill.__name__
            assert all(0 < one <= LIFETIME_MS_MAX for one in lifetimes_ms(hurt_redis, hurt_program))
        await assert_healed(hurt_service, hurt_redis, shop)


async def test_the_ledger_check_reports_a_wrong_value(
    hurt_service: RunningService, hurt_redis: PrivateRedis, hurt_program: str
) -> None:
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        all_garbage(hurt_redis, keys_of(hurt_program))
        found = run_loyalty("verify", "--program", hurt_program, address=hurt_service.address)
        assert found.returncode == 1
        assert all(f"CACHE_DIFFERS member {member_id}" in found.stdout for member_id in MEMBERS)
        await shop.assert_right()
        await assert_healed(hurt_service, hurt_redis, shop)
        found = run_loyalty("verify", "--program", hurt_program, address=hurt_service.address)
        assert found.returncode == 0


class Sealed(NamedTuple):
    """What seals a value, so that a test can write what only the service could have written."""

    key: bytes

    @classmethod
    async def of(cls, postgres: PrivatePostgres) -> "Sealed":
        connection = await asyncpg.connect(postgres.url.replace("+asyncpg", ""))
        try:
            return cls(await connection.fetchval("SELECT key FROM service_key WHERE name = 'balance'"))
        finally:
            await connection.close()

    def value(self, key: bytes, version: int, available: int, valid_until_us: int) -> bytes:
        known = KnownBalance(version, EntryBalance(available, 0, 0, 0, 0, 0), valid_until_us)
        return encode_value(key, known, self.key)


async def test_a_value_kept_beyond_its_time_is_not_served(
    hurt_service: RunningService,
    hurt_redis: PrivateRedis,
    hurt_postgres: PrivatePostgres,
    hurt_program: str,
) -> None:
    sealed = await Sealed.of(hurt_postgres)
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        for key in keys_of(hurt_program):
            # It was the service's own, one microsecond after 1970 was its end, and it lives for ever.
            hurt_redis.client.set(key, sealed.value(key, 1, 1_000_000, 1))
        assert lifetimes_ms(hurt_redis, hurt_program) == [-1, -1, -1]
        await shop.assert_right()
        assert all(0 < one <= LIFETIME_MS_MAX for one in lifetimes_ms(hurt_redis, hurt_program))
        await assert_healed(hurt_service, hurt_redis, shop)


async def test_an_old_value_put_back_is_not_served_to_who_has_seen_more_and_is_corrected_by_that(
    hurt_service: RunningService, hurt_redis: PrivateRedis, hurt_program: str
) -> None:
    keys = keys_of(hurt_program)
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        old = [hurt_redis.client.get(key) for key in keys]
        await shop.settle()
        for key, value in zip(keys, old, strict=True):
            assert isinstance(value, bytes)
            hurt_redis.client.set(key, value)
        for client in callers.of_each_worker():
            for member_id in MEMBERS:
                answer = await client.points.GetBalance(
                    balance_request(hurt_program, member_id, min_version=2), timeout=SECONDS_MAX
                )
                assert (answer.balance.version, answer.balance.available) == (2, shop.points[member_id])
        await shop.assert_right()
        await assert_healed(hurt_service, hurt_redis, shop)


async def test_an_old_value_put_back_is_replaced_by_the_next_write(
    hurt_service: RunningService, hurt_redis: PrivateRedis, hurt_program: str
) -> None:
    keys = keys_of(hurt_program)
    async with callers_of(hurt_service) as callers:
        shop = Shop(callers, hurt_program)
        await shop.settle()
        old = [hurt_redis.client.get(key) for key in keys]
        await shop.settle()
        for key, value in zip(keys, old, strict=True):
            assert isinstance(value, bytes)
            hurt_redis.client.set(key, value)
        await shop.settle()
        await shop.assert_right()
        await assert_healed(hurt_service, hurt_redis, shop)
