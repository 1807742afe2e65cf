"""The check of seals: signatures, their sequence, and that the journal is still what was sealed.

Every head that any seal ever added is compared with the journal and with what that seal signed of it, in one
pass over the heads; the tree is built again for the newest seal. Since each entry's hash leads back to the
member's first entry, this and the check of the chain say that nothing under any seal was changed, removed or
inserted.
"""

from collections.abc import AsyncIterator, Collection
from typing import Final

import asyncpg

from members.slots import SLOTS, slot_of
from seals.heads import Head, HeadsDigest, hash_of_slot, in_order
from seals.merkle import tree_root
from seals.signing import fingerprint, signature_holds
from seals.statement import FIRST_PREVIOUS_ROOT, Statement, StatementInvalidError
from store.database import CONTENTION_ERRORS, UNREACHABLE_ERRORS, Database, StoreUnavailableError
from store.drifts import FoundDrift
from store.seals import StoredSeal, last_seal, seals_above

SEAL_BROKEN: Final = "SEAL_BROKEN"
SEALS_A_PAGE: Final = 500
HEADS_AT_ONCE: Final = 2_000
# A range of slots is one statement; what is wrong in it is one page of drifts.
SLOTS_A_RANGE: Final = 64
UNSEALED_A_RANGE_MAX: Final = 1_000

_HEADS: Final = """
SELECT h.slot, h.member_id, h.seq, h.hash, h.number, j.hash FROM seal_head h
LEFT JOIN LATERAL (
    SELECT hash FROM journal
    WHERE slot = h.slot AND program_id = h.program_id AND member_id = h.member_id AND seq = h.seq OFFSET 0
) j ON true
WHERE h.slot >= $1 AND h.slot < $2 AND h.program_id = $3 AND h.number <= $4
ORDER BY h.slot, h.member_id, h.number
"""
# Entries as old as the newest seal that it does not cover: somebody put them there afterwards.
_UNSEALED: Final = """
SELECT a.slot, a.member_id, j.seq FROM account a CROSS JOIN LATERAL (
    SELECT seq FROM journal
    WHERE slot = a.slot AND program_id = a.program_id AND member_id = a.member_id
      AND feed_xid < $4::text::xid8
    ORDER BY seq DESC LIMIT 1
) j
WHERE a.slot >= $1 AND a.slot < $2 AND a.program_id = $3
  AND j.seq > coalesce((
    SELECT h.seq FROM seal_head h
    WHERE h.slot = a.slot AND h.program_id = a.program_id AND h.member_id = a.member_id AND h.number <= $5
    ORDER BY h.number DESC LIMIT 1
  ), 0)
LIMIT $6
"""
_EPOCH: Final = "SELECT epoch FROM feed_epoch WHERE complete"


async def seal_drifts(
    database: Database, program_id: str, trusted_keys: Collection[bytes]
) -> AsyncIterator[list[FoundDrift]]:
    """What is wrong with a program's seals, a page at a time; nothing where all hold.

    `trusted_keys` are the public keys that seals may be signed with; with none, the keys that the statements
    name are taken as they are: then whoever could rewrite the tables could have signed them anew.
    Raises StoreUnavailableError.
    """
    connection = database.dedicated()
    try:
        driver = await connection.get()
        last = await last_seal(driver, program_id)
        if last is not None:
            statements, drifts = await _statements(database, program_id, trusted_keys)
            if drifts:
                yield drifts
            else:
                # Seals that were made since the newest was read are left to the next check.
                heads = _Heads(statements[: statements.index(last.signed.read()) + 1], last)
                for start in range(0, SLOTS, SLOTS_A_RANGE):
                    yield await heads.check(driver, program_id, start, start + SLOTS_A_RANGE)
                yield heads.finish()
        await connection.release()
    except (*UNREACHABLE_ERRORS, *CONTENTION_ERRORS) as error:
        raise StoreUnavailableError(str(error)) from error
    finally:
        await connection.discard()


async def _statements(
    database: Database, program_id: str, trusted_keys: Collection[bytes]
) -> tuple[list[Statement], list[FoundDrift]]:
    """All statements in their order up to the first that does not hold, and what is wrong with it."""
    found: list[Statement] = []
    while True:
        page = await seals_above(database, program_id, len(found), SEALS_A_PAGE)
        for signed in page:
            try:
                statement = signed.read()
            except StatementInvalidError as error:
                return found, [_drift(f"seal {len(found) + 1}: {error}")]
            wrong = _wrong(statement, program_id, found[-1] if found else None)
            if not wrong and not signature_holds(statement.public_key, signed.text, signed.signature):
                wrong = "the signature is not one over its statement"
            if not wrong and trusted_keys and statement.public_key not in trusted_keys:
                wrong = f"it was signed with a key that is not trusted, {fingerprint(statement.public_key)}"
            if wrong:
                return found, [_drift(f"seal {len(found) + 1}: {wrong}")]
            found.append(statement)
        if len(page) < SEALS_A_PAGE:
            return found, []


