"""What became of an import: the numbers, every row that was not used, and the returns that wait."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from service.importing.orders import Return
from service.importing.rows import Problem, shown

COLUMNS: Final = ("line", "outcome", "reason", "field", "detail", "order_id", "member_id")
NOT_YET_APPLIED: Final = "NOT_YET_APPLIED"
NOTHING_SENT: Final = "refunds do not exist yet; nothing was sent"
SHOWN_MAX: Final = 20  # rows of a table for people; --report and --json have them all


class Report(msgspec.Struct, frozen=True):
    """What became of one import.

    `orders_found` = `orders_settled` + `orders_refused` + `orders_not_sent`. `points_earned` is the sum over
    the service's answers, so for orders that were imported before it is what they earned then. `stopped` says
    why the import ended early; empty where it did not.
    """

    file: str
    program_id: str
    dry_run: bool
    rows_read: int
    orders_found: int
    orders_settled: int
    orders_refused: int
    points_earned: int
    seconds: float
    stopped: str
    bad_rows: tuple[Problem, ...]
    refusals: tuple[Problem, ...]
    returns: tuple[Return, ...]
    repeated_line_numbers: tuple[int, ...]
    rounded_line_numbers: tuple[int, ...]

    @property
    def orders_not_sent(self) -> int:
        """Orders without an answer, because the import ended early."""
        return self.orders_found - self.orders_settled - self.orders_refused

    @property
    def return_lines(self) -> int:
        """How many lines of the file are returns."""
        return sum(len(entry.line_numbers) for entry in self.returns)

    @property
    def problems(self) -> list[Problem]:
        """Bad rows and refused orders, in the file's order."""
        return sorted((*self.bad_rows, *self.refusals), key=lambda problem: problem.line_numbers)

    @property
    def is_complete(self) -> bool:
        """Whether every row was used. Returns do not count against it: nobody can apply them yet."""
        return not (self.bad_rows or self.refusals or self.stopped)

    def reasons(self) -> list[tuple[str, int]]:
        """How many lines of the file were not used, by reason; the most frequent first."""
        lines: Counter[str] = Counter()
        for problem in self.problems:
            lines[problem.reason] += len(problem.line_numbers)
        return lines.most_common()

    def to_json(self) -> str:
        """All of it as JSON, for scripts. The names are kept from one release to the next."""
        content = {
            **{
                name: getattr(self, name)
                for name in self.__struct_fields__
                if name not in {"bad_rows", "refusals", "returns"}
            },
            "orders_not_sent": self.orders_not_sent,
            "complete": self.is_complete,
            "lines_not_used_by_reason": dict(self.reasons()),
            "bad_rows": self.bad_rows,
            "refused_orders": self.refusals,
            "returns_not_yet_applied": {
                "returns": len(self.returns),
                "lines": self.return_lines,
                "details": self.returns,
            },
        }
        return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()

    def write_csv(self, target: Path) -> None:
        """Write one row for each line of the file that was not used, and for each return line that waits.

        Raises OSError.
        """
        rows = [
            (
                number,
                outcome,
                problem.reason,
                problem.field,
                problem.detail,
                problem.order_id,
                problem.member_id,
            )
            for outcome, problems in (("not_used", self.bad_rows), ("refused", self.refusals))
            for problem in problems
            for number in problem.line_numbers
        ]
        rows.extend(
            (number, "return", NOT_YET_APPLIED, "", NOTHING_SENT, entry.order_id, entry.member_id)
            for entry in self.returns
            for number in entry.line_numbers
        )
        with target.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(COLUMNS)
            table.writerows(sorted(rows))


def render(report: Report) -> Iterator[RenderableType]:
    """The report for people. Texts of the file are shown as text, never read as Rich's markup."""
    if report.problems:
        yield _problem_table(report)
    done = "Checked, nothing was written (--dry-run)" if report.dry_run else "Imported"
    yield Text(f"{done}: {report.file} → {report.program_id}", style="bold")
    yield _numbers(report)
    if report.returns:
        numbers = sorted(number for entry in report.returns for number in entry.line_numbers)
        yield Panel(
            Text(
                f"Returns recognised: {len(report.returns):,}. Lines: {report.return_lines:,}."
                f" They are NOT YET APPLIED: {NOTHING_SENT}.\nLines {_listed(numbers)}"
            ),
            title="Returns, not yet applied",
            border_style="yellow",
        )
    if report.stopped:
        answered = report.orders_settled + report.orders_refused
        yield Text(
            f"Stopped after {answered:,} of {report.orders_found:,} orders: {report.stopped}\n"
            "Run the same command again: nothing is applied twice.",
            style="bold red",
        )


def _numbers(report: Report) -> Table:
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = [
        ("Rows read", report.rows_read),
        ("Orders found", report.orders_found),
        ("Orders checked" if report.dry_run else "Orders settled, now or before", report.orders_settled),
        ("Orders refused by the service", report.orders_refused),
        ("Orders not sent", report.orders_not_sent),
        (
            "Points these orders would earn" if report.dry_run else "Points these orders earned",
            report.points_earned,
        ),
        ("Lines that could not be used", sum(len(problem.line_numbers) for problem in report.bad_rows)),
        ("Lines that repeat another word for word", len(report.repeated_line_numbers)),
        ("Order lines rounded to a whole minor unit", len(report.rounded_line_numbers)),
    ]
    always = {"Rows read", "Orders found"}
    for label, number in rows:
        if number or label in always or label.startswith("Points"):
            table.add_row(label, f"{number:,}")
    table.add_row("Seconds", f"{report.seconds:,.1f}")
    return table


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
