"""Several workers behind one port are one service: exactly once holds across all of them."""

from typing import Final

import grpc
import grpc.aio
from loyalty.v1 import points_service_pb2

from tests.end_to_end.callers import Callers, available, callers_of
from tests.end_to_end.calls import (
    SECONDS_MAX,
    order_of,
    refusal_of,
    refused_async,
    settle_of,
)
from tests.running_service import RunningService

CALLS: Final = 200


async def journal(callers: Callers, program_id: str, member_id: str) -> list[tuple[int, str, str]]:
    """What every worker says of a member's journal, which must be the same: number, request and order."""
    request = points_service_pb2.ListEntriesRequest(program_id=program_id, member_id=member_id)
    pages = [
        await client.points.ListEntries(request, timeout=SECONDS_MAX) for client in callers.of_each_worker()
    ]
    assert len(pages) == 2
    assert pages[0] == pages[1]
    return [(entry.seq, entry.request_id, entry.order_id) for entry in pages[0].entries]


async def test_the_same_request_two_hundred_times_at_once_awards_once(
    service: RunningService, program_id: str
) -> None:
    async with callers_of(service) as callers:
        request = settle_of(program_id, "17850", order_of("A1", 12_345), request_id="once")
        answers = await callers.settle_all([request] * CALLS)

        expected = points_service_pb2.SettleOrderResponse(earned_points=123, seq=1)
        expected.balance.available = 123
        expected.balance.version = 1
        assert [expected] * CALLS == answers
        assert await journal(callers, program_id, "17850") == [(1, "once", "A1")]
        assert await available(callers, program_id, "17850") == [123, 123]


async def test_the_same_request_id_with_another_amount_is_refused_by_every_worker(
    service: RunningService, program_id: str
) -> None:
    async with callers_of(service) as callers:
        requests = [
            settle_of(program_id, "17850", order_of("A1", 10_000 + number), request_id="reused")
            for number in range(CALLS)
        ]
        answers = await callers.settle_all(requests)

        accepted = [
            answer for answer in answers if isinstance(answer, points_service_pb2.SettleOrderResponse)
        ]
        refusals = [refusal_of(answer) for answer in answers if isinstance(answer, grpc.RpcError)]
        assert len(accepted) == 1
        assert len(refusals) == CALLS - 1
        assert {(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", "loyalty")} == {
            (refusal.code, refusal.reason, refusal.domain) for refusal in refusals
        }
        assert refusals[0].metadata == {"request_id": "reused", "seq": "1"}
        assert await journal(callers, program_id, "17850") == [(1, "reused", "A1")]
        assert [accepted[0].earned_points] * 2 == await available(callers, program_id, "17850")

        for client in callers.of_each_worker():
            other = settle_of(program_id, "17850", order_of("A1", 999), request_id="reused")
            refusal = await refused_async(client.points.SettleOrder(other, timeout=SECONDS_MAX))
            assert refusal.reason == "REQUEST_ID_REUSED"
            other_order = settle_of(program_id, "17850", order_of("B1", 10_000), request_id="reused")
            refusal = await refused_async(client.points.SettleOrder(other_order, timeout=SECONDS_MAX))
            assert refusal.reason == "REQUEST_ID_REUSED"


async def test_the_same_order_under_other_request_ids_changes_nothing_and_gets_the_first_answer(
    service: RunningService, program_id: str
) -> None:
    async with callers_of(service) as callers:
        requests = [
            settle_of(program_id, "17850", order_of("A1", 12_345), request_id=f"request-{number}")
            for number in range(CALLS)
        ]
        answers = await callers.settle_all(requests)

        assert [answers[0]] * CALLS == answers
        assert isinstance(answers[0], points_service_pb2.SettleOrderResponse)
        assert (answers[0].seq, answers[0].earned_points) == (1, 123)
        assert [(seq, order_id) for seq, _, order_id in await journal(callers, program_id, "17850")] == [
            (1, "A1")
        ]
        assert await available(callers, program_id, "17850") == [123, 123]

        # Later too, after other orders, and for every request id that was ever used for it.
        later = await callers.settle_all(
            [settle_of(program_id, "17850", order_of("A2", 100), request_id="later")] * 4
        )
        assert [
            answer.seq for answer in later if isinstance(answer, points_service_pb2.SettleOrderResponse)
        ] == [2] * 4
        assert answers == await callers.settle_all(requests)
        reused = await callers.settle_all(
            [settle_of(program_id, "17850", order_of("A3"), request_id=f"request-{n}") for n in range(CALLS)]
        )
        assert {"REQUEST_ID_REUSED"} == {
            refusal_of(answer).reason for answer in reused if isinstance(answer, grpc.RpcError)
        }
        assert len([answer for answer in reused if isinstance(answer, grpc.RpcError)]) == CALLS
        assert await available(callers, program_id, "17850") == [124, 124]


async def test_the_same_order_with_other_content_is_refused_by_every_worker(
    service: RunningService, program_id: str
) -> None:
    async with callers_of(service) as callers:
        requests = [
            settle_of(program_id, "17850", order_of("A1", 100 * (number + 1)), request_id=f"request-{number}")
            for number in range(CALLS)
        ]
        answers = await callers.settle_all(requests)

        accepted = [
            answer for answer in answers if isinstance(answer, points_service_pb2.SettleOrderResponse)
        ]
        refusals = [refusal_of(answer) for answer in answers if isinstance(answer, grpc.RpcError)]
        assert (len(accepted), len(refusals)) == (1, CALLS - 1)
        assert {(grpc.StatusCode.ALREADY_EXISTS, "ORDER_ALREADY_SETTLED", "loyalty")} == {
            (refusal.code, refusal.reason, refusal.domain) for refusal in refusals
        }
        assert refusals[0].metadata == {"order_id": "A1", "seq": "1"}
        assert [accepted[0].earned_points] * 2 == await available(callers, program_id, "17850")


async def test_many_orders_of_one_member_on_all_workers_keep_one_sequence(
    service: RunningService, program_id: str
) -> None:
    async with callers_of(service) as callers:
        requests = [
            settle_of(program_id, "17850", order_of(f"A{number}", 100 * number)) for number in range(CALLS)
        ]
        answers = await callers.settle_all(requests)

        settled = [answer for answer in answers if isinstance(answer, points_service_pb2.SettleOrderResponse)]
        assert list(range(1, CALLS + 1)) == sorted(answer.seq for answer in settled)
        by_seq = sorted(settled, key=lambda answer: answer.seq)
        total = 0
        for answer in by_seq:
            total += answer.earned_points
            assert total == answer.balance.available
        assert sum(range(CALLS)) == total
        assert [total, total] == await available(callers, program_id, "17850")
