"""`loyalty entries`: a member's journal, as a support person reads it."""

from itertools import zip_longest
from typing import Annotated, Final

import typer
from loyalty.v1 import entry_pb2
from loyalty.v1 import points_service_pb2 as messages
from loyalty.v1.balance_pb2 import Balance
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
    connected,
)
from service.command_line.entry_words import Kind, Line, change_line, kind_name, kind_word
from service.command_line.members import MemberArgument
from service.command_line.output import Plain, console, local_time, number, plain, print_json
from service.command_line.times import after, begin_of

ENTRIES_SHOWN_DEFAULT: Final = 20
ENTRIES_A_PAGE: Final = 500


def entries(
    member_id: MemberArgument,
    kinds: Annotated[
        list[Kind] | None, typer.Option("--kind", help="Only entries of this kind. May be repeated.")
    ] = None,
    order_id: Annotated[
        str,
        typer.Option("--order", metavar="ORDER", help="Only entries of this order, its refunds included."),
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Only entries effective from this day or time (UTC) on.")
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Only entries effective on or before this day, or before this time."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many entries at most.")] = (
        ENTRIES_SHOWN_DEFAULT
    ),
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List a member's entries, newest first: what changed, why, and the balance after it.

    Example: loyalty entries 17850 --kind spent --kind refunded --since 2026-01-01
    """
    request = messages.ListEntriesRequest(
        program_id=program,
        member_id=member_id,
        kinds=[kind_name(kind) for kind in kinds or ()],
        order_id=order_id,
        start_time=begin_of("--since", since) if since else None,
        end_time=after("--until", until) if until else None,
    )
    found, more = _listed(server, request, limit)
    if as_json:
        rows: list[Plain] = [plain(entry) for entry in found]
        print_json({"entries": rows, "more": more})
        return
    _print(found, member_id, program)
    if more:
        console.print(Text(f"There are more: add --limit {limit * 5}"), soft_wrap=True)


def _listed(
    server: str, request: messages.ListEntriesRequest, limit: int
) -> tuple[list[entry_pb2.Entry], bool]:
    """The newest entries that were asked for, and whether there are more."""
    found: list[entry_pb2.Entry] = []
    more = True
    with connected(server) as client:
        while more and len(found) < limit:
            request.page_size = min(ENTRIES_A_PAGE, limit - len(found))
            page = client.points.ListEntries(request, timeout=CALL_SECONDS_MAX)
            found += page.entries
            request.page_token = page.next_page_token
            more = bool(page.next_page_token)
    return found, more


def _print(found: list[entry_pb2.Entry], member_id: str, program: str) -> None:
    # Without lines between columns it fits a terminal of 80. A change a line, beside it what it is about.
    table = Table(
        title=Text(f"Entries of member {member_id} of {program}, newest first"),
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("seq", justify="right", no_wrap=True)
    table.add_column("effective (UTC)", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("order", overflow="fold")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("about", overflow="fold")
    table.add_column("balance", justify="right", no_wrap=True)
    for entry in found:
        for row in _rows(entry):
            table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _rows(entry: entry_pb2.Entry) -> list[tuple[str, ...]]:
    lines = [change_line(change, entry.program_version) for change in entry.changes]
    if entry.note:
        lines.append(Line("", f"“{entry.note}”"))
    heads = [
        (
            str(entry.seq),
            local_time(entry.effective_time) + (" ↩" if entry.back_dated else ""),
            kind_word(entry.kind),
            entry.order_id,
        )
    ]
    parts = zip_longest(heads, lines, _balance_lines(entry.balance))
    return [(*(head or ("",) * 4), *(line or Line("")), balance or "") for head, line, balance in parts]


def _balance_lines(balance: Balance) -> list[str]:
    """What can be spent after the entry, and below it the rest, where there is any."""
    rest = ((balance.pending, "pending"), (balance.held, "held"), (balance.debt, "debt"))
    return [number(balance.available), *(f"{number(points)} {name}" for points, name in rest if points)]
