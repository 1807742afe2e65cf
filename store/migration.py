"""Bringing the schema up to date: safe to run twice, at once, and while the previous release serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from store.database import CONNECT_SECONDS_MAX, StoreUnavailableError, as_asyncpg_url
from store.feed_epoch import check_epoch, renew_epoch

# Two migrations at once take turns on this lock; its number is only ours by agreement.
MIGRATION_LOCK: Final = 7_236_529_011
LOCK_WAIT_SECONDS_MAX: Final = 60
LOCK_LOOK_SECONDS: Final = 0.05


class SchemaOutdatedError(Exception):
    """The schema is not the one this release needs."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(f"the schema is at revision {found or 'none'}, this release needs {needed}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def needed_revision() -> str:
    """The revision this release needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


async def migrate(url: str) -> tuple[str | None, str]:
    """Upgrade the schema; answers the revision it was at, and the one it is at now.

    Where the database was restored from a dump, the feed begins anew.

    Raises StoreUnavailableError where Postgres cannot be reached or a lock is not had in time.
    """
    async with _connected(url) as connection:  # its end is the end of the session, and of the advisory lock
        await _take_turn(connection)
        before = await connection.run_sync(_revision)
        await connection.commit()
        await connection.run_sync(_upgrade)
        await renew_epoch(connection)
        after = await connection.run_sync(_revision)
        await connection.commit()
        return before, str(after)


async def _take_turn(connection: AsyncConnection) -> None:
    """Wait for the migration lock without a transaction of our own.

    An index that is built beside running writers waits for every transaction that is open, so a session that
    waited for the lock inside one would never get it.
    """
    try:
        async with asyncio.timeout(LOCK_WAIT_SECONDS_MAX):
            while True:
                taken = await connection.scalar(sa.text(f"SELECT pg_try_advisory_lock({MIGRATION_LOCK})"))
                await connection.commit()
                if taken:
                    return
                await asyncio.sleep(LOCK_LOOK_SECONDS)
    except TimeoutError:
        raise StoreUnavailableError("another migration has been running for a minute") from None


async def check_schema(url: str) -> None:
    """Raises SchemaOutdatedError where the schema is not at the revision this release needs, RestoredError
    where the database was restored since, and StoreUnavailableError where Postgres cannot be reached.
    """
    async with _connected(url) as connection:
        found, needed = await connection.run_sync(_revision), needed_revision()
        if found != needed:
            raise SchemaOutdatedError(found, needed)
        await check_epoch(connection)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(
        as_asyncpg_url(url), hide_parameters=True, connect_args={"timeout": CONNECT_SECONDS_MAX}
    )
    try:
        async with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise StoreUnavailableError(str(error.orig)) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise StoreUnavailableError(str(error) or type(error).__name__) from error
    finally:
        await engine.dispose()


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: sa.Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
