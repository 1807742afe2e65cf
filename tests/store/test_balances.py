"""Balances for readers: right whatever Redis holds, and whatever has fallen due since (architecture.md)."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
import redis.asyncio

from members.journal import Entry, EntryBalance
from store.balance_cache import LIFETIME_SECONDS_MAX, NOT_HERE, BalanceCache, Projection
from store.balance_value import (
    VALUE_BYTES,
    KnownBalance,
    cache_key,
    decode_value,
    encode_value,
)
from tests.running_service import DEMO
from tests.store.opened import DAY_US, NOON_US, PROGRAM, Opened, opened, settle

BALANCE = EntryBalance(120, 30, 0, 0, NOON_US, 20)
KNOWN = KnownBalance(7, BALANCE, NOON_US)
KEY = cache_key(PROGRAM, "m")
PENDING_AND_EXPIRY = DEMO.replace("kind: never", "kind: days\n    days: 30").replace(
    "kind: none", "kind: days\n    days: 14"
)


@pytest_asyncio.fixture
async def redis_client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """Redis, emptied, as someone with redis-cli would use it."""
    client = redis.asyncio.Redis.from_url(redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


async def _cached(store: Opened, member_id: str = "m") -> KnownBalance | None:
    return (await store.cache.get_many([(PROGRAM, member_id)]))[0].known


def test_a_value_is_read_back_as_it_was_written() -> None:
    """Every field, at its bounds too."""
    for known in (
        KNOWN,
        KnownBalance(2**53 - 1, EntryBalance(2**53 - 1, 2**53 - 1, 0, 2**53 - 1, NOON_US, 1), NOON_US),
        KnownBalance(1, EntryBalance(0, 0, 0, 0, 0, 0), 1),
    ):
        value = encode_value(KEY, known, b"secret")
        assert len(value) == VALUE_BYTES
        assert decode_value(KEY, value, b"secret") == known


def test_a_value_that_was_touched_is_not_a_value() -> None:
    """Any bit changed, any other key, any other secret, any other length."""
    value = encode_value(KEY, KNOWN, b"secret")
    for bit in range(8 * len(value)):
        changed = bytearray(value)
        changed[bit // 8] ^= 1 << bit % 8
        assert decode_value(KEY, bytes(changed), b"secret") is None
    assert decode_value(cache_key(PROGRAM, "n"), value, b"secret") is None
    assert decode_value(KEY, value, b"other") is None
    assert decode_value(KEY, value + b"0", b"secret") is None
    assert decode_value(KEY, b"", b"secret") is None


def test_no_two_members_share_a_key() -> None:
    """Colons in ids do not make two members one."""
    assert cache_key("a:b", "c") != cache_key("a", "b:c")


async def test_a_caller_reads_its_own_write(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """At once, although the write waits 5 ms at most for Redis; and Redis serves it then."""
    async with opened(database_url, redis_url) as store:
        for number in range(1, 50):
            await store.settled("m", settle(f"o{number}", 500))
            assert await store.available("m") == 5 * number
        known = await _cached(store)
        while known is None:  # on its way: bounded by the test's own time limit
            await asyncio.sleep(0.001)
            known = await _cached(store)
        assert (known.version, known.balance.available) == (49, 245)
        assert 0 < await redis_client.pttl(KEY) <= LIFETIME_SECONDS_MAX * 1_000


async def test_reads_do_not_need_redis_and_put_into_it_what_they_found(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """Flushed: the balance is right at once, and served by Redis again afterwards."""
    async with opened(database_url, redis_url) as store:
        await store.settled("m", settle("o1", 500))
        await redis_client.flushdb()
        assert await store.available("m") == 5
        known = await _cached(store)
        assert known is not None
        assert known.balance.available == 5


async def test_wrong_values_are_ignored_and_put_right(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """Garbage, a list, a value of another member, a forged huge version: none is believed, all are healed."""
    async with opened(database_url, redis_url) as store:
        await store.settled("m", settle("o1", 500))
        await store.settled("rich", settle("o1", 900_000))
        rich = await redis_client.get(cache_key(PROGRAM, "rich"))
        assert isinstance(rich, bytes)
        forged = b"9" * 16 + rich[16:]
        for wrong in (b"garbage", b"", forged, rich, b"x" * VALUE_BYTES):
            await redis_client.set(KEY, wrong)
            assert await store.available("m") == 5
            assert await _cached(store) is not None
            assert await store.available("m") == 5
        await redis_client.delete(KEY)
        await redis_client.rpush(KEY, "a", "list")
        assert await store.available("m") == 5
        # A write over a forged value that claims to be newer is not hidden by it.
        await redis_client.set(KEY, forged)
        await store.settled("m", settle("o2", 500))
        assert await store.available("m") == 10
        _, drifts = await store.verify()
        assert drifts == []


async def test_an_older_balance_never_replaces_a_newer_one(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """Late news from a slow worker change nothing; the same version may be refreshed."""
    cache = BalanceCache(redis_url, b"secret")
    valid_until_us = NOON_US + 10**15
    for version, expected in ((5, 5), (4, 5), (5, 5), (6, 6), (1, 6)):
        known = KnownBalance(version, EntryBalance(version, 0, 0, 0, 0, 0), valid_until_us)
        await cache.publish([Projection(PROGRAM, "m", known, NOON_US)])
        held = (await cache.get_many([(PROGRAM, "m")]))[0].known
        assert held is not None
        assert (held.version, held.balance.available) == (expected, expected)
    await cache.close()


async def test_a_value_does_not_outlive_its_time(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """A value put back later, without a lifetime, is not believed beyond its own end."""
    cache = BalanceCache(redis_url, b"secret")
    await redis_client.set(KEY, encode_value(KEY, KNOWN, b"secret"))  # valid until a past noon
    assert await cache.get_many([(PROGRAM, "m")]) == [NOT_HERE]
    await cache.close()


async def test_a_balance_changes_by_itself_when_its_time_comes(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """Pending posts and lots expire by reading: no job has run, and Redis never holds it past that moment."""
    now = [NOON_US]
    async with opened(
        database_url, redis_url, document=PENDING_AND_EXPIRY, clock=lambda _now_us: now[0]
    ) as store:
        await store.settled("m", settle("o1", 500))
        expected = {0: (0, 5), 14: (0, 5), 15: (5, 0), 30: (5, 0), 31: (0, 0)}
        for day, (available, pending) in expected.items():
            now[0] = NOON_US + day * DAY_US
            known = await store.reads.get(PROGRAM, "m")
            assert known is not None
            assert (known.version, known.balance.available, known.balance.pending) == (1, available, pending)
            await redis_client.flushdb()
        assert (await store.sql("SELECT count(*) FROM journal"))[0][0] == 1
        # The next command books what fell due before it.
        entry = await store.settled("m", settle("o2", 300, time_us=now[0]))
        kinds = [row["kind"] for row in await store.sql("SELECT kind FROM journal ORDER BY seq")]
        assert kinds == ["order_settled", "fell_due", "fell_due", "order_settled"]
        assert (entry.seq, entry.balance.available, entry.balance.pending) == (4, 0, 3)
        _, drifts = await store.verify()
        assert drifts == []


async def test_redis_never_holds_a_balance_past_the_next_due_moment(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """The lifetime in Redis ends with the next posting, where that is nearer than 60 seconds."""
    # 15 December, 0:00 in London less 20 seconds: the return window of 1 December ends in 20 seconds.
    shortly_before = NOON_US + 14 * DAY_US + DAY_US // 2 - 20 * 1_000_000
    async with opened(
        database_url, redis_url, document=PENDING_AND_EXPIRY, clock=lambda _now_us: shortly_before
    ) as store:
        await store.settled("m", settle("o1", 500))
        # An answer waits 5 ms for Redis at most, so the value may arrive after it.
        for _ in range(1_000):
            if await redis_client.exists(KEY):
                break
            await asyncio.sleep(0.01)
        assert 0 < await redis_client.pttl(KEY) <= 20_000


async def test_without_redis_everything_still_works(database_url: str) -> None:
    """No URL, or nobody there: Postgres answers."""
    async with opened(database_url, None) as store:
        await store.settled("m", settle("o1", 500))
        assert await store.available("m") == 5
    async with opened(database_url, "redis://127.0.0.1:1/0") as store:
        assert await store.available("m") == 5
        assert isinstance(await store.execute("m", settle("o2", 500)), Entry)
        assert await store.available("m") == 10
        assert not store.cache.available


async def test_concurrent_reads_of_many_members(
    database_url: str, redis_url: str, redis_client: redis.asyncio.Redis
) -> None:
    """Each reader gets its own member's balance, known or not, cached or not."""
    async with opened(database_url, redis_url) as store:
        for number in range(50):
            await store.settled(f"m{number}", settle("o", 100 * number))
        await redis_client.delete(*(cache_key(PROGRAM, f"m{number}") for number in range(0, 50, 2)))
        found = await asyncio.gather(*(store.available(f"m{number % 60}") for number in range(300)))
        assert found == [(number % 60 if number % 60 < 50 else None) for number in range(300)]
