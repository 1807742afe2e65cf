"""Making a seal: what is new since the last one, the tree over all heads, and a signature.

A seal covers all entries whose `feed_xid` is below the oldest transaction that still ran: nothing can be
added to them any more, so they can be read in many short statements, and no command waits for a seal or is
held up by it. Only slots with something new are hashed again. The heads are kept slot by slot before the seal
itself is: what a maker leaves behind that died half-way is no seal, and the next one writes over it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import asyncpg

from members.slots import SLOTS
from points.civil_time import instant_of
from seals.heads import Head, HeadsDigest, hash_of_slot, in_order
from seals.merkle import tree_root
from seals.signing import Signer
from seals.statement import FIRST_PREVIOUS_ROOT, Statement, statement_text
from store.database import CONTENTION_ERRORS, UNREACHABLE_ERRORS, Database, StoreUnavailableError
from store.seals import SignedStatement, StoredSeal, heads_under, last_seal

# The number is only ours by agreement; with it a program's name becomes the key of an advisory lock.
LOCK_SEED: Final = 7_236_529_012

_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended($1, $2))"
_UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended($1, $2))"
_MOMENT: Final = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS before_xid, clock_timestamp() AS now,
       (SELECT epoch FROM feed_epoch WHERE complete) AS feed_epoch
"""
# Asked for in words that no index answers, as the program must not lead to the primary key.
_CHANGED_SLOTS: Final = """
SELECT DISTINCT slot FROM journal
WHERE program_id IS NOT DISTINCT FROM $1 AND feed_xid >= $2::text::xid8 AND feed_xid < $3::text::xid8
ORDER BY slot
"""
_SLOTS_IN_USE: Final = """
SELECT s FROM generate_series(0, $2::int - 1) AS s
WHERE EXISTS (SELECT FROM account WHERE slot = s AND program_id = $1)
ORDER BY s
"""
# The latest entry below a transaction id of each member of a slot who had news from another one on.
_NEW_HEADS: Final = """
SELECT a.member_id, j.seq, j.hash FROM account a CROSS JOIN LATERAL (
    SELECT seq, hash FROM journal
    WHERE slot = a.slot AND program_id = a.program_id AND member_id = a.member_id
      AND feed_xid < $4::text::xid8
    ORDER BY seq DESC LIMIT 1
) j
WHERE a.slot = $1 AND a.program_id = $2 AND a.feed_xid >= $3::text::xid8
ORDER BY a.member_id
"""
_KEEP_HEADS: Final = """
INSERT INTO seal_head (slot, program_id, member_id, number, seq, hash)
SELECT $1, $2, n.member_id, $3, n.seq, n.hash FROM unnest($4::text[], $5::bigint[], $6::bytea[])
    AS n (member_id, seq, hash)
ON CONFLICT (slot, program_id, member_id, number) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
"""
_KEEP_SEAL: Final = """
INSERT INTO seal (program_id, number, statement, signature, slot_hashes, feed_epoch, before_xid)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::xid8)
"""
_PROGRAMS: Final = "SELECT program_id FROM program WHERE program_id > $1 ORDER BY program_id LIMIT $2"
PROGRAMS_A_PAGE: Final = 100


class _Moment(NamedTuple):
    """What a seal covers: entries below `before_xid` in this epoch of the feed."""

    before_xid: int
    now_us: int
    feed_epoch: int


class _Sums(NamedTuple):
    """What a seal says of all members, as far as it is known."""

    members: int
    entries: int


async def make_seal(database: Database, program_id: str, signer: Signer) -> SignedStatement | None:
    """Seal all journals of a program; None where nothing is new, or while somebody else seals it.

    Raises StoreUnavailableError.
    """
    connection = database.dedicated()
    try:
        driver = await connection.get()
        async with _turn(driver, program_id) as ours:
            made = await _seal(driver, program_id, signer) if ours else None
        await connection.release()
    except (*UNREACHABLE_ERRORS, *CONTENTION_ERRORS) as error:
        raise StoreUnavailableError(str(error)) from error
    finally:
        await connection.discard()  # where it was not released: what it holds ends with it, the lock too
    return made


async def programs_after(database: Database, program_id: str) -> list[str]:
    """The next PROGRAMS_A_PAGE programs in the order of their ids. Raises StoreUnavailableError."""
    async with database.borrowed() as driver:
        rows = await driver.fetch(_PROGRAMS, program_id, PROGRAMS_A_PAGE)
    return [row[0] for row in rows]


