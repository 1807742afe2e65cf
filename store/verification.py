"""The proof of the books: fold(journal) = account = Redis, member by member, and the program as a whole.

It reads pages of members in key order, each page in one snapshot, so it can run while commands are carried
out. It writes nothing, unless it is asked to repair what does not follow from the journal.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import Final, NamedTuple

import asyncpg
import structlog

from points.civil_time import instant_of
from store.balance_cache import BalanceCache
from store.balance_reads import MemberSeen
from store.cache_check import check_cache
from store.database import CONTENTION_ERRORS, UNREACHABLE_ERRORS, Database, StoreUnavailableError
from store.derived_rows import ACCOUNTS, derived_of
from store.drifts import FoundDrift
from store.folding import CHAIN_REASONS, LOST_REASONS, NOTHING_DERIVED, Fold
from store.programs import ProgramShelf
from store.repair import repair_member
from store.rows import ACCOUNT_WIDTH, JOURNAL_COLUMNS, account_of, columns_of, entry_of
from store.seal_verification import seal_drifts
from store.slots import SLOTS

MEMBERS_A_PAGE: Final = 200
ENTRIES_AT_ONCE: Final = 2_000
ENTRIES_BEFORE_YIELDING: Final = 50
BEYOND_LAST_KEY: Final = (SLOTS, "")

_COUNT: Final = "SELECT count(*) FROM account WHERE program_id = $1"
_ENTRIES: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)} FROM journal j
WHERE program_id = $1 AND (slot, program_id, member_id) > ($2, $1, $3)
  AND (slot, program_id, member_id) <= ($4, $1, $5)
ORDER BY slot, program_id, member_id, seq
"""  # noqa: S608 - column names of our own
_TRANSFERRED: Final = """
SELECT coalesce(sum(transferred_in), 0)::bigint, coalesce(sum(transferred_out), 0)::bigint
FROM account WHERE program_id = $1
"""


log = structlog.get_logger()


class Totals(NamedTuple):
    """Points summed over members."""

    issued: int = 0
    available: int = 0
    pending: int = 0
    expired: int = 0
    held: int = 0
    redeemed: int = 0
    voided: int = 0
    debt: int = 0
    transferred_in: int = 0
    transferred_out: int = 0


class Progress(NamedTuple):
    """What was checked so far, and what was found since the last one."""

    total_members: int
    members: int
    entries: int
    cached_balances: int
    cache_unavailable: bool
    totals: Totals
    drifts: list[FoundDrift]


class _Page(NamedTuple):
    accounts: list[MemberSeen]
    entries: int
    drifts: list[FoundDrift]
    last: tuple[int, str]


async def verify_ledger(
    database: Database,
    cache: BalanceCache,
    program_id: str,
    clock: Callable[[int], int] = lambda now_us: now_us,
    *,
    repair: bool = False,
    trusted_keys: Collection[bytes] = (),
) -> AsyncIterator[Progress]:
    """Check every member of a program, a page at a time, then the program. Raises StoreUnavailableError.

    `trusted_keys` are the keys that seals may be signed with. With `repair`, accounts, what stands beside
    them, and Redis are made anew from the journal where they differ.
    """
    connection = database.dedicated()
    try:
        driver = await connection.get()
        total = int(await driver.fetchval(_COUNT, program_id))
        progress = Progress(total, 0, 0, 0, False, Totals(), [])
        last: tuple[int, str] = (-1, "")
        mending = _Mending(driver, cache, program_id, clock) if repair else None
        while True:
            page = await _check_page(driver, program_id, last, clock)
            cached = await check_cache(cache, driver, page.accounts, clock)
            drifts = page.drifts + cached.drifts
            progress = Progress(
                total,
                progress.members + len(page.accounts),
                progress.entries + page.entries,
                progress.cached_balances + cached.balances,
                progress.cache_unavailable or cached.unavailable,
                _sum(progress.totals, page.accounts),
                drifts if mending is None else await mending.mend(drifts),
            )
            yield progress
            if len(page.accounts) < MEMBERS_A_PAGE:
                break
            last = page.last
        yield progress._replace(drifts=await _check_transfers(driver, program_id))
    except (*UNREACHABLE_ERRORS, *CONTENTION_ERRORS) as error:
        raise StoreUnavailableError(str(error)) from error
    finally:
        await connection.discard()
    async for found in seal_drifts(database, program_id, trusted_keys):
        yield progress._replace(drifts=found)


