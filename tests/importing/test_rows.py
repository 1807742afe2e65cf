"""Reading the rows of a CSV file."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points.civil_time import instant_of
from service.importing.columns import Field, UnusableFileError, find_columns
from service.importing.rows import (
    AMOUNT_MINOR_MAX,
    RECORD_LINES_MAX,
    Conventions,
    LineRow,
    OrderRow,
    Problem,
    Reason,
    UnusableValueError,
    decode,
    find_delimiter,
    parse_amount,
    parse_time,
    read_records,
    read_rows,
    take_header,
)

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
LONDON = Conventions(currency_code="GBP", exponent=2, zone=ZoneInfo("Europe/London"), now_us=instant_of(NOW))
HEADER = "order_id,order_date,member_id,amount_gbp\n"
LINE_HEADER = "order_id,order_time,member_id,sku,category,quantity,unit_price\n"


def rows_of(text: str, conventions: Conventions = LONDON) -> list[OrderRow | LineRow | Problem]:
    records = read_records(text, find_delimiter(text))
    columns = find_columns(take_header(records), {})
    return list(read_rows(records, columns, conventions))


def problems_of(text: str) -> list[Problem]:
    return [row for row in rows_of(text) if isinstance(row, Problem)]


def numbers_used(text: str) -> list[int]:
    return [row.line_number for row in rows_of(text) if not isinstance(row, Problem)]


def instant(text: str) -> int:
    return instant_of(datetime.fromisoformat(text))


# A file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_header(encoding: str) -> None:
    name = "utf-8" if encoding == "utf-8-sig" else encoding

    assert decode(HEADER.encode(encoding), name) == HEADER


def test_another_encoding_is_named_with_its_line_and_byte() -> None:
    content = (HEADER + "1,2024-01-02,m1,5.00\n2,2024-01-02,Zoë,5.00\n").encode("latin-1")

    expected = rf"line 3, byte {content.index(0xEB) + 1} of the file is not utf-8: .*--encoding latin-1"
    with pytest.raises(UnusableFileError, match=expected):
        decode(content, "utf-8")

    assert "Zoë" in decode(content, "latin-1")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_recognised(encoding: str) -> None:
    with pytest.raises(UnusableFileError, match="--encoding utf-16"):
        decode(HEADER.encode(encoding), "utf-8")


@pytest.mark.parametrize("encoding", ["klingon", "zlib", "base64"])
def test_an_encoding_must_exist(encoding: str) -> None:
    with pytest.raises(UnusableFileError, match=f"--encoding {encoding}: there is no such text encoding"):
        decode(HEADER.encode(), encoding)


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableFileError, match="the file is empty"):
        decode(content, "utf-8")


def test_a_header_must_be_readable() -> None:
    with pytest.raises(UnusableFileError, match="line 1, the header"):
        take_header(read_records('order_id,"order_date\n', ","))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_in_the_header(delimiter: str) -> None:
    text = "order_id,order_date,member_id,amount\n1,2024-01-02,m1,5.00\n".replace(",", delimiter)

    assert find_delimiter(text) == delimiter
    assert numbers_used(text) == [2]


def test_a_quoted_header_does_not_mislead_the_delimiter() -> None:
    assert find_delimiter('"a,b,c,d";order_id;amount\n') == ";"


def test_line_ends_of_any_kind_and_empty_rows() -> None:
    text = HEADER.replace("\n", "\r\n") + "1,2024-01-02,m1,5.00\r\n\r\n,,,\r\n2,2024-01-02,m1,5.00"

    assert numbers_used(text) == [2, 5]
    assert problems_of(text) == []


# Broken rows


def test_half_a_row_is_reported_and_the_rest_goes_on() -> None:
    text = HEADER + "1,2024-01-02,m1,5.00\n2,2024-01\n3,2024-01-02,m1,5.00,more\n4,2024-01-02,m1,5.00\n"

    assert numbers_used(text) == [2, 5]
    assert problems_of(text) == [
        Problem((3,), Reason.WRONG_COLUMN_COUNT, "", "2 columns, but the header has 4", "2"),
        Problem((4,), Reason.WRONG_COLUMN_COUNT, "", "5 columns, but the header has 4", "3"),
    ]


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    good = "".join(f"{number},2024-01-02,m1,5.00\n" for number in range(500))
    text = HEADER + '"a,2024-01-02,m1,5.00\n' + good

    assert len(numbers_used(text)) == 500
    [problem] = problems_of(text)
    assert problem.line_numbers == (2,)
    assert problem.reason == Reason.BROKEN_QUOTES
    assert f"within {RECORD_LINES_MAX} lines" in problem.detail
    assert problem.order_id == "a"


def test_an_open_quote_near_the_end_of_the_file() -> None:
    text = HEADER + '1,2024-01-02,"m1,5.00\n2,2024-01-02,m1,5.00'

    assert numbers_used(text) == [3]
    assert [problem.line_numbers for problem in problems_of(text)] == [(2,)]


def test_rows_between_two_stray_quotes_are_all_reported() -> None:
    text = HEADER + '1,2024-01-02,"m1,5.00\n2,2024-01-02,m1,5.00\n3,2024-01-02,m1",5.00\n'
    text += "4,2024-01-02,m1,5.00\n"

    # By CSV's rules these three lines are one row, whose member has line ends.
    assert numbers_used(text) == [5]
    [problem] = problems_of(text)
    assert (problem.line_numbers, problem.reason) == ((2, 3, 4), Reason.WRONG_TEXT)


def test_text_after_a_closing_quote_is_reported() -> None:
    text = HEADER + '1,2024-01-02,"m"1,5.00\n2,2024-01-02,m1,5.00\n'

    assert numbers_used(text) == [3]
    assert problems_of(text)[0].reason == Reason.BROKEN_QUOTES


def test_a_quoted_value_may_span_lines_and_hold_delimiters() -> None:
    text = LINE_HEADER + '1,2024-01-02,m1,A,"tea,\n""fine""",2,1.50\n2,2024-01-02,m1,B,tea,1,1.00\n'

    # It is read as one value; a category is one that may have no line end.
    [problem] = problems_of(text)
    assert (problem.field, problem.line_numbers) == ("category", (2, 3))
    assert numbers_used(text) == [4]


