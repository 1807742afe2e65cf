"""Commands through a lane: exactly once, all or nothing, whatever runs beside them (domain: Points 8)."""

import asyncio

import asyncpg
import msgspec
import pytest

from members.commands import EnrolMember, SettleOrder
from members.journal import Entry
from members.rejections import (
    FieldInvalid,
    MemberAlreadyEnrolled,
    OrderAlreadySettled,
    RequestIdReused,
)
from store.balance_cache import BalanceCache
from store.command_lanes import CommandLanes
from store.database import Database, StoreUnavailableError, as_asyncpg_url
from store.gathering import QueueFullError
from store.identity import display_name
from store.tickets import DefectError, ProgramUnknownError
from tests.store.opened import DAY_US, NOON_US, PROGRAM, opened, settle


async def test_an_order_is_in_the_books_once(database_url: str) -> None:
    """The same request answers the same entry, and there is one entry, one order, one account."""
    async with opened(database_url) as store:
        first = await store.settled("m", settle("o1", 3_620))
        again = await store.settled("m", settle("o1", 3_620))
        assert again == first
        assert (first.seq, first.balance.available) == (1, 36)
        rows = await store.sql("SELECT seq, order_id, request_id, available FROM journal")
        assert [tuple(row) for row in rows] == [(1, "o1", "settle:o1", 36)]
        assert await store.available("m") == 36


@pytest.mark.parametrize("lanes", [1, 3])
async def test_the_same_request_at_once_awards_once(database_url: str, lanes: int) -> None:
    """200 concurrent calls over four workers' lanes: one entry, one answer."""
    async with (
        opened(database_url, lanes=lanes) as one,
        opened(database_url, lanes=lanes) as two,
        opened(database_url) as three,
        opened(database_url) as four,
    ):
        stores = (one, two, three, four)
        answers = await asyncio.gather(
            *(stores[number % 4].execute("m", settle("o1", 500)) for number in range(200))
        )
        assert {answer.hash for answer in answers if isinstance(answer, Entry)} == {answers[0].hash}  # type: ignore[union-attr]
        assert all(isinstance(answer, Entry) for answer in answers)
        assert await one.available("m") == 5
        assert (await one.sql("SELECT count(*) FROM journal"))[0][0] == 1


async def test_a_request_id_with_other_content_is_refused(database_url: str) -> None:
    """In a later batch, in the same batch, and for another kind of command; nothing is changed."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o1", 500, request_id="r"))
        assert await store.execute("m", settle("o1", 600, request_id="r")) == RequestIdReused("r", 1)
        assert await store.execute("m", settle("o2", 500, request_id="r")) == RequestIdReused("r", 1)
        enrol = await store.lanes.execute(PROGRAM, "m", EnrolMember("r"))
        assert enrol == RequestIdReused("r", 1)
        both = await asyncio.gather(
            store.execute("n", settle("o1", 500, request_id="r")),
            store.execute("n", settle("o1", 501, request_id="r")),
        )
        assert isinstance(both[0], Entry)
        assert both[1] == RequestIdReused("r", 1)
        assert await store.available("m") == 5


async def test_a_request_id_is_the_members_own(database_url: str) -> None:
    """Its scope is the member: another one may use the same id, for an order of the same name."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o1", 500, request_id="r"))
        other = await store.settled("n", settle("o1", 900, request_id="r"))
        assert other.balance.available == 9


async def test_an_order_settles_once_whatever_the_request_id(database_url: str) -> None:
    """The same order under another request id changes nothing and gets the first answer, ever after too."""
    async with opened(database_url) as store:
        first = await store.settled("m", settle("o1", 500, request_id="r1"))
        assert await store.settled("m", settle("o1", 500, request_id="r2")) == first
        assert await store.settled("m", settle("o1", 500, request_id="r2")) == first
        assert await store.available("m") == 5
        assert [row["seq"] for row in await store.sql("SELECT seq FROM journal")] == [1]
        # r2 is used up: it stands for this order.
        assert await store.execute("m", settle("o2", 500, request_id="r2")) == RequestIdReused("r2", 1)


