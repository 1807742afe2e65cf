"""Balances for readers: from Redis where it can, from Postgres where it must."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from members.account import Account
from points.civil_time import instant_of
from store.balance_cache import BalanceCache, Cached
from store.balance_value import KnownBalance
from store.database import Database, StoreUnavailableError
from store.gathering import Gathering
from store.projection import projection_of
from store.rows import ACCOUNT_WIDTH, account_of
from store.slots import slot_of
from store.statements import READ_ACCOUNTS

READS_AT_ONCE_MAX: Final = 1_000
READS_WAITING_MAX: Final = 20_000

Member = tuple[str, str]


class MemberSeen(NamedTuple):
    """An account as Postgres holds it, and the clock when it was read (microseconds since 1970, UTC)."""

    account: Account
    now_us: int


class BalanceReads:
    """Balances: concurrent reads share one MGET, and what Redis lacks shares one query."""

    def __init__(
        self, database: Database, cache: BalanceCache, *, clock: Callable[[int], int] = lambda now_us: now_us
    ) -> None:
        self._clock = clock
        self._cache = cache
        self._connection = database.dedicated()
        self._from_cache = Gathering[tuple[Member, asyncio.Future[Cached]]](
            self._read_cache, batch_max=READS_AT_ONCE_MAX, waiting_max=READS_WAITING_MAX
        )
        self._from_postgres = Gathering[tuple[Member, asyncio.Future[MemberSeen | None]]](
            self._read_postgres, batch_max=READS_AT_ONCE_MAX, waiting_max=READS_WAITING_MAX
        )

    async def get(self, program_id: str, member_id: str, min_version: int = 0) -> KnownBalance | None:
        """The balance now, from Redis where it can; None where the member is not known.

        Raises StoreUnavailableError, QueueFullError. A `min_version` that Redis has not reached is looked up
        in Postgres; the caller compares what it gets.
        """
        return (await self.get_many([(program_id, member_id)], min_version))[0]

    async def get_many(self, members: Sequence[Member], min_version: int = 0) -> list[KnownBalance | None]:
        """As `get`, for many members."""
        loop = asyncio.get_running_loop()
        cached_futures: list[asyncio.Future[Cached]] = [loop.create_future() for _ in members]
        self._from_cache.add(list(zip(members, cached_futures, strict=True)))
        cached = [await future for future in cached_futures]
        missing = [
            place
            for place, answer in enumerate(cached)
            if answer.known is None or answer.known.version < min_version
        ]
        balances = [answer.known for answer in cached]
        if missing:
            seen = await self._look_up([members[place] for place in missing])
            for place, member in zip(missing, seen, strict=True):
                balances[place] = None if member is None else projection_of(*member).known
            await self._cache.publish(
                [
                    projection_of(*member, cached[place].broken)
                    for place, member in zip(missing, seen, strict=True)
                    if member is not None
                ]
            )
        return balances

    async def account(self, program_id: str, member_id: str) -> MemberSeen | None:
        """The account from Postgres; None where the member is not known. Raises StoreUnavailableError."""
        return (await self._look_up([(program_id, member_id)]))[0]

    async def _look_up(self, members: Sequence[Member]) -> list[MemberSeen | None]:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[MemberSeen | None]] = [loop.create_future() for _ in members]
        self._from_postgres.add(list(zip(members, futures, strict=True)))
        return [await future for future in futures]

    async def _read_cache(self, reads: list[tuple[Member, asyncio.Future[Cached]]]) -> None:
        answers = await self._cache.get_many([member for member, _ in reads])
        for (_, future), answer in zip(reads, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _read_postgres(self, reads: list[tuple[Member, asyncio.Future[MemberSeen | None]]]) -> None:
        members = sorted({member for member, _ in reads})
        try:
            connection = await self._connection.get()
            rows = await connection.fetch(
                READ_ACCOUNTS,
                [slot_of(*member) for member in members],
                [program_id for program_id, _ in members],
                [member_id for _, member_id in members],
            )
        except Exception as error:  # noqa: BLE001 - every reader must be answered
            await self._connection.discard()
            unavailable = StoreUnavailableError(str(error))
            for _, future in reads:
                if not future.done():
                    future.set_exception(unavailable)
            return
        seen = {
            (row[1], row[2]): MemberSeen(account_of(row), self._clock(instant_of(row[ACCOUNT_WIDTH])))
            for row in rows
        }
        for member, future in reads:
            if not future.done():
                future.set_result(seen.get(member))

    async def close(self) -> None:
        """Give the connection up."""
        await self._connection.discard()
