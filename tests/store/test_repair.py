"""What follows from the journal is checked with it and can be made anew; the journal is only read."""

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    HoldPoints,
    RefundOrder,
    TransferPoints,
)
from members.journal import Entry
from store.balance_value import cache_key
from store.drifts import FoundDrift
from store.loaded_member import SNAPSHOT_ENTRIES
from store.verification import verify_ledger
from tests.running_service import DEMO
from tests.store.opened import DAY_US, NOON_US, PROGRAM, Opened, opened, settle

EXPIRING = DEMO.replace("kind: never", "kind: days\n    days: 30")
TABLES = (
    "account",
    "hold",
    "expired_lot",
    "order_refund",
    "settled_order",
    "account_snapshot",
    "journal",
)

DAMAGES = {
    "what came back of an order": (
        """UPDATE settled_order SET refunded = '{"amount_minor":1}' WHERE order_id = 'o2'""",
        "ORDER_DIFFERS",
    ),
    "a refund": ("DELETE FROM order_refund", "ORDER_DIFFERS"),
    "a hold's state": ("UPDATE hold SET state = 'released' WHERE state = 'captured'", "HOLD_DIFFERS"),
    "a hold's points": ("UPDATE hold SET points = points + 1 WHERE state = 'open'", "HOLD_DIFFERS"),
    "an expired lot": ("UPDATE expired_lot SET points = points + 1", "EXPIRED_LOT_DIFFERS"),
    "an expired lot that is gone": ("DELETE FROM expired_lot", "EXPIRED_LOT_DIFFERS"),
    "a snapshot": (
        "UPDATE account_snapshot SET account = replace(account::text, '\"issued\":', '\"issued\":1')::json",
        "SNAPSHOT_DIFFERS",
    ),
    "the account": (
        "UPDATE account SET redeemed = redeemed + 1 WHERE member_id = 'mended'",
        "ACCOUNT_DIFFERS",
    ),
    "when something falls due": (
        "UPDATE account SET next_due_time = now() + interval '1 hour' WHERE member_id = 'mended'",
        "ACCOUNT_DIFFERS",
    ),
    "an open hold": ("UPDATE account SET holds = '[]' WHERE member_id = 'mended'", "ACCOUNT_DIFFERS"),
}


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Opened]:
    """A member of whom every table says something, and one who got points of the first."""
    clock = {"now": NOON_US}
    async with opened(database_url, document=EXPIRING, clock=lambda _: clock["now"]) as store:
        await _done(store, settle("o1", 10_000, time_us=NOON_US))
        clock["now"] = NOON_US + 40 * DAY_US
        await _done(store, settle("o2", 20_000, time_us=clock["now"]))
        await _done(store, HoldPoints("h1", 30, DAY_US))
        await _done(store, CaptureHold("c1", "h1", 20))
        await _done(store, HoldPoints("h2", 10, DAY_US))
        await _done(store, RefundOrder("r1", "o2", "refund-1", amount_minor=5_000))
        await store.lanes.execute_many(
            [(PROGRAM, "mended", AdjustPoints(f"a{number}", 1, "test")) for number in range(SNAPSHOT_ENTRIES)]
        )
        await store.settled("friend", settle("o1", 1_000, time_us=clock["now"]))
        await store.lanes.transfer(PROGRAM, "mended", TransferPoints("t1", "friend", 5))
        yield store


async def _done(store: Opened, command: Command) -> None:
    outcome = await store.lanes.execute(PROGRAM, "mended", command)
    assert isinstance(outcome, Entry), outcome


async def _checked(store: Opened, *, repair: bool = False) -> list[FoundDrift]:
    return [
        drift
        async for progress in verify_ledger(store.database, store.cache, PROGRAM, store.clock, repair=repair)
        for drift in progress.drifts
    ]


