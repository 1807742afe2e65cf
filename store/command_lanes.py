"""Commands on their way into the books: lanes by slot."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from members.commands import Command, TransferPoints
from store.balance_cache import BalanceCache
from store.database import Database
from store.lane import Lane
from store.programs import ProgramShelf
from store.tickets import Group, Outcome, Ticket
from store.transfers import Transfers

LANES_DEFAULT: Final = 1
BATCH_MAX_DEFAULT: Final = 500
WAITING_MAX_DEFAULT: Final = 5_000


class CommandLanes:
    """Lanes by slot: a member's commands always take the same one, so they keep their order."""

    def __init__(
        self,
        database: Database,
        cache: BalanceCache,
        *,
        lanes: int = LANES_DEFAULT,
        batch_max: int = BATCH_MAX_DEFAULT,
        waiting_max: int = WAITING_MAX_DEFAULT,
        clock: Callable[[int], int] = lambda now_us: now_us,
    ) -> None:
        shelf = ProgramShelf()
        self._lanes = [
            Lane(database, cache, shelf, batch_max=batch_max, waiting_max=waiting_max, clock=clock)
            for _ in range(lanes)
        ]
        self._transfers = Transfers(database, cache, shelf, waiting_max=waiting_max, clock=clock)

    async def execute(self, program_id: str, member_id: str, command: Command) -> Outcome:
        """Carry out one command. Raises QueueFullError or ClosedError; then it was not taken."""
        group = Group(1)
        ticket = Ticket(program_id, member_id, command, group)
        self._lanes[ticket.slot % len(self._lanes)].add((ticket,))
        await group.future
        return _outcome(ticket)

    async def execute_many(self, commands: Sequence[tuple[str, str, Command]]) -> list[Outcome]:
        """Carry out (program, member, command) each on its own; a lane that is full refuses its part."""
        if not commands:
            return []
        group = Group(len(commands))
        tickets = [Ticket(*command, group) for command in commands]
        by_lane: dict[int, list[Ticket]] = defaultdict(list)
        for ticket in tickets:
            by_lane[ticket.slot % len(self._lanes)].append(ticket)
        for lane, part in by_lane.items():
            try:
                self._lanes[lane].add(part)
            except Exception as error:  # noqa: BLE001 - full or closed: the outcome of this part
                for ticket in part:
                    ticket.answer(error)
        await group.future
        return [_outcome(ticket) for ticket in tickets]

    async def transfer(self, program_id: str, member_id: str, command: TransferPoints) -> Outcome:
        """Carry out a transfer, which concerns two members. Raises QueueFullError or ClosedError."""
        return await self._transfers.execute(program_id, member_id, command)

    async def drain(self, seconds_max: float) -> None:
        """Take nothing more, work off what waits, and refuse the rest."""
        await asyncio.gather(
            *(lane.drain(seconds_max) for lane in self._lanes), self._transfers.drain(seconds_max)
        )


def _outcome(ticket: Ticket) -> Outcome:
    if ticket.outcome is None:
        raise AssertionError("a group is done when all of its tickets are")
    return ticket.outcome
