"""Transfers between two members: a transaction of its own over both accounts, outside the lanes.

Both rows are locked in key order, as every batch locks its rows, so that nobody waits in a circle.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final, NamedTuple

import asyncpg
import structlog

from members.account import Account
from members.commands import TransferPoints, digest_of
from members.execute import BothAccepted, Repeated, execute_transfer, recognise
from members.journal import Entry
from members.rejections import FieldInvalid, MemberUnknown
from programs.program import Program
from store.balance_cache import BalanceCache
from store.batch import members_of
from store.batch_columns import key_columns
from store.batch_writing import write_batch
from store.database import (
    COLLISION_ERRORS,
    STATEMENT_SECONDS_MAX,
    STUCK_ERRORS,
    Database,
    StoreUnavailableError,
    is_unreachable,
)
from store.gathering import Gathering
from store.loaded_member import Key, LoadedMember
from store.programs import ProgramShelf
from store.projection import projection_of
from store.rows import JOURNAL_WIDTH, entry_of
from store.slots import slot_of
from store.statements import FIND_EARLIER, LOCK_ACCOUNTS
from store.tickets import DefectError, Outcome, ProgramUnknownError

TRIES_MAX: Final = 4
BACKOFF_SECONDS: Final = 0.02
TRANSFER_SECONDS_MAX: Final = STATEMENT_SECONDS_MAX + 5
_PROGRAM_KNOWN: Final = "SELECT count(*) FROM program WHERE program_id = $1"

log = structlog.get_logger()


class _Asked(NamedTuple):
    """A transfer on its way."""

    program_id: str
    member_id: str
    command: TransferPoints
    future: "asyncio.Future[Outcome]"


class Transfers:
    """Transfers, one after the other; concurrent ones wait in a bounded queue."""

    def __init__(
        self,
        database: Database,
        cache: BalanceCache,
        shelf: ProgramShelf,
        *,
        waiting_max: int,
        clock: Callable[[int], int],
    ) -> None:
        self._connection = database.dedicated()
        self._cache = cache
        self._shelf = shelf
        self._clock = clock
        self._gathering = Gathering[_Asked](self._flush, batch_max=1, waiting_max=waiting_max)

    async def execute(self, program_id: str, member_id: str, command: TransferPoints) -> Outcome:
        """Carry out one transfer. Raises QueueFullError or ClosedError; then it was not taken."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._gathering.add((_Asked(program_id, member_id, command, future),))
        return await future

    async def drain(self, seconds_max: float) -> None:
        """Take nothing more, work off what waits, and refuse what is left when the time is over."""
        for asked in await self._gathering.drain(seconds_max):
            _answer(asked, StoreUnavailableError("stopping"))
        await self._connection.discard()

    async def _flush(self, batch: list[_Asked]) -> None:
        for asked in batch:
            if not asked.future.cancelled():
                _answer(asked, await self._outcome(asked))

    async def _outcome(self, asked: _Asked) -> Outcome:
        """The outcome, after another try where a batch was in its way. Whatever goes wrong is the outcome."""
        for attempt in range(TRIES_MAX):
            try:
                connection = await self._connection.get()
                async with asyncio.timeout(TRANSFER_SECONDS_MAX):
                    return await self._run(connection, asked)
            except COLLISION_ERRORS:
                await asyncio.sleep(BACKOFF_SECONDS * (1 + random.random()) * 2**attempt)  # noqa: S311 - spreads retries
            except StoreUnavailableError as error:
                return error
            except Exception as error:
                await self._connection.discard()
                if is_unreachable(error) or isinstance(error, STUCK_ERRORS):
                    return StoreUnavailableError(str(error))
                log.exception("a transfer cannot be carried out")
                return DefectError("internal error")
        return StoreUnavailableError("other transactions were in the way")

    async def _run(self, connection: asyncpg.Connection, asked: _Asked) -> Outcome:
        sides = [
            (slot_of(asked.program_id, member_id), asked.program_id, member_id)
            for member_id in (asked.member_id, asked.command.to_member_id)
        ]
        async with connection.transaction():
            rows = await connection.fetch(LOCK_ACCOUNTS, *key_columns(sorted(set(sides))))
            members, now_us = await members_of(connection, rows, self._shelf)
            now_us = self._clock(now_us)
            if not members and not await connection.fetchval(_PROGRAM_KNOWN, asked.program_id):
                return ProgramUnknownError(asked.program_id)
            outcome = await self._decide(connection, asked, sides, members, now_us)
            await write_batch(connection, list(members.values()))
        await self._publish([member.account for member in members.values()], now_us)
        return outcome

    async def _decide(
        self,
        connection: asyncpg.Connection,
        asked: _Asked,
        sides: list[Key],
        members: dict[Key, LoadedMember],
        now_us: int,
    ) -> Outcome:
        command = asked.command
        if sides[0] == sides[1]:
            return FieldInvalid("to_member_id", "is the member who gives the points; name another one")
        sender = members.get(sides[0])
        if sender is None:
            return MemberUnknown(asked.member_id)
        digest = digest_of(command, sender.salt)
        earlier = recognise(command, digest, await _find_request(connection, sender, command))
        if isinstance(earlier, Repeated):
            return earlier.entry
        if earlier is not None:
            return earlier
        receiver = members.get(sides[1])
        if receiver is None:
            return MemberUnknown(command.to_member_id)
        return _carry_out(sender, receiver, command, digest, sender.program, now_us)

    async def _publish(self, accounts: list[Account], now_us: int) -> None:
        try:
            await self._cache.publish([projection_of(account, now_us) for account in accounts])
        except Exception:
            log.exception("balances were not refreshed")  # what is committed is answered all the same


async def _find_request(
    connection: asyncpg.Connection, sender: LoadedMember, command: TransferPoints
) -> tuple[bytes, Entry] | None:
    rows = await connection.fetch(FIND_EARLIER, *key_columns([sender.key]), [command.request_id], [None])
    return (rows[0][JOURNAL_WIDTH + 2], entry_of(rows[0])) if rows else None


def _carry_out(
    sender: LoadedMember,
    receiver: LoadedMember,
    command: TransferPoints,
    digest: bytes,
    program: Program,
    now_us: int,
) -> Outcome:
    result = execute_transfer(sender.account, receiver.account, command, digest, program, now_us)
    if not isinstance(result, BothAccepted):
        return result
    if not command.validate_only:
        sender.remember(command, digest, result.sender)
        receiver.take_over(result.receiver)
    return result.sender.entries[-1]


def _answer(asked: _Asked, outcome: Outcome) -> None:
    if not asked.future.done():
        asked.future.set_result(outcome)
