"""`make bench`: the service beside pgbench, on the same Postgres, in turns, in one run.

Machines are shared and their speed drifts: what counts is the ratio of a round, and its median over rounds.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2
from rich.console import Console
from rich.table import Table

from benchmarks.baseline import AWARD, STEPS, pgbench_awards_a_second, prepare
from benchmarks.load import BATCH_ORDERS, ORDER_TIME, PROGRAM, Load, Measured, settle_request
from service.command_line.hosting import prepare_store
from service.embedded import EmbeddedStores
from service.settings import Settings, StoreUrls

CHANNELS: Final = 8
CALLERS: Final = 128
BATCH_CALLERS: Final = 4
FLOOR: Final = "pgbench, an award in one statement"
STEP_BY_STEP: Final = "pgbench, an award step by step"

console: Final = Console(stderr=True)


@contextmanager
def served(urls: StoreUrls, workers: int, lanes: int) -> Iterator[str]:
    """A service of several workers on these stores; its address."""
    address_line = "Ready on "
    environment = {
        **os.environ,
        "LOYALTY_DATABASE_URL": urls.database_url,
        "LOYALTY_REDIS_URL": urls.redis_url or "",
        "LOYALTY_LISTEN": "127.0.0.1:0",
        "LOYALTY_WORKERS": str(workers),
        "LOYALTY_LANES": str(lanes),
        "LOYALTY_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen(
        [Path(sys.executable).parent / "loyalty", "serve"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in process.stdout:
            if line.startswith(address_line):
                yield line.removeprefix(address_line).split(": ")[0]
                return
        raise RuntimeError("the service did not start")
    finally:
        process.terminate()
        process.wait(60)


def loaded(
    address: str,
    mode: str,
    callers: int,
    seconds: float,
    members: int,
    processes: int,
    order_seconds: int = ORDER_TIME,
) -> Measured:
    """Run the load in processes of its own; rates are summed, latencies are the worst process's."""
    one = Load(
        address, mode, callers // processes, CHANNELS // processes, seconds, members, "", order_seconds
    )
    loads = [json.dumps(one._replace(run=uuid.uuid4().hex[:12])._asdict()) for _ in range(processes)]
    running = [
        subprocess.Popen([sys.executable, "-m", "benchmarks.load", load], stdout=subprocess.PIPE, text=True)
        for load in loads
    ]
    parts = [Measured(**json.loads(process.communicate()[0])) for process in running]
    return Measured(
        sum(part.calls for part in parts),
        sum(part.orders for part in parts),
        max(part.seconds for part in parts),
        sum(part.refused for part in parts),
        max(part.p50_ms for part in parts),
        max(part.p99_ms for part in parts),
    )


def fill(address: str, members: int) -> None:
    """Give every member a first order, so that accounts exist as in a shop that has been open for a while."""
    run = uuid.uuid4().hex[:12]
    with LoyaltyClient(address, channels=2) as client:
        for start in range(0, members, BATCH_ORDERS):
            client.points.BatchSettleOrders(
                points_service_pb2.BatchSettleOrdersRequest(
                    requests=[
                        settle_request(run, number, number)
                        for number in range(start, min(start + BATCH_ORDERS, members))
                    ]
                ),
                timeout=60,
            )


def main(
    seconds: Annotated[int, typer.Option(min=1, help="Length of each measurement.")] = 8,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured, in turns.")] = 3,
    members: Annotated[int, typer.Option(min=100, help="Members with orders spread evenly.")] = 20_000,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    lanes: Annotated[int, typer.Option(min=1, help="Lanes a worker.")] = 1,
    load_processes: Annotated[int, typer.Option(min=1, max=8, help="Processes that make the load.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure SettleOrder, BatchSettleOrders and GetBalance beside pgbench's one award a transaction."""
    rates: dict[str, list[float]] = {}
    latencies: dict[str, Measured] = {}

    def note(name: str, rate: float) -> None:
        rates.setdefault(name, []).append(rate)
        console.print(f"  {name:34} {rate:10,.0f}/s")

    with (
        tempfile.TemporaryDirectory(prefix="loyalty-bench-", ignore_cleanup_errors=True) as folder,
        EmbeddedStores.start(Settings.load({"data_dir": folder, "log_level": "error"})) as stores,
    ):
        asyncio.run(prepare_store(stores.urls, embedded=True))
        asyncio.run(prepare(stores.database_url, members))
        with served(stores.urls, workers, lanes) as address:
            fill(address, members)
            for number in range(rounds):
                console.print(f"round {number + 1} of {rounds}")
                for name, transaction in ((FLOOR, AWARD), (STEP_BY_STEP, STEPS)):
                    note(name, pgbench_awards_a_second(stores.database_url, transaction, members, seconds))
                for name, mode, callers in (
                    (f"SettleOrder, {CALLERS} callers", "settle", CALLERS),
                    (f"BatchSettleOrders of {BATCH_ORDERS}", "batch", BATCH_CALLERS),
                    (f"GetBalance, {CALLERS} callers", "balance", CALLERS),
                    ("empty call (health)", "empty", CALLERS),
                ):
                    measured = loaded(address, mode, callers, seconds, members, load_processes)
                    note(name, (measured.orders or measured.calls) / measured.seconds)
                    latencies[name] = measured
                    if measured.refused:
                        raise RuntimeError(f"{measured.refused} calls of {name} were refused")
            loyalty = Path(sys.executable).parent / "loyalty"
            check = subprocess.run(
                [loyalty, "verify", "--server", address, "--program", PROGRAM],
                capture_output=True,
                check=False,
            )
            if check.returncode:
                raise RuntimeError(check.stdout.decode())
    report(rates, latencies, as_json=as_json)


def report(rates: dict[str, list[float]], latencies: dict[str, Measured], *, as_json: bool) -> None:
    """The medians, and each one's ratio to both baselines of its own round."""
    rows = {
        name: {
            "a_second": statistics.median(values),
            "to_one_statement": _ratio(values, rates[FLOOR]),
            "to_step_by_step": _ratio(values, rates[STEP_BY_STEP]),
            "p50_ms": latencies[name].p50_ms if name in latencies else None,
            "p99_ms": latencies[name].p99_ms if name in latencies else None,
        }
        for name, values in rates.items()
    }
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table(title="Medians over rounds; each ratio is to pgbench in the same round")
    for name in ("what", "a second", "to one statement", "to step by step", "p50 ms", "p99 ms"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, row in rows.items():
        shown = (f"{row[key]:,.2f}" for key in ("to_one_statement", "to_step_by_step"))
        times = (f"{row[key]:,.1f}" if row[key] else "" for key in ("p50_ms", "p99_ms"))
        table.add_row(name, f"{row['a_second']:,.0f}", *shown, *times)
    Console().print(table)
    Console().print("The books were verified after the load: no drift.")


def _ratio(values: list[float], baseline: list[float]) -> float:
    return statistics.median(value / base for value, base in zip(values, baseline, strict=True))


if __name__ == "__main__":
    typer.run(main)