async def test_an_order_with_other_content_is_refused(database_url: str) -> None:
    """ORDER_ALREADY_SETTLED, and nothing changes."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o1", 500, request_id="r1"))
        refused = await store.execute("m", settle("o1", 501, request_id="r2"))
        assert refused == OrderAlreadySettled("o1", 1)
        # A refusal is not remembered: its request id is free.
        assert isinstance(await store.execute("m", settle("o2", 1, request_id="r2")), Entry)


async def test_a_repeat_and_its_original_in_one_batch(database_url: str) -> None:
    """What the batch itself wrote counts as earlier, as if each had come alone."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o0", 100))
        answers = await store.lanes.execute_many(
            [
                (PROGRAM, "m", settle("o1", 500, request_id="r1")),
                (PROGRAM, "m", settle("o1", 500, request_id="r2")),
                (PROGRAM, "m", settle("o1", 700, request_id="r3")),
                (PROGRAM, "m", settle("o2", 700, request_id="r2")),
                (PROGRAM, "m", settle("o1", 500, request_id="r1")),
            ]
        )
        assert isinstance(answers[0], Entry)
        assert answers[1] == answers[0] == answers[4]
        assert answers[2:4] == [OrderAlreadySettled("o1", 2), RequestIdReused("r2", 2)]


async def test_a_members_orders_keep_their_order_in_a_batch(database_url: str) -> None:
    """Sequence numbers follow the order of the requests, lane by lane."""
    async with opened(database_url, lanes=3, batch_max=7) as store:
        commands = [(PROGRAM, f"m{number % 5}", settle(f"o{number}")) for number in range(100)]
        answers = await store.lanes.execute_many(commands)
        assert [answer.seq for answer in answers if isinstance(answer, Entry)] == [
            1 + number // 5 for number in range(100)
        ]
        _, drifts = await store.verify()
        assert drifts == []


async def test_refused_commands_leave_no_trace(database_url: str) -> None:
    """A refusal changes nothing: no account, no identity, no entry, not even for an unknown member."""
    async with opened(database_url) as store:
        refused = await store.execute("m", settle("o1", time_us=NOON_US + 100_000 * DAY_US))
        assert isinstance(refused, FieldInvalid)
        assert refused.field == "order.order_time"
        assert isinstance(await store.lanes.execute("nobody's", "m", settle("o1")), ProgramUnknownError)
        preview = await store.settled("m", settle("o1", 700, validate_only=True))
        assert (preview.seq, preview.balance.available) == (1, 7)
        for table in ("account", "identity", "journal", "settled_order", "repeated_request"):
            assert (await store.sql(f"SELECT count(*) FROM {table}"))[0][0] == 0  # noqa: S608


async def test_one_refusal_in_a_batch_does_not_touch_the_others(database_url: str) -> None:
    """A rejected command rejects alone."""
    async with opened(database_url) as store:
        answers = await store.lanes.execute_many(
            [
                (PROGRAM, "m", settle("o1", 500)),
                (PROGRAM, "m", settle("o2", 500, time_us=NOON_US + 100_000 * DAY_US)),
                ("unknown", "m", settle("o3", 500)),
                (PROGRAM, "m", settle("o4", 500)),
            ]
        )
        assert [type(answer) for answer in answers] == [Entry, FieldInvalid, ProgramUnknownError, Entry]
        assert await store.available("m") == 10