def test_a_quote_within_a_value_is_a_part_of_it() -> None:
    [row] = rows_of(LINE_HEADER + '1,2024-01-02,m1,6" BOWL,tea,1,1.50\n')

    assert isinstance(row, LineRow)
    assert row.sku == '6" BOWL'


def test_a_field_without_end_is_bounded() -> None:
    text = HEADER + f"1,2024-01-02,{'m' * (csv.field_size_limit() + 1)},5.00\n2,2024-01-02,m1,5.00\n"

    assert numbers_used(text) == [3]
    [problem] = problems_of(text)
    assert problem.reason == Reason.FIELD_TOO_LONG
    assert str(csv.field_size_limit()) in problem.detail


@pytest.mark.parametrize(
    ("row", "field", "reason", "detail"),
    [
        ("1,2024-01-02,,5.00", "member_id", Reason.EMPTY_FIELD, "member_id is empty"),
        ("1,2024-01-02,  ,5.00", "member_id", Reason.EMPTY_FIELD, "member_id is empty"),
        (",2024-01-02,m1,5.00", "order_id", Reason.EMPTY_FIELD, "order_id is empty"),
        (
            f"1,2024-01-02,{'m' * 10_000},5.00",
            "member_id",
            Reason.FIELD_TOO_LONG,
            "10000 characters; the",
        ),
        ("1,2024-01-02,m\x001,5.00", "member_id", Reason.WRONG_TEXT, r"'m\x001' has a control character"),
        ("1,2024-01-02,m\x1b1,5.00", "member_id", Reason.WRONG_TEXT, r"'m\x1b1' has a control character"),
        ("1\u200b,2024-01-02,m1,5.00", "order_id", Reason.WRONG_TEXT, r"'1\u200b' has a control character"),
    ],
)
def test_identifiers_keep_to_the_contract(row: str, field: str, reason: Reason, detail: str) -> None:
    text = HEADER + f"{row}\n2,2024-01-02,m1,5.00\n"

    assert numbers_used(text) == [3]
    [problem] = problems_of(text)
    assert (problem.line_numbers, problem.field, problem.reason) == ((2,), field, reason)
    assert detail in problem.detail


def test_identifiers_may_have_any_letters_and_spaces() -> None:
    [row] = rows_of(HEADER + "1,2024-01-02,会员 1\u00a0ß,5.00\n")

    assert isinstance(row, OrderRow)
    assert row.member_id == "会员 1\u00a0ß"


