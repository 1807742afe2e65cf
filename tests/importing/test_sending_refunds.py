"""Sending refunds between a member's orders, to a server that answers as the test says."""

from collections import defaultdict

import pytest
from google.rpc import code_pb2, error_details_pb2
from loyalty.v1 import points_service_pb2 as api

from service.importing.matching import Refund, RefundedLine
from service.importing.orders import Order
from service.importing.report import RefundTotals
from service.importing.rows import Problem
from service.importing.sending import SendingOptions
from tests.importing.outside import (
    Outside,
    RefundRequest,
    RefundResult,
    SettleRequest,
    SettleResult,
    refunded,
    refused,
    send,
    serving,
    status_of,
)

MEMBERS = 40
EACH = 12


def history(members: int = MEMBERS, each: int = EACH) -> tuple[list[Order], list[Refund]]:
    """Orders of all members; every third one comes back before the member's next one."""
    orders = [
        Order(f"o{number}", f"m{number % members}", 1_000 * number, 250, (number + 2,))
        for number in range(members * each)
    ]
    refunds = [
        Refund(
            f"C{order.order_id}",
            order.order_id,
            order.member_id,
            order.time_us + 1,
            (RefundedLine("1", 2),),
            (10_000 + order.line_numbers[0],),
        )
        for number, order in enumerate(orders)
        if number // members % 3 == 0
    ]
    return orders, refunds


def ids_of(request: SettleRequest | RefundRequest) -> str:
    return request.order.order_id if isinstance(request, SettleRequest) else request.refund_id


async def test_a_refund_is_sent_after_its_order_was_answered_and_before_the_members_next() -> None:
    outside = Outside()
    orders, refunds = history()

    async with serving(outside) as port:
        sending = await send(port, orders, SendingOptions(streams=3, batch_orders_max=7), refunds)

    assert (sending.settled, sending.refunds.applied, sending.stopped) == (len(orders), len(refunds), "")
    arrived: defaultdict[str, list[str]] = defaultdict(list)
    for request in outside.arrived:
        arrived[request.member_id].append(ids_of(request))
    expected: defaultdict[str, list[str]] = defaultdict(list)
    events: list[Order | Refund] = [*orders, *refunds]
    for event in sorted(events, key=lambda event: event.time_us):
        expected[event.member_id].append(event.return_id if isinstance(event, Refund) else event.order_id)
    assert expected == arrived


async def test_batches_stay_large_though_every_member_returns_something() -> None:
    outside = Outside()
    orders, refunds = history()

    async with serving(outside) as port:
        await send(port, orders, SendingOptions(streams=1, batch_orders_max=500), refunds)

    # Four returns a member: as many rounds of refunds, and one more of orders where it ends with orders.
    assert [len(batch) for batch in outside.refund_batches] == [MEMBERS] * 4
    assert [len(batch) for batch in outside.batches] == [MEMBERS, *[3 * MEMBERS] * 3, 2 * MEMBERS]


async def test_batches_of_refunds_are_bounded_by_number() -> None:
    outside = Outside()
    orders, refunds = history(members=25, each=1)

    async with serving(outside) as port:
        await send(port, orders, SendingOptions(streams=1, batch_orders_max=10), refunds)

    assert [len(batch) for batch in outside.refund_batches] == [10, 10, 5]


async def test_the_answers_to_refunds_are_added_up() -> None:
    outside = Outside()
    orders, refunds = history(members=3, each=1)
    answer = api.RefundOrderResponse(
        refunded_amount_minor=7,
        restored_points=5,
        taken_back_points=4,
        debt_points=3,
        forgiven_points=2,
    )
    outside.answer_refund = lambda request: RefundResult(response=answer)

    async with serving(outside) as port:
        sending = await send(port, orders, SendingOptions(), refunds)

    assert sending.refunds == RefundTotals(
        applied=3,
        refunded_minor=21,
        restored_points=15,
        taken_back_points=12,
        debt_points=9,
        forgiven_points=6,
    )


async def test_a_refused_refund_is_reported_under_its_return_with_its_lines_and_reason() -> None:
    def answer(request: RefundRequest) -> RefundResult:
        match request.order_id:
            case "o0":
                info = error_details_pb2.ErrorInfo(reason="REFUND_EXCEEDS_ORDER", domain="loyalty")
                return RefundResult(error=status_of(code_pb2.FAILED_PRECONDITION, "nothing is left", info))
            case "o1":
                info = error_details_pb2.ErrorInfo(reason="REFUND_ID_REUSED", domain="loyalty")
                return RefundResult(error=status_of(code_pb2.ALREADY_EXISTS, "refund_id is used", info))
            case "o2":
                return RefundResult()
            case _:
                return refunded(request)

    outside = Outside()
    outside.answer_refund = answer
    orders, refunds = history(members=4, each=1)

    async with serving(outside) as port:
        sending = await send(port, orders, SendingOptions(streams=1), refunds)

    assert (sending.settled, sending.refunds.applied, sending.refused) == (4, 1, [])
    told = "refund of order"
    assert sending.refused_refunds == [
        Problem((10_002,), "REFUND_EXCEEDS_ORDER", "", f"{told} o0: nothing is left", "Co0", "m0"),
        Problem(
            (10_003,),
            "REFUND_ID_REUSED",
            "",
            f"{told} o1: this return was applied before with other content (refund_id is used)",
            "Co1",
            "m1",
        ),
        Problem(
            (10_004,), "NO_ANSWER", "", f"{told} o2: the service answered neither yes nor no", "Co2", "m2"
        ),
    ]


async def test_only_the_refunds_that_could_not_be_taken_are_sent_again() -> None:
    outside = Outside()
    seen: set[str] = set()

    def answer(request: RefundRequest) -> RefundResult:
        if request.order_id in {"o1", "o3"} and request.order_id not in seen:
            seen.add(request.order_id)
            return RefundResult(error=status_of(code_pb2.RESOURCE_EXHAUSTED, "the queue is full"))
        return refunded(request)

    outside.answer_refund = answer
    orders, refunds = history(members=8, each=1)

    async with serving(outside) as port:
        sending = await send(port, orders, SendingOptions(streams=1), refunds)

    assert (sending.refunds.applied, sending.refunds.taken_back_points) == (8, 16)
    assert [len(batch) for batch in outside.refund_batches] == [8, 2]
    assert sending.stopped == ""


async def test_no_refund_is_sent_while_an_order_before_it_waits() -> None:
    def answer(request: SettleRequest) -> SettleResult:
        return refused(code_pb2.UNAVAILABLE, "the store does not answer")

    outside = Outside()
    outside.answer = answer
    orders, refunds = history(members=4, each=1)

    async with serving(outside) as port:
        sending = await send(port, orders, SendingOptions(retry_seconds=0.3), refunds)

    assert outside.refund_batches == []
    assert "UNAVAILABLE" in sending.stopped


@pytest.mark.parametrize("streams", [1, 4])
async def test_the_same_is_sent_at_every_run(streams: int) -> None:
    runs = [Outside(), Outside()]
    orders, refunds = history()

    for outside in runs:
        async with serving(outside) as port:
            await send(port, orders, SendingOptions(streams=streams), refunds)

    first, second = (
        {request.request_id: request.SerializeToString(deterministic=True) for request in outside.arrived}
        for outside in runs
    )
    assert first == second
    assert len(first) == len(orders) + len(refunds)
