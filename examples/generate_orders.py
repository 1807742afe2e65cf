"""Makes the sample orders beside it, or as many as you like: `python examples/generate_orders.py --help`.

The same seed makes the same files. Members are opaque numbers, as a shop's customer numbers.
"""

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

SEED_DEFAULT: Final = 7
MEMBERS_DEFAULT: Final = 200
ORDERS_DEFAULT: Final = 1_000
LINE_ORDERS_DEFAULT: Final = 250  # with 1 to 6 lines each
RETURNED_SHARE: Final = 0.08
PERIOD_BEGIN: Final = datetime(2024, 1, 1, 8, tzinfo=UTC)
PERIOD_SECONDS: Final = 365 * 24 * 60 * 60
FIRST_MEMBER: Final = 100_001
FIRST_ORDER: Final = 500_001
FIRST_LINE_ORDER: Final = 700_001  # the two files can be imported one after the other


class Product(NamedTuple):
    """Something the shop sells. The price is in pence."""

    sku: str
    description: str
    category: str
    price_minor: int


PRODUCTS: Final = (
    Product("TEA-100", "Assam tea, 100 g", "tea", 645),
    Product("TEA-250", "Assam tea, 250 g", "tea", 1_390),
    Product("TEA-GRN", "Green tea, 100 g", "tea", 720),
    Product("COF-250", "Coffee beans, 250 g", "coffee", 895),
    Product("COF-1KG", "Coffee beans, 1 kg", "coffee", 2_950),
    Product("POT-GLS", "Glass pot, 1 l", "ware", 3_499),
    Product("CUP-WHT", "White cup", "ware", 425),
    Product("CUP-BLU", "Blue cup", "ware", 475),
    Product("FLT-080", "Paper filters, 80", "supplies", 299),
    Product("BIS-OAT", "Oat biscuits", "food", 185),
    Product("CHO-DRK", "Dark chocolate", "food", 320),
    Product("SMP-TEA", "Sample, with thanks", "tea", 0),
)


@dataclass(frozen=True)
class SampleOrder:
    """A row of a file with one row an order. The amount is in pence."""

    order_id: str
    order_time: datetime
    member_id: str
    amount_minor: int


@dataclass(frozen=True)
class SampleLine:
    """A row of a file with one row an order line. A returned line has a negative quantity."""

    order_id: str
    order_time: datetime
    member_id: str
    product: Product
    quantity: int


def sample_orders(
    seed: int = SEED_DEFAULT, orders: int = ORDERS_DEFAULT, members: int = MEMBERS_DEFAULT
) -> list[SampleOrder]:
    """Orders in time order. A few members buy often and most now and then, as in a shop."""
    random = Random(seed)  # noqa: S311 - repeatable on purpose, nothing is secret
    times = _times(random, orders)
    return [
        SampleOrder(
            order_id=str(FIRST_ORDER + number),
            order_time=time,
            member_id=_member(random, members),
            amount_minor=max(99, round(random.lognormvariate(7.6, 0.9))),
        )
        for number, time in enumerate(times)
    ]


def sample_lines(
    seed: int = SEED_DEFAULT, orders: int = LINE_ORDERS_DEFAULT, members: int = MEMBERS_DEFAULT
) -> list[SampleLine]:
    """Order lines in time order. Some orders are followed by a return of a part, its id beginning with C."""
    random = Random(seed)  # noqa: S311 - repeatable on purpose, nothing is secret
    lines: list[SampleLine] = []
    for number, time in enumerate(_times(random, orders)):
        order_id = str(FIRST_LINE_ORDER + number)
        member_id = _member(random, members)
        bought = [
            SampleLine(order_id, time, member_id, product, random.choice((1, 1, 1, 2, 2, 3, 6, 12)))
            for product in random.sample(PRODUCTS, random.randint(1, 6))
        ]
        lines.extend(bought)
        if random.random() < RETURNED_SHARE:
            returned_at = time + timedelta(days=random.randint(1, 20), minutes=random.randint(0, 600))
            lines.extend(
                SampleLine(
                    f"C{order_id}", returned_at, member_id, line.product, -random.randint(1, line.quantity)
                )
                for line in random.sample(bought, random.randint(1, len(bought)))
            )
    return sorted(lines, key=lambda line: line.order_time)


def write_orders(target: Path, orders: Iterable[SampleOrder]) -> None:
    """Write a file with one row an order."""
    _write(
        target,
        ("order_id", "order_time", "member_id", "amount_gbp"),
        (
            (order.order_id, _text(order.order_time), order.member_id, _pounds(order.amount_minor))
            for order in orders
        ),
    )


def write_lines(target: Path, lines: Iterable[SampleLine]) -> None:
    """Write a file with one row an order line."""
    _write(
        target,
        ("order_id", "order_time", "member_id", "sku", "description", "category", "quantity", "unit_price"),
        (
            (
                line.order_id,
                _text(line.order_time),
                line.member_id,
                line.product.sku,
                line.product.description,
                line.product.category,
                str(line.quantity),
                _pounds(line.product.price_minor),
            )
            for line in lines
        ),
    )


def _times(random: Random, count: int) -> list[datetime]:
    return sorted(PERIOD_BEGIN + timedelta(seconds=random.randrange(PERIOD_SECONDS)) for _ in range(count))


def _member(random: Random, members: int) -> str:
    return str(FIRST_MEMBER + int(members * random.random() ** 2))


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _pounds(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02}"


def _write(target: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def main() -> None:
    """Write orders.csv and order_lines.csv."""
    parser = argparse.ArgumentParser(
        description="Make sample orders.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=SEED_DEFAULT, help="the same seed makes the same files")
    parser.add_argument("--members", type=int, default=MEMBERS_DEFAULT, help="how many members at most")
    parser.add_argument("--orders", type=int, default=ORDERS_DEFAULT, help="rows of orders.csv")
    parser.add_argument(
        "--line-orders",
        type=int,
        default=LINE_ORDERS_DEFAULT,
        help="orders in order_lines.csv, without returns",
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(__file__).parent, help="where to write both files"
    )
    options = parser.parse_args()
    write_orders(options.folder / "orders.csv", sample_orders(options.seed, options.orders, options.members))
    write_lines(
        options.folder / "order_lines.csv", sample_lines(options.seed, options.line_orders, options.members)
    )


if __name__ == "__main__":
    main()
