"""Which column holds what."""

import pytest

from service.importing.columns import (
    AmbiguousColumnError,
    CurrencyDiffersError,
    DuplicateColumnsError,
    Field,
    MissingColumnsError,
    Shape,
    UnusableFileError,
    WrongMapError,
    find_columns,
    parse_map,
)

ORDER_HEADER = ["order_id", "order_date", "member_id", "amount_gbp"]
LINE_HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]


def test_a_file_of_orders_is_known_by_its_amount() -> None:
    columns = find_columns(ORDER_HEADER, {})

    assert columns.shape is Shape.ORDERS
    assert columns.positions == {
        Field.ORDER_ID: 0,
        Field.ORDER_TIME: 1,
        Field.MEMBER_ID: 2,
        Field.AMOUNT: 3,
    }


def test_a_file_of_order_lines_is_known_by_quantity_and_unit_price() -> None:
    columns = find_columns(LINE_HEADER, {})

    assert columns.shape is Shape.LINES
    assert columns.positions == {
        Field.ORDER_ID: 0,
        Field.SKU: 1,
        Field.QUANTITY: 3,
        Field.ORDER_TIME: 4,
        Field.UNIT_PRICE: 5,
        Field.MEMBER_ID: 6,
    }


@pytest.mark.parametrize(
    "header",
    [
        ["Order Number", "ORDER TIME", "Customer-ID", "Total"],
        ["order no.", "orderDate", "customer_number", "Amount_Minor"],
        [" ORDER_ID ", "invoice date", "MemberID", "amount"],
    ],
)
def test_case_spaces_and_signs_do_not_matter(header: list[str]) -> None:
    assert find_columns(header, {}).shape is Shape.ORDERS


def test_a_fields_own_name_wins_over_other_known_names() -> None:
    columns = find_columns([*ORDER_HEADER, "customer_id", "order_time"], {})

    assert columns.positions[Field.MEMBER_ID] == 2
    assert columns.positions[Field.ORDER_TIME] == 5


def test_two_known_names_for_one_field_are_for_the_caller_to_decide() -> None:
    header = ["order_id", "order_date", "CustomerID", "member no", "amount"]

    with pytest.raises(AmbiguousColumnError, match=r"'CustomerID', 'member no'.*--map member_id=COLUMN"):
        find_columns(header, {})

    assert find_columns(header, {Field.MEMBER_ID: "customerid"}).positions[Field.MEMBER_ID] == 2


def test_map_overrides_what_the_names_say() -> None:
    header = ["order_id", "when", "member_id", "CustomerID", "amount"]

    mapped = parse_map(["member_id=CustomerID", " order_time = WHEN "])
    columns = find_columns(header, mapped)

    assert columns.positions[Field.MEMBER_ID] == 3
    assert columns.positions[Field.ORDER_TIME] == 1


def test_a_mapped_column_is_not_taken_for_a_second_field() -> None:
    with pytest.raises(MissingColumnsError) as raised:
        find_columns(["member_id", "order_date", "amount"], {Field.ORDER_ID: "member_id"})

    assert raised.value.missing == (Field.MEMBER_ID,)


def test_missing_columns_are_all_named_with_what_there_is_and_what_to_do() -> None:
    with pytest.raises(MissingColumnsError) as raised:
        find_columns(["when", "who", "order_id"], {})

    message = str(raised.value)
    assert raised.value.missing == (Field.ORDER_TIME, Field.MEMBER_ID, Field.AMOUNT)
    assert "'when', 'who', 'order_id'" in message
    assert "--map order_time=COLUMN --map member_id=COLUMN --map amount=COLUMN" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("member=CustomerID", "there is no field 'member'; the fields are order_id, order_time, member_id,"),
        ("member_id", "write it as field=column, for example member_id=CustomerID"),
        ("=CustomerID", "there is no field ''"),
    ],
)
def test_a_map_that_says_nothing_is_refused(entry: str, message: str) -> None:
    with pytest.raises(WrongMapError) as raised:
        parse_map([entry])

    assert message in str(raised.value)


def test_a_field_is_mapped_once() -> None:
    with pytest.raises(WrongMapError, match="mapped twice"):
        parse_map(["amount=a", "amount=b"])


def test_a_mapped_column_must_be_in_the_header() -> None:
    with pytest.raises(WrongMapError, match=r"--map amount=gross: there is no column 'gross'.*'amount_gbp'"):
        find_columns(ORDER_HEADER, {Field.AMOUNT: "gross"})


def test_a_header_names_a_column_once() -> None:
    with pytest.raises(DuplicateColumnsError) as raised:
        find_columns([*ORDER_HEADER, "member_id"], {})

    assert raised.value.names == ("member_id",)


def test_columns_without_a_name_are_no_duplicates() -> None:
    assert find_columns([*ORDER_HEADER, "", ""], {}).shape is Shape.ORDERS


def test_quantity_with_unit_price_and_an_amount_is_for_the_caller_to_decide() -> None:
    header = [*LINE_HEADER, "total"]

    with pytest.raises(UnusableFileError, match="--map amount= or --map unit_price="):
        find_columns(header, {})

    assert find_columns(header, parse_map(["amount="])).shape is Shape.LINES
    assert find_columns(header, parse_map(["unit_price="])).shape is Shape.ORDERS


def test_one_amount_is_enough() -> None:
    header = ["order_id", "order_date", "member_id", "amount", "amount_minor"]

    with pytest.raises(UnusableFileError, match="--map amount= or --map amount_minor="):
        find_columns(header, {})

    assert Field.AMOUNT_MINOR not in find_columns(header, {Field.AMOUNT: "amount"}).positions


def test_the_currency_in_a_name_must_be_the_programs() -> None:
    columns = find_columns(["order_id", "order_date", "member_id", "amount_eur"], {})

    columns.check_currency("EUR")
    with pytest.raises(CurrencyDiffersError, match="'amount_eur' says EUR, but the program's money is GBP"):
        columns.check_currency("GBP")


def test_the_caller_may_overrule_the_currency_in_a_name() -> None:
    header = ["order_id", "order_date", "member_id", "amount_eur"]

    find_columns(header, {Field.AMOUNT: "amount_eur"}).check_currency("GBP")


def test_what_only_looks_like_a_currency_is_none() -> None:
    with pytest.raises(MissingColumnsError):
        find_columns(["order_id", "order_date", "member_id", "amount_net"], {})
