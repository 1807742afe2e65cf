"""Which orders a return undoes."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.importing.matching import Refund, RefundedLine, match_returns
from service.importing.orders import Order, OrderLine, Return, ReturnLine
from service.importing.rows import Problem, Reason
from tests.importing.test_orders import assembled_file


def order(order_id: str, time_us: int, *lines: tuple[str, int, int], member_id: str = "m1") -> Order:
    """An order of (stock code, pieces, money) a line."""
    return Order(
        order_id,
        member_id,
        time_us,
        sum(amount_minor for _, _, amount_minor in lines),
        (time_us + 1,),
        tuple(
            OrderLine(str(number), sku, "", quantity, amount_minor)
            for number, (sku, quantity, amount_minor) in enumerate(lines, start=1)
        ),
    )


def returned(
    return_id: str, time_us: int, *lines: tuple[int, str, int, int], member_id: str = "m1"
) -> Return:
    """A return of (line number, stock code, pieces, money) a line."""
    return Return(
        return_id,
        member_id,
        time_us,
        sum(amount_minor for *_, amount_minor in lines),
        tuple(line_number for line_number, *_ in lines),
        tuple(ReturnLine(*line) for line in lines),
    )


def refund(return_id: str, order_id: str, time_us: int, lines: dict[str, int], *line_numbers: int) -> Refund:
    refunded = tuple(RefundedLine(line_id, quantity) for line_id, quantity in lines.items())
    return Refund(return_id, order_id, "m1", time_us, refunded, line_numbers)


def test_a_return_undoes_the_latest_earlier_order() -> None:
    orders = [
        order("1", 10, ("TEA", 2, 200)),
        order("2", 20, ("TEA", 2, 200)),
        order("3", 40, ("TEA", 2, 200)),
    ]

    matched = match_returns(orders, [returned("C1", 30, (9, "TEA", 1, 100))])

    assert matched.refunds == (refund("C1", "2", 30, {"1": 1}, 9),)
    assert matched.unmatched == ()


def test_goods_may_come_back_in_the_instant_they_are_bought_and_not_before() -> None:
    orders = [order("1", 10, ("TEA", 1, 100))]

    assert match_returns(orders, [returned("C1", 10, (9, "TEA", 1, 100))]).unmatched_lines == 0
    assert match_returns(orders, [returned("C1", 9, (9, "TEA", 1, 100))]).unmatched_lines == 1


def test_a_return_may_span_orders_and_lines_of_an_order() -> None:
    orders = [
        order("1", 10, ("TEA", 5, 500)),
        order("2", 20, ("TEA", 1, 90), ("POT", 1, 3_000), ("TEA", 2, 180)),
    ]

    matched = match_returns(orders, [returned("C1", 30, (9, "TEA", 4, 400))])

    assert matched.refunds == (
        refund("C1", "2", 30, {"3": 2, "1": 1}, 9),
        refund("C1", "1", 30, {"1": 1}, 9),
    )


def test_what_an_earlier_return_took_is_gone_wherever_it_is_in_the_file() -> None:
    orders = [order("1", 10, ("TEA", 2, 200)), order("2", 20, ("TEA", 1, 100))]
    late, early = returned("C2", 40, (8, "TEA", 1, 100)), returned("C1", 30, (9, "TEA", 1, 100))

    matched = match_returns(orders, [late, early])

    assert matched.refunds == (
        refund("C1", "2", 30, {"1": 1}, 9),
        refund("C2", "1", 40, {"1": 1}, 8),
    )


def test_lines_of_a_return_that_undo_one_order_are_one_refund() -> None:
    orders = [order("1", 10, ("TEA", 5, 500), ("POT", 1, 3_000))]
    entry = returned("C1", 30, (7, "TEA", 2, 200), (8, "POT", 1, 3_000), (9, "TEA", 3, 300))

    matched = match_returns(orders, [entry])

    assert matched.refunds == (refund("C1", "1", 30, {"1": 5, "2": 1}, 7, 8, 9),)


def test_another_members_goods_and_other_goods_do_not_match() -> None:
    orders = [order("1", 10, ("TEA", 1, 100), member_id="m2"), order("2", 10, ("POT", 1, 100))]

    matched = match_returns(orders, [returned("C1", 30, (9, "TEA", 1, 100))])

    assert matched.refunds == ()
    assert matched.unmatched == (
        Problem(
            (9,),
            Reason.UNMATCHED_RETURN,
            "sku",
            "no piece of 'TEA' that was bought before in this file is left",
            "C1",
            "m1",
        ),
    )


def test_a_line_matches_with_all_its_pieces_or_not_at_all() -> None:
    orders = [order("1", 10, ("TEA", 11, 1_100), ("POT", 1, 3_000))]
    entry = returned("C1", 30, (8, "TEA", 12, 1_200), (9, "POT", 1, 3_000))

    matched = match_returns(orders, [entry, returned("C2", 40, (10, "TEA", 11, 1_100))])

    assert matched.refunds == (
        refund("C1", "1", 30, {"2": 1}, 9),
        refund("C2", "1", 40, {"1": 11}, 10),
    )
    [problem] = matched.unmatched
    assert (problem.line_numbers, problem.reason, problem.field) == ((8,), "UNMATCHED_RETURN", "quantity")
    assert problem.detail == (
        "12 pieces of 'TEA' came back, and of those that were bought before in this file 11 are left"
    )


def test_the_line_with_the_returns_own_price_is_nearest_in_one_order() -> None:
    orders = [order("1", 10, ("M", 1, 4_046), ("M", 2, 84_812), ("M", 1, 54_934))]

    matched = match_returns(orders, [returned("C1", 30, (9, "M", 1, 42_406))])

    assert matched.refunds == (refund("C1", "1", 30, {"2": 1}, 9),)


def test_a_later_order_comes_before_a_nearer_price() -> None:
    orders = [order("1", 10, ("TEA", 1, 100)), order("2", 20, ("TEA", 1, 90))]

    matched = match_returns(orders, [returned("C1", 30, (9, "TEA", 1, 100))])

    assert [entry.order_id for entry in matched.refunds] == ["2"]


def test_an_exchange_undoes_what_was_bought_before_and_itself_last() -> None:
    orders = [order("1", 10, ("CUP", 1, 400)), order("2", 20, ("CUP", 2, 800))]
    exchange = returned("2", 20, (9, "CUP", 2, 800))

    assert match_returns(orders, [exchange]).refunds == (
        refund("2", "1", 20, {"1": 1}, 9),
        refund("2", "2", 20, {"1": 1}, 9),
    )


def test_a_return_that_does_not_say_what_came_back_matches_nothing() -> None:
    orders = [Order("1", "m1", 10, 500, (2,)), order("2", 10, ("", 1, 500))]

    matched = match_returns(orders, [Return("1", "m1", 20, 500, (3, 4)), returned("C1", 20, (5, "", 1, 500))])

    assert matched.refunds == ()
    assert [(problem.line_numbers, problem.detail) for problem in matched.unmatched] == [
        ((3, 4), "a file of one row an order does not say what came back"),
        ((5,), "the line has no stock code"),
    ]
    assert matched.unmatched_lines == 3


# Laws, on random histories of few members, goods and moments, so that everything meets.

members = st.sampled_from(["m1", "m2"])
goods = st.sampled_from(["TEA", "POT"])
moments = st.integers(0, 12)
bought_lines = st.lists(
    st.tuples(goods, st.integers(1, 4), st.sampled_from([100, 200])), min_size=1, max_size=4
)
histories = st.tuples(
    st.lists(st.tuples(members, moments, bought_lines), max_size=8),
    st.lists(
        st.tuples(members, moments, st.lists(st.tuples(goods, st.integers(1, 6)), min_size=1, max_size=4)),
        max_size=8,
    ),
)
BoughtRows = list[tuple[str, int, list[tuple[str, int, int]]]]
ReturnedRows = list[tuple[str, int, list[tuple[str, int]]]]


def history_of(bought: BoughtRows, back: ReturnedRows) -> tuple[list[Order], list[Return]]:
    orders = [
        order(f"o{number}", time_us, *lines, member_id=member_id)
        for number, (member_id, time_us, lines) in enumerate(bought)
    ]
    returns = [
        returned(
            f"C{number}",
            time_us,
            *((100 * number + place, sku, quantity, 100) for place, (sku, quantity) in enumerate(lines)),
            member_id=member_id,
        )
        for number, (member_id, time_us, lines) in enumerate(back)
    ]
    return sorted(orders, key=lambda entry: entry.time_us), returns


@given(histories)
def test_no_more_comes_back_than_was_bought_and_every_line_is_matched_whole_or_reported(
    history: tuple[BoughtRows, ReturnedRows],
) -> None:
    orders, returns = history_of(*history)

    matched = match_returns(orders, returns)

    by_id = {entry.order_id: entry for entry in orders}
    pieces: defaultdict[str, Counter[str]] = defaultdict(Counter)
    taken: Counter[tuple[str, str]] = Counter()
    for entry in matched.refunds:
        assert by_id[entry.order_id].time_us <= entry.time_us
        assert by_id[entry.order_id].member_id == entry.member_id
        skus = {line.line_id: line.sku for line in by_id[entry.order_id].lines}
        assert len({line.line_id for line in entry.lines}) == len(entry.lines) > 0
        for line in entry.lines:
            pieces[entry.order_id][line.line_id] += line.quantity
            taken[entry.return_id, skus[line.line_id]] += line.quantity
    for order_id, by_line in pieces.items():
        bought = {line.line_id: line.quantity for line in by_id[order_id].lines}
        assert all(quantity <= bought[line_id] for line_id, quantity in by_line.items())
    unmatched = {number for problem in matched.unmatched for number in problem.line_numbers}
    wanted: Counter[tuple[str, str]] = Counter()
    for back in returns:
        for returned_line in back.lines:
            if returned_line.line_number not in unmatched:
                wanted[back.order_id, returned_line.sku] += returned_line.quantity
    assert wanted == taken


@given(histories)
def test_a_pair_of_return_and_order_is_one_refund_and_refunds_are_in_time_order(
    history: tuple[BoughtRows, ReturnedRows],
) -> None:
    matched = match_returns(*history_of(*history))

    pairs = [(entry.return_id, entry.order_id) for entry in matched.refunds]
    assert len(set(pairs)) == len(pairs)
    times = [entry.time_us for entry in matched.refunds]
    assert times == sorted(times)


@given(histories, st.integers(0, 12))
def test_what_comes_later_changes_nothing_of_what_was_matched(
    history: tuple[BoughtRows, ReturnedRows], end_us: int
) -> None:
    orders, returns = history_of(*history)
    until = [entry for entry in orders if entry.time_us <= end_us]
    back_until = [entry for entry in returns if entry.time_us <= end_us]

    first, whole = match_returns(until, back_until), match_returns(orders, returns)

    assert first.refunds == tuple(entry for entry in whole.refunds if entry.time_us <= end_us)
    numbers = {number for entry in back_until for number in entry.line_numbers}
    assert first.unmatched == tuple(
        problem for problem in whole.unmatched if numbers.issuperset(problem.line_numbers)
    )


@given(histories)
def test_a_line_is_unmatched_only_where_too_few_pieces_are_left(
    history: tuple[BoughtRows, ReturnedRows],
) -> None:
    orders, returns = history_of(*history)
    unmatched = {
        number for problem in match_returns(orders, returns).unmatched for number in problem.line_numbers
    }

    # Pieces of one kind are all alike to this count, whichever order they are taken from.
    gone: Counter[tuple[str, str]] = Counter()
    expected: set[int] = set()
    for entry in sorted(returns, key=lambda back: (back.time_us, back.line_numbers)):
        for line in entry.lines:
            bought = sum(
                one.quantity
                for placed in orders
                if placed.member_id == entry.member_id and placed.time_us <= entry.time_us
                for one in placed.lines
                if one.sku == line.sku
            )
            if bought - gone[entry.member_id, line.sku] < line.quantity:
                expected.add(line.line_number)
            else:
                gone[entry.member_id, line.sku] += line.quantity
    assert unmatched == expected


@pytest.mark.real_orders
def test_the_real_returns_match_as_they_are_described(real_orders: Path) -> None:
    assembled = assembled_file(real_orders / "online_retail_germany_lines.csv")

    matched = match_returns(assembled.orders, assembled.returns)

    assert sum(len(entry.line_numbers) for entry in assembled.returns) - matched.unmatched_lines == 396
    fewer = [problem.line_numbers[0] for problem in matched.unmatched if problem.field == "quantity"]
    assert (matched.unmatched_lines, len(fewer)) == (57, 5)