# Times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02", "2024-01-02T00:00:00+00:00"),
        ("2024-07-02", "2024-07-01T23:00:00+00:00"),  # midnight in London, summer time
        ("2024-07-02 13:05", "2024-07-02T12:05:00+00:00"),
        ("2024-07-02T13:05:09.250", "2024-07-02T12:05:09.250000+00:00"),
        ("2024-07-02T13:05:00Z", "2024-07-02T13:05:00+00:00"),
        ("2024-07-02t13:05:00z", "2024-07-02T13:05:00+00:00"),
        ("2024-07-02T13:05:00+02:00", "2024-07-02T11:05:00+00:00"),
        ("2024-07-02 13:05:00 +0200", "2024-07-02T11:05:00+00:00"),
        ("12/1/2010 8:26", "2010-12-01T08:26:00+00:00"),  # month first
        ("7/2/2024", "2024-07-01T23:00:00+00:00"),
        ("2024-10-27 01:30", "2024-10-27T00:30:00+00:00"),  # twice that night: the first
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00"),
        ("2026-01-15T12:05:00Z", "2026-01-15T12:05:00+00:00"),  # five minutes ahead: a clock that is fast
    ],
)
def test_times(text: str, expected: str) -> None:
    assert parse_time(text, LONDON) == instant(expected)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "is no date or time"),
        ("yesterday", "is no date or time"),
        ("2011-02-30", "is no date or time: day is out of range"),
        ("2011-13-01", "is no date or time: month must be in 1..12"),
        ("31/12/2011 10:00", "is no date or time: month must be in 1..12"),
        ("2011-12-01 25:00", "is no date or time: hour must be in 0..23"),
        ("20111201", "is no date or time"),
        ("2011-W01-1", "is no date or time"),
        ("10000-01-01", "is no date or time"),
        ("9999-12-31", "is in the future"),
        ("9999-12-31T23:59:59-05:00", "is no date or time"),  # the year 10000 in UTC
        ("0001-01-01T00:00:00+05:00", "is no date or time"),
        ("2026-01-15T12:05:01Z", "is in the future"),
        ("1969-12-31T23:59:59Z", "is before 1970"),
        ("1899-12-31", "is before 1970"),
        ("٢٠٢٤-01-02", "is no date or time"),
    ],
)
def test_wrong_times_are_reported(text: str, detail: str) -> None:
    text = HEADER + f"1,{text},m1,5.00\n2,2024-01-02,m1,5.00\n"

    assert numbers_used(text) == [3]
    [problem] = problems_of(text)
    assert (problem.line_numbers, problem.field, problem.reason) == ((2,), "order_time", Reason.WRONG_TIME)
    assert detail in problem.detail
    assert (problem.order_id, problem.member_id) == ("1", "m1")


def test_a_date_format_is_followed_to_the_letter() -> None:
    day_first = Conventions(
        currency_code="GBP",
        exponent=2,
        zone=ZoneInfo("Asia/Shanghai"),
        now_us=instant_of(NOW),
        date_format="%d/%m/%Y %H:%M",
    )

    assert parse_time("31/12/2011 08:00", day_first) == instant("2011-12-31T00:00:00+00:00")
    with pytest.raises(UnusableValueError):
        parse_time("2011-12-31", day_first)


# Amounts


@pytest.mark.parametrize(
    ("text", "exponent", "expected"),
    [
        ("139.12", 2, 13_912),
        ("139", 2, 13_900),
        ("0.1", 2, 10),
        (".5", 2, 50),
        ("12.500", 2, 1_250),
        ("-4.65", 2, -465),
        ("+4.65", 2, 465),
        ("0", 2, 0),
        ("1500", 0, 1_500),
        ("1.234", 3, 1_234),
        ("10000000000000.00", 2, AMOUNT_MINOR_MAX),
    ],
)
def test_amounts(text: str, exponent: int, expected: int) -> None:
    assert parse_amount(text, exponent) == expected


