"""Points wait, post and expire by reading alone, whenever a job might have run."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import (
    points_service_pb2,
)

from tests.end_to_end.calls import (
    NOON_SECONDS,
    balance,
    entries,
    member,
    order_of,
    settle,
    settle_of,
    verified,
)
from tests.running_service import DEMO, RunningService

PENDING_DAYS: Final = 14
EXPIRY_DAYS: Final = 365
WAITING: Final = DEMO.replace("kind: never", f"kind: days\n    days: {EXPIRY_DAYS}").replace(
    "kind: none", f"kind: days\n    days: {PENDING_DAYS}"
)


class Waiting:
    """A program whose points wait two weeks and are good for a year, and days counted from today."""

    def __init__(self, service: RunningService, client: LoyaltyClient, name: str) -> None:
        self.program_id = service.apply_program(name, WAITING)
        self._client = client
        # Noon, so that no clock change and no midnight comes near.
        self._today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)

    def day(self, days: int) -> int:
        """Noon of the day that lies so many days from today, in seconds."""
        return int((self._today + timedelta(days=days)).timestamp())

    def buy(self, days: int, points: int) -> points_service_pb2.SettleOrderResponse:
        order = order_of(f"day{days}", 100 * points, order_time=self.day(days))
        return settle(self._client, settle_of(self.program_id, "17850", order))

    def now(self) -> tuple[int, int, int]:
        """Available, pending, and what expires next."""
        found = balance(self._client, self.program_id, "17850")
        assert found == member(self._client, self.program_id).balance
        return found.available, found.pending, found.next_expiry_points


def test_points_wait_post_and_expire_by_reading_alone(
    service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest
) -> None:
    shop = Waiting(service, client, request.node.nodeid)
    # Expired long ago, posted, and still waiting. No job runs, and nobody writes in between.
    first = shop.buy(-EXPIRY_DAYS - 40, 5)
    assert (first.balance.available, first.balance.pending) == (0, 5)
    assert shop.now() == (0, 0, 0)
    assert len(entries(client, shop.program_id, "17850")) == 1, "reading writes nothing"

    second = shop.buy(-EXPIRY_DAYS + 10, 7)
    # As of that day, the first had been posted and was still good.
    assert (second.balance.available, second.balance.pending) == (5, 7)
    assert shop.now() == (7, 0, 7)
    third = shop.buy(-PENDING_DAYS - 5, 11)
    assert (third.balance.available, third.balance.pending) == (7, 11)
    assert shop.now() == (18, 0, 7)
    fourth = shop.buy(-2, 13)
    assert (fourth.balance.available, fourth.balance.pending) == (18, 13)
    assert shop.now() == (18, 13, 7)

    last = verified(client, shop.program_id)
    assert last.totals.issued == 5 + 7 + 11 + 13
    kinds = [
        [change.WhichOneof("change") for change in entry.changes]
        for entry in entries(client, shop.program_id, "17850")
    ]
    assert kinds == [
        ["joined", "earned"], ["posted"], ["earned"], ["posted"], ["expired"], ["earned"], ["posted"],
        ["earned"],
    ]  # fmt: skip


def test_an_order_at_the_edge_of_its_time_is_or_is_not_yet_posted_and_expired(
    service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest
) -> None:
    def now_of(days: int) -> tuple[int, int, int]:
        shop = Waiting(service, client, f"{request.node.nodeid}{days}")
        shop.buy(days, 100)
        return shop.now()

    # A day more and a day less than the limit: whatever the hour is, in whatever season.
    assert now_of(-PENDING_DAYS + 1) == (0, 100, 0)
    assert now_of(-PENDING_DAYS - 2) == (100, 0, 100)
    assert now_of(-EXPIRY_DAYS + 1) == (100, 0, 100)
    assert now_of(-EXPIRY_DAYS - 2) == (0, 0, 0)


def test_an_order_a_little_ahead_of_the_clock_is_settled_as_of_now(
    client: LoyaltyClient, program_id: str
) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    order = order_of("A1", order_time=int(ahead.timestamp()))
    assert settle(client, settle_of(program_id, "17850", order)).earned_points == 10
    (entry,) = entries(client, program_id, "17850")
    assert entry.effective_time == entry.recorded_time


def test_an_order_of_before_is_back_dated_and_says_so(client: LoyaltyClient, program_id: str) -> None:
    settle(client, settle_of(program_id, "17850", order_of("A1", order_time=NOON_SECONDS)))
    settle(client, settle_of(program_id, "17850", order_of("A2", order_time=NOON_SECONDS - 3_600)))
    settle(client, settle_of(program_id, "17850", order_of("A3", order_time=NOON_SECONDS)))
    assert [entry.back_dated for entry in entries(client, program_id, "17850")] == [False, True, False]
    assert balance(client, program_id, "17850").available == 30
    verified(client, program_id)
