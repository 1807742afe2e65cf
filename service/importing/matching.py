"""Which orders a return undoes: a file's returns matched to its earlier orders of the same goods.

A return line says what came back, not which order it belonged to. It takes its pieces from the member's
latest earlier orders of that stock code that have pieces left, so one line may undo parts of several orders.
Returns are taken in time order, and what an earlier return took is gone.

- A line matches with all its pieces or not at all. Where more came back than was bought, the file does not
  tell which of the pieces are known; a part of it would be a guess that costs the member points.
- Among the lines of one order with the same stock code, one with the return's own unit price comes first,
  then the last one.
- An order that is an exchange gives up pieces to its own returned lines last: goods that come back at the
  till were bought before.
- A line without a stock code, and a return in a file of one row an order, match nothing.

The same file gives the same refunds at every run, and orders and returns of later times that
are added to it change none of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from service.importing.columns import Field
from service.importing.orders import Order, OrderLine, Return, ReturnLine
from service.importing.rows import Problem, Reason, shown


class RefundedLine(msgspec.Struct, frozen=True):
    """Pieces of one line of an order that came back."""

    line_id: str
    quantity: int


class Refund(msgspec.Struct, frozen=True):
    """What one return undoes of one order, and the file's lines that say so. Each line is there once."""

    return_id: str
    order_id: str
    member_id: str
    time_us: int
    lines: tuple[RefundedLine, ...]
    line_numbers: tuple[int, ...]


class MatchedReturns(msgspec.Struct, frozen=True):
    """What a file's returns undo. `refunds` are in time order; each pair of return and order is there once.

    `unmatched` has one problem for each line of the file that matches nothing, or for all the lines of a
    return that does not say what came back. Its field is `quantity` where fewer pieces are left than came
    back, `sku` where none is, and empty where the file does not say what came back.
    """

    refunds: tuple[Refund, ...]
    unmatched: tuple[Problem, ...]

    @property
    def unmatched_lines(self) -> int:
        """How many lines of the file match nothing."""
        return sum(len(problem.line_numbers) for problem in self.unmatched)


class _Pieces(msgspec.Struct):
    """What is left of one line of an order."""

    line: OrderLine
    left: int


class _Bought(msgspec.Struct):
    """The lines of one order with one stock code, the last one first."""

    order_id: str
    lines: list[_Pieces]


class _Shelf(msgspec.Struct):
    """What a member bought of one stock code until now and did not return; the latest order is the last."""

    left: int = 0
    orders: list[_Bought] = msgspec.field(default_factory=list)


class _Taken(msgspec.Struct):
    """What one return took from one order: pieces by line id, and the file's lines that took them."""

    pieces: defaultdict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    line_numbers: list[int] = msgspec.field(default_factory=list)


Goods = tuple[str, str]  # a member's id and a stock code


def match_returns(orders: Sequence[Order], returns: Iterable[Return]) -> MatchedReturns:
    """Match returns to the orders (in time order) that were placed no later than they came in."""
    sorted_returns = sorted(returns, key=lambda entry: (entry.time_us, entry.line_numbers[0]))
    wanted = {(entry.member_id, line.sku) for entry in sorted_returns for line in entry.lines}
    shelves: dict[Goods, _Shelf] = {goods: _Shelf() for goods in wanted}
    refunds: list[Refund] = []
    unmatched: list[Problem] = []
    placed = 0
    for entry in sorted_returns:
        while placed < len(orders) and orders[placed].time_us <= entry.time_us:
            _put(shelves, orders[placed])
            placed += 1
        taken: defaultdict[str, _Taken] = defaultdict(_Taken)
        unmatched.extend(_match(entry, shelves, taken))
        refunds.extend(_refund(entry, order_id, from_order) for order_id, from_order in taken.items())
    return MatchedReturns(refunds=tuple(refunds), unmatched=tuple(unmatched))


