"""A shop's whole history: imported once, again, and through kills, it gives the very same books."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import grpc
import psutil
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import entry_pb2

from tests.conftest import REAL_ORDERS
from tests.end_to_end.calls import SECONDS_MAX, balance_request, code_of, eventually, folder, verified
from tests.end_to_end.histories import (
    Books,
    History,
    books_of,
    generate,
    import_orders,
    journals_of,
    read_history,
)
from tests.end_to_end.line_histories import GERMAN, SAMPLE, Lines, points_in, read_lines
from tests.running_service import (
    RunningService,
    free_port,
    run_loyalty,
    running_service,
    start_loyalty,
    start_service,
)

PROGRAM: Final = "demo"
MEMBERS_LOOKED_AT: Final = 40
SEED: Final = 18_532
# In which part of the history each kill falls.
KILLS: Final = ((0.05, 0.30), (0.35, 0.60), (0.65, 0.90))

REAL: Final = pytest.param("real", marks=pytest.mark.real_orders)


class Imported(NamedTuple):
    """What one service said after importing a history, and after importing it again."""

    history: History
    report: dict[str, object]
    books: Books
    report_again: dict[str, object]
    books_again: Books
    journals: dict[str, list[entry_pb2.Entry]]
    verify_code: int


@pytest.fixture(scope="module")
def generated() -> Iterator[Path]:
    with folder() as path:
        generate(path)
        yield path


def sample_of(history: History) -> list[str]:
    """Some members, those with the most orders among them."""
    by_orders = sorted(history.orders, key=lambda member_id: -history.orders[member_id])
    return [*by_orders[:10], *random.Random(SEED).sample(by_orders[10:], MEMBERS_LOOKED_AT)]


# Where there are real orders, the generated ones would only show the same again.
WHOLE_HISTORIES: Final = [REAL] if REAL_ORDERS.is_dir() else [REAL, "generated"]


@pytest.fixture(scope="module", params=WHOLE_HISTORIES)
def imported(request: pytest.FixtureRequest) -> Iterator[Imported]:
    """A history imported into a fresh service with stores of its own."""
    if request.param == "real":
        file = request.getfixturevalue("real_orders") / "online_retail_invoices.csv"
    else:
        file = request.getfixturevalue("generated") / "orders.csv"
    history = read_history(file)
    with (
        folder() as data_dir,
        running_service(data_dir=data_dir) as service,
        LoyaltyClient(service.address) as client,
    ):
        report = import_orders(service.address, file, PROGRAM)
        books = books_of(client, PROGRAM, history.points)
        report_again = import_orders(service.address, file, PROGRAM)
        yield Imported(
            history,
            report,
            books,
            report_again,
            books_of(client, PROGRAM, history.points),
            journals_of(client, PROGRAM, sample_of(history)),
            run_loyalty("verify", address=service.address).returncode,
        )


@pytest.mark.real_orders
def test_the_real_history_is_the_one_described(real_orders: Path) -> None:
    history = read_history(real_orders / "online_retail_invoices.csv")
    assert (history.orders_in_all, len(history.points)) == (18_532, 4_338)


def test_every_order_is_settled_and_every_member_has_the_points_of_an_independent_sum(
    imported: Imported,
) -> None:
    history, books = imported.history, imported.books
    assert (imported.report["orders_found"], imported.report["orders_settled"]) == (
        history.orders_in_all,
    ) * 2
    assert history.points == books.points
    assert history.orders == books.versions
    assert history.orders_in_all == books.entries
    assert sum(history.points.values()) == books.issued == imported.report["points_earned"]
    assert imported.verify_code == 0


def test_importing_again_changes_nothing_and_answers_the_same(imported: Imported) -> None:
    assert imported.books == imported.books_again
    assert {**imported.report, "seconds": 0} == {**imported.report_again, "seconds": 0}


class Killer:
    """A service on one data directory and port that is killed and started again."""

    def __init__(self, data_dir: Path, history: History) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._data_dir = data_dir
        self._history = history
        self.start()

    def start(self) -> None:
        """Start it again where its data are."""
        self.service = start_service(data_dir=self._data_dir, port=int(self.address.rpartition(":")[2]))
        self.service.wait_until_ready()

    def import_until(self, share: float, *options: str) -> "subprocess.Popen[str]":
        """Start an import, and return at the moment when about this share of the orders is in."""
        wanted = share * self._history.orders_in_all
        sentinel = next(member_id for member_id, place in self._history.first_seen.items() if place >= wanted)
        importing = start_loyalty(
            "import",
            "orders",
            str(self._history.file),
            *("--program", PROGRAM, "--json", "--batch-size", "50", *options),
            address=self.address,
        )
        with LoyaltyClient(self.address, channels=1, retry=False) as client:

            def is_in() -> bool:
                assert importing.poll() is None, "the import was over before the kill"
                request = balance_request(PROGRAM, sentinel)
                code = code_of(lambda: client.points.GetBalance(request, timeout=SECONDS_MAX))
                return code is grpc.StatusCode.OK

            eventually(f"{share:.0%} of the orders are in", is_in)
        return importing

    def kill(self, *, stores_too: bool) -> None:
        """kill -9 the parent; with its stores, it is as when the machine loses power."""
        family = psutil.Process(self.service.process.pid).children(recursive=True)
        self.service.kill()
        for process in family if stores_too else ():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue


def kills_of(history: History) -> list[float]:
    """At which share of the orders the service is killed: random moments in three parts of the history."""
    moments = random.Random(SEED)
    kills = [moments.uniform(earliest, latest) for earliest, latest in KILLS]
    # Where there are real orders, those show it; the generated ones then only show that they would.
    is_best = not REAL_ORDERS.is_dir() or history.file.is_relative_to(REAL_ORDERS)
    return kills if is_best else kills[-1:]


def import_into_a_kill(killer: Killer, history: History, share: float, entries_before: int) -> int:
    """Kill the service in the middle of an import, which gives up; how many orders were in by then."""
    importing = killer.import_until(share, "--retry-seconds", "0")
    killer.kill(stores_too=entries_before > 0)
    output, errors = importing.communicate(timeout=SECONDS_MAX)
    report = json.loads(output)
    assert (importing.returncode, errors, report["complete"]) == (1, "", False)
    assert report["stopped"] != ""
    assert 0 < report["orders_not_sent"] < history.orders_in_all
    killer.start()
    with LoyaltyClient(killer.address, channels=1) as client:
        entries = verified(client, PROGRAM).checked_entries
    assert entries_before < entries < history.orders_in_all
    # What was acknowledged is in the books; what was answered and not acknowledged may be.
    assert entries >= report["orders_settled"]
    return entries


def import_through_a_kill(killer: Killer, history: History, share: float, entries_before: int) -> None:
    """Kill the service in the middle of an import, which waits for it and goes on to the end by itself."""
    importing = killer.import_until(share, "--retry-seconds", "120")
    killer.kill(stores_too=False)
    killer.start()
    output, errors = importing.communicate(timeout=120)
    assert (importing.returncode, errors) == (0, "")
    assert json.loads(output)["orders_settled"] == history.orders_in_all
    assert entries_before < history.orders_in_all


@pytest.mark.faults
def test_kills_in_the_middle_of_an_import_leave_no_trace_in_the_books(imported: Imported) -> None:
    history = imported.history
    with folder() as data_dir:
        killer = Killer(data_dir, history)
        try:
            *earlier, last = kills_of(history)
            entries = 0
            for share in earlier:
                entries = import_into_a_kill(killer, history, share, entries)
            import_through_a_kill(killer, history, last, entries)

            report = import_orders(killer.address, history.file, PROGRAM)
            assert {**imported.report, "seconds": 0} == {**report, "seconds": 0}
            with LoyaltyClient(killer.address) as client:
                assert imported.books == books_of(client, PROGRAM, history.points)
                assert imported.journals == journals_of(client, PROGRAM, sample_of(history))
            assert run_loyalty("verify", address=killer.address).returncode == 0
        finally:
            killer.service.terminate()


@pytest.fixture(params=[REAL, "generated"])
def lines(request: pytest.FixtureRequest) -> Lines:
    """A file of order lines with returns."""
    if request.param == "real":
        return read_lines(request.getfixturevalue("real_orders") / "online_retail_germany_lines.csv", GERMAN)
    return read_lines(request.getfixturevalue("generated") / "order_lines.csv", SAMPLE)


@pytest.mark.real_orders
def test_the_real_order_lines_are_those_described(real_orders: Path) -> None:
    lines = read_lines(real_orders / "online_retail_germany_lines.csv", GERMAN)
    assert (lines.orders, lines.returns, lines.return_lines) == (457, 146, 453)
    assert lines.return_lines - lines.unmatched_lines == 396
    # Of the others, 52 find nothing, and 5 fewer pieces than came back.
    assert (len(lines.never_bought), len(lines.bought_fewer)) == (52, 5)
    assert sum(lines.taken_back.values()) > 0


def test_order_lines_make_orders_and_returns_undo_the_orders_they_match(
    service: RunningService, program_id: str, lines: Lines
) -> None:
    report = import_orders(service.address, lines.file, program_id)
    assert (report["orders_found"], report["orders_settled"]) == (lines.orders, lines.orders)
    assert report["points_earned"] == sum(lines.earned.values())
    returns, refunds = report["returns"], report["refunds"]
    assert isinstance(returns, dict)
    unmatched = {number for problem in returns.pop("unmatched") for number in problem["line_numbers"]}
    assert unmatched == lines.never_bought | lines.bought_fewer
    assert returns == {
        "returns": lines.returns,
        "lines": lines.return_lines,
        "matched_lines": lines.return_lines - lines.unmatched_lines,
        "unmatched_lines": lines.unmatched_lines,
    }
    assert refunds == {
        "applied": lines.refunds,
        "refused": 0,
        "not_sent": 0,
        "refunded_minor": lines.refunded_minor,
        "taken_back_points": sum(lines.taken_back.values()),
        "debt_points": 0,
        "forgiven_points": 0,
        "restored_points": 0,
    }
    with LoyaltyClient(service.address) as client:
        books = books_of(client, program_id, lines.points)
        journals = journals_of(client, program_id, lines.points)
        assert (lines.earned, lines.taken_back) == points_in(journals)
        assert (lines.points, {}) == (books.points, books.debts)
        assert lines.orders + lines.refunds == books.entries
        assert sum(lines.earned.values()) == books.issued


def test_importing_returns_again_changes_nothing_and_answers_the_same(
    service: RunningService, program_id: str, lines: Lines
) -> None:
    report = import_orders(service.address, lines.file, program_id)
    with LoyaltyClient(service.address) as client:
        books = books_of(client, program_id, lines.points)
        journals = journals_of(client, program_id, lines.points)

        again = import_orders(service.address, lines.file, program_id, "--streams", "2", "--batch-size", "20")

        assert {**report, "seconds": 0} == {**again, "seconds": 0}
        assert books == books_of(client, program_id, lines.points)
        assert journals == journals_of(client, program_id, lines.points)