class _Mending:
    """The repair of what a check found, with what it needs."""

    def __init__(
        self,
        driver: asyncpg.Connection,
        cache: BalanceCache,
        program_id: str,
        clock: Callable[[int], int],
    ) -> None:
        self._driver = driver
        self._cache = cache
        self._program_id = program_id
        self._clock = clock
        self._shelf = ProgramShelf()

    async def mend(self, drifts: list[FoundDrift]) -> list[FoundDrift]:
        """Make right what follows from the journal; answers the drifts with what became of them."""
        members = {drift.member_id for drift in drifts if drift.reason != "CACHE_DIFFERS"}
        whole = {member_id for member_id in members if await self._mended(member_id)}
        # Whatever Redis held of these members may be of what was wrong. The next reader fills it again.
        await self._cache.forget([(self._program_id, drift.member_id) for drift in drifts])
        return [
            drift._replace(
                repaired=drift.reason == "CACHE_DIFFERS"
                or (drift.member_id in whole and drift.reason not in CHAIN_REASONS | LOST_REASONS)
            )
            for drift in drifts
        ]

    async def _mended(self, member_id: str) -> bool:
        """Whether a member's rows follow from the journal now. One that somebody holds is left as it is."""
        try:
            account = await repair_member(self._driver, self._shelf, self._program_id, member_id)
        except CONTENTION_ERRORS as error:
            log.warning("a member cannot be repaired now", member_id=member_id, error=str(error))
            return False
        return account is not None


async def _check_page(
    driver: asyncpg.Connection, program_id: str, last: tuple[int, str], clock: Callable[[int], int]
) -> _Page:
    """Fold the journals of the next members, in one snapshot, entry by entry as they arrive."""
    drifts: list[FoundDrift] = []
    entries = 0
    async with driver.transaction(isolation="repeatable_read", readonly=True):
        rows = await driver.fetch(ACCOUNTS, program_id, *last, MEMBERS_A_PAGE)
        accounts = [MemberSeen(account_of(row), clock(instant_of(row[ACCOUNT_WIDTH + 2]))) for row in rows]
        # The last page reaches to the end of the keys: entries without an account must be found too.
        end = (rows[-1][0], rows[-1][2]) if len(rows) == MEMBERS_A_PAGE else BEYOND_LAST_KEY
        derived = await derived_of(driver, program_id, rows, last, end)
        fold: Fold | None = None
        async for row in driver.cursor(_ENTRIES, program_id, *last, *end, prefetch=ENTRIES_AT_ONCE):
            entry = entry_of(row)
            if fold is None or fold.account.member_id != entry.member_id:
                if fold is not None:
                    drifts += fold.finish()
                place = row[0], entry.member_id
                fold = Fold(program_id, entry.member_id, derived.pop(place, NOTHING_DERIVED))
            fold.add(entry)
            entries += 1
            if entries % ENTRIES_BEFORE_YIELDING == 0:
                await asyncio.sleep(0)  # calls of this worker go on
        if fold is not None:
            drifts += fold.finish()
    # Rows without a single entry.
    for (_, member_id), found in derived.items():
        drifts += Fold(program_id, member_id, found).finish()
    return _Page(accounts, entries, drifts, end)


async def _check_transfers(driver: asyncpg.Connection, program_id: str) -> list[FoundDrift]:
    """Domain, Points 9: over a program, what went to other members came from members. In one snapshot."""
    came, went = await driver.fetchrow(_TRANSFERRED, program_id)
    if came == went:
        return []
    return [FoundDrift("", 0, "TRANSFER_UNBALANCED", f"{went} points were sent, {came} have arrived")]


def _sum(totals: Totals, accounts: list[MemberSeen]) -> Totals:
    ledgers = [seen.account.ledger for seen in accounts]
    return Totals(
        *(
            before + sum(getattr(ledger, name) for ledger in ledgers)
            for name, before in totals._asdict().items()
        )
    )