async def _contents(store: Opened) -> dict[str, list[str]]:
    """Every row of every table, but for what only says when it was written where."""
    return {
        table: sorted(
            row[0]
            for row in await store.sql(f"SELECT (to_jsonb(t) - 'feed_xid')::text FROM {table} t")  # noqa: S608
        )
        for table in TABLES
    }


async def test_sound_books_are_sound_and_a_repair_leaves_them_as_they_are(store: Opened) -> None:
    before = await _contents(store)
    assert [name for name, rows in before.items() if not rows] == []
    assert await _checked(store, repair=True) == []
    assert await _contents(store) == before


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_does_not_follow_from_the_journal_is_found_and_made_anew(
    store: Opened, damage: str
) -> None:
    statement, reason = DAMAGES[damage]
    before = await _contents(store)
    await store.sql(statement)
    assert await _contents(store) != before

    found = await _checked(store)
    assert {(drift.member_id, drift.reason, drift.repaired) for drift in found} == {("mended", reason, False)}
    assert await _contents(store) != before, "a check alone writes nothing"

    assert {(drift.reason, drift.repaired) for drift in await _checked(store, repair=True)} == {
        (reason, True)
    }
    assert await _checked(store) == []
    after = await _contents(store)
    # The check has compared these; they may stand at other entries than before.
    assert after.pop("account_snapshot") != []
    del before["account_snapshot"]
    assert after == before


async def test_an_account_that_is_gone_is_made_anew(store: Opened) -> None:
    before = await _contents(store)
    await store.sql("DELETE FROM account WHERE member_id = 'mended'")
    assert {drift.reason for drift in await _checked(store)} == {"ACCOUNT_DIFFERS", "TRANSFER_UNBALANCED"}
    await _checked(store, repair=True)
    assert await _checked(store) == []
    assert (await _contents(store))["account"] == before["account"]


async def test_a_broken_journal_is_named_and_nothing_is_made_from_it(store: Opened) -> None:
    await store.sql("UPDATE journal SET available = available + 1 WHERE member_id = 'mended' AND seq = 2")
    before = await _contents(store)
    found = await _checked(store, repair=True)
    assert [(drift.member_id, drift.seq, drift.reason, drift.repaired) for drift in found] == [
        ("mended", 2, "HASH_BROKEN", False)
    ]
    assert await _contents(store) == before


async def test_an_orders_content_that_was_changed_is_found_and_cannot_be_made(store: Opened) -> None:
    await store.sql(
        "UPDATE settled_order SET content = replace(content::text, '20000', '90000')::json"
        " WHERE order_id = 'o2'"
    )
    for _ in range(2):
        found = await _checked(store, repair=True)
        assert [(drift.seq > 0, drift.reason, drift.repaired) for drift in found] == [
            (True, "ORDER_CONTENT_DIFFERS", False)
        ]


async def test_a_wrong_balance_in_redis_is_made_right(database_url: str, redis_url: str) -> None:
    async with opened(database_url, redis_url) as store:
        await store.settled("mended", settle("o1", 10_000))
        client = redis.asyncio.Redis.from_url(redis_url)
        await client.set(cache_key(PROGRAM, "mended"), b"garbage")
        found = await _checked(store, repair=True)
        assert [(drift.reason, drift.repaired) for drift in found] == [("CACHE_DIFFERS", True)]
        assert await client.get(cache_key(PROGRAM, "mended")) is None
        assert await _checked(store) == []
        await client.aclose()


async def test_points_that_were_sent_and_never_arrived_are_found(store: Opened) -> None:
    """Both members' own books are made to fit, journal and all, as somebody with the database could."""
    await store.sql("DELETE FROM journal WHERE member_id = 'friend'")
    for table in ("account", "settled_order", "identity"):
        await store.sql(f"DELETE FROM {table} WHERE member_id = 'friend'")  # noqa: S608 - names of our own
    assert [drift.reason for drift in await _checked(store)] == ["TRANSFER_UNBALANCED"]
