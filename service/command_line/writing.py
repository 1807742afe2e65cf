"""What commands that write share: their request id, the dry run, and how they say what came of it."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final, NamedTuple, Protocol, TypeVar

import grpc
import typer
from google.protobuf.message import Message
from loyalty.client import LoyaltyClient
from loyalty.v1.balance_pb2 import Balance
from rich.table import Table
from rich.text import Text

from points.ledger import POINTS_MAX
from service.command_line.connection import code_of, connected
from service.command_line.failing import CommandFailedError
from service.command_line.members import balance_rows
from service.command_line.output import console, error_console, plain, print_json

REQUEST_ID_BYTES: Final = 8
# After these the caller cannot know whether the service had written before it, or the way to it, failed.
OUTCOME_UNKNOWN: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)

RequestIdOption = Annotated[
    str,
    typer.Option(
        "--request-id",
        metavar="ID",
        help="The same one again is carried out once, and answers what it answered the first time. Without"
        " it a fresh one is drawn, and printed.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Decide and answer as if it were done; write nothing.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, in your words: shown with the entry.")
]
PointsArgument = Annotated[
    int, typer.Argument(metavar="POINTS", min=1, max=POINTS_MAX, help="How many points.")
]

Rows = Sequence[tuple[str, str]]


class MemberWrite(Protocol):
    """A request that writes for one member."""

    program_id: str
    member_id: str
    request_id: str
    validate_only: bool


WriteT = TypeVar("WriteT", bound=MemberWrite)
AnswerT = TypeVar("AnswerT", bound=Message)


class Call(NamedTuple):
    """How a command that writes was called."""

    member_id: str
    program_id: str
    request_id: str
    dry_run: bool
    server: str
    as_json: bool

    def addressed(self, request: WriteT) -> WriteT:
        """The request, with what every write carries."""
        request.program_id, request.member_id = self.program_id, self.member_id
        request.request_id, request.validate_only = self.request_id, self.dry_run
        return request


def call_of(
    member_id: str, program_id: str, request_id: str, *, dry_run: bool, server: str, as_json: bool
) -> Call:
    """How the command was called, with a fresh request id where none was given."""
    drawn = request_id or f"cli-{secrets.token_hex(REQUEST_ID_BYTES)}"
    return Call(member_id, program_id, drawn, dry_run, server, as_json)


def carry_out(
    call: Call,
    what: str,
    ask: Callable[[LoyaltyClient], AnswerT],
    tell: Callable[[AnswerT], Rows] = lambda _: (),
) -> None:
    """Ask the service, and print what came of it: `what` names it, `tell` gives the rows of its own.

    Raises CommandFailedError, which says how to repeat what may have been carried out all the same.
    """
    with _writing(call) as client:
        answer = ask(client)
    content = plain(answer)
    if call.as_json:
        print_json({"request_id": call.request_id, "dry_run": call.dry_run, **content})
        return
    table = Table(title=Text(what), show_header=False)
    balance = getattr(answer, "balance", None)
    rows = [
        *([("dry run", "nothing is written")] if call.dry_run else ()),
        ("member", f"{call.member_id} of {call.program_id}"),
        *tell(answer),
        *(balance_rows(balance) if isinstance(balance, Balance) else ()),
        ("entry", str(content["seq"])),
        ("request id", call.request_id),
    ]
    for name, value in rows:
        table.add_row(name, Text(value))
    console.print(table)


@contextmanager
def _writing(call: Call) -> Iterator[LoyaltyClient]:
    """A client whose failure says how to find out what came of the call."""
    repeat = f"repeat it with --request-id {call.request_id}: it is carried out once"
    try:
        with connected(call.server) as client:
            yield client
    except CommandFailedError as error:
        cause = error.__cause__
        if not call.dry_run and isinstance(cause, grpc.RpcError) and code_of(cause) in OUTCOME_UNKNOWN:
            raise CommandFailedError(f"{error}; if it was a moment's failure, {repeat}") from cause
        raise
    except KeyboardInterrupt:
        if not call.dry_run:
            error_console.print(Text(f"It may have been carried out; to be sure, {repeat}."), soft_wrap=True)
        raise