async def test_validate_only_answers_what_settling_would(database_url: str) -> None:
    """Same answer, nothing written; inside a batch it sees what came before it."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o1", 500))
        preview = await store.settled("m", settle("o2", 700, validate_only=True))
        assert (preview.seq, preview.balance.available) == (2, 12)
        assert await store.available("m") == 5
        real = await store.settled("m", settle("o2", 700))
        assert (real.seq, real.balance, real.changes_json) == (
            preview.seq,
            preview.balance,
            preview.changes_json,
        )


@pytest.mark.parametrize(
    "poison",
    [settle("bad\0order", 500), msgspec.structs.replace(settle("o13", 500), content=b"\xff")],
    ids=["what Postgres cannot store", "what the driver cannot send"],
)
async def test_a_command_that_breaks_the_batch_is_found_and_fails_alone(
    database_url: str, poison: SettleOrder
) -> None:
    """Whatever gets past the domain and breaks the transaction: only its own command fails."""
    async with opened(database_url) as store:
        commands = [(PROGRAM, f"m{number}", settle(f"o{number}", 500)) for number in range(20)]
        commands[13] = (PROGRAM, "m13", poison)
        answers = await store.lanes.execute_many(commands)
        assert [place for place, answer in enumerate(answers) if not isinstance(answer, Entry)] == [13]
        assert isinstance(answers[13], DefectError)
        progress, drifts = await store.verify()
        assert (progress.members, progress.entries, drifts) == (19, 19, [])


async def test_two_workers_on_the_same_members_never_wait_in_a_circle(database_url: str) -> None:
    """Batches that share members, new and old, in opposite orders: every order is settled once."""
    async with opened(database_url) as one, opened(database_url) as two:
        members = [f"m{number}" for number in range(60)]
        for round_number in range(5):
            await asyncio.gather(
                *(one.execute(member, settle(f"a{round_number}", 100)) for member in members),
                *(two.execute(member, settle(f"b{round_number}", 100)) for member in reversed(members)),
            )
        progress, drifts = await one.verify()
        assert (progress.members, progress.entries, progress.totals.available) == (60, 600, 600)
        assert drifts == []


async def test_the_bound_of_the_queue_refuses_and_loses_nothing(database_url: str) -> None:
    """Beyond the bound the call is refused before anything happens; what was taken is answered."""
    async with opened(database_url, batch_max=1, waiting_max=2) as store:
        outcomes = await asyncio.gather(
            *(store.execute("m", settle(f"o{number}", 100)) for number in range(10)), return_exceptions=True
        )
        taken = [outcome for outcome in outcomes if isinstance(outcome, Entry)]
        assert [type(outcome) for outcome in outcomes if not isinstance(outcome, Entry)] == (
            [QueueFullError] * (10 - len(taken))
        )
        assert 0 < len(taken) < 10
        assert await store.available("m") == len(taken)


async def test_an_abandoned_command_is_not_carried_out(database_url: str) -> None:
    """A caller whose deadline passed while it waited gets no award it does not know of."""
    async with opened(database_url, batch_max=1) as store:
        first = asyncio.create_task(store.execute("m", settle("o1", 100)))
        second = asyncio.create_task(store.execute("m", settle("o2", 100)))
        await asyncio.sleep(0)
        second.cancel()
        assert isinstance(await first, Entry)
        with pytest.raises(asyncio.CancelledError):
            await second
        assert isinstance(await store.execute("m", settle("o3", 100)), Entry)
        assert [row["order_id"] for row in await store.sql("SELECT order_id FROM journal ORDER BY seq")] == [
            "o1",
            "o3",
        ]


async def test_postgres_away_is_said_and_nothing_is_half_done(database_url: str) -> None:
    """Connections cut in the middle: refused as unavailable; the same lane works again by itself."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o1", 100))
        await store.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        outcome = await store.execute("m", settle("o2", 100))
        assert isinstance(outcome, (StoreUnavailableError, Entry))
        assert isinstance(await store.execute("m", settle("o2", 100)), Entry)
        assert await store.available("m") == 2
        _, drifts = await store.verify()
        assert drifts == []


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    """Nothing listens: an answer, not a hang."""
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    lanes = CommandLanes(database, BalanceCache(None, b"key"))
    assert isinstance(await lanes.execute(PROGRAM, "m", settle("o1")), StoreUnavailableError)
    await lanes.drain(1)
    await database.close()


