"""`loyalty import orders`: replays a CSV file of orders and returns through the API."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Never
from zoneinfo import ZoneInfo

import grpc
import grpc.aio
import msgspec
import typer
from iso4217 import Currency
from loyalty.client import AsyncLoyaltyClient
from loyalty.v1.program_pb2 import Program
from loyalty.v1.program_service_pb2 import GetProgramRequest
from rich.text import Text

from service.command_line.import_progress import progress_of
from service.command_line.output import console, error_console
from service.importing.columns import Columns, UnusableFileError, find_columns, parse_map
from service.importing.matching import MatchedReturns, match_returns
from service.importing.orders import RETURN_PREFIX, Assembled, assemble
from service.importing.report import Report
from service.importing.report_tables import render
from service.importing.rows import (
    FILE_BYTES_MAX,
    BrokenRecord,
    Conventions,
    Record,
    decode,
    find_delimiter,
    read_records,
    read_rows,
    take_header,
)
from service.importing.sending import (
    BATCH_ORDERS_DEFAULT,
    BATCH_ORDERS_MAX,
    RETRY_SECONDS_DEFAULT,
    STREAMS_DEFAULT,
    STREAMS_MAX,
    Sending,
    SendingOptions,
)

GET_PROGRAM_SECONDS_MAX: Final = 10.0
RETRY_SECONDS_MAX: Final = 3_600.0
DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}

app: Final = typer.Typer(help="Bring a shop's history into a program.", no_args_is_help=True)


class CannotImportError(Exception):
    """Why nothing can be imported. Its text is one line for the person who started the import."""


class Plan(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    file: Path
    program_id: str
    server: str
    maps: list[str]
    encoding: str
    delimiter: str
    date_format: str
    return_prefix: str
    sending: SendingOptions
    report: Path | None


@app.callback()
def group() -> None:
    """Bring a shop's history into a program."""  # a group even while it has one command


@app.command()
def orders(
    file: Annotated[
        Path, typer.Argument(help="A CSV file with a header. One row an order, or one an order line.")
    ],
    program: Annotated[str, typer.Option("--program", help="The id of the program.", metavar="ID")],
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Which column holds a field: order_id, order_time, member_id, amount, amount_minor,"
            " currency, sku, category, quantity, unit_price. FIELD= leaves the field out. May be repeated.",
        ),
    ] = None,
    server: Annotated[
        str, typer.Option(envvar="LOYALTY_SERVER", metavar="HOST:PORT", help="The service.")
    ] = "127.0.0.1:50051",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check every row, match returns, ask the service about every order, write nothing.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write every line that was not used, and every return that matches no order, to this file,"
            " as CSV.",
        ),
    ] = None,
    encoding: Annotated[
        str, typer.Option(help="How the file is written: utf-8, latin-1, utf-16 …")
    ] = "utf-8",
    delimiter: Annotated[
        str,
        typer.Option(
            help="What parts the columns: comma, semicolon, tab or a character. Seen in the header."
        ),
    ] = "",
    date_format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT",
            help="How times are written, if not as 2011-12-31, 2011-12-31T13:05:00Z or 12/31/2011 13:05"
            " (month first!). For day first: '%d/%m/%Y %H:%M'. A time without an offset is in the program's"
            " time zone.",
        ),
    ] = "",
    return_prefix: Annotated[
        str,
        typer.Option(help="How the ids of returns begin in a file of order lines; '' if ids do not tell."),
    ] = RETURN_PREFIX,
    streams: Annotated[
        int,
        typer.Option(min=1, max=STREAMS_MAX, help="Calls at the same time; a member keeps to one."),
    ] = STREAMS_DEFAULT,
    batch_size: Annotated[
        int, typer.Option(min=1, max=BATCH_ORDERS_MAX, help="Orders, or refunds, in one call.")
    ] = BATCH_ORDERS_DEFAULT,
    retry_seconds: Annotated[
        float,
        typer.Option(
            min=0, max=RETRY_SECONDS_MAX, help="How long to try again while the service does not answer."
        ),
    ] = RETRY_SECONDS_DEFAULT,
) -> None:
    """Import orders and returns from a CSV file, oldest first. Run it again: nothing is applied twice.

    Columns are found by their names (order_id, order_date, member_id, amount_gbp; InvoiceNo, CustomerID,
    Quantity, UnitPrice …). Rows that cannot be used are reported with their line numbers, and the rest goes
    on; of an order of which one line cannot be used, no line is.

    Returns (negative quantities, or ids that begin with C) become refunds of the member's latest earlier
    orders of the same stock code that have pieces left. A return line that finds fewer pieces than came back,
    or none, is reported, and the rest goes on. In a file of one row an order nothing says what came back: its
    negative amounts are reported.

    Example: loyalty import orders examples/orders.csv --program demo

    With other column names: loyalty import orders sales.csv --program demo --map member_id=Shopper

    The exit code is 1 if a row could not be used, an order or a refund was refused, or the import ended
    early. Returns that match no order do not change it: a file begins somewhere.
    """
    plan = Plan(
        file=file,
        program_id=program,
        server=server,
        maps=maps or [],
        encoding=encoding,
        delimiter=delimiter,
        date_format=date_format,
        return_prefix=return_prefix,
        sending=SendingOptions(
            streams=streams,
            batch_orders_max=batch_size,
            retry_seconds=retry_seconds,
            validate_only=dry_run,
        ),
        report=report,
    )
    try:
        outcome = run(plan, show_progress=not as_json)
    except CannotImportError as error:
        _fail(str(error))
    except UnusableFileError as error:
        _fail(f"{file}: {error}")
    if as_json:
        typer.echo(outcome.to_json())
    else:
        for part in render(outcome):
            console.print(part)
    if report is not None:
        try:
            outcome.write_csv(report)
        except OSError as error:
            _fail(f"{report}: the report cannot be written: {error.strerror}")
    if not outcome.is_complete:
        raise typer.Exit(1)


