"""The proof of the books: fold(journal) = account = Redis, member by member.

It reads pages of members in key order, each page in one snapshot, so it can run while commands are carried
out, and it writes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, NamedTuple

import asyncpg
import msgspec

from members.account import Account
from members.apply import apply
from members.chain import chain_holds
from members.journal import Entry
from points.civil_time import instant_of
from points.ledger import BooksBrokenError, law_broken
from store.balance_cache import BalanceCache
from store.balance_reads import MemberSeen
from store.database import CONTENTION_ERRORS, UNREACHABLE_ERRORS, Database, StoreUnavailableError
from store.projection import known_balance
from store.rows import ACCOUNT_COLUMNS, ACCOUNT_WIDTH, JOURNAL_COLUMNS, account_of, columns_of, entry_of
from store.slots import SLOTS, slot_of
from store.statements import READ_ACCOUNTS

MEMBERS_A_PAGE: Final = 200
ENTRIES_AT_ONCE: Final = 2_000
# A member that is being written to differs for a moment: only what still does after all looks is a drift.
SECOND_LOOK_SECONDS: Final = 0.1
MORE_LOOKS: Final = 6
BEYOND_LAST_KEY: Final = (SLOTS, "")

_COUNT: Final = "SELECT count(*) FROM account WHERE program_id = $1"
_ACCOUNTS: Final = f"""
SELECT {columns_of("a", ACCOUNT_COLUMNS)}, clock_timestamp() FROM account a
WHERE a.program_id = $1 AND (a.slot, a.member_id) > ($2, $3)
ORDER BY a.slot, a.member_id LIMIT $4
"""  # noqa: S608 - column names of our own
# The entries of a page's members in order. An entry that says it settled an order must be the one that the
# order names.
_ENTRIES: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)},
       j.kind <> 'order_settled' OR EXISTS (
           SELECT FROM settled_order o WHERE o.slot = j.slot AND o.program_id = j.program_id
           AND o.member_id = j.member_id AND o.order_id = j.order_id AND o.seq = j.seq
       )
FROM journal j
WHERE j.program_id = $1 AND (j.slot, j.member_id) > ($2, $3) AND (j.slot, j.member_id) <= ($4, $5)
ORDER BY j.slot, j.member_id, j.seq
"""  # noqa: S608 - column names of our own


class FoundDrift(NamedTuple):
    """A place where the books do not agree. `seq` is 0 where it is about the account or Redis."""

    member_id: str
    seq: int
    reason: str
    detail: str


class Totals(NamedTuple):
    """Points summed over members."""

    issued: int = 0
    available: int = 0
    pending: int = 0
    expired: int = 0


class Progress(NamedTuple):
    """What was checked so far, and what was found since the last one."""

    total_members: int
    members: int
    entries: int
    cached_balances: int
    cache_unavailable: bool
    totals: Totals
    drifts: list[FoundDrift]


class _Fold:
    """A member's journal, folded from nothing. The first entry that does not fit ends it."""

    def __init__(self, program_id: str, member_id: str) -> None:
        self.account = Account(program_id, member_id)
        self.drifts: list[FoundDrift] = []
        self.broken = False

    def add(self, entry: Entry, order_known: bool) -> None:
        """Check the next entry and fold it in."""
        if self.broken:
            return
        found = self._first_mistake(entry)
        if found is not None:
            self.drifts.append(FoundDrift(entry.member_id, entry.seq, *found))
            self.broken = True
        elif not order_known:
            detail = f"order {entry.order_id!r} is not recorded for it"
            self.drifts.append(FoundDrift(entry.member_id, entry.seq, "ORDER_MISSING", detail))

    def _first_mistake(self, entry: Entry) -> tuple[str, str] | None:
        if entry.seq != self.account.version + 1:
            return "SEQUENCE_GAP", f"follows entry {self.account.version}"
        if not chain_holds(self.account.head_hash, entry):
            return "HASH_BROKEN", "the hash is not the one its content and predecessor give"
        try:
            self.account = apply(self.account, entry)
        except BooksBrokenError as error:
            return "ENTRY_BALANCE", str(error)
        except msgspec.MsgspecError as error:
            return "ENTRY_UNREADABLE", str(error)
        law = law_broken(self.account.ledger)
        return ("LAW_BROKEN", law) if law else None

    def finish(self, account: Account | None) -> list[FoundDrift]:
        """Compare with the account; everything that was found."""
        if self.broken or account == self.account:
            return self.drifts
        detail = "there are entries and no account" if account is None else _difference(self.account, account)
        return [*self.drifts, FoundDrift(self.account.member_id, 0, "ACCOUNT_DIFFERS", detail)]


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
) -> AsyncIterator[Progress]:
    """Check every member of a program, a page at a time. Raises StoreUnavailableError."""
    connection = database.dedicated()
    try:
        driver = await connection.get()
        total = int(await driver.fetchval(_COUNT, program_id))
        progress = Progress(total, 0, 0, 0, False, Totals(), [])
        last: tuple[int, str] = (-1, "")
        while True:
            page = await _check_page(driver, program_id, last, clock)
            cached_count, unavailable, stale = await _check_cache(cache, driver, page.accounts, clock)
            progress = Progress(
                total,
                progress.members + len(page.accounts),
                progress.entries + page.entries,
                progress.cached_balances + cached_count,
                progress.cache_unavailable or unavailable,
                _sum(progress.totals, page.accounts),
                page.drifts + stale,
            )
            yield progress
            if len(page.accounts) < MEMBERS_A_PAGE:
                return
            last = page.last
    except (*UNREACHABLE_ERRORS, *CONTENTION_ERRORS) as error:
        raise StoreUnavailableError(str(error)) from error
    finally:
        await connection.discard()


