"""One at a time, the next one gathers: how single calls become batches without a timer.

While a batch is in flight, what arrives waits; when it is done, all that waits is the next batch. An idle
service adds no latency, a busy one finds its own batch size.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

Item = TypeVar("Item")


class QueueFullError(Exception):
    """More waits than the bound allows. `waiting_max` is the bound."""

    def __init__(self, waiting_max: int) -> None:
        super().__init__(f"more than {waiting_max} wait")
        self.waiting_max = waiting_max


class ClosedError(Exception):
    """Nothing is taken any more: the process is stopping."""


class Gathering(Generic[Item]):
    """A bounded queue whose content goes to `flush` in batches, one batch at a time.

    `flush` must answer its items itself, whatever happens, and never raise.
    """

    def __init__(
        self, flush: Callable[[list[Item]], Awaitable[None]], *, batch_max: int, waiting_max: int
    ) -> None:
        self._flush = flush
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[Item] = deque()
        self._running: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait, without those in flight."""
        return len(self._waiting)

    def add(self, items: Sequence[Item]) -> None:
        """Take all items or none. Raises QueueFullError, ClosedError."""
        if self._closed:
            raise ClosedError("stopping")
        # What is larger than the bound itself is taken when nothing else waits.
        if self._waiting and len(self._waiting) + len(items) > self._waiting_max:
            raise QueueFullError(self._waiting_max)
        self._waiting.extend(items)
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), self._batch_max)
                batch = [self._waiting.popleft() for _ in range(count)]
                try:
                    await self._flush(batch)
                except Exception:
                    log.exception("a flush failed")  # a defect; what waits must not suffer from it
        finally:
            self._running = None

    async def drain(self, seconds_max: float) -> list[Item]:
        """Take nothing more and work off what waits; answers what was left when the time was over."""
        self._closed = True
        if self._running is not None:
            await asyncio.wait([self._running], timeout=seconds_max)
        left = list(self._waiting)
        self._waiting.clear()
        return left
