"""`loyalty seals` and `loyalty receipt`: what was signed, and the proof of one entry."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages
from loyalty.v1 import seal_pb2
from rich.table import Table

from seals.export import encode_export
from seals.signing import fingerprint
from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
    connected,
)
from service.command_line.failing import CommandFailedError
from service.command_line.members import MemberArgument
from service.command_line.output import Plain, console, local_time, number, plain, print_json
from service.seal_files import write_seal_file

SEALS_SHOWN_DEFAULT: Final = 20
SEALS_A_PAGE: Final = 200

app: Final = typer.Typer(help="The signed seals over a program's journals.", no_args_is_help=True)


@app.command(name="list")
def list_seals(
    program: ProgramOption = PROGRAM_DEFAULT,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many seals at most.")] = (
        SEALS_SHOWN_DEFAULT
    ),
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List seals, newest first: what they cover, and the key that signed them.

    Example: loyalty seals list --limit 5
    """
    with connected(server) as client:
        found = [seal for seal, _ in zip(_seals(client, program), range(limit), strict=False)]
    if as_json:
        rows: list[Plain] = [plain(seal) for seal in found]
        print_json({"seals": rows})
        return
    table = Table(title=f"Seals of {program}, newest first")
    for name in ("number", "members", "entries"):
        table.add_column(name, justify="right")
    for name in ("sealed (UTC)", "root"):
        table.add_column(name)
    for seal in found:
        table.add_row(
            str(seal.number),
            number(seal.members),
            number(seal.entries),
            local_time(seal.seal_time),
            seal.root.hex()[:16] + "…",
        )
    console.print(table)
    for key in sorted({seal.public_key for seal in found}):
        console.print(f"Signed with the key {key.hex()}, fingerprint {fingerprint(key)}", soft_wrap=True)


@app.command()
def export(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The directory; made where it is missing.")],
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Write every seal to a directory, a file each: keep it where the database's owners cannot write.

    A file that says something else than the service does now is kept, and the command fails.

    Example: loyalty seals export --to /mnt/archive/seals
    """
    written, kept = 0, 0
    with connected(server) as client:
        for seal in _seals(client, program):
            content = encode_export(seal.statement, seal.signature)
            try:
                new = write_seal_file(to, program, seal.number, content)
            except FileExistsError as error:
                raise CommandFailedError(
                    f"{error.filename}: seal {seal.number} was another when it was exported before"
                ) from None
            except OSError as error:
                raise CommandFailedError(f"{error.filename or to}: {error.strerror}") from None
            written, kept = written + new, kept + (not new)
    if as_json:
        print_json({"written": written, "kept": kept, "directory": str(to)})
        return
    console.print(f"{number(written)} seals written to {to}, {number(kept)} were there already.")


def receipt(
    member_id: MemberArgument,
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=1, help="The entry's number.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it to a file, not to standard output.")
    ] = None,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
) -> None:
    """Prove that an entry stands under a signed seal: a document that anybody can check, without the service.

    Example: loyalty receipt 17850 3 --out receipt.json
    """
    with connected(server) as client:
        content = client.points.GetReceipt(
            messages.GetReceiptRequest(program_id=program, member_id=member_id, seq=seq),
            timeout=CALL_SECONDS_MAX,
        ).receipt
    if out is None:
        sys.stdout.write(content)
        return
    try:
        out.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CommandFailedError(f"{out}: {error.strerror}") from None
    console.print(f"Entry {seq} of member {member_id} is proven by {out}.", soft_wrap=True)
    console.print(f"Check it: loyalty verify-receipt {out} --public-key KEY", soft_wrap=True)


def _seals(client: LoyaltyClient, program: str) -> Iterator[seal_pb2.Seal]:
    """All seals of a program, newest first, a page at a time."""
    token, more = "", True
    while more:
        page = client.points.ListSeals(
            messages.ListSealsRequest(program_id=program, page_size=SEALS_A_PAGE, page_token=token),
            timeout=CALL_SECONDS_MAX,
        )
        yield from page.seals
        token = page.next_page_token
        more = bool(token)
