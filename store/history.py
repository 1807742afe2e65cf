"""A member's past: the balance as it was known at a time, and what holds for a time as known now.

Nothing reads a whole history: the nearest snapshot before the time, and the few entries after it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import msgspec

from members.account import Account
from members.advance import balance_at
from members.apply import apply
from members.journal import Entry
from members.past import effective_balance
from points.civil_time import instant_of, moment_of
from points.policies import NEVER
from store.balance_value import KnownBalance
from store.database import Database
from store.rows import JOURNAL_COLUMNS, columns_of, entry_of
from store.slots import slot_of

ENTRIES_AT_ONCE: Final = 100

_KEY: Final = "slot = $1 AND program_id = $2 AND member_id = $3"
# The newest snapshot that is no newer than an instant. Both times grow with seq.
_SNAPSHOT_KNOWN: Final = f"""
SELECT account::text FROM account_snapshot WHERE {_KEY} AND recorded_time <= $4 ORDER BY seq DESC LIMIT 1
"""  # noqa: S608 - a key of our own
_SNAPSHOT_EFFECTIVE: Final = f"""
SELECT account::text FROM account_snapshot WHERE {_KEY} AND advanced_time <= $4 ORDER BY seq DESC LIMIT 1
"""  # noqa: S608 - a key of our own
_AFTER: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)} FROM journal j WHERE {_KEY} AND seq > $4 ORDER BY seq LIMIT $5
"""  # noqa: S608 - column names of our own
# By the index of late entries, which are few.
_BACK_DATED: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)} FROM journal j
WHERE {_KEY} AND back_dated AND effective_time <= $4 AND seq > $5 ORDER BY seq
"""  # noqa: S608 - column names of our own

_account_decoder: Final = msgspec.json.Decoder(Account)


class FutureError(Exception):
    """A look into the past was asked for a time that has not come. Both in microseconds since 1970, UTC."""

    def __init__(self, at_us: int, now_us: int) -> None:
        at, now = (moment_of(instant_us).isoformat(timespec="seconds") for instant_us in (at_us, now_us))
        super().__init__(f"{at} lies after the service's clock, {now}")
        self.at_us = at_us
        self.now_us = now_us


async def balance_as_known(
    database: Database,
    program_id: str,
    member_id: str,
    at_us: int,
    clock: Callable[[int], int] = lambda now_us: now_us,
) -> KnownBalance:
    """The balance as it was known at an instant, what had fallen due by then included.

    Raises FutureError, StoreUnavailableError.
    """
    async with _reading(database, program_id, member_id) as reading:
        await reading.check_past(at_us, clock)
        account = await reading.account(_SNAPSHOT_KNOWN, at_us, lambda entry: entry.recorded_us <= at_us)
    return KnownBalance(account.version, balance_at(account, at_us)[0], NEVER)


async def balance_as_effective(
    database: Database,
    program_id: str,
    member_id: str,
    at_us: int,
    clock: Callable[[int], int] = lambda now_us: now_us,
) -> KnownBalance:
    """The balance that holds for an instant by what is known now, late entries included.

    Raises FutureError, StoreUnavailableError.
    """
    async with _reading(database, program_id, member_id) as reading:
        await reading.check_past(at_us, clock)
        account = await reading.account(_SNAPSHOT_EFFECTIVE, at_us, lambda entry: entry.effective_us <= at_us)
        late = await reading.back_dated(at_us, account.version)
    version = late[-1].seq if late else account.version
    return KnownBalance(version, effective_balance(account, late, at_us), NEVER)


@asynccontextmanager
async def _reading(database: Database, program_id: str, member_id: str) -> AsyncIterator["_Reading"]:
    async with (
        database.borrowed() as driver,
        driver.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield _Reading(driver, program_id, member_id)


class _Reading:
    """One look into a member's past, in one snapshot of the database."""

    def __init__(self, driver: asyncpg.Connection, program_id: str, member_id: str) -> None:
        self.driver = driver
        self._key = (slot_of(program_id, member_id), program_id, member_id)

    async def check_past(self, at_us: int, clock: Callable[[int], int]) -> None:
        """Refuse a time that has not come."""
        now_us = clock(instant_of(await self.driver.fetchval("SELECT clock_timestamp()")))
        if at_us > now_us:
            raise FutureError(at_us, now_us)

    async def account(self, snapshot: str, at_us: int, belongs: Callable[[Entry], bool]) -> Account:
        """The account after the last entry in a row that belongs to the past that is asked for."""
        text = await self.driver.fetchval(snapshot, *self._key, moment_of(at_us))
        account = _account_decoder.decode(text) if text is not None else Account(*self._key[1:])
        while True:
            rows = await self.driver.fetch(_AFTER, *self._key, account.version, ENTRIES_AT_ONCE)
            for row in rows:
                entry = entry_of(row)
                if not belongs(entry):
                    return account
                account = apply(account, entry)
            if len(rows) < ENTRIES_AT_ONCE:
                return account

    async def back_dated(self, at_us: int, after_seq: int) -> list[Entry]:
        """Entries effective by an instant that were written after the first one that is not."""
        rows = await self.driver.fetch(_BACK_DATED, *self._key, moment_of(at_us), after_seq)
        return [entry_of(row) for row in rows]
