"""The program `loyalty` as a person and as a script meet it."""

import asyncio
import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import asyncpg
import pytest
import typer.main
from loyalty.client import LoyaltyClient

from service.command_line.main import app
from store.database import as_asyncpg_url
from tests.end_to_end.calls import SECONDS_MAX, balances, entries, folder, order_of, settle_of, verified
from tests.end_to_end.commands import Done, assert_one_line, json_of, run_all
from tests.end_to_end.histories import books_of, import_orders, read_history
from tests.end_to_end.line_histories import SAMPLE, read_lines
from tests.running_service import DEMO, ROOT, RunningService, free_port, named_program, run_loyalty

ORDERS_CSV: Final = ROOT / "examples" / "orders.csv"
ORDER_LINES_CSV: Final = ROOT / "examples" / "order_lines.csv"
NOWHERE: Final = "postgresql://nobody:hunter2@127.0.0.1:1/none"


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    with folder() as path:
        yield path


class _Command(Protocol):
    """What Typer makes of a command, or of a group of them."""

    help: str | None


def _commands(command: _Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command's words and help."""
    children: Mapping[str, _Command] | None = getattr(command, "commands", None)
    if children is None:
        yield path, command.help or ""
        return
    for name, child in children.items():
        yield from _commands(child, (*path, name))


def test_the_help_of_every_command_has_an_example() -> None:
    commands = dict(_commands(typer.main.get_command(app)))
    expected = {
        ("serve",), ("migrate",), ("import", "orders"), ("member", "show"), ("entries",), ("verify",),
        ("program", "apply"), ("program", "show"), ("explain",), ("balance",), ("spend",), ("hold",),
        ("capture",), ("release",), ("refund",), ("adjust",), ("void",), ("transfer",),
        ("member", "suspend"), ("member", "reinstate"),
    }  # fmt: skip
    assert expected <= set(commands)
    for path, text in commands.items():
        assert "Example: " in text, path
        assert f"loyalty {' '.join(path)}" in text, path


def test_help_is_printed_for_the_program_and_for_a_command() -> None:
    everything, one = run_all([("--help",), ("serve", "--help")])
    assert (everything.returncode, one.returncode) == (0, 0)
    assert all(name in everything.stdout for name in ("serve", "migrate", "import", "verify", "program"))
    for setting in ("LOYALTY_LISTEN", "LOYALTY_WORKERS", "LOYALTY_DATABASE_URL", "LOYALTY_DATA_DIR"):
        assert f"[{setting}]" in one.stdout


def test_each_look_at_the_books_is_a_table_for_people_and_json_for_scripts(
    service: RunningService, program_id: str
) -> None:
    with LoyaltyClient(service.address, channels=1) as client:
        for number in range(1, 4):
            request = settle_of(program_id, "17850", order_of(f"A{number}", 123_400 * number))
            client.points.SettleOrder(request, timeout=SECONDS_MAX)
        journal = entries(client, program_id, "17850")
    looks = [
        ("member", "show", "17850", "--program", program_id),
        ("entries", "17850", "--program", program_id, "--limit", "2"),
        ("verify", "--program", program_id),
        ("program", "show", program_id),
    ]
    tables = run_all(looks, service.address)
    assert [done.returncode for done in tables] == [0] * 4
    shown = [
        ("member", "7,404 points"), ("settled", "base v1"), ("drifts", "7,404"),
        ("Europe/London", "per_amount_minor: 100"),
    ]  # fmt: skip
    for done, words in zip(tables, shown, strict=True):
        assert [word for word in words if word not in done.stdout] == [], done.stdout
    assert "A1" not in tables[1].stdout, "the third entry is beyond the limit"

    documents = run_all([(*look, "--json") for look in looks], service.address)
    member, listed, checked, program = map(json_of, documents)
    assert (member["state"], member["member_id"]) == ("MEMBER_STATE_MEMBER", "17850")
    assert isinstance(member["balance"], dict)
    assert (member["balance"]["available"], member["balance"]["next_expiry_time"]) == (7_404, None)
    assert isinstance(listed["entries"], list)
    assert [entry["hash"] for entry in listed["entries"]] == [entry.hash.hex() for entry in journal[:0:-1]]
    assert listed["more"] is True
    assert (checked["checked_entries"], checked["drifts"], checked["complete"]) == (3, [], True)
    assert (program["version"], program["currency_code"]) == (1, "GBP")


def test_what_is_not_there_is_said_in_one_line(service: RunningService, program_id: str) -> None:
    commands: dict[tuple[str, ...], tuple[str, ...]] = {
        ("member", "show", "nobody", "--program", program_id): ("nobody", "MEMBER_NOT_FOUND"),
        ("entries", "nobody", "--program", program_id, "--json"): ("nobody", "MEMBER_NOT_FOUND"),
        ("member", "show", "[bold]x", "--program", program_id): ("[bold]x", "MEMBER_NOT_FOUND"),
        ("member", "show", "17850", "--program", "none"): ("none", "PROGRAM_NOT_FOUND"),
        ("verify", "--program", "none"): ("none", "PROGRAM_NOT_FOUND"),
        ("program", "show", "none"): ("none", "PROGRAM_NOT_FOUND"),
        ("import", "orders", str(ORDERS_CSV), "--program", "none"): ("none", "program"),
        ("import", "orders", "no-such-file.csv", "--program", program_id): ("no-such-file.csv",),
        ("member", "show", "x" * 200, "--program", program_id): ("member_id", "128"),
    }
    for done, words in zip(run_all(list(commands), service.address), commands.values(), strict=True):
        assert_one_line(done, *words)
        assert done.stdout == ""


def test_a_server_that_does_not_answer_is_said_in_one_line(files: Path) -> None:
    document = files / "demo.yaml"
    document.write_text(DEMO, encoding="utf-8")
    nobody = f"127.0.0.1:{free_port()}"
    commands = [
        ("member", "show", "17850"),
        ("entries", "17850"),
        ("explain", "17850", "1"),
        ("balance", "17850"),
        ("verify",),
        ("program", "show"),
        ("program", "apply", str(document)),
        ("import", "orders", str(ORDERS_CSV), "--program", "demo"),
    ]
    for done in run_all(commands, nobody):
        assert_one_line(done, nobody)


def test_serve_names_the_setting_that_it_cannot_use() -> None:
    wrong = {
        ("--workers", "0"): ("LOYALTY_WORKERS", "greater than or equal to 1"),
        ("--listen", "127.0.0.1"): ("LOYALTY_LISTEN", "host:port"),
        ("--listen", "0.0.0.0:50051"): ("LOYALTY_LISTEN", "LOYALTY_INSECURE_LISTEN"),
        ("--database-url", "mysql://nobody:hunter2@x/y"): ("LOYALTY_DATABASE_URL", "postgresql://"),
        ("--lane-batch-max", "many"): ("LOYALTY_LANE_BATCH_MAX",),
        ("--data-dir", "/dev/null/x"): (),
    }
    done = run_all([("serve", *option) for option in wrong])
    for one, words in zip(done[:-1], list(wrong.values())[:-1], strict=True):
        assert_one_line(one, *words)
    assert done[-1].returncode == 1
    assert "data directory /dev/null/x cannot be used" in done[-1].stdout + done[-1].stderr
    assert "Traceback" not in done[-1].stdout + done[-1].stderr


async def test_a_database_that_cannot_be_used_is_said_in_one_line(database_url: str) -> None:
    def run() -> list[Done]:
        return [
            run_loyalty("migrate", LOYALTY_DATABASE_URL=NOWHERE),
            run_loyalty(
                "serve",
                LOYALTY_DATABASE_URL=NOWHERE,
                LOYALTY_REDIS_URL="redis://127.0.0.1:1",
                LOYALTY_LISTEN="127.0.0.1:0",
            ),
            run_loyalty("migrate", LOYALTY_DATABASE_URL=database_url.replace("loyalty_test", "none")),
            run_loyalty("migrate"),
        ]

    away, away_too, unknown, missing = await asyncio.to_thread(run)
    assert_one_line(missing, "LOYALTY_DATABASE_URL is not set")
    for done in (away, away_too, unknown):
        assert_one_line(done)


async def test_migrate_makes_the_schema_once_and_serve_asks_for_it(database_url: str) -> None:
    url = as_asyncpg_url(database_url)
    empty = f"{url.database}_empty"
    plain = url.set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        await connection.execute(f"CREATE DATABASE {empty}")
        environment = {
            "LOYALTY_DATABASE_URL": plain.set(database=empty).render_as_string(hide_password=False),
            "LOYALTY_LISTEN": "127.0.0.1:0",
            "LOYALTY_REDIS_URL": "unix:///nowhere",
        }

        def run(*arguments: str) -> Done:
            return run_loyalty(*arguments, **environment)

        assert_one_line(await asyncio.to_thread(run, "serve"), "run `loyalty migrate` first")
        first = await asyncio.to_thread(run, "migrate")
        again = await asyncio.to_thread(run, "migrate")
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {empty} WITH (FORCE)")
        await connection.close()
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "from revision none to " in first.stdout
    assert "already" in again.stdout


def test_a_program_is_applied_shown_and_refused_with_the_place_of_each_mistake(
    service: RunningService, files: Path
) -> None:
    program_id, text = named_program("applied by hand")

    def written(name: str, content: str | bytes) -> str:
        path = files / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    good = written("good.yaml", text)
    tried = run_loyalty("program", "apply", good, "--dry-run", address=service.address)
    assert "would become version 1" in tried.stdout
    first = run_loyalty("program", "apply", good, "--json", address=service.address)
    assert json_of(first)["changed"] is True
    again = run_loyalty("program", "apply", good, address=service.address)
    assert (again.returncode, "unchanged: version 1" in again.stdout) == (0, True)

    wrong: dict[str, tuple[str, ...]] = {
        written("typo.yaml", text.replace("points: 1", "pionts: 1")): ("line 21, column 7", "pionts"),
        written("cut.yaml", text[: len(text) // 2] + "\n  - ]"): ("line",),
        written("latin.yaml", text.encode().replace(b"Demo", b"D\xe9mo")): ("not UTF-8",),
        written("control.yaml", text.replace("Demo", "De\x01mo")): ("control.yaml",),
        written("empty.yaml", ""): ("empty",),
        str(files / "none.yaml"): ("none.yaml", "No such file"),
        str(files): (str(files), "directory"),
    }
    commands = [("program", "apply", file) for file in wrong]
    for done, words in zip(run_all(commands, service.address), wrong.values(), strict=True):
        assert_one_line(done, *words)
    late = written("late.yaml", text.replace("points: 1", "points: 2"))
    refused = run_loyalty("program", "apply", late, "--expected-version", "7", address=service.address)
    assert_one_line(refused, "PROGRAM_VERSION_CHANGED", "7")
    assert (
        json_of(run_loyalty("program", "show", program_id, "--json", address=service.address))["version"] == 1
    )


HEADER: Final = "order_id,order_date,member_id,amount_gbp\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"order_id,member_id\nA1,17850\n", ("order_time", "amount", "'order_id', 'member_id'")),
        (b"", ("empty",)),
        ((HEADER + "A1,2025-12-01,Jörg,1.00\n").encode("latin-1"), ("line 2", "utf-8", "latin-1")),
        ((HEADER + "A1,2025-12-01,17850,1.00\n").encode("utf-16"), ("line 1", "utf-16")),
        (HEADER.replace("gbp", "eur").encode() + b"A1,2025-12-01,17850,1.00\n", ("EUR", "GBP")),
    ],
    ids=["missing columns", "empty", "Latin-1", "UTF-16", "another money"],
)
def test_a_file_that_cannot_be_imported_is_said_in_one_line(
    service: RunningService, program_id: str, files: Path, content: bytes, words: tuple[str, ...]
) -> None:
    file = files / "broken.csv"
    file.write_bytes(content)
    done = run_loyalty("import", "orders", str(file), "--program", program_id, address=service.address)
    assert_one_line(done, str(file), *words)


def test_bad_rows_are_reported_by_line_and_the_rest_is_imported(
    service: RunningService, program_id: str, files: Path
) -> None:
    rows = [
        "A2,2025-12-01,17850,12.34",
        "A3,2025-12-",  # half a row
        "A4,2025-13-45,17850,1.00",
        "A5,01.12.2025,17850,1.00",
        "A6,9999-12-31,17850,1.00",
        "A7,1969-12-31,17850,1.00",
        "A8,2025-12-01,,1.00",
        "A9,2025-12-01,17850,1.005",
        "A10,2025-12-01,17850,1e3",
        "A11,2025-12-01,17850,99999999999999999.00",
        f"{'A' * 129},2025-12-01,17850,1.00",
        "A13,2025-12-01,17\x0750,1.00",
        'A14,2025-12-01,"17850,1.00',
        "A15,2025-12-01,jane@example.com,1.00",
        "A2,2025-12-01,17850,99.00",
        "A17,2025-12-02,17850,5.00",
    ]
    file, report = files / "rows.csv", files / "report.csv"
    file.write_text(HEADER + "\n".join(rows), encoding="utf-8")
    command = ("import", "orders", str(file), "--program", program_id, "--report", str(report))
    done = run_loyalty(*command, "--json", address=service.address)
    assert (done.returncode, done.stderr) == (1, "")
    outcome = json.loads(done.stdout)
    found = {
        (number, problem["reason"], problem["field"])
        for problem in (*outcome["bad_rows"], *outcome["refused_orders"])
        for number in problem["line_numbers"]
    }
    assert found == {
        (3, "WRONG_COLUMN_COUNT", ""),
        (4, "WRONG_TIME", "order_time"),
        (5, "WRONG_TIME", "order_time"),
        (6, "WRONG_TIME", "order_time"),
        (7, "WRONG_TIME", "order_time"),
        (8, "EMPTY_FIELD", "member_id"),
        (9, "WRONG_AMOUNT", "amount"),
        (10, "WRONG_AMOUNT", "amount"),
        (11, "WRONG_AMOUNT", "amount"),
        (12, "FIELD_TOO_LONG", "order_id"),
        (13, "WRONG_TEXT", "member_id"),
        (14, "BROKEN_QUOTES", ""),
        (15, "INVALID_FIELD", "member_id"),
        (16, "REQUEST_ID_REUSED", ""),  # the importer makes request ids of order ids
    }
    assert (outcome["orders_settled"], outcome["points_earned"]) == (2, 17)
    with report.open(encoding="utf-8", newline="") as stream:
        assert sorted(number for number, _, _ in found) == [
            int(row["line"]) for row in csv.DictReader(stream)
        ]
    with LoyaltyClient(service.address, channels=1) as client:
        assert {name: one.available for name, one in balances(client, program_id, ["17850"]).items()} == {
            "17850": 17
        }
        assert verified(client, program_id).checked_members == 1

    for_people = run_loyalty(*command, address=service.address)
    assert for_people.returncode == 1
    assert all(reason in for_people.stdout for _, reason, _ in found)
    assert "Traceback" not in for_people.stdout + for_people.stderr


def test_the_other_encodings_are_read_when_they_are_named(
    service: RunningService, program_id: str, files: Path
) -> None:
    for number, encoding in enumerate(("latin-1", "utf-16", "utf-8-sig")):
        file = files / f"{encoding}.csv"
        file.write_bytes(f"{HEADER}A{number},2025-12-01,Jörg,1.00\n".encode(encoding))
        option = ("--encoding", encoding) if encoding != "utf-8-sig" else ()
        import_orders(service.address, file, program_id, *option)
    with LoyaltyClient(service.address, channels=1) as client:
        assert balances(client, program_id, ["Jörg"])["Jörg"].available == 3


@pytest.mark.parametrize("make", [lambda: ORDERS_CSV, lambda: ORDER_LINES_CSV], ids=["orders", "order lines"])
def test_the_examples_are_imported_and_earn_an_independent_sum(
    service: RunningService, program_id: str, make: Callable[[], Path]
) -> None:
    file = make()
    report = import_orders(service.address, file, program_id)
    if file == ORDERS_CSV:
        points = read_history(file).points
        assert report["orders_settled"] == 1_000
    else:
        lines = read_lines(file, SAMPLE)
        points = lines.points
        refunds = report["refunds"]
        assert isinstance(refunds, dict)
        assert (refunds["applied"], refunds["taken_back_points"]) == (
            lines.refunds,
            sum(lines.taken_back.values()),
        )
        assert lines.unmatched_lines == 0 < lines.refunds
    with LoyaltyClient(service.address, channels=1) as client:
        assert points == books_of(client, program_id, points).points
    people = run_loyalty("import", "orders", str(file), "--program", program_id, address=service.address)
    assert (people.returncode, "Points these orders earned" in people.stdout) == (0, True)
    assert ("Points taken back" in people.stdout) == (file == ORDER_LINES_CSV)


def test_a_dry_run_writes_nothing(service: RunningService, program_id: str) -> None:
    report = import_orders(service.address, ORDERS_CSV, program_id, "--dry-run")
    assert (report["dry_run"], report["orders_settled"]) == (True, 1_000)
    with LoyaltyClient(service.address, channels=1) as client:
        assert verified(client, program_id).checked_members == 0
