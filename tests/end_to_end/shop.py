"""A shop with known books, at which wrong input is thrown."""

import grpc
from loyalty.client import LoyaltyClient
from loyalty.v1 import order_pb2, points_service_pb2

from tests.end_to_end.calls import Refusal, order_of, settle, settle_of, verified


class Shop:
    """A program with a member who has settled one order, and what its books say."""

    def __init__(self, client: LoyaltyClient, program_id: str) -> None:
        self.client = client
        self.program_id = program_id

    def good(self) -> points_service_pb2.SettleOrderRequest:
        """A request that would be accepted."""
        lines = tuple(
            order_pb2.OrderLine(line_id=f"line-{place}", sku="TEA", quantity=1, amount_minor=500)
            for place in range(2)
        )
        content = order_of("A2", lines=lines, channel="web", attributes={"colour": "green"})
        return settle_of(self.program_id, "17850", content)

    def settle(
        self, request: points_service_pb2.SettleOrderRequest
    ) -> points_service_pb2.SettleOrderResponse:
        """Settle an order of this shop, or of whatever the request says."""
        return settle(self.client, request)

    def books(self) -> tuple[int, int, int]:
        """How many members and entries the program has, and points ever issued."""
        last = verified(self.client, self.program_id)
        return last.checked_members, last.checked_entries, last.totals.issued


def assert_names(refusal: Refusal, field: str, limit: str) -> None:
    """The refusal is about this field, and says these words of its limit."""
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (refusal.reason, refusal.domain) == ("INVALID_FIELD", "loyalty")
    assert field in refusal.fields
    assert limit in refusal.fields[field]
    assert field in refusal.message
