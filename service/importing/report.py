"""What became of an import: the numbers, every row that was not used, and what its returns undid."""

import csv
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
from loyalty.v1.points_service_pb2 import RefundOrderResponse

from service.importing.orders import Return
from service.importing.rows import Problem

COLUMNS: Final = ("line", "outcome", "reason", "field", "detail", "order_id", "member_id")


class RefundTotals(msgspec.Struct):
    """The service's answers to refunds, added up.

    `applied` counts refunds, `refunded_minor` is money in minor units. Of the points taken back, those that
    were missing and are owed now are `debt_points`; `forgiven_points` were missing and let go.
    """

    applied: int = 0
    refunded_minor: int = 0
    restored_points: int = 0
    taken_back_points: int = 0
    debt_points: int = 0
    forgiven_points: int = 0

    def add(self, answer: RefundOrderResponse) -> None:
        """Count one answer."""
        self.applied += 1
        self.refunded_minor += answer.refunded_amount_minor
        self.restored_points += answer.restored_points
        self.taken_back_points += answer.taken_back_points
        self.debt_points += answer.debt_points
        self.forgiven_points += answer.forgiven_points


class Report(msgspec.Struct, frozen=True):
    """What became of one import.

    `orders_found` = `orders_settled` + `orders_refused` + `orders_not_sent`. `points_earned` and `refunds`
    are sums over the service's answers, so for what was imported before they are what was answered then.
    `refunds_found` counts the pairs of a return and an order that it undoes; `unmatched_returns` are the
    lines that match no order. `stopped` says why the import ended early; empty where it did not.
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
    unmatched_returns: tuple[Problem, ...]
    refunds_found: int
    refunds: RefundTotals
    refused_refunds: tuple[Problem, ...]
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
    def unmatched_lines(self) -> int:
        """How many lines of returns match no order."""
        return sum(len(problem.line_numbers) for problem in self.unmatched_returns)

    @property
    def refunds_not_sent(self) -> int:
        """Refunds without an answer: the import ended early, or was a dry run."""
        return self.refunds_found - self.refunds.applied - len(self.refused_refunds)

    @property
    def problems(self) -> list[Problem]:
        """Bad rows, refused orders and refused refunds, in the file's order."""
        every = (*self.bad_rows, *self.refusals, *self.refused_refunds)
        return sorted(every, key=lambda problem: problem.line_numbers)

    @property
    def is_complete(self) -> bool:
        """Whether everything was used that can be.

        Returns that match no order do not count against it: a file begins somewhere, and no repetition would
        find what was bought before.
        """
        return not (self.problems or self.stopped)

    def reasons(self) -> list[tuple[str, int]]:
        """How many lines of the file were not used, by reason; the most frequent first."""
        lines: Counter[str] = Counter()
        for problem in self.problems:
            lines[problem.reason] += len(problem.line_numbers)
        return lines.most_common()

    def to_json(self) -> str:
        """All of it as JSON, for scripts. The names are kept from one release to the next."""
        structured = {"bad_rows", "refusals", "returns", "unmatched_returns", "refunds", "refused_refunds"}
        content = {
            **{name: getattr(self, name) for name in self.__struct_fields__ if name not in structured},
            "orders_not_sent": self.orders_not_sent,
            "complete": self.is_complete,
            "lines_not_used_by_reason": dict(self.reasons()),
            "bad_rows": self.bad_rows,
            "refused_orders": self.refusals,
            "returns": {
                "returns": len(self.returns),
                "lines": self.return_lines,
                "matched_lines": self.return_lines - self.unmatched_lines,
                "unmatched_lines": self.unmatched_lines,
                "unmatched": self.unmatched_returns,
            },
            "refunds": {
                **msgspec.structs.asdict(self.refunds),
                "not_sent": self.refunds_not_sent,
                "refused": len(self.refused_refunds),
            },
            "refused_refunds": self.refused_refunds,
        }
        return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()

    def write_csv(self, target: Path) -> None:
        """Write one row for each line of the file that was not used, or is a return that matches nothing.

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
            for outcome, problems in (
                ("not_used", self.bad_rows),
                ("refused", (*self.refusals, *self.refused_refunds)),
                ("unmatched", self.unmatched_returns),
            )
            for problem in problems
            for number in problem.line_numbers
        ]
        with target.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(COLUMNS)
            table.writerows(sorted(rows))
