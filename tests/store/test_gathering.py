"""Gathering: one batch in flight, the next one forms, nothing beyond the bound."""

import asyncio

import pytest

from store.gathering import ClosedError, Gathering, QueueFullError


class Recorder:
    """A flush that waits for a permit and keeps what it got."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.permits = asyncio.Semaphore(0)

    async def flush(self, items: list[int]) -> None:
        self.batches.append(items)
        await self.permits.acquire()


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_arrives_during_a_batch_is_the_next_batch() -> None:
    """The first goes alone, at once; what comes meanwhile goes together, in order."""
    recorder = Recorder()
    gathering = Gathering[int](recorder.flush, batch_max=100, waiting_max=100)
    gathering.add([1])
    await _settle()
    for item in (2, 3, 4):
        gathering.add([item])
    await _settle()
    assert recorder.batches == [[1]]
    recorder.permits.release()
    await _settle()
    assert recorder.batches == [[1], [2, 3, 4]]
    recorder.permits.release()


async def test_a_batch_is_bounded() -> None:
    """No batch is larger than its bound; the rest follows."""
    recorder = Recorder()
    gathering = Gathering[int](recorder.flush, batch_max=2, waiting_max=100)
    gathering.add([1, 2, 3, 4, 5])
    for _ in range(3):
        recorder.permits.release()
    await _settle()
    assert recorder.batches == [[1, 2], [3, 4], [5]]


async def test_beyond_the_bound_nothing_is_taken() -> None:
    """All items of a call are taken or none; what waits already is not touched."""
    recorder = Recorder()
    gathering = Gathering[int](recorder.flush, batch_max=100, waiting_max=3)
    gathering.add([0])
    await _settle()
    gathering.add([1, 2])
    with pytest.raises(QueueFullError) as refused:
        gathering.add([3, 4])
    assert refused.value.waiting_max == 3
    gathering.add([5])
    for _ in range(2):
        recorder.permits.release()
    await _settle()
    assert recorder.batches == [[0], [1, 2, 5]]


async def test_draining_works_off_what_waits_and_takes_nothing_more() -> None:
    """What was taken is finished; what comes later is refused."""
    recorder = Recorder()
    gathering = Gathering[int](recorder.flush, batch_max=1, waiting_max=10)
    gathering.add([1, 2])
    for _ in range(2):
        recorder.permits.release()
    assert await gathering.drain(5) == []
    assert recorder.batches == [[1], [2]]
    with pytest.raises(ClosedError):
        gathering.add([3])


async def test_draining_gives_back_what_it_could_not_finish() -> None:
    """Past its time, what still waits is handed back, to be refused by the owner."""
    recorder = Recorder()
    gathering = Gathering[int](recorder.flush, batch_max=1, waiting_max=10)
    gathering.add([1, 2, 3])
    assert await gathering.drain(0.05) == [2, 3]
    recorder.permits.release()


async def test_a_flush_that_raises_does_not_stop_what_waits() -> None:
    """A defect in one batch: the next ones are still flushed."""
    batches: list[list[int]] = []

    async def flush(items: list[int]) -> None:
        batches.append(items)
        if items == [1]:
            raise RuntimeError("a defect")

    gathering = Gathering[int](flush, batch_max=1, waiting_max=10)
    gathering.add([1, 2])
    assert await gathering.drain(5) == []
    assert batches == [[1], [2]]
