"""`make bench-old-member`: what a command costs on a member of five years of daily orders, beside a new one.

Both are asked in turns, one call at a time, so that the machine's drift meets both alike.
"""

import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages
from rich.console import Console
from rich.table import Table

from benchmarks.load import settle_request
from service.command_line.hosting import demo_document
from tests.running_service import running_service

DAY_SECONDS: Final = 24 * 3_600
YEARS: Final = 5
EXPIRY_DAYS: Final = 365
CALL_SECONDS_MAX: Final = 30
BATCH: Final = 500
# Numbers, which is what the load's members are called.
OLD: Final = 1
NEW: Final = 2


def main(
    rounds: Annotated[int, typer.Option(min=10, help="Calls of each kind on each member.")] = 400,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure commands and reads on an old and on a new member in turns."""
    document = demo_document().read_text(encoding="utf-8")
    document = document.replace(
        "  expiry:\n    kind: never\n", f"  expiry:\n    kind: days\n    days: {EXPIRY_DAYS}\n"
    )
    with (
        tempfile.TemporaryDirectory(prefix="loyalty-bench-", ignore_cleanup_errors=True) as folder,
        running_service(data_dir=Path(folder) / "data") as service,
        LoyaltyClient(service.address, channels=1) as client,
    ):
        rows = _measure(client, service.apply_program("bench-old-member", document), rounds)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table(title=f"A member of {YEARS} years of daily orders beside a new one, one call at a time")
    for name in ("what", "new ms", "old ms", "old / new"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, (new, old) in rows.items():
        table.add_row(name, f"{new:.2f}", f"{old:.2f}", f"{old / new:.2f}")
    Console().print(table)


def _measure(client: LoyaltyClient, program_id: str, rounds: int) -> dict[str, tuple[float, float]]:
    now = int(time.time())
    _fill(client, program_id, OLD, [now - day * DAY_SECONDS for day in range(YEARS * 365, 0, -1)])
    _fill(client, program_id, NEW, [now - DAY_SECONDS])
    calls: dict[str, Callable[[int], object]] = {
        "SettleOrder": lambda member: client.points.SettleOrder(
            _order(program_id, member, int(time.time())), timeout=CALL_SECONDS_MAX
        ),
        "SpendPoints": lambda member: client.points.SpendPoints(
            messages.SpendPointsRequest(
                program_id=program_id, member_id=str(member), request_id=uuid.uuid4().hex, points=1
            ),
            timeout=CALL_SECONDS_MAX,
        ),
        "GetBalance as_of_time": lambda member: client.points.GetBalance(
            messages.GetBalanceRequest(
                program_id=program_id, member_id=str(member), as_of_time=Timestamp(seconds=int(time.time()))
            ),
            timeout=CALL_SECONDS_MAX,
        ),
    }
    rows: dict[str, tuple[float, float]] = {}
    for name, call in calls.items():
        seconds: dict[int, list[float]] = {OLD: [], NEW: []}
        for _ in range(rounds):
            for member in (NEW, OLD):
                before = time.perf_counter()
                call(member)
                seconds[member].append(time.perf_counter() - before)
        rows[name] = (
            statistics.median(seconds[NEW]) * 1_000,
            statistics.median(seconds[OLD]) * 1_000,
        )
    return rows


def _order(program_id: str, member: int, order_seconds: int) -> messages.SettleOrderRequest:
    request = settle_request(uuid.uuid4().hex, 0, member, order_seconds)
    request.program_id = program_id
    request.order.amount_minor = 10_000
    return request


def _fill(client: LoyaltyClient, program_id: str, member: int, times: list[int]) -> None:
    for start in range(0, len(times), BATCH):
        requests = [_order(program_id, member, seconds) for seconds in times[start : start + BATCH]]
        client.points.BatchSettleOrders(
            messages.BatchSettleOrdersRequest(requests=requests), timeout=CALL_SECONDS_MAX
        )


if __name__ == "__main__":
    typer.run(main)
