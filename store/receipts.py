"""Receipts out of the journal: an entry, and what proves it under the first seal that covers it."""

from typing import Final, NamedTuple

import asyncpg

from members.account import GENESIS_HASH
from members.chain import content_digest
from members.journal import Entry
from members.slots import slot_of
from seals.receipt import LATER_ENTRIES_MAX, Receipt, ReceiptInvalidError, build_receipt, check_receipt
from seals.statement import StatementInvalidError
from store.database import Database
from store.entries import EntryUnknownError
from store.rows import JOURNAL_COLUMNS, columns_of, entry_of
from store.seals import heads_under, seal_numbered

ENTRIES_AT_ONCE: Final = 500

_MEMBER: Final = "slot = $1 AND program_id = $2 AND member_id = $3"
_KNOWN: Final = f"SELECT max(seq) FROM journal WHERE {_MEMBER}"  # noqa: S608 - text of our own
# The first seal that covers an entry. Heads that are kept for one still being made have no seal.
_COVERING: Final = """
SELECT h.number, h.seq FROM seal_head h
JOIN seal s ON s.program_id = h.program_id AND s.number = h.number
WHERE h.slot = $1 AND h.program_id = $2 AND h.member_id = $3 AND h.seq >= $4
ORDER BY h.number LIMIT 1
"""
_SEALED: Final = f"""
SELECT coalesce(max(h.seq), 0) FROM seal_head h
JOIN seal s ON s.program_id = h.program_id AND s.number = h.number
WHERE h.{_MEMBER.replace(" AND ", " AND h.")}
"""  # noqa: S608 - text of our own
_ENTRIES: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)} FROM journal j
WHERE j.slot = $1 AND j.program_id = $2 AND j.member_id = $3 AND j.seq >= $4 AND j.seq <= $5
ORDER BY j.seq LIMIT $6
"""  # noqa: S608 - column names of our own


class NotSealedYetError(Exception):
    """No seal covers the entry yet; `sealed_seq` is the member's latest that one does, 0 for none."""

    def __init__(self, seq: int, sealed_seq: int) -> None:
        super().__init__(f"entry {seq}, sealed up to {sealed_seq}")
        self.seq = seq
        self.sealed_seq = sealed_seq


class ReceiptTooLongError(Exception):
    """More entries of the member lie between this one and its seal than a receipt holds."""

    def __init__(self, later: int) -> None:
        super().__init__(f"{later} later entries, a receipt holds {LATER_ENTRIES_MAX}")
        self.later = later
        self.later_max = LATER_ENTRIES_MAX


class SealBrokenError(Exception):
    """The journal is not what was sealed: no receipt can be given. The text says what does not fit."""


class _Covering(NamedTuple):
    number: int
    head_seq: int


async def receipt_of(database: Database, program_id: str, member_id: str, seq: int) -> Receipt:
    """The receipt of an entry, which was checked already.

    Raises EntryUnknownError, NotSealedYetError, ReceiptTooLongError, SealBrokenError and
    StoreUnavailableError.
    """
    async with database.borrowed() as driver:
        receipt = await _receipt(driver, program_id, member_id, seq)
    problems = check_receipt(receipt, None)
    if problems:
        raise SealBrokenError("; ".join(problems))
    return receipt


async def _receipt(driver: asyncpg.Connection, program_id: str, member_id: str, seq: int) -> Receipt:
    key = (slot_of(program_id, member_id), program_id, member_id)
    covering = await _covering(driver, key, seq)
    stored = await seal_numbered(driver, program_id, covering.number)
    if stored is None:
        raise SealBrokenError(f"seal {covering.number} is gone")
    entries = await _entries(driver, key, seq, covering.head_seq)
    heads = await heads_under(driver, program_id, key[0], covering.number)
    try:
        return build_receipt(
            entries.proven,
            entries.previous_hash,
            entries.later_digests,
            heads,
            stored.slot_hashes,
            stored.signed.text,
            stored.signed.signature,
        )
    except (ReceiptInvalidError, StatementInvalidError) as error:
        raise SealBrokenError(str(error)) from error


async def _covering(driver: asyncpg.Connection, key: tuple[int, str, str], seq: int) -> _Covering:
    """The first seal that covers the entry, and the head that it has of the member."""
    row = await driver.fetchrow(_COVERING, *key, seq)
    if row is None:
        if (await driver.fetchval(_KNOWN, *key) or 0) < seq:
            raise EntryUnknownError(key[1], key[2], seq)
        raise NotSealedYetError(seq, await driver.fetchval(_SEALED, *key))
    covering = _Covering(*row)
    if covering.head_seq - seq > LATER_ENTRIES_MAX:
        raise ReceiptTooLongError(covering.head_seq - seq)
    return covering


class _Entries(NamedTuple):
    """The proven entry, the hash before it, and the digests of those after it up to the sealed head."""

    proven: Entry
    previous_hash: bytes
    later_digests: list[bytes]


async def _entries(
    driver: asyncpg.Connection, key: tuple[int, str, str], seq: int, head_seq: int
) -> _Entries:
    previous_hash, proven = GENESIS_HASH, None
    later: list[bytes] = []
    start = max(seq - 1, 1)
    while start <= head_seq:
        rows = await driver.fetch(_ENTRIES, *key, start, head_seq, ENTRIES_AT_ONCE)
        for entry in map(entry_of, rows):
            if entry.seq < seq:
                previous_hash = entry.hash
            elif entry.seq == seq:
                proven = entry
            else:
                later.append(content_digest(entry))
        start += ENTRIES_AT_ONCE
        if len(rows) < ENTRIES_AT_ONCE:
            break
    if proven is None or len(later) != head_seq - seq:
        raise SealBrokenError(f"entries up to {head_seq} were sealed, and not all of them are there")
    return _Entries(proven, previous_hash, later)