async def _check_page(
    driver: asyncpg.Connection, program_id: str, last: tuple[int, str], clock: Callable[[int], int]
) -> _Page:
    """Fold the journals of the next members, in one snapshot, entry by entry as they arrive."""
    drifts: list[FoundDrift] = []
    entries = 0
    async with driver.transaction(isolation="repeatable_read", readonly=True):
        rows = await driver.fetch(_ACCOUNTS, program_id, *last, MEMBERS_A_PAGE)
        accounts = [MemberSeen(account_of(row), clock(instant_of(row[ACCOUNT_WIDTH]))) for row in rows]
        unseen = {seen.account.member_id: seen.account for seen in accounts}
        # The last page reaches to the end of the keys: entries without an account must be found too.
        end = (rows[-1][0], rows[-1][2]) if len(rows) == MEMBERS_A_PAGE else BEYOND_LAST_KEY
        fold: _Fold | None = None
        async for row in driver.cursor(_ENTRIES, program_id, *last, *end, prefetch=ENTRIES_AT_ONCE):
            entry = entry_of(row)
            if fold is None or fold.account.member_id != entry.member_id:
                if fold is not None:
                    drifts += fold.finish(unseen.pop(fold.account.member_id, None))
                fold = _Fold(program_id, entry.member_id)
            fold.add(entry, row[-1])
            entries += 1
        if fold is not None:
            drifts += fold.finish(unseen.pop(fold.account.member_id, None))
    for account in unseen.values():
        drifts += _Fold(program_id, account.member_id).finish(account)
    return _Page(accounts, entries, drifts, end)


def _difference(expected: Account, found: Account) -> str:
    wanted, have = msgspec.structs.asdict(expected), msgspec.structs.asdict(found)
    return "; ".join(
        f"{name}: the journal gives {_shown(wanted[name])}, the account has {_shown(have[name])}"
        for name in wanted
        if wanted[name] != have[name]
    )


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


async def _check_cache(
    cache: BalanceCache,
    driver: asyncpg.Connection,
    accounts: list[MemberSeen],
    clock: Callable[[int], int],
) -> tuple[int, bool, list[FoundDrift]]:
    """Compare what Redis serves; answers how many it had, whether it was away, and what differs."""
    count, suspects = await _compare_cache(cache, accounts)
    if count is None:
        return 0, True, []
    for _ in range(MORE_LOOKS):
        if not suspects:
            return count, False, []
        await asyncio.sleep(SECOND_LOOK_SECONDS)
        members = [(seen.account.program_id, seen.account.member_id) for seen, _ in suspects]
        rows = await driver.fetch(
            READ_ACCOUNTS,
            [slot_of(*member) for member in members],
            [program_id for program_id, _ in members],
            [member_id for _, member_id in members],
        )
        again = [MemberSeen(account_of(row), clock(instant_of(row[ACCOUNT_WIDTH]))) for row in rows]
        second_count, suspects = await _compare_cache(cache, again)
        if second_count is None:
            return count, True, []
    return (
        count,
        False,
        [FoundDrift(seen.account.member_id, 0, "CACHE_DIFFERS", detail) for seen, detail in suspects],
    )


async def _compare_cache(
    cache: BalanceCache, accounts: list[MemberSeen]
) -> tuple[int | None, list[tuple[MemberSeen, str]]]:
    members = [(seen.account.program_id, seen.account.member_id) for seen in accounts]
    answers = await cache.peek_many(members)
    if answers is None:
        return None, []
    count = 0
    differing: list[tuple[MemberSeen, str]] = []
    for seen, cached in zip(accounts, answers, strict=True):
        if cached.broken:
            differing.append((seen, "redis holds a value that is not ours; readers ignore it"))
        if cached.known is None:
            continue
        count += 1
        expected = known_balance(*seen)
        if (cached.known.version, cached.known.balance) != (expected.version, expected.balance):
            differing.append(
                (
                    seen,
                    f"the account gives {expected.balance} at version {expected.version},"
                    f" redis has {cached.known.balance} at version {cached.known.version}",
                )
            )
    return count, differing


def _sum(totals: Totals, accounts: list[MemberSeen]) -> Totals:
    ledgers = [seen.account.ledger for seen in accounts]
    return Totals(
        totals.issued + sum(ledger.issued for ledger in ledgers),
        totals.available + sum(ledger.available for ledger in ledgers),
        totals.pending + sum(ledger.pending for ledger in ledgers),
        totals.expired + sum(ledger.expired for ledger in ledgers),
    )
