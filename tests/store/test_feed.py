"""The feed: no entry is skipped, none comes twice, each member's come in order (architecture.md)."""

import asyncio
import base64
import json
import random
from collections.abc import Awaitable
from contextlib import AsyncExitStack

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.database import SESSION_SETTINGS
from store.feed import (
    BEGINNING,
    READ_FEED,
    XID_MAX,
    CursorExpiredError,
    CursorInvalidError,
    Position,
    decode_cursor,
    encode_cursor,
    read_page,
)
from store.feed_epoch import FeedEpoch
from store.feed_reader import FeedReader
from tests.store.feed_reading import HeldWriter, Key, Reader, key_of
from tests.store.opened import NOON_US, PROGRAM, Opened, opened, settle

EPOCH = FeedEpoch(1, b"12345678")
WRITERS = 4
ORDERS_A_WRITER = 150
MEMBERS = 8


async def journal_keys(store: Opened) -> set[Key]:
    rows = await store.sql("SELECT member_id, seq FROM journal WHERE program_id = $1", PROGRAM)
    return {(row["member_id"], row["seq"]) for row in rows}


async def test_a_transaction_held_open_while_others_commit_leaves_no_gap(database_url: str) -> None:
    """What others commit meanwhile waits for it, and it costs them nothing; then everything comes once."""
    async with opened(database_url) as store:
        reader = await Reader.of(store)
        await store.settled("a", settle("o1"))
        await store.settled("b", settle("o1"))
        assert len(await reader.catch_up()) == 2

        held = await HeldWriter.begin(store)
        for number in range(2, 12):
            await store.settled("a", settle(f"o{number}", time_us=NOON_US + number))
        assert await reader.catch_up() == []
        await held.write("b")
        assert await reader.catch_up() == []
        await held.commit()

        came = await reader.catch_up()
        assert len(came) == 11
        assert await journal_keys(store) == set(reader.seen)
        reader.assert_each_in_order()
        await reader.connection.close()


async def test_an_older_transaction_that_writes_later_keeps_the_members_order(database_url: str) -> None:
    """It got its id before, and the member's lock after another: its entry still comes after the other's."""
    async with opened(database_url) as store:
        reader = await Reader.of(store, entries_max=1)
        await store.settled("a", settle("o1"))
        older = await HeldWriter.begin(store)
        await store.settled("a", settle("o2", time_us=NOON_US + 1))
        newer = await HeldWriter.begin(store)
        await older.write("a")
        await older.commit()
        await newer.write("a")
        await newer.commit()

        assert await reader.catch_up() == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]
        xids = [row["xid"] for row in await store.sql("SELECT feed_xid AS xid FROM journal ORDER BY seq")]
        assert xids[1] == xids[2] < xids[3]
        await reader.connection.close()


async def test_what_is_rolled_back_holds_back_only_as_long_as_it_is_open(database_url: str) -> None:
    """Then the rest comes, and of it nothing."""
    async with opened(database_url) as store:
        reader = await Reader.of(store)
        await store.settled("a", settle("o1"))
        held = await HeldWriter.begin(store)
        await held.write("a")
        await store.settled("b", settle("o1"))
        assert await reader.catch_up() == [("a", 1)]
        await held.roll_back()
        assert await reader.catch_up() == [("b", 1)]
        await reader.connection.close()


