"""The messages that an import sends."""

from hypothesis import given
from hypothesis import strategies as st

from service.importing.matching import Refund, RefundedLine
from service.importing.messages import (
    refund_request,
    refund_request_id_of,
    request_id_of,
    settle_request,
)
from service.importing.orders import Order, OrderLine


def test_a_message_says_the_whole_order() -> None:
    order = Order("o1", "m1", 1_700_000_000_000_250, 1_500, (2, 3), (OrderLine("1", "TEA", "tea", 2, 1_500),))

    request = settle_request(order, "demo", "GBP", validate_only=True)

    assert (request.program_id, request.member_id, request.request_id) == ("demo", "m1", "import:o1")
    assert (request.order.order_time.seconds, request.order.order_time.nanos) == (1_700_000_000, 250_000)
    assert (request.order.currency_code, request.order.amount_minor) == ("GBP", 1_500)
    [line] = request.order.lines
    assert (line.line_id, line.sku, line.category, line.quantity, line.amount_minor) == (
        "1",
        "TEA",
        "tea",
        2,
        1_500,
    )
    assert request.validate_only


def test_a_request_id_is_always_the_same_and_fits() -> None:
    longest = "o" * 128

    assert request_id_of("536365") == "import:536365"
    assert request_id_of(longest) == request_id_of(longest)
    assert request_id_of(longest) != request_id_of("p" + longest[1:])
    assert len(request_id_of(longest)) <= 128
    assert request_id_of("o" * 121) == f"import:{'o' * 121}"


def test_a_message_says_the_whole_refund() -> None:
    lines = (RefundedLine("3", 2), RefundedLine("1", 1))
    refund = Refund("C9", "o1", "m1", 1_700_000_000_000_250, lines, (5, 6))

    request = refund_request(refund, "demo", validate_only=False)

    assert (request.program_id, request.member_id, request.request_id) == (
        "demo",
        "m1",
        "import:return:C9:o1",
    )
    assert (request.order_id, request.refund_id) == ("o1", "C9")
    assert (request.refund_time.seconds, request.refund_time.nanos) == (1_700_000_000, 250_000)
    assert [(line.line_id, line.quantity) for line in request.lines] == [("3", 2), ("1", 1)]
    assert (request.amount_minor, request.validate_only) == (0, False)


ids = st.text("C:o", min_size=1, max_size=128)


@given(st.tuples(ids, ids), st.tuples(ids, ids))
def test_a_refunds_request_id_fits_and_tells_returns_and_orders_apart(
    pair: tuple[str, str], other: tuple[str, str]
) -> None:
    request_id = refund_request_id_of(*pair)

    assert 1 <= len(request_id) <= 128
    assert (request_id == refund_request_id_of(*other)) == (pair == other)
    assert request_id != refund_request_id_of(pair[0], f"{pair[1][1:]}x")


def test_colons_and_long_ids_do_not_make_two_refunds_one() -> None:
    assert refund_request_id_of("C1:o", "1") != refund_request_id_of("C1", "o:1")
    assert refund_request_id_of("C1", "o:1") == "import:return:C1:o:1"
    longest = "o" * 128
    assert refund_request_id_of("C1", longest) != refund_request_id_of("C2", longest)
    assert refund_request_id_of(longest, "C1") != refund_request_id_of("C1", longest)
