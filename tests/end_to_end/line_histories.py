"""Files of order lines with returns, and what they must give by a sum of their own.

Every piece that was bought is an item of a list here, and a returned line crosses out as many of them.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from loyalty.v1 import entry_pb2

GERMAN: Final = ("InvoiceNo", "InvoiceDate", "CustomerID", "StockCode", "Quantity", "UnitPrice")
SAMPLE: Final = ("order_id", "order_time", "member_id", "sku", "quantity", "unit_price")


class Lines(NamedTuple):
    """A file of order lines, and what it must give."""

    file: Path
    orders: int
    returns: int
    return_lines: int
    never_bought: frozenset[int]
    """Numbers of returned lines whose goods the member never bought before, or returned already."""
    bought_fewer: frozenset[int]
    """Numbers of returned lines of which more pieces came back than the member had."""
    refunds: int
    """How many pairs of a return and an order that it undoes there are."""
    refunded_minor: int
    earned: dict[str, int]
    """By member: the full pounds of each order, added up."""
    taken_back: dict[str, int]
    """By member: what returns cost of that."""

    @property
    def points(self) -> dict[str, int]:
        """By member: what is left in the end."""
        return {member_id: points - self.taken_back[member_id] for member_id, points in self.earned.items()}

    @property
    def unmatched_lines(self) -> int:
        """How many returned lines undo nothing."""
        return len(self.never_bought) + len(self.bought_fewer)


class Row(NamedTuple):
    """A line of the file."""

    number: int
    order: str
    time: datetime
    member: str
    sku: str
    quantity: int
    price: Decimal


class Piece(NamedTuple):
    """One piece of goods that somebody bought."""

    time: datetime
    order: str
    line: int
    price: Decimal


def rows_of(file: Path, names: Sequence[str]) -> Iterator[Row]:
    """The rows of a file, by the names of its columns."""
    with file.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            order, time, member, sku, quantity, price = (row[name] for name in names)
            # Where no offset is written, no two times are compared across a change of clocks within an hour.
            when = (
                datetime.fromisoformat(time)
                if time.endswith("Z")
                else datetime.strptime(time, "%m/%d/%Y %H:%M").replace(tzinfo=UTC)
            )
            yield Row(number, order, when, member, sku, int(quantity), Decimal(price))


def read_lines(file: Path, names: Sequence[str]) -> Lines:
    """Sum up a file of order lines by the names of its columns. Ids of returns begin with C."""
    rows = list(rows_of(file, names))
    bought = {row.number: row for row in rows if not row.order.startswith("C")}
    returned = sorted(
        (row for row in rows if row.number not in bought), key=lambda row: (row.time, row.number)
    )
    assert all(row.quantity > 0 for row in bought.values())
    assert all(row.quantity < 0 for row in returned)
    undone, never_bought, bought_fewer = cross_out(bought.values(), returned)
    came_back: defaultdict[int, int] = defaultdict(int)
    for pieces in undone.values():
        for piece in pieces:
            came_back[piece.line] += 1
    earned, taken_back, refunded_minor = points_of(bought, came_back)
    return Lines(
        file=file,
        orders=len({(row.order, row.member) for row in bought.values()}),
        returns=len({(row.order, row.member) for row in returned}),
        return_lines=len(returned),
        never_bought=frozenset(never_bought),
        bought_fewer=frozenset(bought_fewer),
        refunds=len({(row.order, piece.order) for row in returned for piece in undone.get(row.number, ())}),
        refunded_minor=refunded_minor,
        earned=earned,
        taken_back=taken_back,
    )


def cross_out(
    bought: Iterable[Row], returned: Iterable[Row]
) -> tuple[dict[int, list[Piece]], list[int], list[int]]:
    """The pieces that each returned line undoes; the lines that find nothing; the lines that find too few."""
    there: defaultdict[tuple[str, str], list[Piece]] = defaultdict(list)
    for row in bought:
        piece = Piece(row.time, row.order, row.number, row.price)
        there[row.member, row.sku] += [piece] * row.quantity
    undone: dict[int, list[Piece]] = {}
    never_bought: list[int] = []
    bought_fewer: list[int] = []
    for row in returned:
        pieces = there[row.member, row.sku]
        before = [piece for piece in pieces if piece.time <= row.time]
        if len(before) < -row.quantity:
            (bought_fewer if before else never_bought).append(row.number)
            continue
        # The latest order; of its lines the one with this price, else the last.
        last_lines = {
            piece.order: max(one.line for one in before if one.order == piece.order) for piece in before
        }
        before.sort(
            key=lambda piece: (piece.time, last_lines[piece.order], piece.price == row.price, piece.line)
        )
        undone[row.number] = before[row.quantity :]
        for piece in undone[row.number]:
            pieces.remove(piece)
    return undone, never_bought, bought_fewer


def points_of(
    bought: Mapping[int, Row], came_back: Mapping[int, int]
) -> tuple[dict[str, int], dict[str, int], int]:
    """Points earned and taken back by member, and money given back in pence."""
    paid: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    refunded: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in bought.values():
        paid[row.member, row.order] += row.quantity * Fraction(row.price)
        refunded[row.member, row.order] += came_back.get(row.number, 0) * Fraction(row.price)
    earned: defaultdict[str, int] = defaultdict(int)
    taken_back: defaultdict[str, int] = defaultdict(int)
    for (member_id, order_id), amount in paid.items():
        points = int(amount)
        earned[member_id] += points
        share = refunded[member_id, order_id] / amount if amount else Fraction(0)
        taken_back[member_id] += int(points * share)
    return dict(earned), dict(taken_back), int(100 * sum(refunded.values()))


def points_in(journals: Mapping[str, Iterable[entry_pb2.Entry]]) -> tuple[dict[str, int], dict[str, int]]:
    """Points that journals say were earned, and taken back, by member."""
    earned, taken_back = dict.fromkeys(journals, 0), dict.fromkeys(journals, 0)
    for member_id, journal in journals.items():
        for change in (change for entry in journal for change in entry.changes):
            earned[member_id] += change.earned.points
            taken_back[member_id] += change.taken_back.points
            assert change.taken_back.forgiven_points == change.taken_back.debt_points == 0
    return earned, taken_back
