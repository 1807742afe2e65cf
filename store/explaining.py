"""What an explanation needs: the entry, what was noted about it, its rules, and the journal up to it."""

import asyncio
from typing import Final, NamedTuple

import asyncpg

from members.explain import Explanation, Related, explain
from members.journal import (
    Captured,
    Entry,
    Held,
    Refunding,
    Released,
    TransferredIn,
    TransferredOut,
    decode_changes,
    legs_of,
)
from members.sources import POOLS, Source, Tracing, joined_sources
from store.database import Database
from store.entries import EntryUnknownError
from store.programs import rules_of
from store.rows import JOURNAL_COLUMNS, columns_of, entry_of
from store.slots import slot_of

# A longer history is explained without where the points came from.
TRACED_ENTRIES_MAX: Final = 20_000
ENTRIES_BEFORE_YIELDING: Final = 50
ENTRIES_AT_ONCE: Final = 1_000
RELATED_MAX: Final = 100

_KEY: Final = "slot = $1 AND program_id = $2 AND member_id = $3"
_ENTRY: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)}, coalesce(
    (SELECT note FROM entry_note WHERE {_KEY} AND seq = $4), ''
) FROM journal j WHERE {_KEY} AND seq = $4
"""  # noqa: S608 - column names of our own
_UP_TO: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)} FROM journal j WHERE {_KEY} AND seq <= $4 ORDER BY seq
"""  # noqa: S608 - column names of our own
_DOCUMENT: Final = "SELECT document FROM program_version WHERE program_id = $1 AND version = $2"
_REFUNDS: Final = f"SELECT seq FROM order_refund WHERE {_KEY} AND order_id = $4 ORDER BY seq LIMIT $5"  # noqa: S608
_HOLD: Final = f"SELECT seq, resolved_seq FROM hold WHERE {_KEY} AND hold_id = $4"  # noqa: S608 - as above


class Explained(NamedTuple):
    """An entry, what a person wrote about it, and why it is what it is."""

    entry: Entry
    note: str
    explanation: Explanation


async def explain_entry(database: Database, program_id: str, member_id: str, seq: int) -> Explained:
    """Explain an entry. Raises EntryUnknownError, StoreUnavailableError."""
    key = (slot_of(program_id, member_id), program_id, member_id)
    async with database.borrowed() as driver:
        async with driver.transaction(isolation="repeatable_read", readonly=True):
            row = await driver.fetchrow(_ENTRY, *key, seq)
            if row is None:
                raise EntryUnknownError(program_id, member_id, seq)
            entry = entry_of(row)
            text = await driver.fetchval(_DOCUMENT, program_id, entry.program_version)
            program = rules_of(program_id, entry.program_version, text)
            sources = await _sources(driver, key, entry)
            related = await _related(driver, key, entry)
        return Explained(entry, row[-1], explain(entry, program, sources, related))


async def _sources(driver: asyncpg.Connection, key: tuple[int, str, str], entry: Entry) -> list[Source]:
    """Where the points that the entry moved came from; nothing where it moved none that were there before."""
    legs = [leg for change in decode_changes(entry.changes_json) for leg in legs_of(change)]
    if entry.seq > TRACED_ENTRIES_MAX or not any(leg.source in POOLS for leg in legs):
        return []
    tracing = Tracing()
    async for row in driver.cursor(_UP_TO, *key, entry.seq, prefetch=ENTRIES_AT_ONCE):
        followed = entry_of(row)
        tracing.follow(followed)
        if followed.seq % ENTRIES_BEFORE_YIELDING == 0:
            await asyncio.sleep(0)  # calls of this worker go on
    return joined_sources(tracing.moved)


async def _related(driver: asyncpg.Connection, key: tuple[int, str, str], entry: Entry) -> list[Related]:
    member_id = key[2]
    related: list[Related] = []
    for change in decode_changes(entry.changes_json):
        match change:
            case Refunding(settled_seq=settled_seq):
                related.append(Related(member_id, settled_seq, "settles"))
            case TransferredOut(to_member_id=other_id, to_seq=other_seq):
                related.append(Related(other_id, other_seq, "other_side"))
            case TransferredIn(from_member_id=other_id, from_seq=other_seq):
                related.append(Related(other_id, other_seq, "other_side"))
            case Held(hold_id=hold_id) | Captured(hold_id=hold_id) | Released(hold_id=hold_id):
                row = await driver.fetchrow(_HOLD, *key, hold_id)
                if row is not None and row[0] != entry.seq:
                    related.append(Related(member_id, row[0], "places_hold"))
                if row is not None and row[1] not in {None, entry.seq}:
                    related.append(Related(member_id, row[1], "resolves_hold"))
            case _:
                pass
    if entry.order_id:
        rows = await driver.fetch(_REFUNDS, *key, entry.order_id, RELATED_MAX)
        related += [Related(member_id, row[0], "refunds") for row in rows if row[0] != entry.seq]
    return list(dict.fromkeys(related))
