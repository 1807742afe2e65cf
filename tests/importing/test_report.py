"""What became of an import, for scripts, for a spreadsheet and for people."""

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from service.importing.orders import Return, ReturnLine
from service.importing.report import RefundTotals, Report
from service.importing.report_tables import render
from service.importing.rows import Problem

UNMATCHED = Problem((7,), "UNMATCHED_RETURN", "sku", "no piece of '[bold]TEA' is left", "C2", "m1")
REFUSED_REFUND = Problem(
    (5, 6), "ORDER_NOT_FOUND", "", "refund of order 1: there is no such order", "C1", "m1"
)
CLEAN = Report(
    file="sales.csv",
    program_id="demo",
    dry_run=False,
    rows_read=7,
    orders_found=3,
    orders_settled=3,
    orders_refused=0,
    points_earned=90,
    seconds=1.0,
    stopped="",
    bad_rows=(),
    refusals=(),
    returns=(
        Return("C1", "m1", 9, 300, (5, 6), (ReturnLine(5, "POT", 1, 200), ReturnLine(6, "CUP", 1, 100))),
        Return("C2", "m1", 9, 100, (7,), (ReturnLine(7, "TEA", 1, 100),)),
    ),
    unmatched_returns=(UNMATCHED,),
    refunds_found=2,
    refunds=RefundTotals(2, 300, 11, 12, 4, 5),
    refused_refunds=(),
    repeated_line_numbers=(),
    rounded_line_numbers=(),
)
REFUSED = msgspec.structs.replace(
    CLEAN, refunds=RefundTotals(1, 100, 0, 1), refused_refunds=(REFUSED_REFUND,)
)


def as_json(problem: Problem) -> object:
    return json.loads(msgspec.json.encode(problem))


def shown(report: Report) -> str:
    console = Console(file=io.StringIO(), width=200)
    for part in render(report):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_returns_that_match_nothing_leave_an_import_complete_and_refused_refunds_do_not() -> None:
    assert CLEAN.is_complete
    assert not REFUSED.is_complete
    assert not msgspec.structs.replace(CLEAN, stopped="interrupted").is_complete


def test_refunds_without_an_answer_are_told() -> None:
    assert (CLEAN.refunds_not_sent, REFUSED.refunds_not_sent) == (0, 0)
    assert msgspec.structs.replace(CLEAN, refunds=RefundTotals()).refunds_not_sent == 2


def test_json_has_every_number_of_the_returns() -> None:
    content = json.loads(REFUSED.to_json())

    assert content["returns"] == {
        "returns": 2,
        "lines": 3,
        "matched_lines": 2,
        "unmatched_lines": 1,
        "unmatched": [as_json(UNMATCHED)],
    }
    assert (content["refunds_found"], content["refunds"]) == (
        2,
        {
            "applied": 1,
            "refunded_minor": 100,
            "restored_points": 0,
            "taken_back_points": 1,
            "debt_points": 0,
            "forgiven_points": 0,
            "not_sent": 0,
            "refused": 1,
        },
    )
    assert content["refused_refunds"] == [as_json(REFUSED_REFUND)]
    assert content["lines_not_used_by_reason"] == {"ORDER_NOT_FOUND": 2}
    assert content["complete"] is False


def test_the_csv_has_a_row_for_each_line_that_moved_nothing(tmp_path: Path) -> None:
    REFUSED.write_csv(tmp_path / "report.csv")

    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as stream:
        rows = [
            (row["line"], row["outcome"], row["reason"], row["order_id"]) for row in csv.DictReader(stream)
        ]
    assert rows == [
        ("5", "refused", "ORDER_NOT_FOUND", "C1"),
        ("6", "refused", "ORDER_NOT_FOUND", "C1"),
        ("7", "unmatched", "UNMATCHED_RETURN", "C2"),
    ]


def test_people_see_what_was_taken_back_and_what_matched_nothing() -> None:
    text = shown(CLEAN)

    for label, number in {
        "Returns found": 2,
        "Return lines that match an order": 2,
        "Return lines that match none": 1,
        "Refunds applied, now or before": 2,
        "Points taken back": 12,
        "Of these, owed by members now": 4,
        "Points missing and let go": 5,
        "Spent points given back": 11,
    }.items():
        [line] = [line for line in text.splitlines() if label in line]
        assert line.split("│")[2].strip() == str(number)
    assert "These 1 of 3 return lines match no earlier order" in text
    assert "lines 7." in text
    assert "goods of which no piece that was bought before in this file is left: 1" in text
    assert "ORDER_NOT_FOUND" in shown(REFUSED)


@pytest.mark.parametrize("field", ["", "sku", "quantity"])
def test_each_kind_of_unmatched_line_is_counted(field: str) -> None:
    twice = msgspec.structs.replace(UNMATCHED, field=field, line_numbers=(7, 8))

    text = shown(msgspec.structs.replace(CLEAN, unmatched_returns=(twice,)))

    assert [line.rstrip("│ ").endswith(": 2") for line in text.splitlines() if "│ - " in line] == [True]


def test_a_file_without_returns_says_nothing_of_them() -> None:
    without = msgspec.structs.replace(
        CLEAN, returns=(), unmatched_returns=(), refunds_found=0, refunds=RefundTotals()
    )

    assert "eturn" not in shown(without)
    assert "efund" not in shown(without)


@pytest.mark.parametrize("refunds_found", [0, 2])
def test_an_import_that_stopped_says_how_far_it_came(refunds_found: int) -> None:
    stopped = msgspec.structs.replace(
        CLEAN, orders_settled=2, refunds_found=refunds_found, refunds=RefundTotals(), stopped="UNAVAILABLE"
    )

    of_refunds = " and 0 of 2 refunds" if refunds_found else ""
    assert f"Stopped after 2 of 3 orders{of_refunds}: UNAVAILABLE" in shown(stopped)
