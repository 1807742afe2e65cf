"""`loyalty adjust`, `void`, `spend` and `transfer`: points moved by hand, at once."""

from typing import Annotated, Final

import typer
from loyalty.v1 import points_service_pb2 as messages

from points.ledger import POINTS_MAX
from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
)
from service.command_line.members import MemberArgument
from service.command_line.output import number
from service.command_line.writing import (
    DryRunOption,
    PointsArgument,
    ReasonOption,
    RequestIdOption,
    call_of,
    carry_out,
)

# A number below zero looks like an option; what is no option of ours is taken as an argument.
NEGATIVE_NUMBERS: Final = {"ignore_unknown_options": True}


def adjust(
    member_id: MemberArgument,
    delta: Annotated[
        int,
        typer.Argument(
            metavar="DELTA", min=-POINTS_MAX, max=POINTS_MAX, help="Points to give, or below zero: to take."
        ),
    ],
    reason: ReasonOption,
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Give or take points by hand. What is given expires as points earned now do.

    Example: loyalty adjust 17850 -50 --reason "Booked twice"
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.AdjustPointsRequest(delta=delta, reason=reason))
    carry_out(
        call,
        f"Points adjusted by {delta:+,}",
        lambda client: client.points.AdjustPoints(request, timeout=CALL_SECONDS_MAX),
    )


def void(
    member_id: MemberArgument,
    reason: ReasonOption,
    points: Annotated[
        int | None,
        typer.Argument(metavar="[POINTS]", min=1, max=POINTS_MAX, help="How many available points."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="All available and pending points; held ones stay.")
    ] = False,
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Take points away for good: so many, or --everything.

    Example: loyalty void 17850 --everything --reason "Fraud, case 4711"
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(
        messages.VoidPointsRequest(points=points or 0, everything=everything, reason=reason)
    )
    carry_out(
        call,
        "Points voided",
        lambda client: client.points.VoidPoints(request, timeout=CALL_SECONDS_MAX),
        lambda answer: [("voided", number(answer.voided_points))],
    )


def spend(
    member_id: MemberArgument,
    points: PointsArgument,
    reason: ReasonOption = "",
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Spend points, those that expire first first.

    Example: loyalty spend 17850 20 --reason "Voucher at the desk"
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.SpendPointsRequest(points=points, reason=reason))
    carry_out(
        call,
        "Points spent",
        lambda client: client.points.SpendPoints(request, timeout=CALL_SECONDS_MAX),
        lambda answer: [("spent", number(answer.spent_points))],
    )


def transfer(
    member_id: MemberArgument,
    to_member_id: Annotated[str, typer.Argument(metavar="TO", help="The member who gets them.")],
    points: PointsArgument,
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Move points to another member, with the expiry they have.

    Example: loyalty transfer 17850 13047 30
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.TransferPointsRequest(to_member_id=to_member_id, points=points))
    carry_out(
        call,
        "Points transferred",
        lambda client: client.points.TransferPoints(request, timeout=CALL_SECONDS_MAX),
        lambda answer: [
            ("transferred", number(points)),
            ("to", f"member {to_member_id}, its entry {answer.to_seq}"),
        ],
    )
