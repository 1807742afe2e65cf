"""The schema: migrations give what the tables say, twice and at once, and an old schema is refused."""

import asyncio
import re

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from store.database import StoreUnavailableError, as_asyncpg_url
from store.migration import SchemaOutdatedError, check_schema, migrate, needed_revision
from store.tables import TransactionId, metadata


def _defaults_differ(*texts: object) -> bool:
    """Whether two defaults differ, whichever way each is written."""
    found, ours = texts[-3], texts[-1]

    def bare(text: object) -> str:
        plain = re.sub(r"::[a-z0-9 ]+", "", str(text)).strip("'").lower()
        return plain.replace("1970-01-01 00:00:00+00", "epoch")

    return bare(found) != bare(ours)


async def _empty(url: str) -> None:
    connection = await asyncpg.connect(
        as_asyncpg_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()


async def test_migrations_give_the_tables_that_the_code_uses(database_url: str) -> None:
    """No column, type, default, constraint or comment differs."""
    engine = create_async_engine(as_asyncpg_url(database_url))

    def differences(connection: sa.Connection) -> list[object]:
        connection.dialect.ischema_names["xid8"] = TransactionId  # type: ignore[attr-defined]
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": _defaults_differ}
        )
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    """Safe to run twice."""
    assert await migrate(database_url) == (needed_revision(), needed_revision())


async def test_migrations_at_once_take_turns(database_url: str) -> None:
    """Safe to run concurrently: one of them does the work, all end at the same revision."""
    await _empty(database_url)
    results = await asyncio.gather(*(migrate(database_url) for _ in range(4)))
    assert sorted(str(before) for before, _ in results) == [needed_revision()] * 3 + ["None"]
    assert {after for _, after in results} == {needed_revision()}


async def test_a_schema_of_another_release_is_refused(database_url: str) -> None:
    """The check names what it found and what it needs."""
    await check_schema(database_url)
    await _empty(database_url)
    with pytest.raises(SchemaOutdatedError, match=f"revision none, this release needs {needed_revision()}"):
        await check_schema(database_url)


async def test_every_member_table_leads_its_keys_with_slot(database_url: str) -> None:
    """architecture.md, Slots: primary keys and unique constraints of a member's tables begin with slot."""
    member_tables = [table for table in metadata.tables.values() if "member_id" in table.c]
    assert sorted(table.name for table in member_tables) == [
        "account",
        "account_snapshot",
        "entry_note",
        "expired_lot",
        "hold",
        "identity",
        "journal",
        "order_refund",
        "repeated_request",
        "seal_head",
        "settled_order",
    ]
    for table in member_tables:
        assert [column.name for column in table.primary_key][:3] == ["slot", "program_id", "member_id"]
        for index in table.indexes:
            # A table's rows of one member stand together; what is looked for across members is no key.
            assert not index.unique or next(column.name for column in index.columns) == "slot"
        assert not table.foreign_keys


async def test_a_migration_that_was_interrupted_is_finished_by_the_next_one(database_url: str) -> None:
    """Indexes are built outside the transaction: what stands before them may be there already."""
    await _empty(database_url)
    await migrate(database_url)
    connection = await asyncpg.connect(
        as_asyncpg_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    for revision, index in (("0001", "account_due"), ("0002", "journal_feed")):
        # As after an interruption: all of a revision is there but its index, and it is not noted.
        await connection.execute(f"DROP INDEX {index}")
        await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
        await connection.execute("DROP TABLE IF EXISTS seal, seal_head")
        assert await migrate(database_url) == (revision, needed_revision())
        assert await connection.fetchval(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = $1::regclass", index
        )
    await connection.close()


async def test_indexes_are_built_while_a_transaction_stays_open(database_url: str) -> None:
    """A report that runs for long delays the build, and makes nothing fail."""
    await _empty(database_url)
    await migrate(database_url)
    url = as_asyncpg_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    report, other = await asyncpg.connect(url), await asyncpg.connect(url)
    await other.execute("DROP INDEX journal_feed; UPDATE alembic_version SET version_num = '0002'")
    await other.execute("DROP TABLE IF EXISTS seal, seal_head")
    transaction = report.transaction(isolation="repeatable_read")
    await transaction.start()
    await report.fetch("SELECT FROM journal")
    migrating = asyncio.create_task(migrate(database_url))
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY%' AND wait_event_type = 'Lock'"
    )
    for _ in range(600):
        if await other.fetchval(waiting + " AND pid <> pg_backend_pid()"):
            break
        await asyncio.sleep(0.05)
    # Longer than a change that others would wait for may wait.
    assert await other.fetchval("SELECT pg_sleep(4.5) IS NOT NULL")
    assert not migrating.done()
    await transaction.rollback()
    assert (await migrating)[1] == needed_revision()
    await asyncio.gather(report.close(), other.close())


async def test_entries_of_before_the_first_release_are_not_taken_over(database_url: str) -> None:
    """They were hashed in another way: said at once, and nothing is changed."""
    connection = await asyncpg.connect(
        as_asyncpg_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await connection.execute(
        "INSERT INTO journal (slot, program_id, member_id, seq, kind, changes, available, pending, held,"
        " debt, next_expiry_points, program_version, effective_time, recorded_time, back_dated, hash,"
        " feed_xid)"
        " VALUES (1, 'p', 'm', 1, 'order_settled', '[]', 0, 0, 0, 0, 0, 1, now(), now(), false, '', '3')"
    )
    await connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreUnavailableError, match="before the first release"):
        await migrate(database_url)
    await connection.close()
