"""`loyalty watch`: the journal as it is written."""

import json
from typing import Annotated, Final

import typer
from loyalty.v1 import entry_pb2
from loyalty.v1 import points_service_pb2 as messages

from service.command_line.connection import (
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    ProgramOption,
    ServerOption,
    connected,
)
from service.command_line.output import console, error_console, local_time, number, plain

WATCH_SECONDS_MAX: Final = 24 * 3_600.0
# What a member sees of the books. Debt stands on their other side: points that go into it make it less.
SHOWN_ACCOUNTS: Final = (
    (entry_pb2.LEDGER_ACCOUNT_AVAILABLE, 1, ""),
    (entry_pb2.LEDGER_ACCOUNT_PENDING, 1, " pending"),
    (entry_pb2.LEDGER_ACCOUNT_HELD, 1, " held"),
    (entry_pb2.LEDGER_ACCOUNT_DEBT, -1, " debt"),
)


def watch(
    program: ProgramOption = PROGRAM_DEFAULT,
    cursor: Annotated[
        str, typer.Option("--cursor", help="Go on where an earlier one ended; without it from the start.")
    ] = "",
    until_now: Annotated[
        bool, typer.Option("--until-now", help="End at the newest entry instead of waiting for more.")
    ] = False,
    server: ServerOption = SERVER_DEFAULT,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON document a line: some entries, and the cursor after them.")
    ] = False,
) -> None:
    """Follow the journal of a program: every entry, each member's in their order. Ctrl-C ends it.

    At the end it says how to go on. An entry comes again where its cursor was not kept, so deal with each
    by member and seq.

    Example: loyalty watch --program demo --until-now
    """
    last = cursor
    request = messages.WatchRequest(program_id=program, cursor=cursor, until_now=until_now)
    try:
        with connected(server) as client:
            for response in client.points.Watch(request, timeout=WATCH_SECONDS_MAX):
                _show(response, as_json=as_json)
                last = response.cursor
    finally:
        if last and not as_json:
            error_console.print(
                f"Go on with: loyalty watch --program {program} --cursor {last}", soft_wrap=True
            )


def _show(response: messages.WatchResponse, *, as_json: bool) -> None:
    if as_json:
        console.file.write(json.dumps(plain(response), ensure_ascii=False) + "\n")
    else:
        for watched in response.entries:
            console.file.write(_line(watched) + "\n")
    console.file.flush()


def _line(watched: messages.WatchedEntry) -> str:
    entry = watched.entry
    kind = entry_pb2.EntryKind.Name(entry.kind).removeprefix("ENTRY_KIND_").lower().replace("_", " ")
    order = f" {entry.order_id}" if entry.order_id else ""
    moved = ", ".join(_moves(entry)) or "no points"
    return (
        f"{local_time(entry.recorded_time)}  {watched.member_id} #{entry.seq}  {kind}{order}:"
        f" {moved}; {number(entry.balance.available)} available"
    )


def _moves(entry: entry_pb2.Entry) -> list[str]:
    """What the entry did to each balance that a member sees."""
    legs = [leg for change in entry.changes for leg in change.legs]
    moves: list[str] = []
    for account, sign, name in SHOWN_ACCOUNTS:
        points = sum(leg.points for leg in legs if leg.to_account == account)
        points -= sum(leg.points for leg in legs if leg.from_account == account)
        if points:
            moves.append(f"{sign * points:+,}{name}")
    return moves
