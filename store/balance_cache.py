"""Balances in Redis: a projection of accounts for reads. It never authorises anything and may always be lost.

Down, slow, flushed or wrong: the answer is then "not here", and Postgres is asked. A value is used only when
its seal fits its key; it is replaced only by one of the same or a newer version, except where it is no value
of ours at all; it lives 60 seconds at most, and never past the next instant at which time changes it.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from store.balance_value import (
    VALUE_BYTES,
    VERSION_DIGITS,
    KnownBalance,
    cache_key,
    decode_value,
    encode_value,
)

LIFETIME_SECONDS_MAX: Final = 60
ANSWER_SECONDS_MAX: Final = 0.25
PUBLISH_WAIT_SECONDS_MAX: Final = 0.005
CONNECTIONS_MAX: Final = 16
# What could not be written while Redis was away, and must not be read from it until it is forgotten there.
BEHIND_MAX: Final = 100_000
RETRY_SECONDS: Final = 0.25
FORGET_AT_ONCE_MAX: Final = 1_000

# KEYS: keys. ARGV, three a key: the value, its lifetime in ms, and a value that is known to be none of ours.
REPLACE_IF_NEWER: Final = f"""
for i, key in ipairs(KEYS) do
  local new, ttl, broken = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local old = redis.pcall('GET', key)
  local version = type(old) == 'string' and #old == {VALUE_BYTES} and old ~= broken
    and tonumber(string.sub(old, 1, {VERSION_DIGITS}))
  if not version or version <= tonumber(string.sub(new, 1, {VERSION_DIGITS})) then
    redis.call('SET', key, new, 'PX', ttl)
  end
end
"""
# KEYS: keys. ARGV: versions. Removes what is older.
FORGET_IF_OLDER: Final = f"""
for i, key in ipairs(KEYS) do
  local old = redis.pcall('GET', key)
  if type(old) ~= 'string' or not tonumber(string.sub(old, 1, {VERSION_DIGITS}))
    or tonumber(string.sub(old, 1, {VERSION_DIGITS})) < tonumber(ARGV[i]) then
    redis.call('DEL', key)
  end
