"""`loyalty verify`: the ledger check."""

from typing import Annotated, Final

import typer
from loyalty.v1 import points_service_pb2 as messages
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from service.command_line.connection import (
    PROGRAM_DEFAULT,
    SERVER_DEFAULT,
    JsonOption,
    ProgramOption,
    ServerOption,
    connected,
)
from service.command_line.failing import CommandFailedError
from service.command_line.output import Plain, console, error_console, number, plain, print_json

DRIFTS_SHOWN_MAX: Final = 50
VERIFY_SECONDS_MAX: Final = 24 * 3_600.0

# The two sides of the books (domain: Points 9). Debt is subtracted from what there is.
CAME: Final = ("issued", "transferred_in")
WENT: Final = ("available", "pending", "held", "redeemed", "expired", "voided", "transferred_out")
ACCOUNTS: Final = (*CAME, *WENT, "debt")


def verify(
    program: ProgramOption = PROGRAM_DEFAULT,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Make accounts and Redis anew from the journal where they differ; it is never touched.",
        ),
    ] = False,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Prove the books: fold(journal) = account = Redis, for every member.

    Exit code 1 where a drift is left: without --repair on any, with it on any that could not be repaired.

    Example: loyalty verify --program demo
    """
    request = messages.VerifyLedgerRequest(program_id=program, repair=repair)
    last, drifts = _follow(server, request, show_progress=error_console.is_terminal and not as_json)
    if as_json:
        drift_rows: list[Plain] = [plain(drift) for drift in drifts]
        print_json({**plain(last), "drifts": drift_rows})
    else:
        _print(program, last, drifts)
    # The totals are those of the accounts as they were found, so what was repaired may show in them.
    if any(not drift.repaired for drift in drifts) or not (drifts or _balance(last.totals)):
        raise typer.Exit(1)


def _follow(
    server: str, request: messages.VerifyLedgerRequest, *, show_progress: bool
) -> tuple[messages.VerifyLedgerResponse, list[messages.Drift]]:
    last = messages.VerifyLedgerResponse()
    drifts: list[messages.Drift] = []
    columns = (
        TextColumn("verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("members  {task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with (
        connected(server) as client,
        Progress(*columns, console=error_console, disable=not show_progress) as progress,
    ):
        task = progress.add_task("verify", total=None, rate="")
        for last in client.points.VerifyLedger(request, timeout=VERIFY_SECONDS_MAX):
            drifts += last.drifts
            speed = progress.tasks[0].speed
            progress.update(
                task,
                total=last.total_members,
                completed=last.checked_members,
                rate=f"{speed:,.0f}/s" if speed else "",
            )
    if not last.complete:
        raise CommandFailedError("the check ended before every member was checked; run it again")
    return last, drifts


def _print(program: str, last: messages.VerifyLedgerResponse, drifts: list[messages.Drift]) -> None:
    console.print(_table(program, last, drifts))
    came, went = _sides(last.totals)
    style = "" if came == went else "red"
    console.print(f"{_sum(CAME)} = {number(came)}", style=style)
    console.print(f"{_sum(WENT)} − debt = {number(went)}", style=style, soft_wrap=True)
    if last.cache_unavailable:
        console.print("[yellow]Redis did not answer: only journal and accounts were compared.[/yellow]")
    # What is left comes first, so that it is not among those that are not shown.
    for drift in sorted(drifts, key=lambda drift: drift.repaired)[:DRIFTS_SHOWN_MAX]:
        place = f" entry {drift.seq}" if drift.seq else ""
        where = f"member {drift.member_id}{place}" if drift.member_id else f"program {program}"
        reason = (f"repaired {drift.reason}", "yellow") if drift.repaired else (drift.reason, "red")
        console.print(Text.assemble(reason, f" {where}: {drift.detail}"), soft_wrap=True)
    if len(drifts) > DRIFTS_SHOWN_MAX:
        console.print(f"… and {len(drifts) - DRIFTS_SHOWN_MAX} more; --json shows all")
    agreeing = "journal and accounts" if last.cache_unavailable else "journal, accounts and Redis"
    if drifts and all(drift.repaired for drift in drifts):
        console.print(f"[green]All that was found is repaired: {agreeing} agree.[/green]")
    elif not drifts and _balance(last.totals):
        console.print(f"[green]The books prove themselves: {agreeing} agree.[/green]")


def _table(program: str, last: messages.VerifyLedgerResponse, drifts: list[messages.Drift]) -> Table:
    table = Table(title="Books", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("program", Text(program))
    for name, count in (
        ("members", last.checked_members),
        ("entries", last.checked_entries),
        ("balances in Redis", last.checked_cached_balances),
        *((f"points {_words(name)}", int(getattr(last.totals, name))) for name in ACCOUNTS),
        ("drifts", len(drifts)),
        ("drifts repaired", sum(drift.repaired for drift in drifts)),
    ):
        table.add_row(name, number(count))
    return table


def _sides(totals: messages.LedgerTotals) -> tuple[int, int]:
    """Points that came, and points that are there or went; equal where the books balance."""
    came = sum(int(getattr(totals, name)) for name in CAME)
    went = sum(int(getattr(totals, name)) for name in WENT)
    return came, went - totals.debt


def _balance(totals: messages.LedgerTotals) -> bool:
    came, went = _sides(totals)
    return came == went


def _sum(fields: tuple[str, ...]) -> str:
    return " + ".join(_words(field) for field in fields)


def _words(field: str) -> str:
    return field.replace("_", " ")
