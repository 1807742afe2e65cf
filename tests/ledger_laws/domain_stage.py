"""A stage without a database: whole histories as one batch in memory, on the same functions as the lanes."""

import asyncio
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from members.account import Account
from members.advance import advance, balance_at
from members.commands import RefundOrder, TransferPoints, digest_of
from members.execute import Repeated, accepted_steps, recognise
from members.journal import Entry
from members.rejections import FieldInvalid, MemberUnknown
from store.batch import _carry_out
from store.loaded_member import LoadedMember
from store.tickets import Group, Ticket
from store.transfers import _carry_out as _carry_out_transfer
from tests.ledger_laws.translating import balance_of, books_of, command_of, program_of
from tests.ledger_model.asks import Ask
from tests.ledger_model.books import NaiveBalance
from tests.ledger_model.scripts import Scene, Seen

PROGRAM_ID: Final = "demo"
SALT: Final = b"0123456789abcdef"


@cache
def _group() -> Group:
    """A group for tickets that nobody waits for; it only needs some event loop to exist."""

    async def made() -> Group:
        return Group(1)

    return asyncio.run(made())


@dataclass
class DomainStage:
    """Members in memory."""

    members: dict[str, LoadedMember] = field(default_factory=dict)

    def ask(self, scene: Scene, ask: Ask, validate_only: bool = False) -> object:
        """The outcome of what is asked in a scene."""
        command = command_of(ask, validate_only)
        program = program_of(scene.terms, scene.version)
        for member in self.members.values():
            member.program = program
        if isinstance(command, TransferPoints):
            return self._transfer(scene, command)
        known = self.members.get(scene.member_id)
        account = Account(PROGRAM_ID, scene.member_id)
        member = known or LoadedMember((0, PROGRAM_ID, scene.member_id), account, SALT, 1, program)
        if isinstance(command, RefundOrder):
            # The table has nothing of this batch, and is asked for the ends of dated lots.
            for key_us in [key_us for key_us in member.expired_changes if key_us > 0]:
                member.know_expired(key_us, 0)
        outcome = _carry_out(Ticket(PROGRAM_ID, scene.member_id, command, _group()), member, scene.now_us)
        if member.account.version:
            self.members[scene.member_id] = member
        return outcome

    def _transfer(self, scene: Scene, command: TransferPoints) -> object:
        if command.to_member_id == scene.member_id:
            return FieldInvalid("to_member_id", "oneself")
        sender, receiver = self.members.get(scene.member_id), self.members.get(command.to_member_id)
        if sender is None:
            return MemberUnknown(scene.member_id)
        digest = digest_of(command, sender.salt)
        earlier = recognise(command, digest, sender.by_request.get(command.request_id))
        if isinstance(earlier, Repeated):
            return earlier.entry
        if earlier is not None or receiver is None:
            return earlier or MemberUnknown(command.to_member_id)
        return _carry_out_transfer(sender, receiver, command, digest, sender.program, scene.now_us)

    def book(self, scene: Scene) -> None:
        """The worker books what has fallen due."""
        for member in self.members.values():
            steps = list(advance(member.account, scene.now_us, scene.version, scene.now_us))
            if steps:
                member.take_over(accepted_steps(steps))

    def seen(self, now_us: int) -> dict[str, Seen]:
        """What is to be seen of each member."""
        return {
            member_id: Seen(self.read(member_id, now_us), books_of(member.account))
            for member_id, member in self.members.items()
        }

    def read(self, member_id: str, at_us: int) -> NaiveBalance:
        """What a reader sees at an instant."""
        balance, _ = balance_at(self.members[member_id].account, at_us)
        return balance_of(balance)

    def entries(self) -> dict[str, list[Entry]]:
        """The journals."""
        return {member_id: member.entries for member_id, member in self.members.items()}