end
"""
# KEYS: keys. ARGV: versions. Answers the places, from 1, of the keys with a value of ours that is older.
FIND_OLDER: Final = f"""
local older = {{}}
for i, key in ipairs(KEYS) do
  local value = redis.pcall('GET', key)
  local version = type(value) == 'string' and #value == {VALUE_BYTES}
    and tonumber(string.sub(value, 1, {VERSION_DIGITS}))
  if version and version < tonumber(ARGV[i]) then
    older[#older + 1] = i
  end
end
return older
"""

log = structlog.get_logger()


class Projection(NamedTuple):
    """What Redis should hold for a member. `now_us` is Postgres's clock when it was read."""

    program_id: str
    member_id: str
    known: KnownBalance
    now_us: int
    broken: bytes = b""


class Cached(NamedTuple):
    """What Redis answered for a member: a balance, or what stands there and is none of ours."""

    known: KnownBalance | None
    broken: bytes = b""


NOT_HERE: Final = Cached(None)


class BalanceCache:
    """The balances in one Redis. Without a URL it is empty and takes nothing."""

    def __init__(self, url: str | None, secret: bytes) -> None:
        self._secret = secret
        self._redis = (
            redis.asyncio.Redis.from_pool(
                redis.asyncio.BlockingConnectionPool.from_url(
                    url,
                    max_connections=CONNECTIONS_MAX,
                    timeout=ANSWER_SECONDS_MAX,
                    socket_timeout=ANSWER_SECONDS_MAX,
                    socket_connect_timeout=ANSWER_SECONDS_MAX,
                    retry=Retry(NoBackoff(), 0),
                )
            )
            if url
            else None
        )
        if self._redis is not None:
            self._replace = self._redis.register_script(REPLACE_IF_NEWER)
            self._forget = self._redis.register_script(FORGET_IF_OLDER)
            self._find_older = self._redis.register_script(FIND_OLDER)
        self._away = False
        self._distrust_until = 0.0
        # Versions on their way to Redis, or that could not get there: older ones must not be read from it.
        self._behind: dict[bytes, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def available(self) -> bool:
        """Whether Redis is there and trusted."""
        return self._redis is not None and not self._away and time.monotonic() >= self._distrust_until

    async def get_many(self, members: Sequence[tuple[str, str]]) -> list[Cached]:
        """What Redis holds for each (program, member). Never raises."""
        if self._redis is None or not self.available:
            return [NOT_HERE] * len(members)
        keys = [cache_key(*member) for member in members]
        try:
            values = await self._redis.mget(keys)
            now_us = time.time_ns() // 1_000
            return [
                self._read(key, value if isinstance(value, bytes) else None, now_us)
                for key, value in zip(keys, values, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 - the client has more errors than it says; none may hurt
            self._lost(error)
            return [NOT_HERE] * len(members)

    def _read(self, key: bytes, value: bytes | None, now_us: int) -> Cached:
        if value is None:
            return NOT_HERE
        known = decode_value(key, value, self._secret)
        if known is None:
            return Cached(None, value)
        if known.valid_until_us <= now_us or self._behind.get(key, 0) > known.version:
            return NOT_HERE
        return Cached(known)

    async def peek_many(self, members: Sequence[tuple[str, str]]) -> list[Cached] | None:
        """As get_many, for a check of the books: None where Redis does not answer."""
        if self._redis is None or not self.available:
            return None
        answers = await self.get_many(members)
        return None if self._away else answers

    async def find_older(self, versions: Sequence[tuple[str, str, int]]) -> list[tuple[str, str]] | None:
        """Of each (program, member, version): the members of whom Redis holds an older one than this.

        None where Redis does not answer. Never raises.
        """
        if self._redis is None or not self.available:
            return None
        keys = [cache_key(program_id, member_id) for program_id, member_id, _ in versions]
        try:
            older = await self._find_older(keys=keys, args=[version for _, _, version in versions])
            return [versions[place - 1][:2] for place in older]
        except Exception as error:  # noqa: BLE001 - the client has more errors than it says; none may hurt
            self._lost(error)
            return None

    async def publish(self, projections: Sequence[Projection]) -> None:
        """Put balances into Redis, so that a caller reads its own write; wait 5 ms at most. Never raises."""
        if self._redis is None or not projections:
            return
        for projection in projections:
            key = cache_key(projection.program_id, projection.member_id)
            self._behind[key] = max(self._behind.get(key, 0), projection.known.version)
        if self._away:
            self._bound_behind()
            return
        task = asyncio.create_task(self._send(projections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait([task], timeout=PUBLISH_WAIT_SECONDS_MAX)

    async def _send(self, projections: Sequence[Projection]) -> None:
        keys: list[bytes] = []
        arguments: list[bytes | int] = []
        for program_id, member_id, known, now_us, broken in projections:
            key = cache_key(program_id, member_id)
            lifetime_ms = min(LIFETIME_SECONDS_MAX * 1_000, (known.valid_until_us - now_us) // 1_000)
            if lifetime_ms > 0:
                keys.append(key)
                arguments += (encode_value(key, known, self._secret), lifetime_ms, broken)
        try:
            if keys:
                await self._replace(keys=keys, args=arguments)
        except Exception as error:  # noqa: BLE001 - the client has more errors than it says; none may hurt
            self._lost(error)
            return
        for projection in projections:
            key = cache_key(projection.program_id, projection.member_id)
            if self._behind.get(key) == projection.known.version:
                del self._behind[key]

    async def forget(self, members: Sequence[tuple[str, str]]) -> None:
        """Remove whatever Redis holds for each (program, member). Never raises."""
        if self._redis is None or not members or not self.available:
            return
        try:
            await self._redis.delete(*(cache_key(*member) for member in members))
        except Exception as error:  # noqa: BLE001 - the client has more errors than it says; none may hurt
            self._lost(error)

    def _bound_behind(self) -> None:
        if len(self._behind) > BEHIND_MAX:
            # Too many to remember: nothing that Redis holds now is believed until all of it has died.
            self._behind.clear()
            self._distrust_until = time.monotonic() + LIFETIME_SECONDS_MAX

    def _lost(self, error: Exception) -> None:
        if self._away:
            return
        self._away = True
        log.warning("redis is away: balances come from postgres", error=str(error))
        task = asyncio.create_task(self._come_back())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _come_back(self) -> None:
        """Ask until Redis answers; then make it forget what it missed, and trust it again."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            try:
                await self._forget(keys=[], args=[])
                while self._behind:
                    missed = list(self._behind.items())[:FORGET_AT_ONCE_MAX]
                    await self._forget(
                        keys=[key for key, _ in missed], args=[version for _, version in missed]
                    )
                    for key, version in missed:
                        if self._behind.get(key) == version:
                            del self._behind[key]
            except Exception:  # noqa: BLE001, S112 - it is away for whatever reason: ask again
                continue
            self._away = False
            log.info("redis is back")
            return

    async def close(self) -> None:
        """Let what is on its way arrive, for a moment, and close the connections."""
        if self._redis is None:
            return
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=ANSWER_SECONDS_MAX)
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._redis.aclose()
