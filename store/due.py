"""Booking what has fallen due: what every reader counts already becomes entries.

It says nothing new, so it may run early, late, twice, or many times at once: members that another transaction
works on are left to it.
"""

from collections.abc import Callable
from itertools import islice
from typing import Final, NamedTuple

import asyncpg
import structlog

from members.account import Account
from members.advance import advance
from members.apply import Recorded
from members.execute import accepted_steps
from points.civil_time import SECOND_US, instant_of, moment_of
from points.falling_due import next_due_us
from points.lots import BooksBrokenError
from store.batch import members_of
from store.batch_writing import write_batch
from store.loaded_member import LoadedMember
from store.programs import ProgramShelf
from store.rows import ACCOUNT_COLUMNS, columns_of

# A round is short: its members' commands wait for it. Who has more due gets the next round, too.
ENTRIES_A_ROUND_MAX: Final = 1_000
_CLOCK: Final = "SELECT clock_timestamp()"
# The members to whom time did something, those who wait longest first. Whoever is locked is being advanced by
# somebody else just now. Time asks for no salt, so a lost identity is no reason to leave a member out.
_DUE: Final = f"""
SELECT {columns_of("a", ACCOUNT_COLUMNS)}, coalesce(i.digest_salt, ''), p.live_version,
       greatest(a.feed_xid, pg_current_xact_id()) AS feed_xid, clock_timestamp() AS now
FROM (
    SELECT * FROM account WHERE next_due_time <= $1 ORDER BY next_due_time LIMIT $2 FOR UPDATE SKIP LOCKED
) a
CROSS JOIN LATERAL (SELECT live_version FROM program WHERE program_id = a.program_id OFFSET 0) p
LEFT JOIN LATERAL (
    SELECT digest_salt FROM identity
    WHERE slot = a.slot AND program_id = a.program_id AND member_id = a.member_id OFFSET 0
) i ON true
"""  # noqa: S608 - column names of our own
# An account that time cannot be booked for, or that falls due at another time than it says, must not stand at
# the head of the queue for ever. What is wrong with it is for the check of the books to say.
ASIDE_US: Final = 3_600 * SECOND_US
_SET_ASIDE: Final = """
UPDATE account SET next_due_time = $4 WHERE slot = $1 AND program_id = $2 AND member_id = $3
"""

log = structlog.get_logger()


class DueBooked(NamedTuple):
    """What one round booked: the members' accounts after it, and how many entries that took."""

    accounts: list[Account]
    entries: int
    now_us: int


async def book_due(
    connection: asyncpg.Connection,
    shelf: ProgramShelf,
    clock: Callable[[int], int],
    members_max: int,
) -> DueBooked:
    """Book, in one transaction, what has fallen due for up to `members_max` members.

    `clock` answers the instant to book until, given Postgres's. Raises what the driver raises; then nothing
    is written, unless the connection broke during the commit.
    """
    now_us = clock(instant_of(await connection.fetchval(_CLOCK)))
    async with connection.transaction():
        rows = await connection.fetch(_DUE, moment_of(now_us), members_max)
        members, _ = await members_of(connection, rows, shelf)
        left = ENTRIES_A_ROUND_MAX
        for member in members.values():
            if left == 0:
                break
            steps = _due_steps(member, now_us, left)
            left -= len(steps)
            if steps:
                member.take_over(accepted_steps(steps))
            else:
                aside_us = max(next_due_us(member.account.ledger), now_us + ASIDE_US)
                await connection.execute(_SET_ASIDE, *member.key, moment_of(aside_us))
        await write_batch(connection, list(members.values()))
    return DueBooked(
        [member.account for member in members.values() if member.entries],
        sum(len(member.entries) for member in members.values()),
        now_us,
    )


def _due_steps(member: LoadedMember, now_us: int, entries_max: int) -> list[Recorded]:
    """What has fallen due for a member, up to so many entries; nothing where it cannot be booked."""
    try:
        return list(islice(advance(member.account, now_us, member.program.version, now_us), entries_max))
    except BooksBrokenError:
        log.exception("what fell due cannot be booked", member_id=member.account.member_id)
        return []
