"""Files of orders, what they must give by a sum of their own, and the books that an import makes of them."""

import csv
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from loyalty.client import LoyaltyClient
from loyalty.v1 import entry_pb2

from tests.end_to_end.calls import balances, entries, verified
from tests.running_service import ROOT, run_loyalty

GENERATED_ORDERS: Final = 4_000
GENERATED_LINE_ORDERS: Final = 300
GENERATED_MEMBERS: Final = 700


class History(NamedTuple):
    """A file of orders, one row each, and what it must give, summed up without the service."""

    file: Path
    first_seen: dict[str, int]
    """How many orders come before a member's first, by member, in the file's order."""
    orders: dict[str, int]
    """By member."""
    points: dict[str, int]
    """By member: the full pounds of each order, added up."""

    @property
    def orders_in_all(self) -> int:
        """How many rows the file has."""
        return sum(self.orders.values())


class Books(NamedTuple):
    """What the service says about all members of a program."""

    points: dict[str, int]
    debts: dict[str, int]
    versions: dict[str, int]
    entries: int
    issued: int


def read_history(file: Path) -> History:
    """Sum up a file of orders in time order."""
    first_seen: dict[str, int] = {}
    orders: defaultdict[str, int] = defaultdict(int)
    points: defaultdict[str, int] = defaultdict(int)
    with file.open(encoding="utf-8", newline="") as stream:
        for place, row in enumerate(csv.DictReader(stream)):
            member_id = row["member_id"]
            first_seen.setdefault(member_id, place)
            orders[member_id] += 1
            points[member_id] += int(Decimal(row["amount_gbp"]) // 1)
    return History(file, first_seen, dict(orders), dict(points))


def generate(folder: Path) -> None:
    """Make orders.csv and order_lines.csv as the examples' own generator does."""
    numbers = {
        "--orders": GENERATED_ORDERS,
        "--line-orders": GENERATED_LINE_ORDERS,
        "--members": GENERATED_MEMBERS,
        "--seed": 20_111_209,
    }
    options = [part for name, value in numbers.items() for part in (name, str(value))]
    subprocess.run(
        [sys.executable, ROOT / "examples" / "generate_orders.py", *options, "--folder", folder], check=True
    )


def import_orders(address: str, file: Path, program_id: str, *options: str) -> dict[str, object]:
    """Import a file to the end, every row of it; what the command reports."""
    arguments = ("import", "orders", str(file), "--program", program_id, "--json", *options)
    done = run_loyalty(*arguments, address=address)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-2_000:] + done.stderr
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    assert report["complete"] is True
    return report


def books_of(client: LoyaltyClient, program_id: str, members: Iterable[str]) -> Books:
    """The books of a program with these members and no others, which must prove themselves."""
    found = balances(client, program_id, sorted(members))
    last = verified(client, program_id)
    assert len(found) == last.checked_members
    return Books(
        {member_id: one.available for member_id, one in found.items()},
        {member_id: one.debt for member_id, one in found.items() if one.debt},
        {member_id: one.version for member_id, one in found.items()},
        last.checked_entries,
        last.totals.issued,
    )


def journals_of(
    client: LoyaltyClient, program_id: str, members: Iterable[str]
) -> dict[str, list[entry_pb2.Entry]]:
    """Members' journals but for when they were written, which no two imports agree on."""
    journals = {member_id: entries(client, program_id, member_id) for member_id in members}
    for journal in journals.values():
        for entry in journal:
            entry.ClearField("recorded_time")
            entry.ClearField("hash")  # it is taken of the recorded time too
    return journals
