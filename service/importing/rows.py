"""Reading a CSV file of orders: from bytes to typed rows, and a problem for each row that cannot be used.

What is wrong with the file as a whole raises an UnusableFileError. What is wrong with a row becomes a
Problem with its line number, and reading goes on with the next line.
"""

import csv
import enum
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from points.civil_time import MINUTE_US, instant_of
from service.importing.columns import Columns, Field, Shape, UnusableFileError

FILE_BYTES_MAX: Final = 1024 * 1024 * 1024
RECORD_LINES_MAX: Final = 100  # how far a quoted text may reach before its quote counts as never closed
# The contract's bounds (proto/loyalty/v1/order.proto); checked here too, so that the line is named.
ID_CHARACTERS_MAX: Final = 128
AMOUNT_MINOR_MAX: Final = 1_000_000_000_000_000
QUANTITY_MAX: Final = 1_000_000_000
FUTURE_US_MAX: Final = 5 * MINUTE_US
NUMBER_CHARACTERS_MAX: Final = 40

NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
ISO_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r" ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
MONTH_FIRST_TIME: Final = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?"
)
# Two numbers of 40 characters multiply to 80 digits: nothing is lost, and if it were, it would be an error.
EXACT: Final = Context(prec=100, traps=[Inexact])
ROUNDING: Final = Context(prec=100, rounding=ROUND_HALF_UP)


class Reason(enum.StrEnum):
    """Why a row, or an order, cannot be used. A refusal by the server has the server's reason instead."""

    WRONG_COLUMN_COUNT = "WRONG_COLUMN_COUNT"
    BROKEN_QUOTES = "BROKEN_QUOTES"
    FIELD_TOO_LONG = "FIELD_TOO_LONG"
    EMPTY_FIELD = "EMPTY_FIELD"
    WRONG_TEXT = "WRONG_TEXT"
    WRONG_TIME = "WRONG_TIME"
    WRONG_AMOUNT = "WRONG_AMOUNT"
    WRONG_QUANTITY = "WRONG_QUANTITY"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    ORDER_INCOMPLETE = "ORDER_INCOMPLETE"
    ORDER_TOO_LARGE = "ORDER_TOO_LARGE"
    UNMATCHED_RETURN = "UNMATCHED_RETURN"


class Problem(msgspec.Struct, frozen=True):
    """Rows that were not imported, and why. Line numbers count from 1, the header's line included."""

    line_numbers: tuple[int, ...]
    reason: str
    field: str
    detail: str
    order_id: str = ""
    member_id: str = ""


class OrderRow(msgspec.Struct, frozen=True):
    """A row that is a whole order."""

    line_number: int
    order_id: str
    member_id: str
    time_us: int
    amount_minor: int


class LineRow(msgspec.Struct, frozen=True):
    """A row that is one line of an order. `is_rounded`: quantity × unit price was no whole minor unit."""

    line_number: int
    order_id: str
    member_id: str
    time_us: int
    quantity: int
    amount_minor: int
    is_rounded: bool = False
    sku: str = ""
    category: str = ""


class Conventions(msgspec.Struct, frozen=True):
    """How the texts of a file are to be understood. `now_us` bounds the orders' times."""

    currency_code: str
    exponent: int
    zone: ZoneInfo
    now_us: int
    date_format: str = ""


