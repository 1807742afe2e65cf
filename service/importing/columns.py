"""Which column of a file of orders holds what: by known names, and by what the caller says with --map.

A file has one of two shapes. One row an order: an id, a time, a member and an amount. One row an order
line: a quantity and a unit price instead of the amount, and the rows of one order share id and member.
"""

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from iso4217 import Currency


class Field(enum.StrEnum):
    """What the importer looks for in a file. The values are the names that --map takes."""

    ORDER_ID = "order_id"
    ORDER_TIME = "order_time"
    MEMBER_ID = "member_id"
    AMOUNT = "amount"
    AMOUNT_MINOR = "amount_minor"
    CURRENCY = "currency"
    SKU = "sku"
    CATEGORY = "category"
    QUANTITY = "quantity"
    UNIT_PRICE = "unit_price"


class Shape(enum.Enum):
    """What one row of the file is."""

    ORDERS = "one row an order"
    LINES = "one row an order line"


# Names as shops export them, folded (see _folded). A field's own name is among them and wins over the others.
NAMES: Final[Mapping[Field, frozenset[str]]] = {
    Field.ORDER_ID: frozenset(
        {"orderid", "orderno", "ordernumber", "invoiceno", "invoiceid", "invoicenumber", "invoice"}
    ),
    Field.ORDER_TIME: frozenset({"ordertime", "orderdate", "orderdatetime", "invoicedate", "invoicetime"}),
    Field.MEMBER_ID: frozenset(
        {"memberid", "memberno", "membernumber", "customerid", "customerno", "customernumber"}
    ),
    Field.AMOUNT: frozenset({"amount", "amountpaid", "totalamount", "ordertotal", "total"}),
    Field.AMOUNT_MINOR: frozenset({"amountminor"}),
    Field.CURRENCY: frozenset({"currency", "currencycode"}),
    Field.SKU: frozenset({"sku", "stockcode", "productcode", "itemcode"}),
    Field.CATEGORY: frozenset({"category", "productcategory"}),
    Field.QUANTITY: frozenset({"quantity", "qty"}),
    Field.UNIT_PRICE: frozenset({"unitprice"}),
}
ALWAYS_NEEDED: Final = (Field.ORDER_ID, Field.ORDER_TIME, Field.MEMBER_ID)
IN_MONEY: Final = (Field.AMOUNT, Field.UNIT_PRICE)
CURRENCY_CODES: Final = frozenset(currency.code for currency in Currency)


class UnusableFileError(Exception):
    """The file cannot be imported at all. Its text is one line for the person who started the import."""


class WrongMapError(UnusableFileError):
    """A --map that cannot be followed."""

    def __init__(self, entry: str, why: str) -> None:
        super().__init__(f"--map {entry}: {why}")
        self.entry = entry


class MissingColumnsError(UnusableFileError):
    """Fields for which the file has no column."""

    def __init__(self, missing: Sequence[Field], header: Sequence[str]) -> None:
        maps = " ".join(f"--map {field}=COLUMN" for field in missing)
        either = f" ({Field.AMOUNT_MINOR}, or {Field.QUANTITY} and {Field.UNIT_PRICE}, would do as well)"
        super().__init__(
            f"no column for {', '.join(missing)}{either if Field.AMOUNT in missing else ''};"
            f" the file's columns are {_listed(header)}. Say which: {maps}"
        )
        self.missing = tuple(missing)


class AmbiguousColumnError(UnusableFileError):
    """A field for which several columns would do."""

    def __init__(self, field: Field, candidates: Sequence[str]) -> None:
        super().__init__(
            f"{field} could be any of the columns {_listed(candidates)}. Say which: --map {field}=COLUMN"
        )
        self.field = field


class DuplicateColumnsError(UnusableFileError):
    """Columns that have the same name."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"the header names a column more than once: {_listed(names)}. Rename all but one")
        self.names = tuple(names)


class CurrencyDiffersError(UnusableFileError):
    """A column whose name says that it holds another money than the program's."""

    def __init__(self, column: str, currency_code: str, expected: str) -> None:
        super().__init__(
            f"the column {column!r} says {currency_code}, but the program's money is {expected},"
            " and nothing is converted"
        )


class Columns(msgspec.Struct, frozen=True):
    """Where a file's fields are: `positions` count from 0.

    The money column is set where its name, and not --map, made it the amount or the unit price.
    """

    shape: Shape
    header: tuple[str, ...]
    positions: Mapping[Field, int]
    money_column: str = ""
    money_currency_code: str = ""

    def check_currency(self, currency_code: str) -> None:
        """Refuse a file whose header (`amount_eur`) says another currency than the program's.

        Raises CurrencyDiffersError.
        """
        if self.money_currency_code not in {"", currency_code}:
            raise CurrencyDiffersError(self.money_column, self.money_currency_code, currency_code)


