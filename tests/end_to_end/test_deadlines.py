"""Every call ends: by the client's deadline, or by the service's own where the client gave none."""

import grpc
import grpc.aio
import pytest
from loyalty.client import AsyncLoyaltyClient
from loyalty.v1 import order_pb2, points_service_pb2

from tests.running_service import RunningService

# 1 June 2026, in seconds since 1970.
ORDER_TIME = 1_780_272_000


def _request(program_id: str, order_id: str) -> points_service_pb2.SettleOrderRequest:
    request = points_service_pb2.SettleOrderRequest(
        program_id=program_id,
        member_id="m",
        request_id=order_id,
        order=order_pb2.Order(order_id=order_id, currency_code="GBP", amount_minor=500),
    )
    request.order.order_time.seconds = ORDER_TIME
    return request


@pytest.mark.parametrize("seconds", [None, 5, 3_600], ids=["none", "short", "longer than the limit"])
async def test_a_call_is_answered_whatever_its_deadline(
    service: RunningService, program_id: str, seconds: float | None
) -> None:
    """No deadline, one within the limit, and one beyond it, which is cut to the limit."""
    async with AsyncLoyaltyClient(service.address, channels=1) as client:
        answer = await client.points.SettleOrder(_request(program_id, "o1"), timeout=seconds)
        assert answer.earned_points == 5


async def test_a_deadline_that_has_passed_leaves_exactly_one_award_behind(
    service: RunningService, program_id: str
) -> None:
    """Whether the write was made is not known; repeated with the same request id it is there once."""
    async with AsyncLoyaltyClient(service.address, channels=2, retry=False) as client:
        for number in range(30):
            try:
                await client.points.SettleOrder(_request(program_id, f"o{number}"), timeout=0.0005)
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED  # noqa: PT017 - it may be in time
        for number in range(30):
            await client.points.SettleOrder(_request(program_id, f"o{number}"), timeout=10)
        balance = await client.points.GetBalance(
            points_service_pb2.GetBalanceRequest(program_id=program_id, member_id="m", min_version=30),
            timeout=10,
        )
        assert (balance.balance.available, balance.balance.version) == (150, 30)
