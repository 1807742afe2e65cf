"""What tests of the ledger begin from: other policies, days counted from today, orders that gave points."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import program_service_pb2
from loyalty.v1.balance_pb2 import Balance

from tests.end_to_end.asking import Member, do
from tests.end_to_end.calls import order_of
from tests.running_service import DEMO

LONDON: Final = ZoneInfo("Europe/London")
# Of the whole run, so that a midnight within a test moves nothing.
TODAY: Final = datetime.now(LONDON).date()


def amounts(balance: Balance) -> tuple[int, int, int, int]:
    """Available, pending, held and owed points."""
    return balance.available, balance.pending, balance.held, balance.debt


def document_with(**policies: object) -> str:
    """The demo program's document with other policies."""
    rules, _, _ = DEMO.partition("policies:")
    return f"{rules}policies: {json.dumps(policies)}\n"


def change_program(client: LoyaltyClient, program_id: str, document: str, request_id: str = "change") -> int:
    """Make a document the program's next version; answers its number."""
    named = document.replace("program_id: demo", f"program_id: {program_id}")
    live = do(client.programs.GetProgram, program_service_pb2.GetProgramRequest(program_id=program_id))
    request = program_service_pb2.ApplyProgramRequest(
        document=named, request_id=request_id, expected_version=live.program.version
    )
    return do(client.programs.ApplyProgram, request).program.version


def day(days: int) -> int:
    """Noon in London of the day that lies so many days from today, in seconds: no midnight comes near."""
    return int(datetime.combine(TODAY + timedelta(days=days), time(12), LONDON).timestamp())


def end_of_day(days: int) -> Timestamp:
    """The first instant in London after the day that lies so many days from today."""
    midnight = datetime.combine(TODAY + timedelta(days=days + 1), time(), LONDON)
    return Timestamp(seconds=int(midnight.timestamp()))


def settle_points(client: LoyaltyClient, member: Member, order_id: str, points: int, days: int = 0) -> int:
    """Let an order of noon of a day give so many points; its entry's number. Today's is settled as of now."""
    seconds = int(datetime.now(UTC).timestamp()) if days == 0 else day(days)
    order = order_of(order_id, 100 * points, order_time=seconds)
    return do(client.points.SettleOrder, member.settle(order)).seq
