"""`loyalty refund`: an order undone, in whole, by line, or by amount."""

from typing import Annotated, Final

import typer
from loyalty.v1 import points_service_pb2 as messages

from service.command_line.connection import (
    CALL_SECONDS_MAX,
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
)
from service.command_line.failing import CommandFailedError
from service.command_line.members import MemberArgument
from service.command_line.output import number
from service.command_line.writing import DryRunOption, RequestIdOption, Rows, call_of, carry_out

AMOUNT_MINOR_MAX: Final = 10**15
QUANTITY_MAX: Final = 10**9


def refund(
    member_id: MemberArgument,
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    lines: Annotated[
        list[str] | None,
        typer.Option("--line", metavar="ID=QTY", help="So many pieces of this line. May be repeated."),
    ] = None,
    # Zero would ask for all that is left, so it is not taken.
    amount_minor: Annotated[
        int | None,
        typer.Option(
            "--amount-minor", metavar="N", min=1, max=AMOUNT_MINOR_MAX, help="So much money, in minor units."
        ),
    ] = None,
    refund_id: Annotated[
        str, typer.Option("--refund-id", metavar="ID", help="Your own id of the refund, unique in the order.")
    ] = "",
    request_id: RequestIdOption = "",
    dry_run: DryRunOption = False,
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Refund an order: lines of it, an amount, or all that is left.

    Gives back the points that paid for it, and takes back the points it earned.

    Example: loyalty refund 17850 A-1 --line 1=2 --refund-id R-1
    """
    call = call_of(member_id, program, request_id, dry_run=dry_run, server=server, as_json=as_json)
    request = call.addressed(
        messages.RefundOrderRequest(
            order_id=order_id,
            refund_id=refund_id,
            lines=[_line(text) for text in lines or ()],
            amount_minor=amount_minor or 0,
        )
    )
    carry_out(
        call,
        f"Refund of order {order_id}",
        lambda client: client.points.RefundOrder(request, timeout=CALL_SECONDS_MAX),
        _rows,
    )


def _line(text: str) -> messages.RefundLine:
    """A line and how many pieces of it come back. The id itself may hold an equals sign."""
    line_id, sign, quantity = text.rpartition("=")
    if not (sign and quantity.isascii() and quantity.isdigit() and 1 <= int(quantity) <= QUANTITY_MAX):
        raise CommandFailedError(
            f"--line {text!r} is not ID=QTY, such as 1=2; QTY is 1 to {QUANTITY_MAX:,} pieces"
        )
    return messages.RefundLine(line_id=line_id, quantity=int(quantity))


def _rows(answer: messages.RefundOrderResponse) -> Rows:
    rows = [
        ("refunded", f"{number(answer.refunded_amount_minor)} minor units"),
        ("left to refund", f"{number(answer.refundable_amount_minor)} minor units"),
        ("points given back", number(answer.restored_points)),
        ("points taken back", number(answer.taken_back_points)),
    ]
    if answer.debt_points:
        rows.append(("of these owed now", number(answer.debt_points)))
    if answer.forgiven_points:
        rows.append(("points let go", number(answer.forgiven_points)))
    return rows
