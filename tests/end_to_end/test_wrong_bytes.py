"""Bytes on the wire that no client of ours would send: each is refused, and nothing is written."""

from typing import Final

import grpc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.end_to_end.calls import (
    SECONDS_MAX,
    code_of,
    order_of,
    refused,
    settle_of,
)
from tests.end_to_end.shop import Shop, assert_names
from tests.end_to_end.wire import (
    BATCH_GET_BALANCES,
    BATCH_SETTLE_ORDERS,
    NOT_UTF8,
    SETTLE_ORDER,
    VERIFY_LEDGER,
    Send,
    block,
    number,
)
from tests.running_service import RunningService, named_program

INT64_LIMIT: Final = 2**63
AMOUNT_LIMIT: Final = 10**15
FUZZ_EXAMPLES: Final = 300

# What is appended to a good request, or to its order.
NOT_UTF8_FIELDS: Final = {
    "program_id": block(1, NOT_UTF8),
    "member_id": block(2, NOT_UTF8),
    "request_id": block(3, b"ok\xc3"),
    "order.order_id": block(1, b"\xc3\x28"),
    "order.currency_code": block(3, b"\xf0\x9f\x92"),
    "order.lines[2].line_id": block(5, block(1, NOT_UTF8)),
    "order.lines[3].sku": block(5, block(1, b"third")) + block(5, block(2, NOT_UTF8)),
    "order.attributes[1].key": block(7, block(1, b"\xed\xa0\x80") + block(2, b"value")),
    "order.attributes[1].value": block(7, block(1, b"name") + block(2, NOT_UTF8)),
}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("field", NOT_UTF8_FIELDS)
def test_text_that_is_not_utf8_is_refused_by_the_path_of_its_field(
    shop: Shop, send: Send, field: str
) -> None:
    content = shop.good()
    order = content.order.SerializeToString()
    content.ClearField("order")
    if field.startswith("order."):
        wrong = content.SerializeToString() + block(4, order + NOT_UTF8_FIELDS[field])
    else:
        wrong = content.SerializeToString() + block(4, order) + NOT_UTF8_FIELDS[field]
    assert_names(refused(lambda: send(SETTLE_ORDER, wrong)), field, "must be UTF-8")


@pytest.mark.usefixtures("nothing_written")
def test_text_that_is_not_utf8_is_found_in_other_calls_too(shop: Shop, send: Send) -> None:
    good = shop.good().SerializeToString()
    batch = block(1, good) + block(1, good + block(2, NOT_UTF8))
    assert_names(refused(lambda: send(BATCH_SETTLE_ORDERS, batch)), "requests[1].member_id", "UTF-8")
    members = block(1, shop.program_id.encode()) + block(2, b"17850") + block(2, NOT_UTF8)
    assert_names(refused(lambda: send(BATCH_GET_BALANCES, members)), "member_ids[1]", "UTF-8")


def test_a_stream_refuses_wrong_input_as_a_single_call_does(service: RunningService) -> None:
    with grpc.insecure_channel(service.address) as channel:
        stream: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(VERIFY_LEDGER)
        not_text = refused(lambda: list(stream(block(1, NOT_UTF8), timeout=SECONDS_MAX)))
        assert_names(not_text, "program_id", "UTF-8")
        assert_names(
            refused(lambda: list(stream(b"", timeout=SECONDS_MAX))),
            "program_id",
            "is required: 1 to 128 characters",
        )


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("amount", [INT64_LIMIT, 2**64 - 1, INT64_LIMIT + 1_000])
def test_an_amount_beyond_int64_on_the_wire_is_refused(shop: Shop, send: Send, amount: int) -> None:
    content = shop.good().SerializeToString() + block(4, number(4, amount))
    assert_names(refused(lambda: send(SETTLE_ORDER, content)), "order.amount_minor", str(AMOUNT_LIMIT))


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("content", [b"\xff" * 300, b"\x0b\x0b", b'"\xff', b"\x08" + b"\xff" * 10 + b"\x01"])
def test_bytes_that_are_no_message_are_refused(send: Send, content: bytes) -> None:
    refusal = refused(lambda: send(SETTLE_ORDER, content))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (refusal.reason, refusal.domain) == ("INVALID_FIELD", "loyalty")
    assert "loyalty.v1.SettleOrderRequest" in refusal.message


@settings(
    max_examples=FUZZ_EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=st.binary(max_size=400))
@example(content=b"")
@pytest.mark.usefixtures("nothing_written")
def test_whatever_bytes_arrive_they_are_an_invalid_argument(send: Send, content: bytes) -> None:
    refusal = refused(lambda: send(SETTLE_ORDER, content))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.reason == "INVALID_FIELD"


@settings(max_examples=FUZZ_EXAMPLES, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_damaged_request_is_an_order_or_a_refusal_and_never_a_defect(
    service: RunningService, send: Send, data: st.DataObject
) -> None:
    shop_id = named_program("damaged")[0]
    content = bytearray(
        settle_of(shop_id, "17850", order_of("A1", attributes={"a": "b"})).SerializeToString()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    outcome = code_of(lambda: send(SETTLE_ORDER, bytes(content)))
    expected = {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
    }
    assert outcome in expected
