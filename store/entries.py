"""A member's journal, a page at a time, newest first."""

from typing import Final, NamedTuple

import asyncpg

from members.journal import Entry, EntryKind
from points.civil_time import moment_of
from store.database import Database
from store.rows import JOURNAL_COLUMNS, columns_of, entry_of
from store.slots import slot_of

SEQ_MAX: Final = 2**63 - 1
TIME_US_MAX: Final = 4_102_444_800_000_000  # the contract's bound: 2100

_KEY: Final = "slot = $1 AND program_id = $2 AND member_id = $3"
_NOTE: Final = f"coalesce((SELECT note FROM entry_note WHERE {_KEY} AND seq = j.seq), '')"  # noqa: S608 - a key of our own
# From below a sequence number: a page costs the same however long the history is.
_PAGE: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)}, {_NOTE} FROM journal j WHERE {_KEY} AND seq < $4
ORDER BY seq DESC LIMIT $5
"""  # noqa: S608 - column names of our own
# With a filter the rows between are read and passed over; all are the member's own and stand together.
_FILTERED: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)}, {_NOTE} FROM journal j
WHERE {_KEY} AND seq < $4 AND (cardinality($6::text[]) = 0 OR kind = any($6)) AND effective_time >= $7
  AND effective_time < $8
ORDER BY seq DESC LIMIT $5
"""  # noqa: S608 - column names of our own
# An order's entries are known by number: the one that settled it, and its refunds.
_OF_ORDER: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)}, {_NOTE} FROM (
    SELECT seq FROM settled_order WHERE {_KEY} AND order_id = $9 AND seq < $4
    UNION ALL
    SELECT seq FROM order_refund WHERE {_KEY} AND order_id = $9 AND seq < $4
) o CROSS JOIN LATERAL (SELECT * FROM journal WHERE {_KEY} AND seq = o.seq OFFSET 0) j
WHERE (cardinality($6::text[]) = 0 OR j.kind = any($6)) AND j.effective_time >= $7 AND j.effective_time < $8
ORDER BY j.seq DESC LIMIT $5
"""  # noqa: S608 - column names of our own
_KNOWN: Final = f"SELECT EXISTS (SELECT FROM account WHERE {_KEY} AND version > 0)"  # noqa: S608 - a key of our own


class EntryUnknownError(Exception):
    """The member has no entry of this number."""

    def __init__(self, program_id: str, member_id: str, seq: int) -> None:
        super().__init__(f"{program_id!r} {member_id!r} {seq}")
        self.program_id = program_id
        self.member_id = member_id
        self.seq = seq


class EntryFilter(NamedTuple):
    """Which entries are wanted: of these kinds (all where empty), of this order (all where empty), effective
    from `start_us` on and before `end_us`.
    """

    kinds: tuple[EntryKind, ...] = ()
    order_id: str = ""
    start_us: int = 0
    end_us: int = TIME_US_MAX

    @property
    def is_all(self) -> bool:
        """Whether every entry is wanted."""
        return self == EVERYTHING


EVERYTHING: Final = EntryFilter()


class NotedEntry(NamedTuple):
    """An entry, and what a person wrote about it when it was made; empty where nobody did."""

    entry: Entry
    note: str


async def entries_before(
    database: Database,
    program_id: str,
    member_id: str,
    before_seq: int,
    count_max: int,
    wanted: EntryFilter = EVERYTHING,
) -> list[NotedEntry]:
    """Up to `count_max` wanted entries numbered below `before_seq`, newest first.

    Raises StoreUnavailableError.
    """
    key = (slot_of(program_id, member_id), program_id, member_id)
    statement, arguments = _PAGE, [*key, before_seq, count_max]
    if not wanted.is_all:
        statement = _FILTERED
        arguments += [list(wanted.kinds), moment_of(wanted.start_us), moment_of(wanted.end_us)]
        if wanted.order_id:
            statement = _OF_ORDER
            arguments.append(wanted.order_id)
    rows = await _fetch(database, statement, arguments)
    return [NotedEntry(entry_of(row), row[-1]) for row in rows]


async def is_known(database: Database, program_id: str, member_id: str) -> bool:
    """Whether the program knows the person. Raises StoreUnavailableError."""
    rows = await _fetch(database, _KNOWN, [slot_of(program_id, member_id), program_id, member_id])
    return bool(rows[0][0])


async def _fetch(database: Database, statement: str, arguments: list[object]) -> list[asyncpg.Record]:
    async with database.borrowed() as driver:
        return list(await driver.fetch(statement, *arguments))
