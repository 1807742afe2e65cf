"""From rows to orders and returns.

What a shop's file says, and what is made of it:

- An order of which one line cannot be used is held back as a whole. An order settles once: sent without that
  line, it could not be completed after the file has been put right.
- A line with a negative quantity, and every line of an order whose id starts with the return prefix ("C"),
  is a return. So is a negative amount in a file of one row an order.
- An order that mixes bought and returned lines (an exchange at the till) is both: an order of what was
  bought, at its full price, and a return of what came back. The returned goods earned when they were bought,
  and it is that order's points they will cost; to deduct them here as well would take them twice.
- A line with a positive quantity and a negative price is a price reduction on the order's other lines. It is
  spread over them in proportion, because a line's amount is the money really paid for it.
- A return does not say which order it belongs to; matching.py finds that. An order's content does not depend
  on returns, so a file can be imported again with more of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import accumulate, pairwise
from typing import Final

import msgspec

from service.importing.rows import AMOUNT_MINOR_MAX, LineRow, OrderRow, Problem, Reason

RETURN_PREFIX: Final = "C"
ORDER_LINES_MAX: Final = 10_000  # the contract's bound


class OrderLine(msgspec.Struct, frozen=True):
    """One line of an order. `line_id` is its running number in the order, in the file's order."""

    line_id: str
    sku: str
    category: str
    quantity: int
    amount_minor: int


class Order(msgspec.Struct, frozen=True):
    """A paid order, and the numbers of the file's lines that say so."""

    order_id: str
    member_id: str
    time_us: int
    amount_minor: int
    line_numbers: tuple[int, ...]
    lines: tuple[OrderLine, ...] = ()


class ReturnLine(msgspec.Struct, frozen=True):
    """Goods of one kind that came back. Pieces and money are above zero or, for what was free, money is 0."""

    line_number: int
    sku: str
    quantity: int
    amount_minor: int


class Return(msgspec.Struct, frozen=True):
    """Goods that came back, and the money given back for them as an amount above zero.

    `order_id` is the return's own id; that of an exchange is the order's. `lines` are empty where a row is a
    whole order: such a file does not say what came back.
    """

    order_id: str
    member_id: str
    time_us: int
    amount_minor: int
    line_numbers: tuple[int, ...]
    lines: tuple[ReturnLine, ...] = ()


class Assembled(msgspec.Struct, frozen=True):
    """What a file holds. `orders` are in time order, those of one instant in the file's order.

    `repeated_line_numbers`: rows that say a second time, word for word, what an earlier row said.
    `rounded_line_numbers`: order lines whose quantity × unit price was no whole minor unit.
    """

    rows_read: int
    orders: tuple[Order, ...]
    returns: tuple[Return, ...]
    problems: tuple[Problem, ...]
    repeated_line_numbers: tuple[int, ...] = ()
    rounded_line_numbers: tuple[int, ...] = ()


def assemble(rows: Iterable[OrderRow | LineRow | Problem], return_prefix: str = RETURN_PREFIX) -> Assembled:
    """Make orders and returns of a file's rows.

    `return_prefix` is how a return's id begins in a file of order lines; empty where ids do not tell.
    """
    whole: list[OrderRow] = []
    lines: list[LineRow] = []
    problems: list[Problem] = []
    for row in rows:
        match row:
            case OrderRow():
                whole.append(row)
            case LineRow():
                lines.append(row)
            case Problem():
                problems.append(row)
    incomplete = {problem.order_id for problem in problems if problem.order_id}
    found = [*_from_whole_orders(whole), *_from_lines(lines, incomplete, return_prefix)]
    orders = sorted(
        (entry for entry in found if isinstance(entry, Order)),
        key=lambda order: (order.time_us, order.line_numbers[0]),
    )
    return Assembled(
        rows_read=len(whole) + len(lines) + len(problems),
        orders=tuple(orders),
        returns=tuple(entry for entry in found if isinstance(entry, Return)),
        problems=(*problems, *(entry for entry in found if isinstance(entry, Problem))),
        repeated_line_numbers=_repeated(whole),
        rounded_line_numbers=tuple(row.line_number for row in lines if row.is_rounded),
    )


Content = tuple[str, str, int, int]


def _content(row: OrderRow) -> Content:
    return row.order_id, row.member_id, row.time_us, row.amount_minor


