"""Booking what fell due: bounded rounds, side by side, and one broken account stops nobody else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from members.journal import Entry
from store import due
from store.due import book_due
from store.due_booking import DueBooking
from store.programs import ProgramShelf
from tests.running_service import DEMO
from tests.store.opened import DAY_US, NOON_US, Opened, opened, settle

EXPIRING = DEMO.replace("kind: never", "kind: days\n    days: 30")
LATER_US = NOON_US + 60 * DAY_US


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Opened]:
    """Ten members with points that were gone a month ago, and nothing booked yet."""
    async with opened(database_url, document=EXPIRING, clock=lambda _: LATER_US) as store:
        for number in range(10):
            await store.settled(f"m{number}", settle("o", 1_000, time_us=NOON_US))
        yield store


async def _book(store: Opened, members_max: int = 100) -> tuple[int, int]:
    connection = await store.connect()
    try:
        booked = await book_due(connection, ProgramShelf(), store.clock, members_max)
    finally:
        await connection.close()
    return len(booked.accounts), booked.entries


async def _due(store: Opened) -> int:
    rows = await store.sql("SELECT count(*) FROM account WHERE next_due_time <= now()")
    return int(rows[0][0])


async def test_each_member_is_booked_once(store: Opened) -> None:
    assert await _book(store) == (10, 10)
    assert await _book(store) == (0, 0)
    _, drifts = await store.verify()
    assert drifts == []


async def test_any_number_of_rounds_side_by_side_book_everything_once(store: Opened) -> None:
    rounds = await asyncio.gather(*(_book(store, 3) for _ in range(6)))
    while (booked := await _book(store, 3)) != (0, 0):
        rounds.append(booked)
    assert sum(entries for _, entries in rounds) == 10
    _, drifts = await store.verify()
    assert drifts == []


async def test_a_round_is_bounded_in_entries(store: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round holds its members' rows, so it must be short, however much is due for each of them."""
    for day in range(1, 8):
        await store.settled("m0", settle(f"o{day}", 1_000, time_us=NOON_US + day * 3_600_000_000 * 24))
    monkeypatch.setattr(due, "ENTRIES_A_ROUND_MAX", 5)
    found = [await _book(store) for _ in range(4)]
    assert [entries for _, entries in found] == [5, 5, 5, 2]
    assert await _book(store) == (0, 0)


async def test_a_member_whom_somebody_holds_is_left_to_the_next_round(store: Opened) -> None:
    connection = await store.connect()
    async with connection.transaction():
        await connection.execute("SELECT FROM account WHERE member_id = 'm3' FOR UPDATE")
        assert await _book(store) == (9, 9)
    await connection.close()
    assert await _book(store) == (1, 1)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE account SET lots = '[[1767225600000000,3,9]]' WHERE member_id = 'm3'",
        "UPDATE account SET lots = '[]', available = 0 WHERE member_id = 'm3'",
        "DELETE FROM identity WHERE member_id = 'm3'",
    ],
)
async def test_an_account_that_is_wrong_stops_nobody_else(store: Opened, damage: str) -> None:
    """It stands first in the queue: the others are booked all the same, and it does not come up for ever."""
    await store.sql(
        "UPDATE account SET next_due_time = next_due_time - interval '1 day' WHERE member_id = 'm3'"
    )
    await store.sql(damage)
    while (await _book(store, 1))[1] or await _due(store) > 1:
        pass
    booked = await store.sql("SELECT DISTINCT member_id FROM journal WHERE kind = 'fell_due' ORDER BY 1")
    assert {row[0] for row in booked} >= {f"m{number}" for number in range(10)} - {"m3"}
    assert await _book(store) == (0, 0)


async def test_the_job_tells_redis(database_url: str, redis_url: str) -> None:
    async with opened(database_url, redis_url, document=EXPIRING, clock=lambda _: LATER_US) as store:
        entry = await store.settled("due", settle("o", 1_000, time_us=NOON_US))
        assert isinstance(entry, Entry)
        booking = DueBooking(store.database, store.cache, clock=store.clock)
        assert (await booking.step()).entries == 1
        await booking.close()
        known = await store.reads.get("demo", "due", min_version=2)
        assert known is not None
        assert (known.version, known.balance.available) == (2, 0)
