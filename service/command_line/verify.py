"""`loyalty verify`: the ledger check."""

from typing import Final

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


def verify(
    program: ProgramOption = PROGRAM_DEFAULT,
    server: ServerOption = SERVER_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Prove the books: fold(journal) = account = Redis, for every member. Exit code 1 on any drift.

    Example: loyalty verify --program demo
    """
    last, drifts = _follow(server, program, show_progress=error_console.is_terminal and not as_json)
    if as_json:
        drift_rows: list[Plain] = [plain(drift) for drift in drifts]
        print_json({**plain(last), "drifts": drift_rows})
    else:
        _print(program, last, drifts)
    if drifts:
        raise typer.Exit(1)


def _follow(
    server: str, program: str, *, show_progress: bool
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
        stream = client.points.VerifyLedger(
            messages.VerifyLedgerRequest(program_id=program), timeout=VERIFY_SECONDS_MAX
        )
        for last in stream:
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
    table = Table(title=f"Books of {program}", show_header=False)
    totals = last.totals
    for name, value in (
        ("members", last.checked_members),
        ("entries", last.checked_entries),
        ("balances in Redis", last.checked_cached_balances),
        ("points issued", totals.issued),
        ("  available", totals.available),
        ("  pending", totals.pending),
        ("  expired", totals.expired),
        ("drifts", len(drifts)),
    ):
        table.add_row(name, number(value))
    console.print(table)
    if last.cache_unavailable:
        console.print("[yellow]Redis did not answer: only journal and accounts were compared.[/yellow]")
    for drift in drifts[:DRIFTS_SHOWN_MAX]:
        place = f" entry {drift.seq}" if drift.seq else ""
        where = f"member {drift.member_id}{place}"
        console.print(f"[red]{drift.reason}[/red] {where}: {drift.detail}", soft_wrap=True)
    if len(drifts) > DRIFTS_SHOWN_MAX:
        console.print(f"… and {len(drifts) - DRIFTS_SHOWN_MAX} more; --json shows all")
    if not drifts:
        agreeing = "journal and accounts" if last.cache_unavailable else "journal, accounts and Redis"
        console.print(f"[green]The books prove themselves: {agreeing} agree.[/green]")