def _from_whole_orders(rows: Sequence[OrderRow]) -> Iterator[Order | Return]:
    """One order for each content. The same id with two contents stays two: the service refuses the second."""
    line_numbers: defaultdict[Content, list[int]] = defaultdict(list)
    for row in rows:
        line_numbers[_content(row)].append(row.line_number)
    for (order_id, member_id, time_us, amount_minor), numbers in line_numbers.items():
        if amount_minor < 0:
            yield Return(order_id, member_id, time_us, -amount_minor, tuple(numbers))
        else:
            yield Order(order_id, member_id, time_us, amount_minor, tuple(numbers))


def _repeated(rows: Sequence[OrderRow]) -> tuple[int, ...]:
    seen: set[Content] = set()
    repeated: list[int] = []
    for row in rows:
        if _content(row) in seen:
            repeated.append(row.line_number)
        seen.add(_content(row))
    return tuple(repeated)


def _from_lines(
    rows: Sequence[LineRow], incomplete: Set[str], return_prefix: str
) -> Iterator[Order | Return | Problem]:
    """Orders, and returns, of the rows that share order id and member, wherever in the file they are."""
    groups: defaultdict[tuple[str, str], list[LineRow]] = defaultdict(list)
    for row in rows:
        groups[row.order_id, row.member_id].append(row)
    for (order_id, _), group in groups.items():
        if order_id in incomplete:
            yield _held_back(group, Reason.ORDER_INCOMPLETE, "another line of this order cannot be used")
            continue
        is_return = bool(return_prefix) and order_id.startswith(return_prefix)
        returned = [row for row in group if is_return or row.quantity < 0]
        if returned:
            yield _return_of(returned)
        if len(returned) < len(group):
            yield _order_of(group, bought=[row for row in group if row.quantity > 0])


def _return_of(rows: Sequence[LineRow]) -> Return:
    return Return(
        order_id=rows[0].order_id,
        member_id=rows[0].member_id,
        time_us=min(row.time_us for row in rows),
        amount_minor=sum(abs(row.amount_minor) for row in rows),
        line_numbers=tuple(row.line_number for row in rows),
        lines=tuple(
            ReturnLine(row.line_number, row.sku, abs(row.quantity), abs(row.amount_minor)) for row in rows
        ),
    )


def _order_of(group: Sequence[LineRow], bought: Sequence[LineRow]) -> Order | Problem:
    """The order of what was bought. Its lines are numbered as in the file, returned ones counted as well."""
    amount_minor = sum(row.amount_minor for row in bought)
    if amount_minor < 0:
        return _held_back(bought, Reason.WRONG_AMOUNT, "the price reductions are more than the order's lines")
    if amount_minor > AMOUNT_MINOR_MAX:
        detail = f"the order's amount is beyond the limit of {AMOUNT_MINOR_MAX} minor units"
        return _held_back(bought, Reason.WRONG_AMOUNT, detail)
    if len(bought) > ORDER_LINES_MAX:
        detail = f"the order has {len(bought)} lines; the limit is {ORDER_LINES_MAX}"
        return _held_back(bought, Reason.ORDER_TOO_LARGE, detail)
    line_ids = {row.line_number: str(number) for number, row in enumerate(group, start=1)}
    paid = [row for row in bought if row.amount_minor >= 0]
    return Order(
        order_id=bought[0].order_id,
        member_id=bought[0].member_id,
        time_us=min(row.time_us for row in bought),
        amount_minor=amount_minor,
        line_numbers=tuple(row.line_number for row in bought),
        lines=tuple(
            OrderLine(line_ids[row.line_number], row.sku, row.category, row.quantity, line_amount_minor)
            for row, line_amount_minor in zip(
                paid, spread([row.amount_minor for row in paid], amount_minor), strict=True
            )
        ),
    )


def spread(amounts_minor: Sequence[int], total_minor: int) -> list[int]:
    """The amounts (0 or more), made smaller in proportion so that their sum is `total_minor`, to the unit."""
    gross_minor = sum(amounts_minor)
    if gross_minor == total_minor:
        return list(amounts_minor)
    # Rounding what was given so far, not each share, is what makes the sum come out.
    given_minor = [so_far * total_minor // gross_minor for so_far in accumulate(amounts_minor)]
    return [up_to - before for before, up_to in pairwise([0, *given_minor])]


def _held_back(rows: Sequence[LineRow], reason: Reason, detail: str) -> Problem:
    return Problem(
        tuple(row.line_number for row in rows), reason, "", detail, rows[0].order_id, rows[0].member_id
    )
