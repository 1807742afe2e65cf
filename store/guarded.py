"""A piece of work on a kept connection: whatever becomes of it, no transaction of it is left behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from store.database import (
    CONTENTION_ERRORS,
    DedicatedConnection,
    StoreUnavailableError,
    is_unreachable,
)

Result = TypeVar("Result")


async def guarded(
    connection: DedicatedConnection,
    work: Callable[[asyncpg.Connection], Awaitable[Result]],
    seconds_max: float,
) -> Result:
    """The work's result. Where it fails, the connection is given up, and with it what was not committed.

    Raises StoreUnavailableError where the same work may succeed later, and what the work raises else.
    """
    driver = await connection.get()
    try:
        async with asyncio.timeout(seconds_max):
            return await work(driver)
    except BaseException as error:
        await connection.discard()
        if isinstance(error, CONTENTION_ERRORS) or is_unreachable(error):
            raise StoreUnavailableError(str(error) or type(error).__name__) from error
        raise
