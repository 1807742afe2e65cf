"""`loyalty member` and `loyalty entries`: what a support person looks at."""

from typing import Annotated, Final

import typer
from loyalty.v1 import entry_pb2, member_pb2, member_service_pb2, points_service_pb2
from rich.box import SIMPLE
from rich.table import Table

from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
    connected,
)
from service.command_line.output import Plain, console, local_time, number, plain, print_json

ENTRIES_SHOWN_DEFAULT: Final = 20
ENTRIES_A_PAGE: Final = 500
WHEN: Final = "effective (UTC)"
COLUMNS: Final = ("seq", WHEN, "what", "order", "points", "rules", "available")
RIGHT_ALIGNED: Final = {"seq", "points", "available", "pending"}

app: Final = typer.Typer(help="Look at members.", no_args_is_help=True)

MemberArgument = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id.")]


@app.command()
def show(
    member_id: MemberArgument,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show a member: state, points, and when points expire.

    Example: loyalty member show 17850
    """
    with connected(server) as client:
        member = client.members.GetMember(
            member_service_pb2.GetMemberRequest(program_id=program, member_id=member_id),
            timeout=CALL_SECONDS_MAX,
        ).member
    if as_json:
        print_json(plain(member))
        return
    balance = member.balance
    table = Table(title=f"Member {member.member_id} of {member.program_id}", show_header=False)
    table.add_row("state", member_pb2.MemberState.Name(member.state).removeprefix("MEMBER_STATE_").lower())
    if member.display_name:
        table.add_row("name", member.display_name)
    if member.HasField("join_time"):
        table.add_row("member since", local_time(member.join_time) + " UTC")
    table.add_row("available", f"[bold]{number(balance.available)}[/bold] points")
    for name, points in (("pending", balance.pending), ("held", balance.held), ("debt", balance.debt)):
        if points:
            table.add_row(name, number(points))
    if balance.next_expiry_points:
        table.add_row(
            "next to expire",
            f"{number(balance.next_expiry_points)} at {local_time(balance.next_expiry_time)} UTC",
        )
    table.add_row("entries", number(balance.version))
    console.print(table)
    console.print(f"Where they come from: loyalty entries {member_id} --program {program}")


def entries(
    member_id: MemberArgument,
    program: ProgramOption = PROGRAM_DEFAULT,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many entries at most.")] = (
        ENTRIES_SHOWN_DEFAULT
    ),
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List a member's entries, newest first: what changed, why, and the balance after it.

    Example: loyalty entries 17850 --limit 5
    """
    found: list[entry_pb2.Entry] = []
    token, more = "", True
    with connected(server) as client:
        while more and len(found) < limit:
            page = client.points.ListEntries(
                points_service_pb2.ListEntriesRequest(
                    program_id=program,
                    member_id=member_id,
                    page_size=min(ENTRIES_A_PAGE, limit - len(found)),
                    page_token=token,
                ),
                timeout=CALL_SECONDS_MAX,
            )
            found += page.entries
            token = page.next_page_token
            more = bool(token)
    if as_json:
        rows: list[Plain] = [plain(entry) for entry in found]
        print_json({"entries": rows, "more": more})
        return
    # Without lines between columns it fits a terminal of 80.
    table = Table(title=f"Entries of member {member_id} of {program}, newest first", box=SIMPLE)
    waiting = any(entry.balance.pending for entry in found)
    for name in (*COLUMNS, *(("pending",) if waiting else ())):
        table.add_column(
            name, justify="right" if name in RIGHT_ALIGNED else "left", no_wrap=name in RIGHT_ALIGNED | {WHEN}
        )
    for entry in found:
        table.add_row(*_entry_row(entry), *((number(entry.balance.pending),) if waiting else ()))
    console.print(table)
    if more:
        console.print(f"There are more: loyalty entries {member_id} --program {program} --limit {limit * 5}")


def _entry_row(entry: entry_pb2.Entry) -> list[str]:
    return [
        str(entry.seq),
        local_time(entry.effective_time) + (" ↩" if entry.back_dated else ""),
        entry_pb2.EntryKind.Name(entry.kind).removeprefix("ENTRY_KIND_").lower().split("_")[-1],
        entry.order_id,
        ", ".join(text for change in entry.changes if (text := _points_text(change))),
        ", ".join(
            f"{change.earned.rule_id} v{entry.program_version}"
            for change in entry.changes
            if change.HasField("earned")
        ),
        number(entry.balance.available),
    ]


def _points_text(change: entry_pb2.Change) -> str:
    match change.WhichOneof("change"):
        case "joined":
            return "joined"
        case "earned":
            return f"+{number(change.earned.points)}" + (
                " pending" if change.earned.HasField("posting_time") else ""
            )
        case "posted":
            return f"{number(change.posted.points)} posted"
        case "expired":
            return f"-{number(change.expired.points)} expired"
        case _:
            return ""