def parse_map(entries: Sequence[str]) -> dict[Field, str]:
    """What --map says: each entry is `field=column`; `field=` says that the file has no such column.

    Raises WrongMapError.
    """
    columns: dict[Field, str] = {}
    for entry in entries:
        name, sign, column = (part.strip() for part in entry.partition("="))
        if not sign:
            raise WrongMapError(entry, "write it as field=column, for example member_id=CustomerID")
        if name not in set(Field):
            raise WrongMapError(entry, f"there is no field {name!r}; the fields are {', '.join(Field)}")
        if Field(name) in columns:
            raise WrongMapError(entry, f"the field {name} is mapped twice")
        columns[Field(name)] = column
    return columns


def find_columns(header: Sequence[str], mapped: Mapping[Field, str]) -> Columns:
    """Find each field's column: the one that --map names, else the one with a known name.

    Raises WrongMapError, DuplicateColumnsError, AmbiguousColumnError, MissingColumnsError.
    """
    names = tuple(name.strip() for name in header)
    # A spreadsheet may leave columns without a name at the end; nobody can mean one of them.
    duplicates = [name for name, count in Counter(names).items() if name and count > 1]
    if duplicates:
        raise DuplicateColumnsError(duplicates)
    positions = {field: _mapped_position(field, column, names) for field, column in mapped.items() if column}
    # A column that the caller gave to one field is not taken for another by its name.
    free = {place: name for place, name in enumerate(names) if place not in positions.values()}
    decided = set(mapped)
    if not {Field.AMOUNT, Field.AMOUNT_MINOR}.isdisjoint(positions):
        decided |= {Field.AMOUNT, Field.AMOUNT_MINOR}  # they are two ways to write one thing
    for field in Field:
        if field in decided:
            continue
        place = _known_position(field, free)
        if place is not None:
            positions[field] = place
    shape = _shape_of(positions, names)
    money = next((field for field in IN_MONEY if field in positions and field not in mapped), None)
    currency_code = _currency_in(names[positions[money]], money) if money else ""
    return Columns(
        shape=shape,
        header=names,
        positions=positions,
        money_column=names[positions[money]] if money else "",
        money_currency_code=currency_code,
    )


def _shape_of(positions: Mapping[Field, int], header: Sequence[str]) -> Shape:
    missing = [field for field in ALWAYS_NEEDED if field not in positions]
    amounts = [field for field in (Field.AMOUNT, Field.AMOUNT_MINOR) if field in positions]
    is_lines = Field.QUANTITY in positions and Field.UNIT_PRICE in positions
    if not amounts and not is_lines:
        missing.append(Field.AMOUNT)
    if missing:
        raise MissingColumnsError(missing, header)
    if is_lines and amounts:
        # Whether it is the line's or the order's, before or after a discount, cannot be told from its name.
        raise UnusableFileError(
            f"the file has {Field.QUANTITY} and {Field.UNIT_PRICE} (one row an order line) and also"
            f" {amounts[0]} (one row an order). Say which to leave out:"
            f" --map {amounts[0]}= or --map {Field.UNIT_PRICE}="
        )
    if len(amounts) == 2:
        raise UnusableFileError(
            f"the file has both {amounts[0]} and {amounts[1]}."
            f" Say which to leave out: --map {amounts[0]}= or --map {amounts[1]}="
        )
    return Shape.LINES if is_lines else Shape.ORDERS


def _mapped_position(field: Field, column: str, header: Sequence[str]) -> int:
    if column in header:
        return header.index(column)
    alike = [place for place, name in enumerate(header) if name.casefold() == column.casefold()]
    if len(alike) != 1:
        raise WrongMapError(
            f"{field}={column}", f"there is no column {column!r}; the file's columns are {_listed(header)}"
        )
    return alike[0]


def _known_position(field: Field, header: Mapping[int, str]) -> int | None:
    folded = {place: _folded(name) for place, name in header.items()}
    own = [place for place, name in folded.items() if name == _folded(field)]
    found = own or [
        place
        for place, name in folded.items()
        if name in NAMES[field] or (field in IN_MONEY and _currency_in(name, field))
    ]
    if len(found) > 1:
        raise AmbiguousColumnError(field, [header[place] for place in found])
    return found[0] if found else None


def _currency_in(name: str, field: Field) -> str:
    """The currency that a name like amount_gbp or unit_price_gbp ends in; empty where it ends in none."""
    folded = _folded(name)
    code = folded[-3:].upper()
    return code if folded[:-3] in NAMES[field] and code in CURRENCY_CODES else ""


def _folded(name: str) -> str:
    """A name without case, spaces and signs: Order Number, order_number and ORDERNUMBER are one."""
    return "".join(character for character in name.casefold() if character.isalnum())


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:30])
    return shown if len(names) <= 30 else f"{shown} and {len(names) - 30} more"
