"""The report of an import for people: tables and panels for a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from service.importing.columns import Field
from service.importing.report import Report
from service.importing.rows import shown

SHOWN_MAX: Final = 20  # rows of a table; --report and --json have them all
# Why returned lines match nothing, by the field that says it.
UNMATCHED: Final = {
    Field.SKU: "goods of which no piece that was bought before in this file is left",
    Field.QUANTITY: "more pieces than are left of those bought before in this file",
    "": "the file does not say what came back",
}


def render(report: Report) -> Iterator[RenderableType]:
    """The report for people. Texts of the file are shown as text, never read as Rich's markup."""
    if report.problems:
        yield _problem_table(report)
    done = "Checked, nothing was written (--dry-run)" if report.dry_run else "Imported"
    yield Text(f"{done}: {report.file} → {report.program_id}", style="bold")
    yield _numbers(report)
    if report.unmatched_returns:
        yield _unmatched_returns(report)
    if report.stopped:
        orders = report.orders_settled + report.orders_refused
        refunds = report.refunds.applied + len(report.refused_refunds)
        of_refunds = f" and {refunds:,} of {report.refunds_found:,} refunds" if report.refunds_found else ""
        yield Text(
            f"Stopped after {orders:,} of {report.orders_found:,} orders{of_refunds}: {report.stopped}\n"
            "Run the same command again: nothing is applied twice.",
            style="bold red",
        )


def _numbers(report: Report) -> Table:
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    always = {"Rows read", "Orders found", "Return lines that match an order"}
    rows = (*_order_numbers(report), *(_return_numbers(report) if report.returns else ()))
    for label, number in rows:
        if number or label in always or label.startswith("Points these orders"):
            table.add_row(label, f"{number:,}")
    table.add_row("Seconds", f"{report.seconds:,.1f}")
    return table


def _order_numbers(report: Report) -> Iterator[tuple[str, int]]:
    yield "Rows read", report.rows_read
    yield "Lines that could not be used", sum(len(problem.line_numbers) for problem in report.bad_rows)
    yield "Lines that repeat another word for word", len(report.repeated_line_numbers)
    yield "Order lines rounded to a whole minor unit", len(report.rounded_line_numbers)
    yield "Orders found", report.orders_found
    yield (
        "Orders checked" if report.dry_run else "Orders settled, now or before",
        report.orders_settled,
    )
    yield "Orders refused by the service", report.orders_refused
    yield "Orders not sent", report.orders_not_sent
    yield (
        "Points these orders would earn" if report.dry_run else "Points these orders earned",
        report.points_earned,
    )


def _return_numbers(report: Report) -> Iterator[tuple[str, int]]:
    refunds = report.refunds
    yield "Returns found", len(report.returns)
    yield "Return lines that match an order", report.return_lines - report.unmatched_lines
    yield "Return lines that match none", report.unmatched_lines
    yield "Refunds applied, now or before", refunds.applied
    yield "Refunds refused by the service", len(report.refused_refunds)
    yield (
        "Refunds to apply, not asked about" if report.dry_run else "Refunds not sent",
        report.refunds_not_sent,
    )
    yield "Points taken back", refunds.taken_back_points
    yield "Of these, owed by members now", refunds.debt_points
    yield "Points missing and let go", refunds.forgiven_points
    yield "Spent points given back", refunds.restored_points


def _unmatched_returns(report: Report) -> Panel:
    numbers = sorted(number for problem in report.unmatched_returns for number in problem.line_numbers)
    kinds: Counter[str] = Counter()
    for problem in report.unmatched_returns:
        kinds[problem.field] += len(problem.line_numbers)
    told = "\n".join(f"- {UNMATCHED[field]}: {lines:,}" for field, lines in kinds.most_common())
    return Panel(
        Text(
            f"These {report.unmatched_lines:,} of {report.return_lines:,} return lines match no earlier order"
            f" of the file, and nothing was taken back for them: lines {_listed(numbers)}.\n{told}\n"
            "--report FILE writes each with its goods."
        ),
        title="Returns that match nothing",
        border_style="yellow",
    )


def _problem_table(report: Report) -> Table:
    problems = report.problems
    table = Table(title="Rows that were not used", caption=_caption(report), caption_justify="left")
    for heading in ("Line", "Reason", "Field", "Order", "Member", "What"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "Reason")
    for problem in problems[:SHOWN_MAX]:
        cells = (
            _listed(problem.line_numbers),
            problem.reason,
            problem.field,
            shown(problem.order_id) if problem.order_id else "",
            shown(problem.member_id) if problem.member_id else "",
            problem.detail,
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _caption(report: Report) -> Text:
    reasons = ", ".join(f"{reason} {lines:,}" for reason, lines in report.reasons())
    more = len(report.problems) - SHOWN_MAX
    rest = f" The first {SHOWN_MAX} are shown; --report FILE writes all." if more > 0 else ""
    return Text(f"Lines by reason: {reasons}.{rest}")


def _listed(line_numbers: Sequence[int]) -> str:
    """Sorted line numbers for people: 2-16, 20. At most SHOWN_MAX ranges."""
    ranges: list[tuple[int, int]] = []
    for number in line_numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    listed = ", ".join(
        str(first) if first == last else f"{first}-{last}" for first, last in ranges[:SHOWN_MAX]
    )
    more = sum(last - first + 1 for first, last in ranges[SHOWN_MAX:])
    return f"{listed} and {more:,} more" if more else listed
