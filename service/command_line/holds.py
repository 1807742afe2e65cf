"""`loyalty hold`, `capture` and `release`: points reserved for a while, and what becomes of them."""

from typing import Annotated

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
from service.command_line.output import local_time, number
from service.command_line.times import span
from service.command_line.writing import DryRunOption, PointsArgument, RequestIdOption, call_of, carry_out

HoldArgument = Annotated[str, typer.Argument(metavar="HOLD", help="The hold: the request id that placed it.")]


def hold(
    member_id: MemberArgument,
    points: PointsArgument,
    ttl: Annotated[
        str,
        typer.Option(
            metavar="SPAN", help="For how long: 1s to 31d, such as 90s, 15m, 2h. Then it ends by itself."
        ),
    ],
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Reserve points for a limited time. The request id becomes the hold's id.

    Example: loyalty hold 17850 20 --ttl 15m
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.HoldPointsRequest(points=points, ttl=span("--ttl", ttl)))
    carry_out(
        call,
        "Points reserved",
        lambda client: client.points.HoldPoints(request, timeout=CALL_SECONDS_MAX),
        lambda answer: [
            ("hold", answer.hold_id),
            ("reserved", number(points)),
            ("until", f"{local_time(answer.deadline_time)} UTC"),
        ],
    )


def capture(
    member_id: MemberArgument,
    hold_id: HoldArgument,
    points: Annotated[
        int | None,
        typer.Argument(metavar="[POINTS]", min=1, max=POINTS_MAX, help="How many of them; without it all."),
    ] = None,
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Spend the points of a hold, all or a part; the rest is given back.

    Example: loyalty capture 17850 cli-5f1c0a9be0d24c7e 12
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.CaptureHoldRequest(hold_id=hold_id, points=points or 0))
    carry_out(
        call,
        "Hold captured",
        lambda client: client.points.CaptureHold(request, timeout=CALL_SECONDS_MAX),
        lambda answer: [
            ("captured", number(answer.captured_points)),
            ("released", number(answer.released_points)),
        ],
    )


def release(
    member_id: MemberArgument,
    hold_id: HoldArgument,
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Give the points of a hold back.

    Example: loyalty release 17850 cli-5f1c0a9be0d24c7e
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(messages.ReleaseHoldRequest(hold_id=hold_id))
    carry_out(
        call,
        "Hold released",
        lambda client: client.points.ReleaseHold(request, timeout=CALL_SECONDS_MAX),
        lambda answer: [("released", number(answer.released_points))],
    )
