"""Making what is derived from a member's journal anew. The journal itself is only read.

What the journal does not hold — an order's content, a note — cannot be made, and is left as it is.
"""

import asyncio
from typing import Final

import asyncpg

from members.account import Account
from points.civil_time import moment_of
from store.batch_columns import account_columns, columns
from store.folding import Fold
from store.loaded_member import SNAPSHOT_ENTRIES, Key, LoadedMember
from store.programs import ProgramShelf
from store.record_statements import (
    EXPIRED_WRITTEN,
    HOLD_WRITTEN,
    REFUND_ORDERS,
    REFUND_WRITTEN,
    REFUNDED_WRITTEN,
    SNAPSHOT_WRITTEN,
    WRITE_EXPIRED,
    WRITE_HOLDS,
    WRITE_REFUNDS,
    WRITE_SNAPSHOTS,
)
from store.rows import JOURNAL_COLUMNS, columns_of, entry_of, json_text
from store.slots import slot_of
from store.statements import ACCOUNT_WRITTEN, unnested

ENTRIES_AT_ONCE: Final = 1_000
# The member's commands wait meanwhile.
REPAIR_SECONDS_MAX: Final = 30

_KEY: Final = "slot = $1 AND program_id = $2 AND member_id = $3"
_LOCK: Final = f"SELECT feed_xid FROM account WHERE {_KEY} FOR UPDATE"  # noqa: S608 - a key of our own
_WAIT_FOR_LOCK: Final = "SET LOCAL lock_timeout = '5s'"
_ENSURE: Final = (
    "INSERT INTO account (slot, program_id, member_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
)
_FORGET_EMPTY: Final = f"DELETE FROM account WHERE {_KEY} AND version = 0"  # noqa: S608 - a key of our own
_FEED: Final = f"SELECT max(feed_xid::text::numeric)::text FROM journal WHERE {_KEY}"  # noqa: S608 - a key of our own
_LIVE: Final = "SELECT live_version FROM program WHERE program_id = $1"
_ENTRIES: Final = f"SELECT {columns_of('j', JOURNAL_COLUMNS)} FROM journal j WHERE {_KEY} ORDER BY seq"  # noqa: S608
_TABLES: Final = ("hold", "expired_lot", "order_refund", "account_snapshot")
_names: Final = ", ".join(name for name, _ in ACCOUNT_WRITTEN)
_JSON: Final = {"lots", "pending_lots", "holds", "counters"}
_WRITE_ACCOUNT: Final = f"""
INSERT INTO account ({_names})
SELECT {", ".join(f"{name}::json" if name in _JSON else name for name, _ in ACCOUNT_WRITTEN)}
FROM {unnested(ACCOUNT_WRITTEN, 1, "u")}
ON CONFLICT (slot, program_id, member_id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name, _ in ACCOUNT_WRITTEN[3:])}
"""  # noqa: S608 - column lists of our own


async def repair_member(
    driver: asyncpg.Connection, shelf: ProgramShelf, program_id: str, member_id: str
) -> Account | None:
    """Fold a member's journal and write everything that follows from it, in one transaction.

    Answers the account as it is now; None where the journal itself is broken, and nothing is written then.
    """
    key = (slot_of(program_id, member_id), program_id, member_id)
    async with asyncio.timeout(REPAIR_SECONDS_MAX), driver.transaction():
        await driver.execute(_WAIT_FOR_LOCK)
        # A row to lock, also where there is none: whoever writes to the member meanwhile must wait.
        await driver.execute(_ENSURE, *key)
        locked = await driver.fetchval(_LOCK, *key)
        fold = Fold(program_id, member_id)
        snapshots: list[Account] = []
        async for row in driver.cursor(_ENTRIES, *key, prefetch=ENTRIES_AT_ONCE):
            fold.add(entry_of(row))
            if fold.account.version % SNAPSHOT_ENTRIES == 0:
                snapshots.append(fold.account)
        if fold.broken:
            await driver.execute(_FORGET_EMPTY, *key)
            return None
        if fold.account.version == 0:
            await driver.execute(_FORGET_EMPTY, *key)
            return fold.account
        live = await driver.fetchval(_LIVE, program_id)
        program = await shelf.get(driver, program_id, live)
        newest = int(await driver.fetchval(_FEED, *key) or 0)
        member = LoadedMember(key, fold.account, b"", max(locked or 0, newest), program)
        await driver.execute(_WRITE_ACCOUNT, *account_columns([member]))
        for table in _TABLES:
            await driver.execute(f"DELETE FROM {table} WHERE {_KEY}", *key)  # noqa: S608 - names of our own
        await _write_beside(driver, key, fold, snapshots)
    return fold.account


async def _write_beside(driver: asyncpg.Connection, key: Key, fold: Fold, snapshots: list[Account]) -> None:
    holds = [
        (
            *key,
            hold_id,
            hold.seq,
            hold.points,
            moment_of(hold.deadline_us),
            hold.state,
            hold.captured_points,
            hold.resolved_seq,
        )
        for hold_id, hold in fold.holds.items()
    ]
    expired = [(*key, key_us, points) for key_us, points in fold.expired.items() if points]
    refunds = [(*key, order_id, seq, refund_id or None) for order_id, seq, refund_id in sorted(fold.refunds)]
    refunded = [(*key, order_id, json_text(state)) for order_id, (_, state) in fold.orders.items()]
    kept = [
        (
            *key,
            account.version,
            moment_of(account.recorded_us),
            moment_of(account.advanced_us),
            json_text(account),
        )
        for account in snapshots
    ]
    await driver.execute(WRITE_HOLDS, *columns(holds, len(HOLD_WRITTEN)))
    await driver.execute(WRITE_EXPIRED, *columns(expired, len(EXPIRED_WRITTEN)))
    await driver.execute(WRITE_REFUNDS, *columns(refunds, len(REFUND_WRITTEN)))
    await driver.execute(REFUND_ORDERS, *columns(refunded, len(REFUNDED_WRITTEN)))
    await driver.execute(WRITE_SNAPSHOTS, *columns(kept, len(SNAPSHOT_WRITTEN)))