@asynccontextmanager
async def _turn(driver: asyncpg.Connection, program_id: str) -> AsyncIterator[bool]:
    """Whether nobody else seals this program; as long as it lasts nobody else will."""
    ours = await driver.fetchval(_LOCK, program_id, LOCK_SEED)
    yield bool(ours)
    if ours:
        await driver.fetchval(_UNLOCK, program_id, LOCK_SEED)


async def _seal(driver: asyncpg.Connection, program_id: str, signer: Signer) -> SignedStatement | None:
    last = await last_seal(driver, program_id)
    row = await driver.fetchrow(_MOMENT)
    if row["feed_epoch"] is None:
        return None  # an epoch is being begun: until every row is in it, nothing says what is new
    moment = _Moment(row["before_xid"], instant_of(row["now"]), row["feed_epoch"])
    before = last.signed.read() if last else None
    number = before.number + 1 if before else 1
    sums = _Sums(before.members, before.entries) if before else _Sums(0, 0)
    slot_hashes = list(last.slot_hashes) if last else [hash_of_slot(slot, []) for slot in range(SLOTS)]
    # In a new epoch the ids of transactions began anew: all heads are compared with those sealed before.
    from_xid = last.before_xid if last and last.feed_epoch == moment.feed_epoch else 0
    digest, changed = HeadsDigest(), False
    for slot in await _slots(driver, program_id, from_xid, moment):
        old = await heads_under(driver, program_id, slot, number - 1)
        new = await _new_heads(driver, program_id, slot, from_xid, moment, old)
        if new:
            changed = True
            await _keep_heads(driver, program_id, slot, number, new)
            digest.add(new)
            sums, slot_hashes[slot] = _with_slot(sums, slot, old, new)
    if not changed:
        return None
    text = statement_text(
        Statement(
            program_id,
            number,
            tree_root(slot_hashes),
            before.root if before else FIRST_PREVIOUS_ROOT,
            digest.digest(),
            *sums,
            max(moment.now_us, before.time_us if before else 0),
            signer.public_key,
        )
    )
    made = StoredSeal(
        SignedStatement(text, signer.sign(text)), tuple(slot_hashes), moment.feed_epoch, moment.before_xid
    )
    await _keep_seal(driver, program_id, number, made)
    return made.signed


async def _slots(driver: asyncpg.Connection, program_id: str, from_xid: int, moment: _Moment) -> list[int]:
    """The slots to look at: those with entries in between, or all in use where there is no beginning."""
    if from_xid == 0:
        rows = await driver.fetch(_SLOTS_IN_USE, program_id, SLOTS)
    else:
        rows = await driver.fetch(_CHANGED_SLOTS, program_id, str(from_xid), str(moment.before_xid))
    return [row[0] for row in rows]


async def _new_heads(
    driver: asyncpg.Connection,
    program_id: str,
    slot: int,
    from_xid: int,
    moment: _Moment,
    old: list[Head],
) -> list[Head]:
    """The heads of a slot that are further than those sealed before, in order."""
    sealed = {head.member_id: head.seq for head in old}
    rows = await driver.fetch(_NEW_HEADS, slot, program_id, str(from_xid), str(moment.before_xid))
    return [Head(*row) for row in rows if row["seq"] > sealed.get(row["member_id"], 0)]


def _with_slot(sums: _Sums, slot: int, old: list[Head], new: list[Head]) -> tuple[_Sums, bytes]:
    """The sums with a slot's new heads, and the slot's new hash."""
    heads = {head.member_id: head for head in old}
    entries_before = sum(head.seq for head in old)
    heads |= {head.member_id: head for head in new}
    entries = sum(head.seq for head in heads.values())
    return (
        _Sums(sums.members + len(heads) - len(old), sums.entries + entries - entries_before),
        hash_of_slot(slot, in_order(heads.values())),
    )


async def _keep_heads(
    driver: asyncpg.Connection, program_id: str, slot: int, number: int, heads: list[Head]
) -> None:
    await driver.execute(
        _KEEP_HEADS,
        slot,
        program_id,
        number,
        [head.member_id for head in heads],
        [head.seq for head in heads],
        [head.hash for head in heads],
    )


async def _keep_seal(driver: asyncpg.Connection, program_id: str, number: int, made: StoredSeal) -> None:
    await driver.execute(
        _KEEP_SEAL,
        program_id,
        number,
        made.signed.text,
        made.signed.signature,
        b"".join(made.slot_hashes),
        made.feed_epoch,
        str(made.before_xid),
    )