def _put(shelves: dict[Goods, _Shelf], order: Order) -> None:
    for line in reversed(order.lines):
        shelf = shelves.get((order.member_id, line.sku))
        if shelf is None:
            continue
        if not shelf.orders or shelf.orders[-1].order_id != order.order_id:
            shelf.orders.append(_Bought(order.order_id, []))
        shelf.orders[-1].lines.append(_Pieces(line, line.quantity))
        shelf.left += line.quantity


def _match(entry: Return, shelves: dict[Goods, _Shelf], taken: dict[str, _Taken]) -> Iterator[Problem]:
    """Take what a return brings back from the shelves; what cannot be taken is a problem."""
    if not entry.lines:
        yield _unmatched(
            entry, entry.line_numbers, "", "a file of one row an order does not say what came back"
        )
    for line in entry.lines:
        shelf = shelves[entry.member_id, line.sku]
        if not line.sku:
            yield _unmatched(entry, (line.line_number,), Field.SKU, "the line has no stock code")
        elif not shelf.left:
            detail = f"no piece of {shown(line.sku)} that was bought before in this file is left"
            yield _unmatched(entry, (line.line_number,), Field.SKU, detail)
        elif shelf.left < line.quantity:
            detail = (
                f"{line.quantity} pieces of {shown(line.sku)} came back, and of those that were bought before"
                f" in this file {shelf.left} are left"
            )
            yield _unmatched(entry, (line.line_number,), Field.QUANTITY, detail)
        else:
            _take(shelf, entry.order_id, line, taken)


def _take(shelf: _Shelf, return_id: str, line: ReturnLine, taken: dict[str, _Taken]) -> None:
    """Take all pieces of a returned line from a shelf that has them."""
    missing = line.quantity
    shelf.left -= missing
    for bought in _latest_first(shelf, return_id):
        found = _take_from(bought, line, missing)
        if found:
            for line_id, quantity in found.items():
                taken[bought.order_id].pieces[line_id] += quantity
            taken[bought.order_id].line_numbers.append(line.line_number)
        missing -= sum(found.values())
        if not missing:
            break
    while shelf.orders and not any(pieces.left for pieces in shelf.orders[-1].lines):
        shelf.orders.pop()  # so that a long history is not walked through again and again


def _take_from(bought: _Bought, line: ReturnLine, pieces_max: int) -> dict[str, int]:
    """Take up to so many pieces from one order; how many of each of its lines."""
    found: dict[str, int] = {}
    missing = pieces_max
    for pieces in _nearest_first(bought, line):
        quantity = min(pieces.left, missing)
        if quantity:
            pieces.left -= quantity
            missing -= quantity
            found[pieces.line.line_id] = quantity
    return found


def _latest_first(shelf: _Shelf, return_id: str) -> Iterator[_Bought]:
    return chain(
        (bought for bought in reversed(shelf.orders) if bought.order_id != return_id),
        (bought for bought in reversed(shelf.orders) if bought.order_id == return_id),
    )


def _nearest_first(bought: _Bought, line: ReturnLine) -> list[_Pieces]:
    def is_other_price(pieces: _Pieces) -> bool:
        return pieces.line.amount_minor * line.quantity != line.amount_minor * pieces.line.quantity

    return sorted(bought.lines, key=is_other_price)  # a stable sort: else the last line first


def _refund(entry: Return, order_id: str, taken: _Taken) -> Refund:
    return Refund(
        return_id=entry.order_id,
        order_id=order_id,
        member_id=entry.member_id,
        time_us=entry.time_us,
        lines=tuple(RefundedLine(line_id, quantity) for line_id, quantity in taken.pieces.items()),
        line_numbers=tuple(taken.line_numbers),
    )


def _unmatched(entry: Return, line_numbers: tuple[int, ...], field: str, detail: str) -> Problem:
    return Problem(line_numbers, Reason.UNMATCHED_RETURN, field, detail, entry.order_id, entry.member_id)
