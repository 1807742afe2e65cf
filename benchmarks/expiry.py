"""`make bench-expiry`: booking the expiry of many members' points that are gone the same night.

It is held against one plain SQL UPDATE of as many rows on the same Postgres in the same run, and against the
latency of awards without it.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2, program_service_pb2
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.__main__ import loaded, served
from benchmarks.load import BATCH_ORDERS, PROGRAM, Measured, settle_request
from service.command_line.hosting import demo_document, prepare_store
from service.embedded import EmbeddedStores
from service.settings import Settings
from store.database import as_asyncpg_url

DAY_SECONDS: Final = 24 * 3_600
EXPIRY_DAYS: Final = 30
CALLERS: Final = 16
LOAD_SECONDS: Final = 10
LOOK_SECONDS: Final = 0.5
DRAIN_SECONDS_MAX: Final = 3_600

# What a plain job would do to as many rows: the points are gone, and the row says so.
PLAIN_SETUP: Final = """
CREATE TABLE bench_account (LIKE account INCLUDING ALL);
INSERT INTO bench_account SELECT * FROM account;
VACUUM ANALYZE bench_account;
"""
PLAIN_UPDATE: Final = """
UPDATE bench_account SET version = version + 1, expired = expired + available, available = 0, lots = '[]',
    next_due_time = NULL, recorded_time = now()
WHERE next_due_time <= now()
"""
DUE: Final = "SELECT EXISTS (SELECT FROM account WHERE next_due_time <= now())"

console: Final = Console(stderr=True)


def main(
    members: Annotated[
        int, typer.Option(min=1_000, help="Members whose points end the same night.")
    ] = 1_000_000,
    jobs: Annotated[int, typer.Option(min=1, max=8, help="Processes that book, side by side.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes that take awards.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Book the expiry of many lots while awards go on, and compare it with a plain UPDATE of as many rows."""
    with (
        tempfile.TemporaryDirectory(prefix="loyalty-bench-", ignore_cleanup_errors=True) as folder,
        EmbeddedStores.start(Settings.load({"data_dir": folder, "log_level": "error"})) as stores,
    ):
        asyncio.run(prepare_store(stores.urls, embedded=True))
        with served(stores.urls, workers, 1) as address:
            _expire_after_days(address)
            _fill(address, members)
            plain = asyncio.run(_plain_update(stores.database_url))
            before = _awards(address, members)
            started = time.monotonic()
            during: list[Measured] = []
            with _booking(stores.urls.database_url, stores.urls.redis_url or "", jobs):
                while asyncio.run(_is_due(stores.database_url)):
                    if time.monotonic() - started > DRAIN_SECONDS_MAX:
                        raise RuntimeError("the points were not booked in an hour")
                    during.append(_awards(address, members))
            seconds = time.monotonic() - started
            _verify(address)
    rows: dict[str, float] = {
        "members": members,
        "plain_update_a_second": members / plain,
        "booked_a_second": members / seconds,
        "ratio": plain / seconds,
        "awards_a_second_before": before.calls / before.seconds,
        "awards_a_second_during": statistics.median(one.calls / one.seconds for one in during),
        "award_p50_ms_before": before.p50_ms,
        "award_p50_ms_during": statistics.median(one.p50_ms for one in during),
        "award_p99_ms_before": before.p99_ms,
        "award_p99_ms_during": statistics.median(one.p99_ms for one in during),
        "refused": sum(one.refused for one in during),
    }
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table(title="Expiry of one night, beside a plain UPDATE of as many rows; the books were verified")
    table.add_column("what")
    table.add_column("", justify="right")
    for name, value in rows.items():
        table.add_row(name.replace("_", " "), f"{value:,.2f}".removesuffix(".00"))
    Console().print(table)


def _expire_after_days(address: str) -> None:
    text = demo_document().read_text(encoding="utf-8")
    text = text.replace(
        "  expiry:\n    kind: never\n", f"  expiry:\n    kind: days\n    days: {EXPIRY_DAYS}\n"
    )
    with LoyaltyClient(address, channels=1) as client:
        client.programs.ApplyProgram(
            program_service_pb2.ApplyProgramRequest(
                document=text, expected_version=1, request_id="bench:expiry"
            ),
            timeout=30,
        )


def _fill(address: str, members: int) -> None:
    """Give each an order of the same day, whose points were gone the night before last."""
    order_seconds = int(time.time()) - (EXPIRY_DAYS + 2) * DAY_SECONDS
    with LoyaltyClient(address, channels=4) as client, Progress(console=console) as bar:
        task = bar.add_task("orders", total=members)
        waiting = []
        for start in range(0, members, BATCH_ORDERS):
            numbers = range(start, min(start + BATCH_ORDERS, members))
            request = points_service_pb2.BatchSettleOrdersRequest(
                requests=[settle_request("fill", number, number, order_seconds) for number in numbers]
            )
            waiting.append(client.points.BatchSettleOrders.future(request, timeout=60))
            if len(waiting) == 4:
                waiting.pop(0).result()
            bar.update(task, advance=len(numbers))
        for call in waiting:
            call.result()


async def _plain_update(url: str) -> float:
    connection = await _connect(url)
    await connection.execute("SET statement_timeout = 0")
    for statement in PLAIN_SETUP.strip().split("\n"):
        await connection.execute(statement)
    started = time.monotonic()
    await connection.execute(PLAIN_UPDATE)
    seconds = time.monotonic() - started
    await connection.execute("DROP TABLE bench_account")
    await connection.execute("VACUUM ANALYZE account")
    await connection.close()
    return seconds


async def _connect(url: str) -> asyncpg.Connection:
    plain = as_asyncpg_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(plain)


async def _is_due(url: str) -> bool:
    connection = await _connect(url)
    due = bool(await connection.fetchval(DUE))
    await connection.close()
    return due


def _awards(address: str, members: int) -> Measured:
    return loaded(address, "settle", CALLERS, LOAD_SECONDS, members, 1, int(time.time()))


@contextmanager
def _booking(database_url: str, redis_url: str, jobs: int) -> Iterator[None]:
    environment = {
        **os.environ,
        "LOYALTY_DATABASE_URL": database_url,
        "LOYALTY_REDIS_URL": redis_url,
        "LOYALTY_LOG_LEVEL": "error",
    }
    command = [str(Path(sys.executable).parent / "loyalty"), "worker"]
    running = [subprocess.Popen(command, env=environment) for _ in range(jobs)]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)


def _verify(address: str) -> None:
    loyalty = Path(sys.executable).parent / "loyalty"
    check = subprocess.run(
        [loyalty, "verify", "--server", address, "--program", PROGRAM], capture_output=True, check=False
    )
    if check.returncode:
        raise RuntimeError(check.stdout.decode())


if __name__ == "__main__":
    typer.run(main)
