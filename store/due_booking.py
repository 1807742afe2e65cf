"""Booking what fell due on a connection of its own, batch by batch, and telling Redis of it."""

from collections.abc import Callable
from typing import Final

import asyncpg

from store.balance_cache import BalanceCache
from store.database import STATEMENT_SECONDS_MAX, Database
from store.due import DueBooked, book_due
from store.guarded import guarded
from store.programs import ProgramShelf
from store.projection import projection_of

# A round holds its members' rows until it is committed, and their commands wait for it: some 50 ms.
MEMBERS_A_BATCH: Final = 200
BATCH_SECONDS_MAX: Final = STATEMENT_SECONDS_MAX + 5


class DueBooking:
    """Any number of these may work side by side: none takes a member that another is at."""

    def __init__(
        self, database: Database, cache: BalanceCache, *, clock: Callable[[int], int] = lambda now_us: now_us
    ) -> None:
        self._connection = database.dedicated()
        self._cache = cache
        self._clock = clock
        self._shelf = ProgramShelf()

    async def step(self) -> DueBooked:
        """Book what fell due for some members. Raises StoreUnavailableError; nothing is half done then."""

        async def book(connection: asyncpg.Connection) -> DueBooked:
            return await book_due(connection, self._shelf, self._clock, MEMBERS_A_BATCH)

        booked = await guarded(self._connection, book, BATCH_SECONDS_MAX)
        await self._cache.publish([projection_of(account, booked.now_us) for account in booked.accounts])
        return booked

    async def close(self) -> None:
        """Give the connection up."""
        await self._connection.discard()
