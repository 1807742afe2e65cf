"""Sending orders, to a server that answers as the test says."""

import asyncio
from collections import defaultdict

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2

from service.importing.orders import Order, OrderLine
from service.importing.rows import Problem
from service.importing.sending import BATCH_BYTES_MAX, SendingOptions
from tests.importing.outside import Outside, SettleRequest, SettleResult, refused, send, serving, settled


def orders_of(count: int, members: int = 10) -> list[Order]:
    return [
        Order(f"o{number}", f"m{number * 7 % members}", 1_000_000 * number, 250, (number + 2,))
        for number in range(count)
    ]


async def test_every_order_is_sent_once_and_answers_are_added_up() -> None:
    outside, orders = Outside(), orders_of(1_234)

    async with serving(outside) as port:
        sending = await send(port, orders, SendingOptions(batch_orders_max=100))

    assert (sending.settled, sending.earned_points) == (1_234, 2_468)
    assert (sending.refused, sending.stopped) == ([], "")
    assert sorted(request.order.order_id for request in outside.sent) == sorted(o.order_id for o in orders)


async def test_a_members_orders_keep_their_order() -> None:
    outside, orders = Outside(), orders_of(2_000, members=37)

    async with serving(outside) as port:
        await send(port, orders, SendingOptions(streams=8, batch_orders_max=10))

    arrived: defaultdict[str, list[str]] = defaultdict(list)
    for request in outside.sent:
        arrived[request.member_id].append(request.order.order_id)
    expected: defaultdict[str, list[str]] = defaultdict(list)
    for order in orders:
        expected[order.member_id].append(order.order_id)
    assert arrived == expected


async def test_batches_are_bounded_by_number() -> None:
    outside = Outside()

    async with serving(outside) as port:
        await send(port, orders_of(95, members=1), SendingOptions(batch_orders_max=20))

    assert [len(batch) for batch in outside.batches] == [20, 20, 20, 20, 15]


async def test_batches_are_bounded_by_bytes() -> None:
    outside = Outside()
    lines = tuple(OrderLine(str(number), "s" * 128, "c" * 128, 1, 1) for number in range(1_000))
    orders = [Order(f"o{number}", "m", 0, 1_000, (number,), lines) for number in range(20)]

    async with serving(outside) as port:
        sending = await send(port, orders, SendingOptions())

    assert sending.settled == 20
    assert len(outside.batches) > 1
    assert max(outside.batch_bytes) < BATCH_BYTES_MAX * 1.01


async def test_an_order_that_no_message_can_hold_is_refused_alone() -> None:
    outside = Outside()
    lines = tuple(OrderLine(str(number), "会" * 128, "员" * 128, 1, 1) for number in range(10_000))
    orders = [Order("large", "m", 0, 1, (2, 3), lines), Order("small", "m", 0, 100, (4,))]

    async with serving(outside) as port:  # takes messages of 4 MB, as gRPC servers do unless told otherwise
        sending = await send(port, orders, SendingOptions())

    assert sending.settled == 1
    [problem] = sending.refused
    assert (problem.line_numbers, problem.reason) == ((2, 3), "MESSAGE_TOO_LARGE")
    assert sending.stopped == ""