async def test_writers_at_once_and_a_reader_beside_them(database_url: str) -> None:
    """Writers of several processes fight for the same members; transactions begin, hesitate, give up."""
    async with AsyncExitStack() as at_the_end:
        stores = [
            await at_the_end.enter_async_context(opened(database_url, batch_max=7)) for _ in range(WRITERS)
        ]
        store = stores[0]
        for number in range(MEMBERS):
            await store.settled(f"m{number}", settle("first"))
        readers = [await Reader.of(store, entries_max) for entries_max in (1, 3, 100)]
        writing = True

        async def write(place: int) -> None:
            commands = [
                (f"m{number % MEMBERS}", settle(f"{place}-{number}", 100, time_us=NOON_US + number))
                for number in range(ORDERS_A_WRITER)
            ]
            for begin in range(0, len(commands), 25):
                await asyncio.gather(
                    *(stores[place].settled(*command) for command in commands[begin : begin + 25])
                )

        async def hesitate(chance: random.Random) -> None:
            while writing:
                held = await HeldWriter.begin(store)
                for _ in range(chance.randrange(20)):
                    await asyncio.sleep(0)
                await held.write(f"m{chance.randrange(MEMBERS)}")
                await (held.commit() if chance.random() < 0.7 else held.roll_back())

        async def read(reader: Reader) -> None:
            while writing:
                await reader.page()
                await asyncio.sleep(0)

        others: list[Awaitable[None]] = [hesitate(random.Random(7)), *(read(reader) for reader in readers)]
        beside = asyncio.gather(*others)
        await asyncio.gather(*(write(place) for place in range(WRITERS)))
        writing = False
        await beside

        expected = await journal_keys(store)
        assert len(expected) >= MEMBERS + WRITERS * ORDERS_A_WRITER
        for reader in readers:
            await reader.catch_up()
            assert len(reader.seen) == len(expected)
            assert set(reader.seen) == expected
            reader.assert_each_in_order()
            await reader.connection.close()


async def test_a_cursor_resumes_at_every_position(database_url: str) -> None:
    """Behind each entry: exactly the rest follows, whatever the pages' size."""
    async with opened(database_url) as store:
        await asyncio.gather(
            *(
                store.settled(f"m{number % 5}", settle(f"o{number}", time_us=NOON_US + number))
                for number in range(30)
            )
        )
        connection = await store.connect()
        whole = await read_page(connection, PROGRAM, BEGINNING, 1_000)
        keys = [key_of(entry) for entry in whole.entries]
        assert len(keys) == 30
        for place, position in enumerate(whole.positions):
            cursor = encode_cursor(EPOCH, PROGRAM, position)
            for entries_max in (1, 4, 1_000):
                reader = Reader(connection, entries_max=entries_max)
                reader.position = decode_cursor(EPOCH, PROGRAM, cursor)
                assert await reader.catch_up() == keys[place + 1 :]
                assert await reader.catch_up() == []
        await connection.close()


async def test_programs_have_feeds_of_their_own(database_url: str) -> None:
    """One program's entries are not in another's."""
    async with opened(database_url) as store:
        await store.settled("a", settle("o1"))
        reader = Reader(await store.connect(), "another")
        assert await reader.catch_up() == []
        await reader.connection.close()


@pytest.mark.parametrize("analysed", [False, True])
async def test_a_page_is_read_by_the_feeds_index(database_url: str, *, analysed: bool) -> None:
    """From its place on, in its order: on an empty table, and on one that the planner knows."""
    async with opened(database_url) as store:
        if analysed:
            await asyncio.gather(*(store.settled(f"m{number}", settle("o")) for number in range(500)))
        await store.sql("VACUUM ANALYZE journal")
        connection = await store.connect()
        await connection.execute(
            "; ".join(f"SET {name} = '{value}'" for name, value in SESSION_SETTINGS.items())
        )
        await connection.execute(f"PREPARE page AS {READ_FEED}")
        explained = await connection.fetchval("EXPLAIN (FORMAT JSON) EXECUTE page ('5', 1, 'm', 1, 100)")
        await connection.close()
    plan = json.dumps(json.loads(explained)[0])
    assert '"Index Name": "journal_feed"' in plan
    scans: list[dict[str, object]] = []

    def collect(node: dict[str, object]) -> None:
        scans.extend([node] if "Index Name" in node else [])
        children = node.get("Plans", [])
        assert isinstance(children, list)
        for child in children:
            collect(child)

    collect(json.loads(explained)[0]["Plan"])
    (scan,) = scans
    assert "feed_xid >=" in str(scan["Index Cond"])
    assert "feed_xid <" in str(scan["Index Cond"])
    # What it sorts are the rows of one transaction at a time, not all there are.
    assert '"Incremental Sort"' in plan


