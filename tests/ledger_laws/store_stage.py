"""A stage on the real store: lanes, transfers, the worker's booking and readers, on Postgres."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import msgspec

from members.advance import balance_at
from members.commands import Command, TransferPoints
from members.journal import Entry
from store.drifts import FoundDrift
from store.due_booking import DueBooking
from store.programs import apply_program
from store.verification import verify_ledger
from tests.ledger_laws.comparing import shown
from tests.ledger_laws.translating import answer_of, balance_of, books_of, command_of, document_of
from tests.ledger_model.asks import Ask, Transfer
from tests.ledger_model.scripts import Scene, Seen
from tests.store.opened import Opened, opened

# Rounds of booking until nothing is left: every one books some member's due dates, and histories are short.
ROUNDS_MAX: Final = 1_000
_programs: Final = itertools.count(1)
_VERSIONS: Final = "SELECT member_id, version FROM account WHERE program_id = $1 ORDER BY member_id"


@dataclass
class Clock:
    """The time that the store is told."""

    now_us: int = 0

    def __call__(self, now_us: int) -> int:
        """The time of the scene, whatever Postgres says."""
        return self.now_us


def unsalted(outcome: object) -> object:
    """An outcome without the digest and the hash over it: a person nobody knows yet has no salt to keep."""
    if isinstance(outcome, Entry):
        return msgspec.structs.replace(outcome, digest=b"", hash=b"")
    return outcome


@dataclass
class StoreStage:
    """A program of its own on an open store."""

    store: Opened
    booking: DueBooking
    watch: asyncpg.Connection
    clock: Clock
    program_id: str = field(default_factory=lambda: f"laws-{next(_programs)}")
    version: int = 0
    outcomes: list[tuple[str, Command | TransferPoints, Entry]] = field(default_factory=list)

    async def set_scene(self, scene: Scene) -> None:
        """Let it be the time of the scene, under its program."""
        self.clock.now_us = scene.now_us
        while self.version < scene.version:
            # Versions without a scene were never seen; the number must be the scene's all the same.
            document = document_of(scene.terms, self.program_id) + " " * (scene.version - self.version)
            applied, _ = await apply_program(
                self.store.database, self.program_id, document, self.version, f"apply {self.version}"
            )
            self.version = applied.version

    async def execute(self, member_id: str, command: Command | TransferPoints) -> object:
        """The outcome of one command."""
        if isinstance(command, TransferPoints):
            return await self.store.lanes.transfer(self.program_id, member_id, command)
        return await self.store.lanes.execute(self.program_id, member_id, command)

    async def ask(self, scene: Scene, ask: Ask) -> object:
        """What is asked, tried first and then done: the trial must be answered alike, and leave no trace."""
        before = await self._versions()
        tried = await self.execute(scene.member_id, command_of(ask, validate_only=True))
        assert before == await self._versions(), f"a trial was written: {ask}"
        command = command_of(ask)
        outcome = await self.execute(scene.member_id, command)
        assert unsalted(tried) == unsalted(outcome), f"{ask} was tried with {tried}"
        self._remember(scene.member_id, command, outcome)
        return outcome

    async def _versions(self) -> list[tuple[str, int]]:
        rows = await self.watch.fetch(_VERSIONS, self.program_id)
        return [(row[0], row[1]) for row in rows]

    async def ask_together(self, scenes: Sequence[Scene]) -> list[object]:
        """What is asked in scenes of one instant, in one batch."""
        commands = [(scene.member_id, command_of(scene.ask)) for scene in scenes if scene.ask is not None]
        outcomes = await self.store.lanes.execute_many(
            [
                (self.program_id, member_id, command)
                for member_id, command in commands
                if not isinstance(command, TransferPoints)
            ]
        )
        for (member_id, command), outcome in zip(commands, outcomes, strict=True):
            self._remember(member_id, command, outcome)
        return list(outcomes)

    def _remember(self, member_id: str, command: Command | TransferPoints, outcome: object) -> None:
        if isinstance(outcome, Entry):
            self.outcomes.append((member_id, command, outcome))

    async def book(self) -> None:
        """The worker books whatever has fallen due, until nothing is left."""
        for _ in range(ROUNDS_MAX):
            if (await self.booking.step()).entries == 0:
                return
        raise AssertionError(f"something is due after {ROUNDS_MAX} rounds")

    async def seen(self, members: Sequence[str]) -> dict[str, Seen]:
        """What is to be seen of each member: by readers, and in the account."""
        keys = [(self.program_id, member_id) for member_id in members]
        known = await self.store.reads.get_many(keys)
        accounts = await asyncio.gather(*(self.store.reads.account(*key) for key in keys))
        found = {}
        for member_id, read, account in zip(members, known, accounts, strict=True):
            if read is not None and account is not None:
                assert read.balance == balance_at(*account)[0]
                found[member_id] = Seen(balance_of(read.balance), books_of(account.account))
        return found

    async def replay(self) -> None:
        """Whatever was carried out comes again, much later, and is answered as it was."""
        self.clock.now_us += 500 * 24 * 3_600 * 1_000_000
        for member_id, command, entry in self.outcomes:
            again = await self.execute(member_id, command)
            assert entry == again, f"{command} was answered {answer_of(again)}, and {answer_of(entry)} before"

    async def drifts(self) -> list[FoundDrift]:
        """What the ledger check finds."""
        found: list[FoundDrift] = []
        async for progress in verify_ledger(
            self.store.database, self.store.cache, self.program_id, self.clock
        ):
            found += progress.drifts
        return found


@asynccontextmanager
async def stages(url: str) -> AsyncIterator[Callable[[], StoreStage]]:
    """What makes stages on one open store. It has no Redis, whose values live by the real clock."""
    clock = Clock()
    async with opened(url, clock=clock) as store:
        booking = DueBooking(store.database, store.cache, clock=clock)
        watch = await store.connect()
        try:
            yield lambda: StoreStage(store, booking, watch, clock)
        finally:
            await watch.close()
            await booking.close()


def batches_of(scenes: Sequence[Scene], together: bool) -> list[list[Scene]]:
    """Scenes in batches: those of one instant and program that lanes can carry out together, or alone."""
    batches: list[list[Scene]] = []
    for scene in scenes:
        last = batches[-1][-1] if batches else None
        fits = (
            together
            and last is not None
            and (last.now_us, last.version) == (scene.now_us, scene.version)
            and all(one.ask is not None and not isinstance(one.ask, Transfer) for one in (last, scene))
        )
        if fits:
            batches[-1].append(scene)
        else:
            batches.append([scene])
    return batches


async def play(stage: StoreStage, scenes: Sequence[Scene], together: bool) -> None:
    """Play a history and compare every answer and everything that is to be seen with the model's."""
    for batch in batches_of(scenes, together):
        await stage.set_scene(batch[0])
        if batch[0].ask is None:
            await stage.book()
        else:
            outcomes = (
                await stage.ask_together(batch)
                if len(batch) > 1
                else [await stage.ask(batch[0], batch[0].ask)]
            )
            for scene, outcome in zip(batch, outcomes, strict=True):
                assert shown(scene.answer) == answer_of(outcome), scene.ask
        assert batch[-1].after == await stage.seen(list(batch[-1].after)), batch[-1].ask
