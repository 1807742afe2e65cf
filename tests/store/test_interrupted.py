"""What stands in the way of commands and reads, or breaks them off, costs them alone."""

import asyncio
import contextlib

from members.commands import AdjustPoints, SpendPoints
from members.journal import Entry
from members.rejections import MemberUnknown
from points.civil_time import SECOND_US
from store.database import StoreUnavailableError
from store.entries import entries_before
from store.explaining import explain_entry
from store.history import balance_as_known
from tests.store.opened import NOON_US, PROGRAM, opened, settle

MANY = 60


async def test_a_member_whom_somebody_holds_costs_its_own_commands(database_url: str) -> None:
    """The others of its batch are carried out, in their order; its own may be repeated."""
    async with opened(database_url) as store:
        for number in range(MANY):
            await store.settled(f"m{number}", settle("o1", 100))
        connection = await store.connect()
        async with connection.transaction():
            await connection.execute("SELECT FROM account WHERE member_id IN ('m7', 'm8') FOR UPDATE")
            answers = await store.lanes.execute_many(
                [
                    (PROGRAM, f"m{number}", settle(order_id, 200))
                    for order_id in ("o2", "o3")
                    for number in range(MANY)
                ]
            )
        await connection.close()
        for place, answer in enumerate(answers):
            if place % MANY in {7, 8}:
                assert isinstance(answer, StoreUnavailableError)
            else:
                assert isinstance(answer, Entry)
                assert answer.seq == 2 + place // MANY
        assert (await store.settled("m7", settle("o2", 200))).seq == 2
        _, drifts = await store.verify()
        assert drifts == []


async def test_a_refusal_never_costs_a_member_the_salt(database_url: str) -> None:
    """An account can be made anew from the journal. Without the salt, no repeat would be recognised."""
    async with opened(database_url) as store:
        first = await store.settled("m", settle("o", 1_000))
        await store.sql("DELETE FROM account WHERE member_id = 'm'")
        refused = await store.lanes.execute(PROGRAM, "m", SpendPoints("s", 1))
        assert refused == MemberUnknown("m")
        assert len(await store.sql("SELECT FROM identity WHERE member_id = 'm'")) == 1
        async for _ in store.repairing():
            pass
        assert await store.settled("m", settle("o", 1_000)) == first
        _, drifts = await store.verify()
        assert drifts == []


async def test_a_refusal_of_a_person_nobody_knows_leaves_no_trace(database_url: str) -> None:
    async with opened(database_url) as store:
        assert await store.lanes.execute(PROGRAM, "m", SpendPoints("s", 1)) == MemberUnknown("m")
        for table in ("account", "identity", "journal"):
            assert await store.sql(f"SELECT FROM {table}") == []


async def test_a_reader_that_is_gone_leaves_its_connection_as_others_need_it(database_url: str) -> None:
    """Broken off at any moment: nobody else gets a connection inside its transaction."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o", 1_000))
        for number in range(149):
            outcome = await store.lanes.execute(PROGRAM, "m", AdjustPoints(f"a{number}", 1, "test"))
            assert isinstance(outcome, Entry)
        for step in range(60):
            readers = [
                asyncio.create_task(explain_entry(store.database, PROGRAM, "m", 150)),
                asyncio.create_task(balance_as_known(store.database, PROGRAM, "m", NOON_US + SECOND_US)),
                asyncio.create_task(entries_before(store.database, PROGRAM, "m", 100, 50)),
            ]
            for _ in range(step):
                await asyncio.sleep(0)
            for reader in readers:
                reader.cancel()
            for reader in readers:
                with contextlib.suppress(asyncio.CancelledError):
                    await reader
            outcome = await store.lanes.execute(PROGRAM, "m", AdjustPoints(f"b{step}", 1, "test"))
            assert isinstance(outcome, Entry)
            async with store.database.session() as session:
                read_only = await session.exec_driver_sql("SHOW transaction_read_only")
                assert read_only.scalar_one() == "off"
            (newest,) = await entries_before(store.database, PROGRAM, "m", 2**62, 1)
            assert newest.entry == outcome
