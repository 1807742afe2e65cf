"""From rows to orders and returns."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.generate_orders import sample_lines, sample_orders, write_lines, write_orders
from points.civil_time import instant_of
from service.importing.columns import find_columns
from service.importing.orders import (
    ORDER_LINES_MAX,
    Assembled,
    Order,
    OrderLine,
    Return,
    ReturnLine,
    assemble,
    spread,
)
from service.importing.rows import (
    AMOUNT_MINOR_MAX,
    Conventions,
    LineRow,
    OrderRow,
    Problem,
    Reason,
    decode,
    find_delimiter,
    read_records,
    read_rows,
    take_header,
)

PROJECT = Path(__file__).resolve().parents[2]
REAL_ORDERS = PROJECT.parent / "shared" / "data"
INVOICES = REAL_ORDERS / "online_retail_invoices.csv"
GERMANY = REAL_ORDERS / "online_retail_germany_lines.csv"


def order_row(line_number: int, order_id: str, time_us: int = 0, amount_minor: int = 500) -> OrderRow:
    return OrderRow(line_number, order_id, "m1", time_us, amount_minor)


def line_row(
    line_number: int,
    order_id: str = "1",
    quantity: int = 1,
    amount_minor: int = 500,
    *,
    member_id: str = "m1",
    time_us: int = 0,
    sku: str = "",
) -> LineRow:
    return LineRow(line_number, order_id, member_id, time_us, quantity, amount_minor, sku=sku)


def assembled_file(file: Path) -> Assembled:
    text = decode(file.read_bytes(), "utf-8")
    records = read_records(text, find_delimiter(text))
    columns = find_columns(take_header(records), {})
    now_us = instant_of(datetime(2026, 1, 1, tzinfo=UTC))
    conventions = Conventions(currency_code="GBP", exponent=2, zone=ZoneInfo("Europe/London"), now_us=now_us)
    return assemble(read_rows(records, columns, conventions))


# One row an order


def test_orders_are_in_time_order_and_those_of_one_instant_in_the_files() -> None:
    rows = [order_row(2, "c", time_us=30), order_row(3, "b", time_us=10), order_row(4, "a", time_us=10)]

    assert [order.order_id for order in assemble(rows).orders] == ["b", "a", "c"]


def test_a_negative_amount_is_a_return() -> None:
    assembled = assemble([order_row(2, "1"), order_row(3, "2", amount_minor=-300)])

    assert [order.order_id for order in assembled.orders] == ["1"]
    assert assembled.returns == (Return("2", "m1", 0, 300, (3,)),)
    assert assembled.problems == ()


def test_an_id_that_begins_with_c_is_no_return_where_a_row_is_an_order() -> None:
    assert assemble([order_row(2, "C1")]).returns == ()


def test_a_row_that_is_there_twice_is_one_order() -> None:
    assembled = assemble([order_row(2, "1"), order_row(3, "2"), order_row(4, "1")])

    assert [order.line_numbers for order in assembled.orders] == [(2, 4), (3,)]
    assert assembled.repeated_line_numbers == (4,)


def test_an_order_id_with_two_contents_is_left_to_the_service_to_refuse() -> None:
    assembled = assemble([order_row(2, "1"), order_row(3, "1", amount_minor=600)])

    assert [order.line_numbers for order in assembled.orders] == [(2,), (3,)]
    assert assembled.repeated_line_numbers == ()


def test_bad_rows_are_kept_and_counted() -> None:
    problem = Problem((3,), Reason.WRONG_TIME, "order_time", "no date", "1", "m1")

    assembled = assemble([order_row(2, "1"), problem])

    assert assembled.rows_read == 2
    assert assembled.problems == (problem,)
    assert len(assembled.orders) == 1


# One row an order line


def test_lines_of_an_order_are_grouped_wherever_they_are() -> None:
    rows = [
        line_row(2, "1", 2, 500, time_us=7, sku="A"),
        line_row(3, "2", 1, 100),
        line_row(4, "1", 1, 0, time_us=5, sku="B"),
    ]

    assembled = assemble(rows)

    assert assembled.orders[1] == Order(
        "1",
        "m1",
        time_us=5,
        amount_minor=500,
        line_numbers=(2, 4),
        lines=(OrderLine("1", "A", "", 2, 500), OrderLine("2", "B", "", 1, 0)),
    )


def test_one_order_id_under_two_members_is_two_orders() -> None:
    assembled = assemble([line_row(2), line_row(3, member_id="m2")])

    assert [(order.order_id, order.member_id) for order in assembled.orders] == [("1", "m1"), ("1", "m2")]


def test_negative_quantities_are_a_return() -> None:
    rows = [line_row(2, "9", -1, -500, sku="A", time_us=8), line_row(3, "9", -2, -100, sku="B", time_us=7)]

    assembled = assemble(rows)

    assert assembled.orders == ()
    lines = (ReturnLine(2, "A", 1, 500), ReturnLine(3, "B", 2, 100))
    assert assembled.returns == (Return("9", "m1", 7, 600, (2, 3), lines),)


def test_an_id_that_begins_with_c_is_a_return() -> None:
    rows = [line_row(2, "C9", 1, 500), line_row(3, "C9", -1, -100)]

    lines = (ReturnLine(2, "", 1, 500), ReturnLine(3, "", 1, 100))
    assert assemble(rows).returns == (Return("C9", "m1", 0, 600, (2, 3), lines),)
    assert assemble(rows).orders == ()


def test_a_shop_whose_order_ids_begin_with_c_says_so() -> None:
    assembled = assemble([line_row(2, "C9")], return_prefix="")

    assert len(assembled.orders) == 1
    assert assembled.returns == ()


def test_an_exchange_is_an_order_of_what_was_bought_and_a_return_of_what_came_back() -> None:
    rows = [line_row(2, "1", 1, 5_000), line_row(3, "1", -1, -2_000), line_row(4, "1", 1, 300)]

    assembled = assemble(rows)

    [order] = assembled.orders
    assert order.amount_minor == 5_300
    assert [line.line_id for line in order.lines] == ["1", "3"]  # they keep their place in the file
    assert assembled.returns == (Return("1", "m1", 0, 2_000, (3,), (ReturnLine(3, "", 1, 2_000),)),)


def test_a_negative_price_reduces_the_other_lines() -> None:
    rows = [line_row(2, "1", 1, 1_000), line_row(3, "1", 1, -500), line_row(4, "1", 2, 2_000)]

    [order] = assemble(rows).orders

    assert order.amount_minor == 2_500
    assert [(line.line_id, line.amount_minor) for line in order.lines] == [("1", 833), ("3", 1_667)]


@given(
    amounts_minor=st.lists(st.integers(0, 10**12), min_size=1, max_size=30),
    share=st.integers(0, 1_000),
)
def test_a_reduction_is_spread_to_the_unit(amounts_minor: list[int], share: int) -> None:
    total_minor = sum(amounts_minor) * share // 1_000

    spread_minor = spread(amounts_minor, total_minor)

    assert sum(spread_minor) == total_minor
    assert all(0 <= part <= whole for part, whole in zip(spread_minor, amounts_minor, strict=True))


def test_reductions_are_not_more_than_the_order() -> None:
    assembled = assemble([line_row(2, amount_minor=100), line_row(3, amount_minor=-101)])

    assert assembled.orders == ()
    assert [(problem.line_numbers, problem.reason) for problem in assembled.problems] == [
        ((2, 3), Reason.WRONG_AMOUNT)
    ]


def test_an_order_with_a_line_that_cannot_be_used_is_held_back_as_a_whole() -> None:
    bad = Problem((3,), Reason.WRONG_AMOUNT, "unit_price", "no number", "1", "m1")

    assembled = assemble([line_row(2, "1"), bad, line_row(4, "1"), line_row(5, "2")])

    assert [order.order_id for order in assembled.orders] == ["2"]
    assert [(problem.line_numbers, problem.reason) for problem in assembled.problems] == [
        ((3,), Reason.WRONG_AMOUNT),
        ((2, 4), Reason.ORDER_INCOMPLETE),
    ]


def test_an_order_has_a_bounded_number_of_lines_and_amount() -> None:
    many = assemble([line_row(number, "1") for number in range(2, ORDER_LINES_MAX + 3)])
    dear = assemble([line_row(2, "1", amount_minor=AMOUNT_MINOR_MAX), line_row(3, "1", amount_minor=1)])

    assert [problem.reason for problem in many.problems] == [Reason.ORDER_TOO_LARGE]
    assert "10001 lines; the limit is 10000" in many.problems[0].detail
    assert [problem.reason for problem in dear.problems] == [Reason.WRONG_AMOUNT]
    assert many.orders == dear.orders == ()


# Files


def test_the_committed_samples_are_what_the_generator_makes(tmp_path: Path) -> None:
    write_orders(tmp_path / "orders.csv", sample_orders())
    write_lines(tmp_path / "order_lines.csv", sample_lines())

    for name in ("orders.csv", "order_lines.csv"):
        assert (PROJECT / "examples" / name).read_text() == (tmp_path / name).read_text()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_row_of_a_generated_file_is_used(tmp_path: Path, seed: int) -> None:
    orders, lines = sample_orders(seed, orders=300), sample_lines(seed, orders=300)
    write_orders(tmp_path / "orders.csv", orders)
    write_lines(tmp_path / "lines.csv", lines)

    whole, of_lines = assembled_file(tmp_path / "orders.csv"), assembled_file(tmp_path / "lines.csv")

    assert whole.problems == of_lines.problems == ()
    assert sum(order.amount_minor for order in whole.orders) == sum(order.amount_minor for order in orders)
    assert sum(order.amount_minor for order in of_lines.orders) == sum(
        line.quantity * line.product.price_minor for line in lines if line.quantity > 0
    )
    returned = {line.order_id for line in lines if line.quantity < 0}
    assert {entry.order_id for entry in of_lines.returns} == returned
    assert returned


needs_real_orders = pytest.mark.skipif(
    not (INVOICES.exists() and GERMANY.exists()),
    reason=f"the real orders are not beside the project, in {REAL_ORDERS.relative_to(PROJECT.parent)}",
)


@pytest.mark.real_orders
@needs_real_orders
def test_real_invoices() -> None:
    started = perf_counter()
    assembled = assembled_file(INVOICES)
    seconds = perf_counter() - started

    assert assembled.problems == ()
    assert assembled.returns == ()
    assert len(assembled.orders) == 18_532
    assert len({order.member_id for order in assembled.orders}) == 4_338
    assert Decimal(sum(order.amount_minor for order in assembled.orders)) / 100 == Decimal("8911407.90")
    assert seconds < 10  # about one; the rest is for a machine that is busy


@pytest.mark.real_orders
@needs_real_orders
def test_real_order_lines_with_returns() -> None:
    assembled = assembled_file(GERMANY)

    assert assembled.problems == ()
    assert assembled.rows_read == 9_495
    assert len(assembled.orders) + len(assembled.returns) == 603
    assert len(assembled.returns) == 146
    assert sum(len(entry.line_numbers) for entry in assembled.returns) == 453
    buyers = {order.member_id for order in assembled.orders}
    assert len(buyers | {entry.member_id for entry in assembled.returns}) == 95
    assert assembled.rounded_line_numbers == ()