async def test_refused_orders_are_reported_with_lines_field_and_reason() -> None:
    def answer(request: SettleRequest) -> SettleResult:
        match request.order.order_id:
            case "o1":
                return refused(
                    code_pb2.ALREADY_EXISTS,
                    "request_id is used",
                    error_details_pb2.ErrorInfo(reason="ORDER_ALREADY_SETTLED", domain="loyalty"),
                )
            case "o2":
                violation = error_details_pb2.BadRequest.FieldViolation(
                    field="member_id", description="must not be an e-mail address"
                )
                return refused(
                    code_pb2.INVALID_ARGUMENT,
                    "not valid",
                    error_details_pb2.ErrorInfo(reason="INVALID_ARGUMENT", domain="loyalty"),
                    error_details_pb2.BadRequest(field_violations=[violation]),
                )
            case "o3":
                return refused(code_pb2.INTERNAL, "bad luck")
            case "o4":
                return SettleResult()
            case _:
                return settled(request)

    outside = Outside()
    outside.answer = answer

    async with serving(outside) as port:
        sending = await send(port, orders_of(6, members=1), SendingOptions())

    assert sending.settled == 2
    assert sending.refused == [
        Problem(
            (3,),
            "ORDER_ALREADY_SETTLED",
            "",
            "this order was settled before with other content (request_id is used)",
            "o1",
            "m0",
        ),
        Problem(
            (4,), "INVALID_ARGUMENT", "member_id", "member_id: must not be an e-mail address", "o2", "m0"
        ),
        Problem((5,), "INTERNAL", "", "bad luck", "o3", "m0"),
        Problem((6,), "NO_ANSWER", "", "the service answered neither yes nor no", "o4", "m0"),
    ]


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    ],
)
async def test_what_passes_is_sent_again(code: grpc.StatusCode) -> None:
    outside = Outside()
    outside.failures = [code, code]

    async with serving(outside) as port:
        sending = await send(port, orders_of(10), SendingOptions(streams=1))

    assert (sending.settled, sending.earned_points, sending.stopped) == (10, 20, "")


async def test_only_the_orders_that_could_not_be_taken_are_sent_again() -> None:
    outside = Outside()
    seen: set[str] = set()

    def answer(request: SettleRequest) -> SettleResult:
        if request.order.order_id in {"o3", "o5"} and request.order.order_id not in seen:
            seen.add(request.order.order_id)
            delay = error_details_pb2.RetryInfo(retry_delay=Duration(nanos=200_000_000))
            return refused(code_pb2.RESOURCE_EXHAUSTED, "the queue is full", delay)
        return settled(request)

    outside.answer = answer

    async with serving(outside) as port:
        sending = await send(port, orders_of(8, members=1), SendingOptions())

    assert (sending.settled, sending.earned_points, sending.refused) == (8, 16, [])
    assert [len(batch) for batch in outside.batches] == [8, 2]


async def test_a_server_that_stays_away_stops_the_import() -> None:
    outside = Outside()
    outside.answer = lambda request: refused(code_pb2.UNAVAILABLE, "the store does not answer")

    async with serving(outside) as port:
        sending = await send(port, orders_of(20), SendingOptions(retry_seconds=0.5))

    assert sending.settled == 0
    assert sending.refused == []
    assert "UNAVAILABLE: the store does not answer" in sending.stopped


@pytest.mark.parametrize("retry_seconds", [0.0, 0.5])
async def test_a_server_that_is_not_there_stops_the_import(retry_seconds: float) -> None:
    async with serving(Outside()) as port:
        pass  # the port was free a moment ago, and nobody listens now

    sending = await send(port, orders_of(20), SendingOptions(retry_seconds=retry_seconds))

    assert sending.stopped.startswith("UNAVAILABLE")


async def test_an_import_survives_a_restart_of_the_server() -> None:
    first, second, orders = Outside(), Outside(), orders_of(400)
    first.seconds = second.seconds = 0.02
    options = SendingOptions(streams=2, batch_orders_max=10, retry_seconds=20)

    async with serving(first) as port:
        task = asyncio.create_task(send(port, orders, options))
        await first.fifth_batch.wait()
    async with serving(second, port):
        sending = await task

    assert (sending.settled, sending.earned_points, sending.stopped) == (400, 800, "")
    answered = {request.order.order_id for request in (*first.sent, *second.sent)}
    assert len(answered) == 400
    assert second.sent


async def test_an_answer_that_makes_no_sense_to_repeat_stops_at_once() -> None:
    outside = Outside()
    outside.failures = [grpc.StatusCode.PERMISSION_DENIED]

    async with serving(outside) as port:
        sending = await send(port, orders_of(20), SendingOptions(streams=1, batch_orders_max=5))

    assert sending.stopped == "PERMISSION_DENIED: as the test wants it"
    assert outside.batches == []


async def test_nothing_is_sent_for_no_orders() -> None:
    outside = Outside()

    async with serving(outside) as port:
        sending = await send(port, [], SendingOptions())

    assert outside.batches == []
    assert sending.settled == 0