class UnusableValueError(ValueError):
    """A text that does not hold what its field needs."""

    def __init__(self, field: Field, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.reason = reason


class Record(msgspec.Struct, frozen=True):
    """The cells of one row, the number of the line on which it begins, and how many lines it spans."""

    line_number: int
    cells: list[str]
    lines: int = 1


class BrokenRecord(msgspec.Struct, frozen=True):
    """A row whose cells cannot be told apart. `cells` are its first line, split at each delimiter."""

    line_number: int
    reason: Reason
    detail: str
    cells: list[str]


def decode(content: bytes, encoding: str) -> str:
    """The text of a file, with or without a byte order mark. Raises UnusableFileError naming the line."""
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise UnusableFileError(f"--encoding {encoding}: there is no such text encoding") from error
    except UnicodeDecodeError as error:
        line_number = content[: error.start].decode(encoding, "replace").count("\n") + 1
        hint = "utf-16" if is_utf16 else "latin-1 (or cp1252, utf-16)"
        raise UnusableFileError(
            f"line {line_number}, byte {error.start + 1} of the file is not {encoding}: {error.reason}."
            f" Say how the file is written, for example --encoding {hint}"
        ) from error
    except ValueError as error:  # what a codec of another kind than text makes of it
        raise UnusableFileError(f"the file cannot be read as {encoding}: {error}") from error
    if not text or text.isspace():
        raise UnusableFileError("the file is empty")
    if "\0" in text.partition("\n")[0]:
        raise UnusableFileError("line 1 has NUL bytes. If the file is UTF-16, say so: --encoding utf-16")
    return text


def find_delimiter(text: str) -> str:
    """The delimiter of a file by its header: the most frequent one of comma, semicolon and tab."""
    header = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    return max(",;\t", key=header.count)


class _Lines:
    """A file's lines for the csv reader, never more than RECORD_LINES_MAX for one record."""

    def __init__(self, text: str) -> None:
        # Only these ends: str.splitlines would also split at form feeds and the like, inside a value.
        self.lines: Final = list(io.StringIO(text, newline=""))
        self.begin = 0
        self.position = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.position == len(self.lines):
            raise StopIteration
        if self.position - self.begin == RECORD_LINES_MAX:
            raise csv.Error(f"a quote is not closed within {RECORD_LINES_MAX} lines")
        self.position += 1
        return self.lines[self.position - 1]


def read_records(text: str, delimiter: str) -> Iterator[Record | BrokenRecord]:
    """The rows of a CSV text, header first; empty rows are left out.

    After a row that CSV's rules refuse, or that has not as many cells as the header, reading goes on at the
    line after the one on which it began. So a quote that is never closed costs its own line, not the rest of
    the file.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    width = 0
    while True:
        lines.begin = lines.position
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            is_long = "field limit" in str(error)
            reason = Reason.FIELD_TOO_LONG if is_long else Reason.BROKEN_QUOTES
            detail = f"{error}; is a quote left open?"
        else:
            if not any(cells):
                continue
            width = width or len(cells)
            if len(cells) == width:
                yield Record(lines.begin + 1, cells, lines.position - lines.begin)
                continue
            reason = Reason.WRONG_COLUMN_COUNT
            detail = f"{len(cells)} columns, but the header has {width}"
        lines.position = lines.begin + 1
        yield BrokenRecord(lines.position, reason, detail, lines.lines[lines.begin].split(delimiter))


def take_header(records: Iterator[Record | BrokenRecord]) -> list[str]:
    """The first row of a file, taken from its records. Raises UnusableFileError."""
    header = next(records, None)
    if header is None:
        raise UnusableFileError("the file is empty")
    if isinstance(header, BrokenRecord):
        raise UnusableFileError(f"line {header.line_number}, the header: {header.detail}")
    return header.cells


def read_rows(
    records: Iterator[Record | BrokenRecord], columns: Columns, conventions: Conventions
) -> Iterator[OrderRow | LineRow | Problem]:
    """What the rows after the header say, in the file's order."""
    read = _read_line if columns.shape is Shape.LINES else _read_order
    for record in records:
        if isinstance(record, BrokenRecord):
            # Its cells may be shifted: the order that it seems to be of is held back, nothing more.
            order_id = _cell(record.cells, columns.positions[Field.ORDER_ID]).strip('"')
            yield Problem((record.line_number,), record.reason, "", record.detail, order_id)
            continue
        cells = {field: record.cells[place].strip() for field, place in columns.positions.items()}
        try:
            yield read(record.line_number, cells, conventions)
        except UnusableValueError as error:
            yield Problem(
                # All of them: between two stray quotes there may be rows that were meant as such.
                tuple(range(record.line_number, record.line_number + record.lines)),
                error.reason,
                error.field,
                str(error),
                cells[Field.ORDER_ID],
                cells[Field.MEMBER_ID],
            )


def _read_order(line_number: int, cells: Mapping[Field, str], conventions: Conventions) -> OrderRow:
    _check_currency(cells, conventions)
    if Field.AMOUNT_MINOR in cells:
        amount_minor = parse_whole(cells[Field.AMOUNT_MINOR], Field.AMOUNT_MINOR, AMOUNT_MINOR_MAX)
    else:
        amount_minor = parse_amount(cells[Field.AMOUNT], conventions.exponent)
    return OrderRow(
        line_number=line_number,
        order_id=parse_id(cells[Field.ORDER_ID], Field.ORDER_ID),
        member_id=parse_id(cells[Field.MEMBER_ID], Field.MEMBER_ID),
        time_us=parse_time(cells[Field.ORDER_TIME], conventions),
        amount_minor=amount_minor,
    )


def _read_line(line_number: int, cells: Mapping[Field, str], conventions: Conventions) -> LineRow:
    _check_currency(cells, conventions)
    quantity = parse_whole(cells[Field.QUANTITY], Field.QUANTITY, QUANTITY_MAX)
    if quantity == 0:
        raise UnusableValueError(Field.QUANTITY, Reason.WRONG_QUANTITY, "0 is no quantity")
    unit_price = parse_number(cells[Field.UNIT_PRICE], Field.UNIT_PRICE)
    if quantity < 0 and unit_price < 0:
        raise UnusableValueError(
            Field.UNIT_PRICE, Reason.WRONG_AMOUNT, "quantity and unit price are both negative"
        )
    exact_minor = EXACT.scaleb(EXACT.multiply(quantity, unit_price), conventions.exponent)
    amount_minor = int(exact_minor.to_integral_value(context=ROUNDING))
    _check_bound(amount_minor, Field.UNIT_PRICE, AMOUNT_MINOR_MAX)
    return LineRow(
        line_number=line_number,
        order_id=parse_id(cells[Field.ORDER_ID], Field.ORDER_ID),
        member_id=parse_id(cells[Field.MEMBER_ID], Field.MEMBER_ID),
        time_us=parse_time(cells[Field.ORDER_TIME], conventions),
        quantity=quantity,
        amount_minor=amount_minor,
        is_rounded=amount_minor != exact_minor,
        sku=_parse_text(cells.get(Field.SKU, ""), Field.SKU),
        category=_parse_text(cells.get(Field.CATEGORY, ""), Field.CATEGORY),
    )


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def parse_id(text: str, field: Field) -> str:
    """An identifier: 1 to 128 printable characters. Raises UnusableValueError."""
    if not text:
        raise UnusableValueError(field, Reason.EMPTY_FIELD, f"{field} is empty")
    return _parse_text(text, field)


def _parse_text(text: str, field: Field) -> str:
    if len(text) > ID_CHARACTERS_MAX:
        raise UnusableValueError(
            field, Reason.FIELD_TOO_LONG, f"{len(text)} characters; the limit is {ID_CHARACTERS_MAX}"
        )
    # isprintable is the fast answer for nearly all; it also refuses spaces that the contract allows.
    if not text.isprintable() and any(unicodedata.category(character)[0] == "C" for character in text):
        raise UnusableValueError(
            field, Reason.WRONG_TEXT, f"{shown(text)} has a control character or a NUL byte"
        )
    return text


def _check_currency(cells: Mapping[Field, str], conventions: Conventions) -> None:
    text = cells.get(Field.CURRENCY, conventions.currency_code)
    if text.upper() != conventions.currency_code:
        raise UnusableValueError(
            Field.CURRENCY,
            Reason.WRONG_CURRENCY,
            f"{shown(text)}, but the program's money is {conventions.currency_code}",
        )


def parse_whole(text: str, field: Field, limit: int) -> int:
    """A whole number, at most `limit` either side of 0. Raises UnusableValueError."""
    reason = Reason.WRONG_QUANTITY if field is Field.QUANTITY else Reason.WRONG_AMOUNT
    if not WHOLE_NUMBER.fullmatch(text) or len(text) > NUMBER_CHARACTERS_MAX:
        raise UnusableValueError(field, reason, f"{shown(text)} is not a whole number such as 12")
    return _check_bound(int(text), field, limit)


def parse_number(text: str, field: Field) -> Decimal:
    """A decimal number, exactly as written: digits and at most one point. Raises UnusableValueError."""
    if not NUMBER.fullmatch(text) or len(text) > NUMBER_CHARACTERS_MAX:
        raise UnusableValueError(
            field,
            Reason.WRONG_AMOUNT,
            f"{shown(text)} is not a number such as 1234.50:"
            " digits and a decimal point, no separator of thousands, no exponent, no currency sign",
        )
    return Decimal(text)


def parse_amount(text: str, exponent: int) -> int:
    """An amount of money in minor units of a currency with `exponent` decimals. Raises UnusableValueError.

    Zeros past the currency's decimals are accepted, since nothing is lost: 12.500 is 12.50.
    """
    amount_minor = EXACT.scaleb(parse_number(text, Field.AMOUNT), exponent)
    if amount_minor != amount_minor.to_integral_value(context=ROUNDING):
        raise UnusableValueError(
            Field.AMOUNT,
            Reason.WRONG_AMOUNT,
            f"{shown(text)} has more decimals than the currency, which has {exponent}",
        )
    return _check_bound(int(amount_minor), Field.AMOUNT, AMOUNT_MINOR_MAX)


def _check_bound(number: int, field: Field, limit: int) -> int:
    if abs(number) > limit:
        reason = Reason.WRONG_QUANTITY if field is Field.QUANTITY else Reason.WRONG_AMOUNT
        unit = "" if field is Field.QUANTITY else " minor units"
        raise UnusableValueError(field, reason, f"{number} is beyond the limit of {limit}{unit}")
    return number


def parse_time(text: str, conventions: Conventions) -> int:
    """An instant: ISO 8601, or M/D/YYYY H:MM with the month first, or what the caller's format says.

    A time without an offset is in the program's time zone; a date is its midnight. Where clocks were put
    back, the first of the two hours is meant. Raises UnusableValueError.
    """
    try:
        moment = _parse_moment(text, conventions.date_format)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=conventions.zone)
        time_us = instant_of(moment.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise UnusableValueError(
            Field.ORDER_TIME, Reason.WRONG_TIME, f"{shown(text)} is no date or time: {error}"
        ) from error
    if time_us < 0:
        raise UnusableValueError(Field.ORDER_TIME, Reason.WRONG_TIME, f"{shown(text)} is before 1970")
    if time_us > conventions.now_us + FUTURE_US_MAX:
        raise UnusableValueError(Field.ORDER_TIME, Reason.WRONG_TIME, f"{shown(text)} is in the future")
    return time_us


def _parse_moment(text: str, date_format: str) -> datetime:
    if date_format:
        return datetime.strptime(text, date_format)  # noqa: DTZ007 - the caller puts the program's zone on it
    if ISO_TIME.fullmatch(text):
        return datetime.fromisoformat(text.upper().replace(",", "."))
    month_first = MONTH_FIRST_TIME.fullmatch(text)
    if not month_first:
        raise ValueError("write 2011-12-31, 2011-12-31T13:05:00Z or 12/31/2011 13:05, or give --date-format")
    month, day, year, hour, minute, second = (int(part or 0) for part in month_first.groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the same


def shown(text: str) -> str:
    """A text of the file within a message: quoted, without control characters, and not too long."""
    return repr(text if len(text) <= 60 else f"{text[:57]}…")
