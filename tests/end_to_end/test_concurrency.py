"""A thousand callers at once, on two workers: no point is spent twice, and nothing takes effect twice."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message
from loyalty.client import AsyncLoyaltyClient, LoyaltyClient
from loyalty.v1 import entry_pb2
from loyalty.v1 import points_service_pb2 as messages

from tests.end_to_end.asking import Member
from tests.end_to_end.callers import Callers, callers_of
from tests.end_to_end.calls import (
    WAIT_SECONDS_MAX,
    Refusal,
    balance,
    entries,
    refusal_of,
    verified,
)
from tests.end_to_end.scenes import amounts, settle_points
from tests.running_service import RunningService

CALLS: Final = 1_000
POINTS: Final = 10_000
EACH: Final = 100
OPEN_HOLDS_MAX: Final = 100


class Outcome(NamedTuple):
    """What became of calls made at once."""

    accepted: list[Message]
    refusals: list[Refusal]


@pytest.fixture
def owner(client: LoyaltyClient, program_id: str) -> Member:
    """A member with 10,000 points."""
    member = Member(program_id)
    settle_points(client, member, "A1", POINTS, -1)
    return member


async def send(client: AsyncLoyaltyClient, request: Message) -> Message:
    """Make the call that a request is of, whichever it is."""
    method = getattr(client.points, request.DESCRIPTOR.name.removesuffix("Request"))
    answer: Message = await method(request, timeout=WAIT_SECONDS_MAX)
    return answer


async def at_once(callers: Callers, requests: Sequence[Message]) -> Outcome:
    """Make all calls at once, on both workers."""
    answers = await callers.all_at_once(send, requests)
    assert len(answers) == len(requests)
    return Outcome(
        [answer for answer in answers if isinstance(answer, Message)],
        [refusal_of(answer) for answer in answers if isinstance(answer, grpc.aio.AioRpcError)],
    )


def insufficient(required: int, available: int) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    missing = required - available
    numbers = {"required": str(required), "available": str(available), "missing": str(missing)}
    return grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_POINTS", numbers


def told(refusal: Refusal) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    return refusal.code, refusal.reason, refusal.metadata


async def test_of_a_thousand_spends_a_hundred_find_points(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    async with callers_of(service) as callers:
        outcome = await at_once(callers, [owner.spend(EACH, f"spend-{n}") for n in range(CALLS)])
    assert len(outcome.accepted) == POINTS // EACH
    assert [insufficient(EACH, 0)] * (CALLS - POINTS // EACH) == [told(one) for one in outcome.refusals]
    # Each of them saw another moment: numbers and balances without gap or repetition.
    seen = sorted(
        (one.seq, one.balance.available)
        for one in outcome.accepted
        if isinstance(one, messages.SpendPointsResponse)
    )
    assert [(n + 2, POINTS - EACH * (n + 1)) for n in range(POINTS // EACH)] == seen
    assert amounts(balance(client, owner.program_id, "17850")) == (0, 0, 0, 0)
    totals = verified(client, owner.program_id).totals
    assert (totals.redeemed, totals.available) == (POINTS, 0)


async def test_of_a_thousand_spends_of_uneven_sizes_none_goes_below_zero(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    async with callers_of(service) as callers:
        outcome = await at_once(callers, [owner.spend(7 + n % 90, f"spend-{n}") for n in range(CALLS)])
    spent = sum(one.spent_points for one in outcome.accepted if isinstance(one, messages.SpendPointsResponse))
    left = balance(client, owner.program_id, "17850").available
    assert spent + left == POINTS
    assert {"INSUFFICIENT_POINTS"} == {one.reason for one in outcome.refusals}
    for one in outcome.refusals:
        numbers = {name: int(value) for name, value in one.metadata.items()}
        assert 0 <= numbers["available"] < numbers["required"]
        assert numbers["missing"] == numbers["required"] - numbers["available"]
    assert verified(client, owner.program_id).totals.redeemed == spent


async def test_of_a_thousand_holds_as_many_are_placed_as_find_points(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    # Ninety at 110 leave 100, which is too few; so the limit on open holds is not what stops them.
    points = 110
    async with callers_of(service) as callers:
        outcome = await at_once(callers, [owner.hold(points, f"hold-{n}") for n in range(CALLS)])
        assert len(outcome.accepted) == POINTS // points == 90
        assert [insufficient(points, 100)] * (CALLS - 90) == [told(one) for one in outcome.refusals]
        assert amounts(balance(client, owner.program_id, "17850")) == (100, 0, 90 * points, 0)
        # Every hold is resolved by two callers in two ways: one of them gets it.
        held = [one.hold_id for one in outcome.accepted if isinstance(one, messages.HoldPointsResponse)]
        both: list[Message] = []
        for hold_id in held:
            both += [
                owner.capture(0, f"capture-{hold_id}", hold_id),
                owner.release(f"release-{hold_id}", hold_id),
            ]
        resolved = await at_once(callers, both)
    kinds = Counter(type(one) for one in resolved.accepted)
    assert sum(kinds.values()) == len(resolved.refusals) == 90
    assert {"HOLD_RESOLVED"} == {one.reason for one in resolved.refusals}
    captured = kinds[messages.CaptureHoldResponse] * points
    assert amounts(balance(client, owner.program_id, "17850")) == (POINTS - captured, 0, 0, 0)
    assert verified(client, owner.program_id).totals.redeemed == captured


async def test_the_open_holds_of_a_member_are_bounded_also_at_once(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    async with callers_of(service) as callers:
        outcome = await at_once(callers, [owner.hold(1, f"hold-{n}") for n in range(400)])
    assert len(outcome.accepted) == OPEN_HOLDS_MAX
    numbers = {"limit": str(OPEN_HOLDS_MAX), "counted": "holds"}
    expected = (grpc.StatusCode.FAILED_PRECONDITION, "HOLDS_LIMIT_EXCEEDED", numbers)
    assert [expected] * 300 == [told(one) for one in outcome.refusals]
    assert verified(client, owner.program_id).totals.held == OPEN_HOLDS_MAX


async def test_one_hold_captured_by_all_is_captured_once_and_all_get_that_answer(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    async with callers_of(service) as callers:
        (placed,) = {str(one) for one in (await at_once(callers, [owner.hold(500)] * CALLS)).accepted}
        assert "hold_id" in placed
        # The same resolution under as many request ids, with its number and without, beside other ones.
        requests: list[Message] = [owner.capture(0, f"all-{n}") for n in range(200)]
        requests += [owner.capture(500, f"same-{n}") for n in range(200)]
        outcome = await at_once(callers, requests)
        assert (len(outcome.accepted), len({str(one) for one in outcome.accepted})) == (400, 1)
        others: list[Message] = [owner.capture(499, f"less-{n}") for n in range(100)]
        others += [owner.release(f"release-{n}") for n in range(100)]
        late = await at_once(callers, others)
        assert not late.accepted
        state = {"hold_id": "hold", "state": "captured", "captured_points": "500", "seq": "3"}
        expected = (grpc.StatusCode.FAILED_PRECONDITION, "HOLD_RESOLVED", state)
        assert [expected] * 200 == [told(one) for one in late.refusals]
    assert amounts(balance(client, owner.program_id, "17850")) == (POINTS - 500, 0, 0, 0)
    assert verified(client, owner.program_id).checked_entries == 3


async def test_one_order_refunded_by_all_is_refunded_once(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    settle_points(client, owner, "A2", 400, -1)
    async with callers_of(service) as callers:
        outcome = await at_once(callers, [owner.refund("A2", f"refund-{n}") for n in range(400)])
        assert len(outcome.accepted) == 1
        numbers = {"order_id": "A2", "line_id": "", "requested": "0", "left": "0"}
        expected = (grpc.StatusCode.FAILED_PRECONDITION, "REFUND_EXCEEDS_ORDER", numbers)
        assert [expected] * 399 == [told(one) for one in outcome.refusals]
        assert balance(client, owner.program_id, "17850").available == POINTS

        # In 400 parts at once, of which 300 are there: of the same refund id one, of others as many as fit.
        settle_points(client, owner, "A3", 300, -1)
        parts = [owner.refund("A3", f"part-{n}", amount_minor=100) for n in range(400)]
        outcome = await at_once(callers, parts)
        assert len(outcome.accepted) == 300
        assert {"REFUND_EXCEEDS_ORDER"} == {one.reason for one in outcome.refusals}
        settle_points(client, owner, "A4", 300, -1)
        same = [owner.refund("A4", f"same-{n}", amount_minor=100, refund_id="R1") for n in range(400)]
        outcome = await at_once(callers, same)
        assert (len(outcome.accepted), len({str(one) for one in outcome.accepted})) == (400, 1)
    assert balance(client, owner.program_id, "17850").available == POINTS + 299
    assert verified(client, owner.program_id).totals.voided == 400 + 300 + 1


async def test_transfers_to_and_fro_beside_spends_keep_the_sum_and_never_stand_in_a_circle(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    other = Member(owner.program_id, "17851")
    settle_points(client, other, "B1", POINTS, -1)
    requests: list[Message] = []
    for n in range(150):
        requests += [
            owner.transfer("17851", 20 + n % 7, f"to-{n}"),
            other.transfer("17850", 20 + n % 5, f"fro-{n}"),
            owner.spend(3, f"spend-{n}"),
            other.spend(4, f"spend-{n}"),
        ]
    # The channels are taken in turn: so each kind goes to both workers.
    random.Random(11).shuffle(requests)
    async with callers_of(service) as callers:
        outcome = await at_once(callers, requests)
        assert [told(one) for one in outcome.refusals] == []
        # All again: every one answers what it answered.
        again = await at_once(callers, requests)
        assert [str(one) for one in outcome.accepted] == [str(one) for one in again.accepted]
    spent = 150 * (3 + 4)
    to, fro = (sum(20 + n % one for n in range(150)) for one in (7, 5))
    assert balance(client, owner.program_id, "17850").available == POINTS - to + fro - 150 * 3
    assert balance(client, owner.program_id, "17851").available == POINTS + to - fro - 150 * 4
    totals = verified(client, owner.program_id).totals
    assert (totals.transferred_in, totals.transferred_out) == (to + fro, to + fro)
    assert (totals.available, totals.redeemed) == (2 * POINTS - spent, spent)


async def test_of_concurrent_transfers_as_many_are_made_as_find_points_and_both_sides_name_each_other(
    service: RunningService, client: LoyaltyClient, owner: Member
) -> None:
    receivers = [Member(owner.program_id, f"receiver-{n}") for n in range(4)]
    for receiver in receivers:
        settle_points(client, receiver, "B1", 1, -1)
    requests = [owner.transfer(f"receiver-{n % 3}", 150, f"transfer-{n}") for n in range(200)]
    async with callers_of(service) as callers:
        outcome = await at_once(callers, requests)
    assert len(outcome.accepted) == POINTS // 150 == 66
    assert [insufficient(150, 100)] * 134 == [told(one) for one in outcome.refusals]
    journals = {
        one.member_id: {entry.seq: entry for entry in entries(client, owner.program_id, one.member_id)}
        for one in (owner, *receivers)
    }
    sent = [entry for entry in journals["17850"].values() if entry.kind == entry_pb2.ENTRY_KIND_TRANSFER_SENT]
    assert len(sent) == 66
    answers = {
        one.seq: one.to_seq for one in outcome.accepted if isinstance(one, messages.TransferPointsResponse)
    }
    for entry in sent:
        out = entry.changes[0].transferred_out
        came = journals[out.to_member_id][answers[entry.seq]].changes[0].transferred_in
        assert (came.from_member_id, came.from_seq, came.points) == ("17850", entry.seq, out.points)
    verified(client, owner.program_id)
