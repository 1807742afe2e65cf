"""Balances for readers: from Redis where it can, from Postgres where it must."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from members.account import Account
from points.civil_time import instant_of
from store.balance_cache import NOT_HERE, BalanceCache, Cached
from store.balance_value import KnownBalance
from store.database import STATEMENT_SECONDS_MAX, Database, StoreUnavailableError
from store.gathering import Gathering
from store.projection import known_balance, projection_of
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


class _LookUp(NamedTuple):
    """A member to be read from Postgres. `broken` is what stands in Redis for it and is none of ours."""

    member: Member
    broken: bytes
    future: asyncio.Future[MemberSeen | None]


class _CacheRead(NamedTuple):
    """A member to be read from Redis."""

    member: Member
    future: asyncio.Future[Cached]


class BalanceReads:
    """Balances: concurrent reads share one MGET, and what Redis lacks shares one query."""

    def __init__(
        self, database: Database, cache: BalanceCache, *, clock: Callable[[int], int] = lambda now_us: now_us
    ) -> None:
        self._clock = clock
        self._cache = cache
        self._connection = database.dedicated()
        self._from_cache = Gathering[_CacheRead](
            self._read_cache, batch_max=READS_AT_ONCE_MAX, waiting_max=READS_WAITING_MAX
        )
        self._from_postgres = Gathering[_LookUp](
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
        cached = await self._from_redis(members)
        balances = [answer.known for answer in cached]
        missing = [
            place for place, known in enumerate(balances) if known is None or known.version < min_version
        ]
        if missing:
            seen = await self._look_up([(members[place], cached[place].broken) for place in missing])
            for place, member in zip(missing, seen, strict=True):
                balances[place] = None if member is None else known_balance(*member)
        return balances

    async def account(self, program_id: str, member_id: str) -> MemberSeen | None:
        """The account from Postgres; None where the member is not known. Raises StoreUnavailableError."""
        return (await self._look_up([((program_id, member_id), b"")]))[0]

    async def account_now(self, program_id: str, member_id: str) -> MemberSeen:
        """As `account`; a person who is not known is one without points. Raises StoreUnavailableError."""
        seen = await self.account(program_id, member_id)
        return seen or MemberSeen(Account(program_id, member_id), self._clock(time.time_ns() // 1_000))

    async def _from_redis(self, members: Sequence[Member]) -> list[Cached]:
        if not self._cache.available:
            return [NOT_HERE] * len(members)
        loop = asyncio.get_running_loop()
        reads = [_CacheRead(member, loop.create_future()) for member in members]
        self._from_cache.add(reads)
        return await asyncio.gather(*(read.future for read in reads))

    async def _look_up(self, members: Sequence[tuple[Member, bytes]]) -> list[MemberSeen | None]:
        loop = asyncio.get_running_loop()
        reads = [_LookUp(member, broken, loop.create_future()) for member, broken in members]
        self._from_postgres.add(reads)
        answers = await asyncio.gather(*(read.future for read in reads), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    async def _read_cache(self, reads: list[_CacheRead]) -> None:
        answers = await self._cache.get_many([read.member for read in reads])
        for read, answer in zip(reads, answers, strict=True):
            if not read.future.done():
                read.future.set_result(answer)

    async def _read_postgres(self, reads: list[_LookUp]) -> None:
        """One query for all; what it found goes to Redis in one script, and then to the readers."""
        members = {read.member: read.broken for read in reads}
        try:
            async with asyncio.timeout(STATEMENT_SECONDS_MAX):
                connection = await self._connection.get()
                rows = await connection.fetch(
                    READ_ACCOUNTS,
                    [slot_of(*member) for member in members],
                    [program_id for program_id, _ in members],
                    [member_id for _, member_id in members],
                )
            seen = {
                (row[1], row[2]): MemberSeen(account_of(row), self._clock(instant_of(row[ACCOUNT_WIDTH])))
                for row in rows
            }
            await self._cache.publish(
                [projection_of(*found, members[member]) for member, found in seen.items()]
            )
        except Exception as error:  # noqa: BLE001 - every reader must be answered
            await self._connection.discard()
            unavailable = StoreUnavailableError(str(error))
            for read in reads:
                if not read.future.done():
                    read.future.set_exception(unavailable)
            return
        for read in reads:
            if not read.future.done():
                read.future.set_result(seen.get(read.member))

    async def close(self) -> None:
        """Give the connection up."""
        await self._connection.discard()
