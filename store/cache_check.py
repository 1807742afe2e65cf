"""What Redis serves, held against the accounts."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import asyncpg

from points.civil_time import instant_of
from store.balance_cache import BalanceCache
from store.balance_reads import MemberSeen
from store.drifts import FoundDrift
from store.projection import known_balance
from store.rows import ACCOUNT_WIDTH, account_of
from store.slots import slot_of
from store.statements import READ_ACCOUNTS

# A member that is being written to differs for a moment: only what still does after all looks is a drift.
SECOND_LOOK_SECONDS: Final = 0.1
MORE_LOOKS: Final = 6


class CacheChecked(NamedTuple):
    """How many balances Redis had, whether it did not answer, and what differs."""

    balances: int
    unavailable: bool
    drifts: list[FoundDrift]


async def check_cache(
    cache: BalanceCache,
    driver: asyncpg.Connection,
    accounts: Sequence[MemberSeen],
    clock: Callable[[int], int],
) -> CacheChecked:
    """Compare what Redis serves of these members."""
    count, suspects = await _compare(cache, accounts)
    if count is None:
        return CacheChecked(0, unavailable=True, drifts=[])
    for _ in range(MORE_LOOKS):
        if not suspects:
            return CacheChecked(count, unavailable=False, drifts=[])
        await asyncio.sleep(SECOND_LOOK_SECONDS)
        members = [(seen.account.program_id, seen.account.member_id) for seen, _ in suspects]
        rows = await driver.fetch(
            READ_ACCOUNTS,
            [slot_of(*member) for member in members],
            [program_id for program_id, _ in members],
            [member_id for _, member_id in members],
        )
        again = [MemberSeen(account_of(row), clock(instant_of(row[ACCOUNT_WIDTH]))) for row in rows]
        second_count, suspects = await _compare(cache, again)
        if second_count is None:
            return CacheChecked(count, unavailable=True, drifts=[])
    return CacheChecked(
        count,
        unavailable=False,
        drifts=[FoundDrift(seen.account.member_id, 0, "CACHE_DIFFERS", detail) for seen, detail in suspects],
    )


async def _compare(
    cache: BalanceCache, accounts: Sequence[MemberSeen]
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