def _wrong(statement: Statement, program_id: str, before: Statement | None) -> str:
    """What does not follow from the seal before; empty where all does."""
    if statement.program_id != program_id:
        return f"it is of program {statement.program_id!r}"
    if statement.number != (before.number + 1 if before else 1):
        return f"it says that it is number {statement.number}"
    if statement.previous_root != (before.root if before else FIRST_PREVIOUS_ROOT):
        return "it does not follow the seal before it"
    return ""


class _Heads:
    """One pass over all heads in the order of slots: a digest a seal, and the tree of the newest one."""

    def __init__(self, statements: list[Statement], last: StoredSeal) -> None:
        self._statements = statements
        self._newest = statements[-1]
        self._last = last
        self._digests = {statement.number: HeadsDigest() for statement in statements}
        self._members = 0
        self._entries = 0

    async def check(
        self, driver: asyncpg.Connection, program_id: str, start: int, end: int
    ) -> list[FoundDrift]:
        """What is wrong with the heads of the slots from `start` to before `end`."""
        drifts: list[FoundDrift] = []
        slots: dict[int, dict[str, Head]] = {slot: {} for slot in range(start, end)}
        async with driver.transaction(readonly=True):
            rows = driver.cursor(_HEADS, start, end, program_id, self._newest.number, prefetch=HEADS_AT_ONCE)
            async for slot, member_id, seq, hash_, number, found_hash in rows:
                kept, heads = Head(member_id, seq, hash_), slots[slot]
                wrong = _wrong_head(
                    kept, found_hash, heads.get(member_id), slot_of(program_id, member_id) == slot
                )
                if wrong:
                    drifts.append(_drift(f"seal {number}: {wrong}", member_id, seq))
                heads[member_id] = kept
                self._digests[number].add([kept])
        for slot, heads in slots.items():
            self._members += len(heads)
            self._entries += sum(head.seq for head in heads.values())
            if hash_of_slot(slot, in_order(heads.values())) != self._last.slot_hashes[slot]:
                drifts.append(_drift(f"the heads kept of slot {slot} are not those of the newest seal"))
        return drifts + await self._unsealed(driver, program_id, start, end)

    async def _unsealed(
        self, driver: asyncpg.Connection, program_id: str, start: int, end: int
    ) -> list[FoundDrift]:
        """Entries that are as old as the newest seal, and not under it."""
        if await driver.fetchval(_EPOCH) != self._last.feed_epoch:
            return []  # after a restore nothing says how old an entry is
        rows = await driver.fetch(
            _UNSEALED,
            start,
            end,
            program_id,
            str(self._last.before_xid),
            self._newest.number,
            UNSEALED_A_RANGE_MAX,
        )
        return [
            _drift("it is older than the newest seal, and not under it", member_id, seq)
            for _slot, member_id, seq in rows
        ]

    def finish(self) -> list[FoundDrift]:
        """What is wrong with the seals as wholes."""
        drifts = [
            _drift(f"seal {statement.number}: the heads that are kept of it are not those it signed")
            for statement in self._statements
            if self._digests[statement.number].digest() != statement.heads_digest
        ]
        newest = self._newest
        if tree_root(self._last.slot_hashes) != newest.root:
            drifts.append(_drift(f"seal {newest.number}: the hashes of its slots do not give its root"))
        if (self._members, self._entries) != (newest.members, newest.entries):
            drifts.append(
                _drift(
                    f"seal {newest.number}: it says {newest.members} members with {newest.entries} entries,"
                    f" kept are {self._members} with {self._entries}"
                )
            )
        return drifts


def _wrong_head(kept: Head, found_hash: bytes | None, before: Head | None, in_its_slot: bool) -> str:
    """What is wrong with a head that a seal kept; `found_hash` is what the journal has there now."""
    if not in_its_slot:
        return "the member stands in a slot that is not its own"
    if before is not None and kept.seq <= before.seq:
        return f"it follows entry {before.seq}"
    if found_hash is None:
        return "the entry that was sealed is gone"
    if found_hash != kept.hash:
        return "the entry is not the one that was sealed"
    return ""


def _drift(detail: str, member_id: str = "", seq: int = 0) -> FoundDrift:
    return FoundDrift(member_id, seq, SEAL_BROKEN, detail)
