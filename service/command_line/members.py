"""`loyalty member show` and `loyalty balance`: a member, and the points there are."""

from typing import Annotated, Final

import typer
from loyalty.v1 import member_pb2
from loyalty.v1 import member_service_pb2 as member_messages
from loyalty.v1 import points_service_pb2 as points_messages
from loyalty.v1.balance_pb2 import Balance
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
from service.command_line.output import console, local_time, number, plain, print_json
from service.command_line.times import end_of

app: Final = typer.Typer(help="Look at members; suspend and reinstate them.", no_args_is_help=True)

MemberArgument = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id.")]

STATES_SHOWN: Final = {
    member_pb2.MEMBER_STATE_PROSPECT: Text("prospect: known, and not a member yet"),
    member_pb2.MEMBER_STATE_MEMBER: Text("member"),
    member_pb2.MEMBER_STATE_SUSPENDED: Text("suspended: earns and spends nothing", style="bold red"),
}


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
    request = member_messages.GetMemberRequest(program_id=program, member_id=member_id)
    with connected(server) as client:
        member = client.members.GetMember(request, timeout=CALL_SECONDS_MAX).member
    if as_json:
        print_json(plain(member))
        return
    table = Table(title=Text(f"Member {member.member_id} of {member.program_id}"), show_header=False)
    table.add_row("state", STATES_SHOWN.get(member.state, Text(str(member.state))))
    if member.display_name:
        table.add_row("name", Text(member.display_name))
    if member.HasField("join_time"):
        table.add_row("member since", local_time(member.join_time) + " UTC")
    for name, value in balance_rows(member.balance):
        table.add_row(name, value)
    table.add_row("entries", number(member.balance.version))
    console.print(table)
    console.print(
        Text(f"Where they come from: loyalty entries {member_id} --program {program}"), soft_wrap=True
    )


def balance(
    member_id: MemberArgument,
    as_of: Annotated[
        str,
        typer.Option(
            "--as-of", metavar="TIME", help="As it was known at this time, or at the end of this day (UTC)."
        ),
    ] = "",
    as_of_effective: Annotated[
        str,
        typer.Option(
            "--as-of-effective",
            metavar="TIME",
            help="As it was at this time, or at the end of this day (UTC), by what is known now.",
        ),
    ] = "",
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show a member's points: now, or at an earlier time.

    Example: loyalty balance 17850 --as-of 2026-01-31
    """
    request = points_messages.GetBalanceRequest(
        program_id=program,
        member_id=member_id,
        as_of_time=end_of("--as-of", as_of) if as_of else None,
        as_of_effective_time=end_of("--as-of-effective", as_of_effective) if as_of_effective else None,
    )
    with connected(server) as client:
        found = client.points.GetBalance(request, timeout=CALL_SECONDS_MAX).balance
    if as_json:
        print_json(plain(found))
        return
    table = Table(title="Points", show_header=False)
    table.add_row("member", Text(f"{member_id} of {program}"))
    if as_of or as_of_effective:
        table.add_row("as of", Text(as_of or as_of_effective))
    for name, value in balance_rows(found):
        table.add_row(name, value)
    table.add_row("entries", number(found.version))
    console.print(table)


def balance_rows(balance: Balance) -> list[tuple[str, str]]:
    """The points that there are, and what expires next. What is none is not said, but for the available."""
    rows = [("available", f"{number(balance.available)} points")]
    rest = (("pending", balance.pending), ("held", balance.held), ("debt", balance.debt))
    rows += [(name, number(points)) for name, points in rest if points]
    if balance.next_expiry_points:
        ends = local_time(balance.next_expiry_time)
        rows.append(("next to expire", f"{number(balance.next_expiry_points)} at {ends} UTC"))
    return rows
