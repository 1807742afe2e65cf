"""A lane: the single commands of a slot group, carried out in batches, and what happens when one fails."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg
import structlog

from store.balance_cache import BalanceCache
from store.batch import BatchResult, find_held, run_batch
from store.database import (
    COLLISION_ERRORS,
    STATEMENT_SECONDS_MAX,
    STUCK_ERRORS,
    UNREACHABLE_ERRORS,
    Database,
    StoreUnavailableError,
    is_unreachable,
)
from store.gathering import Gathering
from store.programs import ProgramShelf
from store.projection import projection_of
from store.tickets import DefectError, Ticket

CONTENTION_RETRIES_MAX: Final = 3
HELD_LOOKS_MAX: Final = 3
# Beyond what a statement may take: a connection that has gone silent, a commit that waits for a standby.
BATCH_SECONDS_MAX: Final = STATEMENT_SECONDS_MAX + 5
CONTENTION_BACKOFF_SECONDS: Final = 0.02

log = structlog.get_logger()


class Lane:
    """One connection, one batch at a time; the next one gathers meanwhile."""

    def __init__(
        self,
        database: Database,
        cache: BalanceCache,
        shelf: ProgramShelf,
        *,
        batch_max: int,
        waiting_max: int,
        clock: Callable[[int], int],
    ) -> None:
        self._connection = database.dedicated()
        self._cache = cache
        self._shelf = shelf
        self._clock = clock
        self._gathering = Gathering[Ticket](self._flush, batch_max=batch_max, waiting_max=waiting_max)
        self._answering: set[asyncio.Task[None]] = set()

    def add(self, tickets: Sequence[Ticket]) -> None:
        """Take tickets. Raises QueueFullError or ClosedError, and takes none."""
        self._gathering.add(tickets)

    async def _flush(self, tickets: list[Ticket]) -> None:
        wanted = [ticket for ticket in tickets if not ticket.abandoned]
        if wanted:
            await self._carry_out(wanted)

    async def _carry_out(self, tickets: list[Ticket], held_looks: int = 0) -> None:
        """Run a batch and answer its tickets. One that makes the batch fail is found by halving.

        `held_looks` counts how often some of it were left out because somebody else held their accounts.
        """
        if not tickets:
            return
        try:
            result = await self._run(tickets)
        except StoreUnavailableError as error:
            for ticket in tickets:
                ticket.answer(error)
            return
        except Exception as error:
            is_held = isinstance(error, asyncpg.LockNotAvailableError)
            if len(tickets) > 1 and is_held and held_looks < HELD_LOOKS_MAX:
                await self._carry_out(await self._without_held(tickets, error), held_looks + 1)
                return
            if len(tickets) > 1:
                middle = len(tickets) // 2
                await self._carry_out(tickets[:middle])
                await self._carry_out(tickets[middle:])
                return
            if isinstance(error, STUCK_ERRORS):
                tickets[0].answer(StoreUnavailableError(str(error)))
                return
            log.exception("a command cannot be carried out", kind=type(tickets[0].command).__name__)
            tickets[0].answer(DefectError("internal error"))
            return
        # Redis is refreshed, and callers answered, while the next batch is already on its way.
        task = asyncio.create_task(self._answer(tickets, result))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _without_held(self, tickets: list[Ticket], error: Exception) -> list[Ticket]:
        """Answer those whose account somebody else holds; the others are to be carried out.

        Halving would find them too, and wait at each step.
        """
        try:
            connection = await self._connection.get()
            held = await find_held(connection, sorted({ticket.key for ticket in tickets}))
        except (StoreUnavailableError, asyncpg.PostgresError, *UNREACHABLE_ERRORS) as reason:
            await self._connection.discard()
            for ticket in tickets:
                ticket.answer(StoreUnavailableError(str(reason)))
            return []
        for ticket in tickets:
            if ticket.key in held:
                ticket.answer(StoreUnavailableError(str(error)))
        return [ticket for ticket in tickets if ticket.key not in held]

    async def _run(self, tickets: list[Ticket]) -> BatchResult:
        """One transaction; again where another batch was in its way. Raises StoreUnavailableError."""
        for attempt in range(CONTENTION_RETRIES_MAX + 1):
            connection = await self._connection.get()
            try:
                async with asyncio.timeout(BATCH_SECONDS_MAX):
                    return await run_batch(connection, tickets, self._shelf, self._clock)
            except COLLISION_ERRORS as error:
                await self._roll_back(connection)
                if attempt == CONTENTION_RETRIES_MAX:
                    raise StoreUnavailableError(str(error)) from error
                await asyncio.sleep(CONTENTION_BACKOFF_SECONDS * (1 + random.random()) * 2**attempt)  # noqa: S311 - spreads retries
            except Exception as error:
                if is_unreachable(error) or connection.is_closed():
                    await self._connection.discard()
                    raise StoreUnavailableError(str(error)) from error
                await self._roll_back(connection)
                raise
        raise AssertionError("the loop returns or raises")

    async def _roll_back(self, connection: asyncpg.Connection) -> None:
        try:
            await connection.execute("ROLLBACK")
        except (asyncpg.PostgresError, *UNREACHABLE_ERRORS):
            await self._connection.discard()

    async def _answer(self, tickets: list[Ticket], result: BatchResult) -> None:
        """Refresh Redis, then answer. Whatever happens on the way: what is committed is answered."""
        try:
            await self._cache.publish(
                [projection_of(account, result.now_us) for account in result.accounts if account.version]
            )
        except Exception:
            log.exception("balances were not refreshed")
        finally:
            for ticket, outcome in zip(tickets, result.outcomes, strict=True):
                ticket.answer(outcome)

    async def drain(self, seconds_max: float) -> None:
        """Take nothing more, work off what waits, and refuse what is left when the time is over."""
        for ticket in await self._gathering.drain(seconds_max):
            ticket.answer(StoreUnavailableError("stopping"))
        if self._answering:
            await asyncio.wait(self._answering, timeout=1)
        await self._connection.discard()
