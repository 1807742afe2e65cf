"""What a killed worker left in Redis is put right by a reader of the feed (architecture.md)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import redis.asyncio

from store.balance_cache import BalanceCache
from store.balance_value import cache_key
from store.keys import shared_key
from store.reprojection import REPROJECTION_LOCK, PageDone, RedisAwayError, Reprojection
from tests.store.feed_reading import HeldWriter
from tests.store.opened import NOON_US, PROGRAM, Opened, opened, settle

STEPS_MAX = 1_000
LOOKS_MAX = 1_000
LOOK_SECONDS = 0.01
ENTRIES_A_PAGE = 5
NOWHERE = "redis://127.0.0.1:1/0"


@pytest_asyncio.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """Redis, emptied, as someone with redis-cli would use it."""
    client = redis.asyncio.Redis.from_url(redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def store(database_url: str, redis_url: str) -> AsyncIterator[Opened]:
    async with opened(database_url, redis_url) as store:
        yield store


@pytest_asyncio.fixture
async def reprojection(store: Opened) -> AsyncIterator[Reprojection]:
    """The reader, which has come to where the feed is now."""
    reprojection = Reprojection(store.database, store.cache, entries_a_page=ENTRIES_A_PAGE)
    await reprojection.step()
    yield reprojection
    await reprojection.close()


async def work_off(reprojection: Reprojection) -> PageDone:
    """Step until there is nothing; all that was done."""
    entries = replaced = 0
    for _ in range(STEPS_MAX):
        try:
            done = await reprojection.step()
        except RedisAwayError:  # a slow machine; it comes back
            await asyncio.sleep(LOOK_SECONDS)
            continue
        if not done.entries:
            break
        entries, replaced = entries + done.entries, replaced + done.replaced
    return PageDone(entries, replaced)


async def until(store: Opened, member_id: str, version: int) -> None:
    """Wait until Redis has heard of an entry, from the writer or from a reader."""
    for _ in range(LOOKS_MAX):
        found = await in_redis(store, member_id)
        if found is not None and found[0] >= version:
            return
        await store.reads.get(PROGRAM, member_id, version)
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError(f"redis never heard of entry {version} of {member_id}")


async def stale(store: Opened, client: redis.asyncio.Redis, member_id: str, number: int) -> None:
    """Settle an order, and leave Redis as if the worker had been killed before it could tell Redis."""
    key = cache_key(PROGRAM, member_id)
    before = await client.get(key)
    entry = await store.settled(member_id, settle(f"o{number}", 100 * number, time_us=NOON_US + number))
    await until(store, member_id, entry.seq)
    assert isinstance(before, bytes)
    await client.set(key, before, px=60_000)


async def in_redis(store: Opened, member_id: str) -> tuple[int, int] | None:
    known = (await store.cache.get_many([(PROGRAM, member_id)]))[0].known
    return None if known is None else (known.version, known.balance.available)


async def filled(store: Opened, member_id: str) -> None:
    """An order, which Redis has heard of."""
    await store.settled(member_id, settle("first", 1_000))
    await until(store, member_id, 1)


async def test_an_older_balance_is_replaced(
    store: Opened, client: redis.asyncio.Redis, reprojection: Reprojection
) -> None:
    """By the account's, with a lifetime as ever; what was right or is not there stays so."""
    for member_id in ("killed", "fine", "absent"):
        await filled(store, member_id)
    await work_off(reprojection)
    await stale(store, client, "killed", 3)
    await store.settled("fine", settle("o2", 500, time_us=NOON_US + 1))
    await store.settled("absent", settle("o2", 500, time_us=NOON_US + 1))
    await until(store, "absent", 2)
    await client.delete(cache_key(PROGRAM, "absent"))
    assert await in_redis(store, "killed") == (1, 10)

    assert await work_off(reprojection) == PageDone(3, 1)
    assert await in_redis(store, "killed") == (2, 13)
    assert await in_redis(store, "fine") == (2, 15)
    assert await in_redis(store, "absent") is None
    assert 0 < await client.pttl(cache_key(PROGRAM, "killed")) <= 60_000
    assert await work_off(reprojection) == PageDone(0, 0)


async def test_more_than_a_page_at_once(
    store: Opened, client: redis.asyncio.Redis, reprojection: Reprojection
) -> None:
    """Page by page, to the end."""
    members = [f"m{number}" for number in range(2 * ENTRIES_A_PAGE + 2)]
    await asyncio.gather(*(filled(store, member_id) for member_id in members))
    before = await client.mget([cache_key(PROGRAM, member_id) for member_id in members])
    await asyncio.gather(
        *(store.settled(member_id, settle("o2", 500, time_us=NOON_US + 1)) for member_id in members)
    )
    for member_id in members:
        await until(store, member_id, 2)
    for member_id, value in zip(members, before, strict=True):
        assert isinstance(value, bytes)
        await client.set(cache_key(PROGRAM, member_id), value, px=60_000)

    assert await work_off(reprojection) == PageDone(2 * len(members), len(members))
    assert {await in_redis(store, member_id) for member_id in members} == {(2, 15)}


async def test_what_redis_does_not_take_is_not_passed_over(
    store: Opened, client: redis.asyncio.Redis, reprojection: Reprojection
) -> None:
    """Another worker's Redis is away: the page stays where it is, for whoever reaches Redis."""
    await filled(store, "killed")
    await work_off(reprojection)
    await stale(store, client, "killed", 3)
    cache = BalanceCache(NOWHERE, await shared_key(store.database, "balance"))
    blind = Reprojection(store.database, cache)
    position = await store.sql("SELECT * FROM feed_cursor")
    for _ in range(3):
        with pytest.raises(RedisAwayError):
            await blind.step()
    assert await store.sql("SELECT * FROM feed_cursor") == position
    await blind.close()
    await cache.close()

    assert await work_off(reprojection) == PageDone(1, 1)
    assert await in_redis(store, "killed") == (2, 13)


async def test_one_of_many_works_at_a_time(
    store: Opened, client: redis.asyncio.Redis, reprojection: Reprojection
) -> None:
    """Side by side they deal with every entry once; while one is at it, the others have nothing to do."""
    for number in range(30):
        await store.settled(f"m{number}", settle("o", 100))
    connection = await store.connect()
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({REPROJECTION_LOCK})")
        assert await reprojection.step() == PageDone(0, 0)
    await connection.close()

    others = [Reprojection(store.database, store.cache) for _ in range(3)]
    done = await asyncio.gather(*(work_off(one) for one in (reprojection, *others)))
    assert sum(one.entries for one in done) == 30
    for one in others:
        await one.close()


async def test_it_does_not_hold_back_the_feed_that_it_reads(
    store: Opened, client: redis.asyncio.Redis, reprojection: Reprojection
) -> None:
    """A transaction held open elsewhere does: what was committed behind it is dealt with after it."""
    await filled(store, "killed")
    await work_off(reprojection)
    held = await HeldWriter.begin(store)
    await stale(store, client, "killed", 3)
    assert await work_off(reprojection) == PageDone(0, 0)
    await held.roll_back()
    assert await work_off(reprojection) == PageDone(1, 1)
    assert await in_redis(store, "killed") == (2, 13)


async def test_a_first_reader_begins_where_the_feed_is(store: Opened, client: redis.asyncio.Redis) -> None:
    """A long history is not read again for what Redis has forgotten long ago."""
    await filled(store, "old")
    reprojection = Reprojection(store.database, store.cache)
    assert await work_off(reprojection) == PageDone(0, 0)
    await store.settled("new", settle("o", 100))
    assert await work_off(reprojection) == PageDone(1, 0)
    await reprojection.close()