def _fail(message: str) -> Never:
    error_console.print(Text.assemble(("error: ", "red"), message), soft_wrap=True)
    raise typer.Exit(1)


def run(plan: Plan, *, show_progress: bool = False) -> Report:
    """Import a file. Raises CannotImportError and UnusableFileError before anything was sent."""
    _check_report(plan)
    _check_date_format(plan.date_format)
    mapped = parse_map(plan.maps)
    text = decode(_content(plan.file), plan.encoding)
    records = read_records(text, _delimiter(plan.delimiter) or find_delimiter(text))
    columns = find_columns(take_header(records), mapped)
    return asyncio.run(_import(plan, columns, records, show_progress=show_progress))


async def _import(
    plan: Plan, columns: Columns, records: Iterator[Record | BrokenRecord], *, show_progress: bool
) -> Report:
    started = time.monotonic()
    # The retries are the sender's own, so that --retry-seconds is what it says.
    async with AsyncLoyaltyClient(plan.server, channels=plan.sending.streams, retry=False) as client:
        program = await _program(client, plan)
        columns.check_currency(program.currency_code)
        conventions = _conventions(program, plan.date_format)
        assembled = assemble(read_rows(records, columns, conventions), plan.return_prefix)
        matched = match_returns(assembled.orders, assembled.returns)
        # An order that was only checked is not in the books: the service could not say what a refund undoes.
        refunds = () if plan.sending.validate_only else matched.refunds
        with progress_of(len(assembled.orders) + len(refunds), shown=show_progress) as bar:
            sending = Sending(client, plan.program_id, program.currency_code, plan.sending, bar.advance)
            try:
                await sending.send(assembled.orders, refunds)
            except asyncio.CancelledError:
                # Ctrl-C. What was answered until now is still worth a report, and nothing is undone.
                sending.stop("interrupted")
    return _report(plan, assembled, matched, sending, time.monotonic() - started)


async def _program(client: AsyncLoyaltyClient, plan: Plan) -> Program:
    request = GetProgramRequest(program_id=plan.program_id)
    try:
        answer = await client.programs.GetProgram(request, timeout=GET_PROGRAM_SECONDS_MAX)
    except grpc.aio.AioRpcError as error:
        match error.code():
            case grpc.StatusCode.NOT_FOUND:
                message = f"there is no program {plan.program_id!r} on {plan.server}"
            case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.DEADLINE_EXCEEDED:
                message = f"the service on {plan.server} does not answer: {error.details()}"
            case code:
                message = f"the service on {plan.server} answered {code.name}: {error.details()}"
        raise CannotImportError(message) from error
    return answer.program


def _conventions(program: Program, date_format: str) -> Conventions:
    exponent = Currency(program.currency_code).exponent
    if exponent is None:
        raise CannotImportError(f"the program's money, {program.currency_code}, has no minor units")
    return Conventions(
        currency_code=program.currency_code,
        exponent=exponent,
        zone=ZoneInfo(program.time_zone),
        now_us=time.time_ns() // 1_000,
        date_format=date_format,
    )


def _report(
    plan: Plan, assembled: Assembled, matched: MatchedReturns, sending: Sending, seconds: float
) -> Report:
    return Report(
        file=str(plan.file),
        program_id=plan.program_id,
        dry_run=plan.sending.validate_only,
        rows_read=assembled.rows_read,
        orders_found=len(assembled.orders),
        orders_settled=sending.settled,
        orders_refused=len(sending.refused),
        points_earned=sending.earned_points,
        seconds=round(seconds, 3),
        stopped=sending.stopped,
        bad_rows=assembled.problems,
        refusals=tuple(sending.refused),
        returns=assembled.returns,
        unmatched_returns=matched.unmatched,
        refunds_found=len(matched.refunds),
        refunds=sending.refunds,
        refused_refunds=tuple(sending.refused_refunds),
        repeated_line_numbers=assembled.repeated_line_numbers,
        rounded_line_numbers=assembled.rounded_line_numbers,
    )


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise CannotImportError(f"{file}: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise CannotImportError(f"{file}: more than {FILE_BYTES_MAX} bytes. Split it by time, oldest first")
    return content


def _check_report(plan: Plan) -> None:
    """Refuse a report that could not be written, or would replace the orders, before an hour of work."""
    if plan.report is None:
        return
    if plan.report.is_dir() or not plan.report.absolute().parent.is_dir():
        raise CannotImportError(f"--report {plan.report}: not a file in a folder that exists")
    if plan.report.exists() and plan.file.exists() and plan.report.samefile(plan.file):
        raise CannotImportError(f"--report {plan.report}: this is the file of orders itself")


def _check_date_format(date_format: str) -> None:
    sample = datetime(2011, 12, 31, 13, 5, tzinfo=UTC)
    try:
        datetime.strptime(sample.strftime(date_format), date_format)  # noqa: DTZ007 - only whether it can be read
    except ValueError as error:
        raise CannotImportError(f"--date-format {date_format!r}: {error}") from error


def _delimiter(option: str) -> str:
    delimiter = DELIMITERS.get(option, option)
    if len(delimiter) > 1 or delimiter in {'"', "\r", "\n"}:
        raise CannotImportError(f"--delimiter {option!r}: comma, semicolon, tab or one character")
    return delimiter
