"""From what a lane answers to what a handler answers: the entry, or the refusal."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from google.protobuf.message import Message
from google.rpc import status_pb2

from members.commands import Command
from members.journal import Entry
from service.application import Application
from service.calls.errors import refusal_of_error
from service.calls.refusal import CallRefused
from service.calls.rejections import refusal_of_rejection
from service.calls.validation import check_request
from store.tickets import Outcome

INTERNAL: Final = 13


class MemberRequest(Protocol):
    """A request about one member of a program."""

    @property
    def program_id(self) -> str:
        """The program."""

    @property
    def member_id(self) -> str:
        """The member."""


RequestT = TypeVar("RequestT", bound=Message)


def entry_or_refusal(outcome: Outcome) -> Entry | Exception:
    """The entry that answers a command, or what refuses it."""
    if isinstance(outcome, (Entry, Exception)):
        return outcome
    return refusal_of_rejection(outcome)


def entry_of_outcome(outcome: Outcome) -> Entry:
    """The entry that answers a command. Raises what refuses it."""
    answer = entry_or_refusal(outcome)
    if isinstance(answer, Exception):
        raise answer
    return answer


async def carry_out(application: Application, request: MemberRequest, command: Command) -> Entry:
    """The entry of one command. Raises what refuses it."""
    return entry_of_outcome(await application.lanes.execute(request.program_id, request.member_id, command))


async def carry_out_each(
    application: Application,
    requests: Sequence[RequestT],
    command_of: Callable[[RequestT], tuple[str, str, Command]],
) -> list[Entry | Exception]:
    """The entry or the refusal of each request, validated on its own, in their order."""
    refusals: dict[int, CallRefused] = {}
    commands: list[tuple[str, str, Command]] = []
    for place, request in enumerate(requests):
        refusal = check_request(request)
        if refusal is None:
            try:
                commands.append(command_of(request))
            except CallRefused as refused:
                refusal = refused
        if refusal is not None:
            refusals[place] = refusal
    outcomes = iter(await application.lanes.execute_many(commands))
    return [
        refusals[place] if place in refusals else entry_or_refusal(next(outcomes))
        for place in range(len(requests))
    ]


def status_of(error: Exception) -> status_pb2.Status:
    """The refusal of one request of a batch."""
    refusal = refusal_of_error(error)
    if refusal is None:  # a defect, which the lane has logged
        return status_pb2.Status(code=INTERNAL, message="internal error")
    return refusal.status()