@pytest.mark.parametrize(
    ("text", "exponent", "detail"),
    [
        ("12.345", 2, "has more decimals than the currency, which has 2"),
        ("1.5", 0, "has more decimals than the currency, which has 0"),
        ("1,234.50", 2, "no separator of thousands"),
        ("12,50", 2, "no separator of thousands"),
        ("1'234.50", 2, "is not a number"),
        ("1 234.50", 2, "is not a number"),
        ("1_000", 2, "is not a number"),
        ("NaN", 2, "is not a number"),
        ("Infinity", 2, "is not a number"),
        ("1e400", 2, "no exponent"),
        ("1e2", 2, "no exponent"),
        ("£5.00", 2, "no currency sign"),
        ("", 2, "is not a number"),
        ("-", 2, "is not a number"),
        ("٣", 2, "is not a number"),
        ("10000000000000.01", 2, f"1000000000000001 is beyond the limit of {AMOUNT_MINOR_MAX} minor units"),
        ("9223372036854775808", 2, "is beyond the limit"),
        ("1" * 100, 2, "is not a number"),
    ],
)
def test_wrong_amounts_are_refused(text: str, exponent: int, detail: str) -> None:
    with pytest.raises(UnusableValueError) as raised:
        parse_amount(text, exponent)

    assert raised.value.reason is Reason.WRONG_AMOUNT
    assert raised.value.field is Field.AMOUNT
    assert detail in str(raised.value)


@given(
    amount_minor=st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX),
    exponent=st.sampled_from([0, 2, 3, 4]),
    zeros=st.integers(0, 5),
)
def test_an_amount_is_read_as_it_was_written(amount_minor: int, exponent: int, zeros: int) -> None:
    written = f"{Decimal(amount_minor).scaleb(-exponent):f}"
    if "." in written:
        written += "0" * zeros

    assert parse_amount(written, exponent) == amount_minor


@given(text=st.text(max_size=50))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        amount_minor = parse_amount(text, 2)
    except UnusableValueError:
        return
    assert Decimal(text) * 100 == amount_minor


def test_an_amount_in_minor_units_is_whole() -> None:
    text = "order_id,order_date,member_id,amount_minor\n1,2024-01-02,m1,500\n2,2024-01-02,m1,5.00\n"

    assert [row.amount_minor for row in rows_of(text) if isinstance(row, OrderRow)] == [500]
    assert problems_of(text)[0].field == "amount_minor"


def test_a_currency_column_must_hold_the_programs_currency() -> None:
    text = "order_id,order_date,member_id,amount,currency\n1,2024-01-02,m1,5,gbp\n2,2024-01-02,m1,5,EUR\n"

    assert numbers_used(text) == [2]
    assert problems_of(text) == [
        Problem((3,), Reason.WRONG_CURRENCY, "currency", "'EUR', but the program's money is GBP", "2", "m1")
    ]


# Order lines


@pytest.mark.parametrize(
    ("quantity", "unit_price", "amount_minor", "is_rounded"),
    [
        ("6", "2.95", 1_770, False),
        ("-2", "2.95", -590, False),
        ("1", "0", 0, False),
        ("3", "0.001", 0, True),
        ("5", "0.001", 1, True),  # half a penny goes up
        ("-5", "0.001", -1, True),
        ("8", "0.125", 100, False),  # whole, though the price is not
        ("1", "-4.00", -400, False),
        ("1000000000", "10000.00", AMOUNT_MINOR_MAX, False),
    ],
)
def test_a_lines_amount_is_quantity_times_unit_price(
    quantity: str, unit_price: str, amount_minor: int, is_rounded: bool
) -> None:
    [row] = rows_of(LINE_HEADER + f"1,2024-01-02,m1,A,tea,{quantity},{unit_price}\n")

    assert isinstance(row, LineRow)
    assert (row.amount_minor, row.is_rounded) == (amount_minor, is_rounded)


@pytest.mark.parametrize(
    ("quantity", "unit_price", "field"),
    [
        ("0", "1.00", "quantity"),
        ("", "1.00", "quantity"),
        ("1.5", "1.00", "quantity"),
        ("1000000001", "1.00", "quantity"),
        ("9" * 5_000, "1.00", "quantity"),
        ("1", "1e3", "unit_price"),
        ("1", "", "unit_price"),
        ("1000000000", "10000.01", "unit_price"),
        ("-1", "-1.00", "unit_price"),
    ],
)
def test_wrong_lines_are_reported(quantity: str, unit_price: str, field: str) -> None:
    text = LINE_HEADER + f"1,2024-01-02,m1,A,tea,{quantity},{unit_price}\n1,2024-01-02,m1,A,tea,1,1.00\n"

    assert numbers_used(text) == [3]
    [problem] = problems_of(text)
    assert problem.field == field
    assert len(problem.detail) < 200
