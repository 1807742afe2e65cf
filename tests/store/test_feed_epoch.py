"""After a restore from a dump the feed begins anew: old rows are there again, old cursors are refused."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from members.journal import Entry
from store.database import as_asyncpg_url
from store.feed import CursorExpiredError
from store.feed_epoch import RestoredError, check_epoch, current_epoch, renew_epoch
from store.feed_reader import FeedReader, ProgramFeed
from store.migration import check_schema, migrate
from tests.store.feed_reading import Key, Reader, key_of
from tests.store.opened import NOON_US, PROGRAM, Opened, opened, settle

ANOTHER_SERVER = "UPDATE feed_epoch SET system_identifier = system_identifier + 1"
# As of a server that had counted far: nothing here reaches it for years.
AS_RESTORED = (
    "UPDATE account SET feed_xid = (feed_xid::text::bigint + 1000000000000000)::text::xid8",
    "UPDATE journal SET feed_xid = (feed_xid::text::bigint + 1000000000000000)::text::xid8",
)
ROLE = "loyalty_test_unprivileged"


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[Opened]:
    """Three members with three entries each."""
    async with opened(database_url) as store:
        for number in range(9):
            await store.settled(f"m{number % 3}", settle(f"o{number}", time_us=NOON_US + number))
        yield store


async def read_all(feed: ProgramFeed) -> list[Entry]:
    found: list[Entry] = []
    full = True
    while full:
        page = await feed.next_page(4)
        found += page.entries
        full = page.full
    return found


def in_order(keys: list[Key]) -> dict[str, list[int]]:
    return {member: [seq for one, seq in keys if one == member] for member, _ in keys}


async def test_a_restored_database_is_noticed_and_read_from_the_start(store: Opened) -> None:
    """By its server's identifier; rows ahead of the new server's count are read again, and new ones after."""
    reader = FeedReader(store.database)
    feed = await reader.begin(PROGRAM, "")
    assert len(await read_all(feed)) == 9
    cursor = feed.cursor((await feed.next_page(1)).position)
    await check_schema(store.url)
    for statement in (*AS_RESTORED, ANOTHER_SERVER):
        await store.sql(statement)

    assert await read_all(await reader.begin(PROGRAM, "")) == []
    with pytest.raises(RestoredError):
        await check_schema(store.url)
    await migrate(store.url)
    await check_schema(store.url)

    with pytest.raises(CursorExpiredError):
        await reader.begin(PROGRAM, cursor)
    feed = await reader.begin(PROGRAM, "")
    again = [key_of(entry) for entry in await read_all(feed)]
    assert in_order(again) == {f"m{number}": [1, 2, 3] for number in range(3)}
    await store.settled("m0", settle("later", time_us=NOON_US + 100))
    assert [key_of(entry) for entry in await read_all(feed)] == [("m0", 4)]
    _, drifts = await store.verify()
    assert drifts == []
    await reader.close()


@pytest.mark.parametrize(
    "sign",
    [
        (ANOTHER_SERVER,),
        ("UPDATE feed_epoch SET journal_oid = journal_oid + 1",),
        ("UPDATE feed_epoch SET system_identifier = NULL", *AS_RESTORED),
        ("UPDATE feed_epoch SET complete = false",),
        ("UPDATE feed_epoch SET complete = false", *AS_RESTORED),
    ],
    ids=["server", "table", "rows ahead", "interrupted", "interrupted half-way"],
)
async def test_every_sign_of_a_restore_starts_one_epoch(store: Opened, sign: tuple[str, ...]) -> None:
    """One, and no other when `migrate` runs again."""
    reader = FeedReader(store.database)
    cursor = (feed := await reader.begin(PROGRAM, "")).cursor((await feed.next_page(5)).position)
    for statement in sign:
        await store.sql(statement)
    for _ in range(2):
        await migrate(store.url)
        await check_schema(store.url)
        connection = await store.connect()
        assert (await current_epoch(connection)).number == 2
        await connection.close()
    with pytest.raises(CursorExpiredError):
        await reader.begin(PROGRAM, cursor)
    assert len(await read_all(await reader.begin(PROGRAM, ""))) == 9
    await reader.close()


async def test_migrating_alone_keeps_cursors(store: Opened) -> None:
    """Where nothing was restored."""
    reader = FeedReader(store.database)
    cursor = (feed := await reader.begin(PROGRAM, "")).cursor((await feed.next_page(5)).position)
    await migrate(store.url)
    assert len(await read_all(await reader.begin(PROGRAM, cursor))) == 4
    await reader.close()


async def test_our_own_readers_begin_anew_too(store: Opened) -> None:
    """Their positions are of the old count."""
    await store.sql("INSERT INTO feed_cursor VALUES ('redis', 'demo', '5', 1, 'm', 1)")
    await store.sql(ANOTHER_SERVER)
    await migrate(store.url)
    assert await store.sql("SELECT FROM feed_cursor") == []


async def test_a_role_that_may_not_read_the_servers_identifier_gets_along(store: Opened) -> None:
    """Without it, rows ahead and another table still tell; and it says nothing against a known one."""
    connection = await store.connect()
    await connection.execute(f"DROP ROLE IF EXISTS {ROLE}; CREATE ROLE {ROLE}")
    await connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}")
    await connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    engine = create_async_engine(as_asyncpg_url(store.url))
    try:
        async with engine.connect() as session:
            await session.execute(sa.text(f"SET SESSION ROLE {ROLE}"))
            await session.commit()
            await check_epoch(session)
            assert not await renew_epoch(session)
            for statement in AS_RESTORED:
                await store.sql(statement)
            with pytest.raises(RestoredError):
                await check_epoch(session)
            assert await renew_epoch(session)
            await check_epoch(session)
    finally:
        await engine.dispose()
        await connection.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
        await connection.close()
    (row,) = await store.sql("SELECT epoch, system_identifier FROM feed_epoch")
    assert (row["epoch"], row["system_identifier"]) == (2, None)
    # What may read it later notes it, and starts no epoch for that.
    await migrate(store.url)
    (row,) = await store.sql("SELECT epoch, system_identifier FROM feed_epoch")
    assert row["epoch"] == 2
    assert row["system_identifier"] is not None
    reader = await Reader.of(store)
    assert len(await reader.catch_up()) == 9
    await reader.connection.close()
