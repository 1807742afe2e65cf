"""`loyalty program`: rules as code."""

import hashlib
import sys
from pathlib import Path
from typing import Annotated, Final

import grpc
import typer
from loyalty.client import LoyaltyClient
from loyalty.v1 import program_service_pb2 as messages
from rich.syntax import Syntax
from rich.table import Table

from programs.document import DOCUMENT_BYTES_MAX
from programs.reading import DocumentInvalidError, read_document
from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ServerOption,
    connected,
    reason_of,
)
from service.command_line.failing import CommandFailedError
from service.command_line.output import console, local_time, plain, print_json

app: Final = typer.Typer(help="A program's rules, as versioned documents.", no_args_is_help=True)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The document, YAML or JSON; - reads stdin.")],
    expected_version: Annotated[
        int | None,
        typer.Option(min=0, help="Refuse where another version is live. Without it: whichever is live now."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and answer; write nothing.")] = False,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make a document the program's next version.

    Example: loyalty program apply examples/demo.yaml
    """
    text = _read(file)
    try:
        document = read_document(text)
    except DocumentInvalidError as error:
        raise CommandFailedError("\n".join(f"{file}: {problem}" for problem in error.problems)) from None
    with connected(server) as client:
        live = _live_version(client, document.program_id) if expected_version is None else expected_version
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        answer = client.programs.ApplyProgram(
            messages.ApplyProgramRequest(
                document=text,
                expected_version=live,
                request_id=f"apply:{live}:{digest}",
                validate_only=dry_run,
            ),
            timeout=CALL_SECONDS_MAX,
        )
    if as_json:
        print_json(plain(answer))
        return
    program = answer.program
    if not answer.changed:
        console.print(f"Program {program.program_id} is unchanged: version {program.version} says the same.")
    elif dry_run:
        console.print(f"Program {program.program_id} would become version {program.version}.")
    else:
        console.print(f"Program {program.program_id} is now version {program.version}.")


@app.command()
def show(
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="The program's id.")] = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show the live version of a program.

    Example: loyalty program show demo
    """
    with connected(server) as client:
        live = client.programs.GetProgram(
            messages.GetProgramRequest(program_id=program), timeout=CALL_SECONDS_MAX
        ).program
    if as_json:
        print_json(plain(live))
        return
    table = Table(title=f"Program {live.program_id}", show_header=False)
    table.add_row("version", str(live.version))
    table.add_row("applied", local_time(live.apply_time) + " UTC")
    table.add_row("currency", live.currency_code)
    table.add_row("time zone", live.time_zone)
    console.print(table)
    console.print(Syntax(live.document, "yaml", background_color="default"))


def _read(file: Path) -> str:
    try:
        content = sys.stdin.buffer.read(DOCUMENT_BYTES_MAX + 1) if str(file) == "-" else file.read_bytes()
        return content.decode()
    except UnicodeDecodeError as error:
        raise CommandFailedError(f"{file}: byte {error.start + 1} is not UTF-8") from None
    except OSError as error:
        raise CommandFailedError(f"{file}: {error.strerror}") from None


def _live_version(client: LoyaltyClient, program_id: str) -> int:
    """The live version's number; 0 where there is no such program."""
    try:
        return client.programs.GetProgram(
            messages.GetProgramRequest(program_id=program_id), timeout=CALL_SECONDS_MAX
        ).program.version
    except grpc.RpcError as error:
        if reason_of(error) == "PROGRAM_NOT_FOUND":
            return 0
        raise