async def test_feed_order_never_goes_back_for_a_member(database_url: str) -> None:
    """architecture.md, The journal is the feed: feed_xid grows with seq, and the account has the latest."""
    async with opened(database_url) as one, opened(database_url) as two:
        for number in range(20):
            await asyncio.gather(
                one.execute("m", settle(f"a{number}")), two.execute("m", settle(f"b{number}"))
            )
        rows = await one.sql("SELECT seq, feed_xid FROM journal ORDER BY seq")
        xids = [row["feed_xid"] for row in rows]
        assert xids == sorted(xids)
        assert (await one.sql("SELECT feed_xid FROM account"))[0][0] == xids[-1]


async def test_enrolment_is_an_entry_and_the_name_is_not_in_it(database_url: str) -> None:
    """Personal data lies in the identity table only; the journal keeps a salted digest."""
    async with opened(database_url) as store:
        entry = await store.lanes.execute(PROGRAM, "m", EnrolMember("r", "Ada Lovelace"))
        assert isinstance(entry, Entry)
        assert await store.lanes.execute(PROGRAM, "m", EnrolMember("r", "Ada Lovelace")) == entry
        again = await store.lanes.execute(PROGRAM, "m", EnrolMember("r2", "Ada"))
        assert again == MemberAlreadyEnrolled(entry.effective_us)
        assert await store.lanes.execute(PROGRAM, "m", EnrolMember("r", "Eve")) == RequestIdReused("r", 1)
        assert await display_name(store.database, PROGRAM, "m") == "Ada Lovelace"
        row = (await store.sql("SELECT journal::text AS text FROM journal"))[0]
        assert "Lovelace" not in row["text"]


async def test_journal_rows_cannot_be_doubled(database_url: str) -> None:
    """The keys themselves refuse a second row for a sequence number or a request id."""
    async with opened(database_url) as store:
        await store.settled("m", settle("o1"))
        columns = (
            "slot, program_id, member_id, {seq}, kind, {request_id}, request_digest, order_id, changes,"
            " available, pending, held, debt, next_expiry_time, next_expiry_points, program_version,"
            " effective_time, recorded_time, back_dated, hash, feed_xid"
        )
        for seq, request_id in (("seq", "'new'"), ("seq + 1", "request_id")):
            with pytest.raises(asyncpg.UniqueViolationError):
                await store.sql(
                    "INSERT INTO journal SELECT "  # noqa: S608
                    + columns.format(seq=seq, request_id=request_id)
                    + " FROM journal"
                )


async def test_a_row_that_somebody_holds_costs_its_own_command_only(database_url: str) -> None:
    """A session that forgot to commit holds one member: the others of the batch are settled all the same."""
    async with opened(database_url) as store:
        await store.lanes.execute_many([(PROGRAM, f"m{number}", settle("o0", 100)) for number in range(6)])
        holder = await store.connect()
        holding = holder.transaction()
        await holding.start()
        await holder.execute("SELECT FROM account WHERE member_id = 'm3' FOR UPDATE")
        answers = await store.lanes.execute_many(
            [(PROGRAM, f"m{number}", settle("o1", 100)) for number in range(6)]
        )
        await holding.rollback()
        await holder.close()
        kinds = [type(answer) for answer in answers]
        assert kinds == [Entry, Entry, Entry, StoreUnavailableError, Entry, Entry]
        assert isinstance(await store.execute("m3", settle("o1", 100)), Entry)
        progress, drifts = await store.verify()
        assert (progress.entries, drifts) == (12, [])


def test_a_url_as_managed_databases_give_it() -> None:
    """libpq's sslmode is understood, and nothing else of the URL is changed."""
    url = as_asyncpg_url("postgres://u:p@h:5/d?sslmode=require&application_name=x")
    assert dict(url.query) == {"ssl": "require", "application_name": "x"}
    assert (url.drivername, url.host, url.database) == ("postgresql+asyncpg", "h", "d")
