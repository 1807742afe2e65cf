"""The ledger check finds every kind of drift, names it, and finds nothing in sound books."""

import asyncio

import pytest
import redis.asyncio

from store.balance_value import KnownBalance, cache_key, encode_value
from store.keys import shared_key
from store.verification import MEMBERS_A_PAGE
from tests.store.opened import NOON_US, PROGRAM, Opened, opened, settle

DAMAGES = {
    "a row is gone from the middle": (
        "DELETE FROM journal WHERE member_id = 'm2' AND seq = 2",
        ("m2", 3, "SEQUENCE_GAP"),
    ),
    "the first row is gone": (
        "DELETE FROM journal WHERE member_id = 'm2' AND seq = 1",
        ("m2", 2, "SEQUENCE_GAP"),
    ),
    "the last row is gone": (
        "DELETE FROM journal WHERE member_id = 'm2' AND seq = 3",
        ("m2", 0, "ACCOUNT_DIFFERS"),
    ),
    "an amount was raised": (
        "UPDATE journal SET changes = replace(changes::text, '\"points\":10', '\"points\":99')::json"
        " WHERE member_id = 'm2' AND seq = 2",
        ("m2", 2, "HASH_BROKEN"),
    ),
    "a balance was raised": (
        "UPDATE journal SET available = available + 1 WHERE member_id = 'm2' AND seq = 2",
        ("m2", 2, "HASH_BROKEN"),
    ),
    "a time was moved": (
        "UPDATE journal SET effective_time = effective_time - interval '1 microsecond'"
        " WHERE member_id = 'm2' AND seq = 2",
        ("m2", 2, "HASH_BROKEN"),
    ),
    "a request id was changed": (
        "UPDATE journal SET request_id = 'other' WHERE member_id = 'm2' AND seq = 2",
        ("m2", 2, "HASH_BROKEN"),
    ),
    "changes are unreadable": (
        "UPDATE journal SET changes = '[{}]' WHERE member_id = 'm2' AND seq = 2",
        ("m2", 2, "HASH_BROKEN"),
    ),
    "the account was raised": (
        "UPDATE account SET available = available + 1 WHERE member_id = 'm2'",
        ("m2", 0, "ACCOUNT_DIFFERS"),
    ),
    "a lot was raised": (
        "UPDATE account SET lots = '[[0,31,0]]' WHERE member_id = 'm2'",
        ("m2", 0, "ACCOUNT_DIFFERS"),
    ),
    "the account's head is another": (
        "UPDATE account SET head_hash = decode(repeat('ab', 32), 'hex') WHERE member_id = 'm2'",
        ("m2", 0, "ACCOUNT_DIFFERS"),
    ),
    "the account is gone": ("DELETE FROM account WHERE member_id = 'm2'", ("m2", 0, "ACCOUNT_DIFFERS")),
    "the journal is gone": ("DELETE FROM journal WHERE member_id = 'm2'", ("m2", 0, "ACCOUNT_DIFFERS")),
    "an order is gone": (
        "DELETE FROM settled_order WHERE member_id = 'm2' AND order_id = 'o2'",
        ("m2", 2, "ORDER_MISSING"),
    ),
}


async def _three_orders_for_each(store: Opened, members: int) -> None:
    answers = await store.lanes.execute_many(
        [
            (PROGRAM, f"m{member}", settle(f"o{number}", 1_000))
            for number in (1, 2, 3)
            for member in range(members)
        ]
    )
    assert len(answers) == 3 * members


async def test_sound_books_have_no_drift(database_url: str, redis_url: str) -> None:
    """Every member, every entry and every cached balance is counted; pages are joined without a gap."""
    members = 2 * MEMBERS_A_PAGE
    async with opened(database_url, redis_url) as store:
        await _three_orders_for_each(store, members)
        progress, drifts = await store.verify()
        assert drifts == []
        assert (progress.members, progress.total_members, progress.entries) == (
            members,
            members,
            3 * members,
        )
        assert progress.cached_balances == members
        assert (progress.totals.issued, progress.totals.available) == (30 * members, 30 * members)


async def test_an_empty_ledger_is_sound(database_url: str) -> None:
    """No member: nothing to find."""
    async with opened(database_url) as store:
        progress, drifts = await store.verify()
        assert (progress.members, drifts) == (0, [])


@pytest.mark.parametrize("damage", DAMAGES)
async def test_every_damage_is_named(database_url: str, damage: str) -> None:
    """One damage by hand gives one drift, with its member, entry and kind, and the others stay sound."""
    statement, expected = DAMAGES[damage]
    async with opened(database_url) as store:
        await _three_orders_for_each(store, 5)
        await store.sql(statement)
        _, drifts = await store.verify()
        assert [(drift.member_id, drift.seq, drift.reason) for drift in drifts] == [expected]
        assert drifts[0].detail


async def test_a_forged_history_breaks_the_chain_of_what_follows(database_url: str) -> None:
    """A row whose own hash was recomputed still does not fit the one after it."""
    async with opened(database_url) as store:
        await _three_orders_for_each(store, 1)
        await store.sql(
            "UPDATE journal SET hash = decode(repeat('cd', 32), 'hex') WHERE seq = 3 AND member_id = 'm0'"
        )
        _, drifts = await store.verify()
        assert [(drift.seq, drift.reason) for drift in drifts] == [(3, "HASH_BROKEN")]


async def test_a_wrong_balance_in_redis_is_a_drift(database_url: str, redis_url: str) -> None:
    """Sealed by the right key and still not the account's: a wrong balance, an old one, and garbage."""
    async with opened(database_url, redis_url) as store:
        await _three_orders_for_each(store, 3)
        secret = await shared_key(store.database, "balance")
        client = redis.asyncio.Redis.from_url(redis_url)
        account = await store.reads.account(PROGRAM, "m1")
        assert account is not None
        known = await store.reads.get(PROGRAM, "m1")
        assert known is not None
        wrong = KnownBalance(known.version, known.balance.__class__(999, 0, 0, 0, 0, 0), known.valid_until_us)
        for value in (
            encode_value(cache_key(PROGRAM, "m1"), wrong, secret),
            encode_value(cache_key(PROGRAM, "m1"), known._replace(version=1), secret),
            b"garbage",
        ):
            await client.set(cache_key(PROGRAM, "m1"), value)
            _, drifts = await store.verify()
            assert [(drift.member_id, drift.reason) for drift in drifts] == [("m1", "CACHE_DIFFERS")]
        await client.delete(cache_key(PROGRAM, "m1"))
        await client.aclose()
        _, drifts = await store.verify()
        assert drifts == []


async def test_the_check_runs_while_orders_are_settled(database_url: str, redis_url: str) -> None:
    """Each page is one snapshot: commands beside it are no drift."""
    async with opened(database_url, redis_url) as store:
        await _three_orders_for_each(store, 100)
        stop = asyncio.Event()

        async def keep_settling() -> int:
            count = 0
            while not stop.is_set():
                await store.settled(f"m{count % 100}", settle(f"x{count}", 100, time_us=NOON_US + count))
                count += 1
            return count

        settling = asyncio.create_task(keep_settling())
        for _ in range(5):
            _, drifts = await store.verify()
            assert drifts == []
        stop.set()
        assert await settling > 0
