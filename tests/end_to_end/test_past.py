"""Looks into the past: what was known at a time, and what holds for a time as known now."""

import random
from datetime import UTC, datetime
from typing import Final

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages
from loyalty.v1.balance_pb2 import Balance

from tests.end_to_end.asking import Member, do
from tests.end_to_end.calls import (
    SECONDS_MAX,
    WAIT_SECONDS_MAX,
    balance,
    entries,
    order_of,
    refused,
    verified,
)
from tests.end_to_end.scenes import amounts, day, document_with, settle_points
from tests.end_to_end.shop import assert_names
from tests.running_service import RunningService

# A snapshot is kept every 64 entries: so many entries have several before and behind them.
ORDERS: Final = 330
PENDING_DAYS: Final = 14
EXPIRY_DAYS: Final = 60
WAITING: Final = document_with(
    expiry={"kind": "days", "days": EXPIRY_DAYS}, pending={"kind": "days", "days": PENDING_DAYS}
)


@pytest.fixture
def owner(program_id: str) -> Member:
    """A member of the demo program, whose points never expire."""
    return Member(program_id)


def asked(owner: Member, **then: Timestamp | int) -> messages.GetBalanceRequest:
    return messages.GetBalanceRequest(program_id=owner.program_id, member_id=owner.member_id, **then)  # type: ignore[arg-type]  # fields by name


def known_at(client: LoyaltyClient, owner: Member, time: Timestamp) -> Balance:
    """What was known then."""
    return do(client.points.GetBalance, asked(owner, as_of_time=time)).balance


def effective_at(client: LoyaltyClient, owner: Member, seconds: int) -> Balance:
    """What holds for then."""
    time = Timestamp(seconds=seconds)
    return do(client.points.GetBalance, asked(owner, as_of_effective_time=time)).balance


def settle_all(client: LoyaltyClient, owner: Member, orders: list[tuple[str, int, int]]) -> None:
    """Settle orders of (order id, points, day), in the order given."""
    requests = [
        owner.settle(order_of(order_id, 100 * points, order_time=day(days)))
        for order_id, points, days in orders
    ]
    batch = messages.BatchSettleOrdersRequest(requests=requests)
    answer = client.points.BatchSettleOrders(batch, timeout=WAIT_SECONDS_MAX)
    assert {"response"} == {result.WhichOneof("result") for result in answer.results}


def moved(time: Timestamp, microseconds: int) -> Timestamp:
    other = Timestamp()
    other.FromMicroseconds(time.ToMicroseconds() + microseconds)
    return other


def test_what_was_known_at_every_moment_of_a_long_history(client: LoyaltyClient, owner: Member) -> None:
    for number in range(ORDERS):
        settle_points(client, owner, f"A{number}", number % 7 + 1, -1)
        if number % 10 == 9:
            do(client.points.SpendPoints, owner.spend(11, f"spend-{number}"))
    journal = entries(client, owner.program_id, owner.member_id)
    assert len(journal) == ORDERS + ORDERS // 10
    # Folded from the start by a sum of its own: 1 + 2 + … + 7 points again and again, less 11 each tenth.
    available, number = 0, 0
    expected: dict[int, tuple[int, int]] = {}
    for entry in journal:
        if entry.order_id:
            available, number = available + number % 7 + 1, number + 1
        else:
            available -= 11
        # Of several in one moment the last counts.
        expected[entry.recorded_time.ToMicroseconds()] = (available, entry.seq)
    moments = sorted(expected)
    for place in [*range(0, len(moments), 9), len(moments) - 1]:
        time = Timestamp()
        time.FromMicroseconds(moments[place])
        found = known_at(client, owner, time)
        assert (found.available, found.version) == expected[moments[place]]
        if place:
            just_before = known_at(client, owner, moved(time, -1))
            assert (just_before.available, just_before.version) == expected[moments[place - 1]]
    before = known_at(client, owner, moved(journal[0].recorded_time, -1))
    assert (*amounts(before), before.version) == (0, 0, 0, 0, 0)
    verified(client, owner.program_id)


