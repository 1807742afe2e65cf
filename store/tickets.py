"""A command on its way through a lane, and the call that waits for it."""

import asyncio

from members.commands import Command
from members.journal import Entry
from members.rejections import Rejection
from store.slots import slot_of


class ProgramUnknownError(Exception):
    """There is no such program."""

    def __init__(self, program_id: str) -> None:
        super().__init__(program_id)
        self.program_id = program_id


class DefectError(Exception):
    """The command cannot be carried out for a reason that is ours; the log has it. Nothing was written."""


Outcome = Entry | Rejection | Exception


class Group:
    """The tickets of one call. Its future is done when the last of them has its outcome."""

    __slots__ = ("_left", "future")

    def __init__(self, tickets: int) -> None:
        self._left = tickets
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def one_done(self) -> None:
        """Count a ticket that has its outcome."""
        self._left -= 1
        if self._left == 0 and not self.future.done():
            self.future.set_result(None)


class Ticket:
    """One command for one member; `outcome` is set once, after what it says is true."""

    __slots__ = ("command", "group", "key", "member_id", "outcome", "program_id", "slot")

    def __init__(self, program_id: str, member_id: str, command: Command, group: Group) -> None:
        self.program_id = program_id
        self.member_id = member_id
        self.command = command
        self.group = group
        self.slot = slot_of(program_id, member_id)
        self.key = (self.slot, program_id, member_id)
        self.outcome: Outcome | None = None

    @property
    def abandoned(self) -> bool:
        """Whether the caller has stopped waiting, so that it need not be carried out."""
        return self.group.future.cancelled()

    def answer(self, outcome: Outcome) -> None:
        """Give the ticket its outcome."""
        self.outcome = outcome
        self.group.one_done()
