"""Connections to Postgres, and what its failures mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CONNECT_SECONDS_MAX: Final = 5
STATEMENT_SECONDS_MAX: Final = 15
# For what is not hot: a statement, an answer, and back into the pool.
COLD_CONNECTIONS_MAX: Final = 5

# What a session of the service may wait for. A writer that stops half-way must not hold members' rows.
SESSION_SETTINGS: Final = {
    "application_name": "loyalty",
    "timezone": "UTC",
    # What the lanes rely on, whatever the server's own default: a statement sees all that was committed
    # before it began.
    "default_transaction_isolation": "read committed",
    "statement_timeout": f"{STATEMENT_SECONDS_MAX}s",
    # A row that somebody holds longer costs its own command, not its whole batch: see Lane.
    "lock_timeout": "500ms",
    # An answer means that it is on disk, whatever the role or the database says.
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "10s",
    # The hot statements have one good plan, whatever the arrays' length.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
}


class StoreUnavailableError(Exception):
    """Postgres cannot be reached or stopped half-way. Whether a write was committed may be unknown; a
    repeat with the same request id finds out."""


# Errors after which the same work may succeed, now or on another connection.
UNREACHABLE_ERRORS: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that is cut while it is being used
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
)
# Another transaction was in the way: worth another try at once.
COLLISION_ERRORS: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# A row or a statement took too long: whatever it is, the rest of a batch need not wait for it.
STUCK_ERRORS: Final = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError)
CONTENTION_ERRORS: Final = (*COLLISION_ERRORS, *STUCK_ERRORS)


def is_unreachable(error: BaseException) -> bool:
    """Whether a driver's error says that Postgres cannot be worked with now, not that the work is wrong."""
    # The driver's word for an argument it cannot encode is an InterfaceError too.
    return isinstance(error, UNREACHABLE_ERRORS) and not isinstance(error, ValueError)


def as_asyncpg_url(url: str) -> sa.URL:
    """The URL with the driver this service uses, whichever way of writing it an operator is used to."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    if "sslmode" in parsed.query:
        # libpq's word; the driver calls it `ssl` and takes the same values.
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict(
            {"ssl": str(parsed.query["sslmode"])}
        )
    return parsed


class Database:
    """The Postgres of an installation: single connections that lanes and reads keep, and a few to share.

    `kept` is how many are kept; all together are bounded by it and COLD_CONNECTIONS_MAX.
    """

    def __init__(self, url: str, *, kept: int = 8) -> None:
        self._engine: AsyncEngine = create_async_engine(
            as_asyncpg_url(url),
            pool_size=kept + COLD_CONNECTIONS_MAX,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS_MAX,
            hide_parameters=True,
            connect_args={"timeout": CONNECT_SECONDS_MAX, "server_settings": SESSION_SETTINGS},
        )

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for cold statements, committed at the end. Raises StoreUnavailableError."""
        entered = False
        try:
            async with self._engine.begin() as connection:
                entered = True
                yield connection
        except sa.exc.DBAPIError as error:
            cause = error.orig.__cause__ if error.orig else None
            if (
                error.connection_invalidated
                or isinstance(cause, CONTENTION_ERRORS)
                or (cause is not None and is_unreachable(cause))
                or not entered
            ):
                raise StoreUnavailableError(str(error.orig)) from error
            raise
        except (sa.exc.TimeoutError, OSError) as error:
            raise StoreUnavailableError(str(error)) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def check(self) -> None:
        """Ask Postgres for a sign of life. Raises StoreUnavailableError."""
        async with self.session() as connection:
            await connection.execute(sa.text("SELECT 1"))

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[asyncpg.Connection]:
        """The driver's own connection for one piece of work, for statements that are not written by Core.

        What is broken off, by an error of the store or by a caller who is gone, may be in the middle of
        anything: its connection is given up, never back. Raises StoreUnavailableError.
        """
        connection = self.dedicated()
        try:
            yield await connection.get()
        except (*UNREACHABLE_ERRORS, *CONTENTION_ERRORS) as error:
            await connection.discard()
            raise StoreUnavailableError(str(error)) from error
        except Exception:
            await connection.release()
            raise
        except BaseException:
            await connection.discard()
            raise
        else:
            await connection.release()

    def dedicated(self) -> "DedicatedConnection":
        """A connection for one user, opened when first needed and again after a failure."""
        return DedicatedConnection(self._engine)


class DedicatedConnection:
    """The driver's own connection, kept by one user, so that its prepared statements stay."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._held: AsyncConnection | None = None
        self._driver: asyncpg.Connection | None = None

    async def get(self) -> asyncpg.Connection:
        """The connection, outside any transaction. Raises StoreUnavailableError."""
        if self._driver is not None and not self._driver.is_closed():
            return self._driver
        await self.discard()
        try:
            held = await self._engine.connect()
            raw = await held.get_raw_connection()
        except (sa.exc.SQLAlchemyError, *UNREACHABLE_ERRORS) as error:
            raise StoreUnavailableError(str(error)) from error
        self._held, self._driver = held, raw.driver_connection
        if self._driver is None:
            raise StoreUnavailableError("no connection")
        return self._driver

    async def release(self) -> None:
        """Give the connection back, for others to use."""
        if self._driver is not None and self._driver.is_in_transaction():
            # Whoever was cancelled in the middle: the pool does not know of the driver's own transaction.
            await self.discard()
            return
        held, self._held, self._driver = self._held, None, None
        if held is not None:
            await held.close()

    async def discard(self) -> None:
        """Give the connection up. Whatever transaction it was in is rolled back."""
        held, self._held, self._driver = self._held, None, None
        if held is not None:
            try:
                await held.invalidate()
                await held.close()
            except (sa.exc.SQLAlchemyError, *UNREACHABLE_ERRORS):
                return  # it was broken already