def test_what_holds_for_a_day_counts_orders_that_became_known_late(
    client: LoyaltyClient, owner: Member
) -> None:
    generator = random.Random(20_251_209)
    orders = [(f"A{number}", number % 9 + 1, -generator.randrange(1, 80)) for number in range(ORDERS)]
    settle_all(client, owner, orders)
    journal = entries(client, owner.program_id, owner.member_id)
    assert len(journal) == ORDERS
    assert sum(entry.back_dated for entry in journal) > ORDERS // 2
    do(client.points.SpendPoints, owner.spend(500))

    for days in range(-82, 1):
        expected = sum(points for _, points, ordered in orders if ordered <= days)
        # A second after noon, when the orders of that day are in.
        found = effective_at(client, owner, day(days) + 1 if days < 0 else day(-1) + 3_600)
        assert amounts(found) == (expected, 0, 0, 0), days
    now = balance(client, owner.program_id, owner.member_id)
    assert now.available == sum(points for _, points, _ in orders) - 500
    # None of it was known before it was written.
    assert known_at(client, owner, Timestamp(seconds=day(-1))).version == 0
    verified(client, owner.program_id)


def test_what_waited_and_what_expired_by_a_day_of_a_long_history(
    service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest
) -> None:
    owner = Member(service.apply_program(request.node.nodeid, WAITING))
    orders = [(f"A{number}", number % 9 + 1, number - 200) for number in range(199)]
    settle_all(client, owner, orders)
    assert len(entries(client, owner.program_id, owner.member_id)) > 300

    for days in range(-203, -1, 3):
        found = effective_at(client, owner, day(days) + 1)
        ages = [(days - ordered, points) for _, points, ordered in orders]
        waiting = sum(points for age, points in ages if 0 <= age <= PENDING_DAYS)
        posted = sum(points for age, points in ages if PENDING_DAYS < age <= EXPIRY_DAYS)
        assert amounts(found) == (posted, waiting, 0, 0), days
        oldest = sum(points for age, points in ages if age == EXPIRY_DAYS)
        if oldest:
            assert found.next_expiry_points == oldest
    totals = verified(client, owner.program_id).totals
    assert totals.issued == sum(points for _, points, _ in orders)


def test_a_late_order_changes_what_holds_for_then_and_not_what_was_known(
    client: LoyaltyClient, owner: Member
) -> None:
    settle_points(client, owner, "A1", 10, -10)
    settle_points(client, owner, "A2", 20, -5)
    first = known_at(client, owner, entries(client, owner.program_id, "17850")[-1].recorded_time)
    assert (first.available, effective_at(client, owner, day(-7)).available) == (30, 10)
    settle_points(client, owner, "late", 5, -8)
    journal = entries(client, owner.program_id, "17850")
    assert [entry.back_dated for entry in journal] == [False, False, True]
    assert effective_at(client, owner, day(-9)).available == 10
    assert effective_at(client, owner, day(-8)).available == 15, "from its own instant on"
    assert effective_at(client, owner, day(-8) - 1).available == 10
    assert effective_at(client, owner, day(-5)).available == 35
    assert first == known_at(client, owner, journal[1].recorded_time)
    assert known_at(client, owner, journal[2].recorded_time).available == 35


def test_before_the_first_entry_there_was_nothing(client: LoyaltyClient, owner: Member) -> None:
    settle_points(client, owner, "A1", 10, -10)
    for seconds in (0, 1, day(-11), day(-10) - 1):
        for found in (
            effective_at(client, owner, seconds),
            known_at(client, owner, Timestamp(seconds=seconds)),
        ):
            assert (*amounts(found), found.version, found.next_expiry_points) == (0, 0, 0, 0, 0, 0)
    nobody = Member(owner.program_id, "nobody")
    for request in (
        asked(nobody, as_of_time=Timestamp(seconds=1)),
        asked(nobody, as_of_effective_time=Timestamp(seconds=1)),
    ):
        refusal = refused(lambda request=request: do(client.points.GetBalance, request))  # type: ignore[misc]  # bound now
        assert refusal.reason == "MEMBER_NOT_FOUND"


def test_nobody_knows_the_future(client: LoyaltyClient, owner: Member) -> None:
    settle_points(client, owner, "A1", 10, -10)
    future = Timestamp(seconds=int(datetime.now(UTC).timestamp()) + 3_600)
    for field in ("as_of_time", "as_of_effective_time"):
        request = asked(owner, **{field: future})
        refusal = refused(lambda request=request: client.points.GetBalance(request, timeout=SECONDS_MAX))  # type: ignore[misc]  # bound now
        assert_names(refusal, field, "lies after the service's clock")