POSITIONS = st.builds(
    Position,
    st.integers(0, XID_MAX),
    st.integers(-1, 1_023),
    st.text(st.characters(exclude_categories=["C"]), max_size=128),
    st.integers(0, 2**63 - 1),
)


@given(POSITIONS, st.text(max_size=20))
def test_a_cursor_gives_its_position_back(position: Position, program_id: str) -> None:
    """And fits into the contract's bound, whatever the member's id is made of."""
    program_id = program_id.encode(errors="ignore").decode()
    cursor = encode_cursor(EPOCH, program_id, position)
    assert decode_cursor(EPOCH, program_id, cursor) == position
    assert len(cursor) <= 1_024
    with pytest.raises(CursorInvalidError):
        decode_cursor(EPOCH, program_id + "x", cursor)
    with pytest.raises(CursorExpiredError):
        decode_cursor(FeedEpoch(1, b"87654321"), program_id, cursor)


@given(st.text(max_size=200))
def test_garbage_is_no_cursor(text: str) -> None:
    """Nor anything that is not exactly what was given out."""
    if text:
        with pytest.raises(CursorInvalidError):
            decode_cursor(EPOCH, PROGRAM, text)


def test_a_cursor_that_was_touched_is_no_cursor() -> None:
    """Cut, grown, or with any bit changed."""
    cursor = encode_cursor(EPOCH, PROGRAM, Position(5, 7, "m", 9))
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    changed = [
        raw[: bit // 8] + bytes([raw[bit // 8] ^ 1 << bit % 8]) + raw[bit // 8 + 1 :]
        for bit in range(8 * len(raw))
    ]
    for wrong in (*changed, raw[:-1], raw[:10], b"", raw + b"0"):
        text = base64.urlsafe_b64encode(wrong).rstrip(b"=").decode()
        with pytest.raises(CursorInvalidError):
            decode_cursor(EPOCH, PROGRAM, text or "=")


async def test_a_cursor_ahead_of_the_server_is_refused(database_url: str) -> None:
    """The server went back to an older state of its own: what it writes again would be skipped."""
    async with opened(database_url) as store:
        await store.settled("a", settle("o1"))
        reader = FeedReader(store.database)
        feed = await reader.begin(PROGRAM, "")
        page = await feed.next_page(10)
        assert [key_of(entry) for entry in page.entries] == [("a", 1)]
        await reader.begin(PROGRAM, feed.cursor(page.position))
        with pytest.raises(CursorExpiredError):
            await reader.begin(PROGRAM, feed.cursor(Position(page.begun_xid + 1_000_000, 1, "a", 1)))
        await reader.close()


async def test_a_caller_that_is_gone_does_not_disturb_the_others(database_url: str) -> None:
    """Readers share a connection; one that is broken off while it waits or reads leaves it whole."""
    async with opened(database_url) as store:
        for number in range(20):
            await store.settled("a", settle(f"o{number}", time_us=NOON_US + number))
        reader = FeedReader(store.database)
        feed = await reader.begin(PROGRAM, "")
        calls = [asyncio.create_task(reader.page(PROGRAM, BEGINNING, 5)) for _ in range(20)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert {len(call.result().entries) for call in calls[1::2]} == {5}
        assert len((await feed.next_page(100)).entries) == 20
        await reader.close()


async def test_a_reader_takes_no_transaction_id(database_url: str) -> None:
    """It would hold back the very feed it reads, and every other one on the server."""
    async with opened(database_url) as store:
        await store.settled("a", settle("o1"))
        connection: asyncpg.Connection = await store.connect()
        async with connection.transaction():
            await read_page(connection, PROGRAM, BEGINNING, 10)
            assert await connection.fetchval("SELECT pg_current_xact_id_if_assigned()") is None
        await connection.close()
