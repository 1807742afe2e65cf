"""Holds: points reserved for a time, captured or given back once."""

from typing import Final

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import entry_pb2

from tests.end_to_end.asking import HOLD_SECONDS, Member, do
from tests.end_to_end.calls import (
    balance,
    entries,
    eventually,
    order_of,
    refused,
    verified,
)
from tests.end_to_end.scenes import amounts, document_with, end_of_day, settle_points
from tests.running_service import RunningService

EXPIRY_DAYS: Final = 30
GOOD_FOR_A_MONTH: Final = document_with(expiry={"kind": "days", "days": EXPIRY_DAYS})
OPEN_HOLDS_MAX: Final = 100

AVAILABLE: Final = entry_pb2.LEDGER_ACCOUNT_AVAILABLE
HELD: Final = entry_pb2.LEDGER_ACCOUNT_HELD
REDEEMED: Final = entry_pb2.LEDGER_ACCOUNT_REDEEMED


@pytest.fixture
def owner(client: LoyaltyClient, program_id: str) -> Member:
    """A member with 100 points that never expire."""
    member = Member(program_id)
    settle_points(client, member, "A1", 100, -1)
    return member


def now(client: LoyaltyClient, of: Member) -> tuple[int, int, int, int]:
    return amounts(balance(client, of.program_id, of.member_id))


def last_entry(client: LoyaltyClient, of: Member) -> entry_pb2.Entry:
    return entries(client, of.program_id, of.member_id)[-1]


def microseconds(time: Timestamp) -> int:
    return time.ToMicroseconds()


def test_a_hold_reserves_points_until_its_deadline(client: LoyaltyClient, owner: Member) -> None:
    answer = do(client.points.HoldPoints, owner.hold(60, "hold-1"))
    assert (answer.hold_id, answer.seq, *amounts(answer.balance)) == ("hold-1", 2, 40, 0, 60, 0)
    entry = last_entry(client, owner)
    assert entry.kind == entry_pb2.ENTRY_KIND_POINTS_HELD
    assert microseconds(answer.deadline_time) == microseconds(entry.effective_time) + HOLD_SECONDS * 10**6
    held = entry.changes[0].held
    assert (held.hold_id, held.points, held.deadline_time) == ("hold-1", 60, answer.deadline_time)
    # What is held cannot be spent.
    refusal = refused(lambda: do(client.points.SpendPoints, owner.spend(41)))
    assert refusal.metadata == {"required": "41", "available": "40", "missing": "1"}
    assert verified(client, owner.program_id).totals.held == 60


def test_a_capture_spends_a_part_and_gives_the_rest_back(client: LoyaltyClient, owner: Member) -> None:
    do(client.points.HoldPoints, owner.hold(60))
    answer = do(client.points.CaptureHold, owner.capture(45))
    assert (answer.captured_points, answer.released_points, answer.seq) == (45, 15, 3)
    assert amounts(answer.balance) == now(client, owner) == (55, 0, 0, 0)
    entry = last_entry(client, owner)
    assert [change.WhichOneof("change") for change in entry.changes] == ["captured", "released"]
    assert not entry.changes[1].released.timed_out
    totals = verified(client, owner.program_id).totals
    assert (totals.redeemed, totals.held, totals.available) == (45, 0, 55)


def test_a_capture_takes_what_expires_first_and_the_rest_joins_the_tail_of_its_lot(
    client: LoyaltyClient, service: RunningService, request: pytest.FixtureRequest
) -> None:
    owner = Member(service.apply_program(request.node.nodeid, GOOD_FOR_A_MONTH))
    settle_points(client, owner, "early", 50, -20)
    settle_points(client, owner, "late", 30, -10)
    early, late = (end_of_day(days + EXPIRY_DAYS) for days in (-20, -10))
    held = do(client.points.HoldPoints, owner.hold(60))
    assert (held.balance.next_expiry_points, held.balance.next_expiry_time) == (20, late)

    do(client.points.CaptureHold, owner.capture(20))
    movements = [
        (leg.from_account, leg.to_account, leg.points, leg.lot_expiry_time, leg.lot_offset)
        for change in last_entry(client, owner).changes
        for leg in change.legs
    ]
    assert movements == [
        (HELD, REDEEMED, 20, early, 0),
        (HELD, AVAILABLE, 30, early, 50),
        (HELD, AVAILABLE, 10, late, 30),
    ]
    back = balance(client, owner.program_id, "17850")
    assert (back.available, back.next_expiry_points, back.next_expiry_time) == (60, 30, early)


def test_a_hold_is_resolved_once_and_the_same_again_is_answered_the_same(
    client: LoyaltyClient, owner: Member
) -> None:
    do(client.points.HoldPoints, owner.hold(60, "hold-1"))
    do(client.points.HoldPoints, owner.hold(40, "hold-2"))
    captured = do(client.points.CaptureHold, owner.capture(60, "capture-1", "hold-1"))
    released = do(client.points.ReleaseHold, owner.release("release-2", "hold-2"))
    assert (released.released_points, released.seq, *amounts(released.balance)) == (40, 5, 40, 0, 0, 0)

    # Under any request id; and all of it, whether it is said with a number or without.
    assert captured == do(client.points.CaptureHold, owner.capture(60, "capture-2", "hold-1"))
    assert captured == do(client.points.CaptureHold, owner.capture(0, "capture-3", "hold-1"))
    assert released == do(client.points.ReleaseHold, owner.release("release-3", "hold-2"))
    # Those ids are used up now.
    reused = refused(lambda: do(client.points.SpendPoints, owner.spend(1, "capture-3")))
    assert (reused.reason, reused.metadata) == ("REQUEST_ID_REUSED", {"request_id": "capture-3", "seq": "4"})

    for call, state, points, seq in (
        (lambda: do(client.points.CaptureHold, owner.capture(59, "x", "hold-1")), "captured", "60", "4"),
        (lambda: do(client.points.ReleaseHold, owner.release("x", "hold-1")), "captured", "60", "4"),
        (lambda: do(client.points.CaptureHold, owner.capture(40, "x", "hold-2")), "released", "0", "5"),
    ):
        refusal = refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "HOLD_RESOLVED")
        hold_id = "hold-1" if state == "captured" else "hold-2"
        expected = {"hold_id": hold_id, "state": state, "captured_points": points, "seq": seq}
        assert expected == refusal.metadata
    assert verified(client, owner.program_id).checked_entries == 5


def test_a_hold_that_runs_out_releases_itself_for_good(client: LoyaltyClient, owner: Member) -> None:
    held = do(client.points.HoldPoints, owner.hold(60, ttl_seconds=1))
    eventually("the hold has run out", lambda: now(client, owner) == (100, 0, 0, 0))
    for call in (
        lambda: do(client.points.CaptureHold, owner.capture()),
        lambda: do(client.points.ReleaseHold, owner.release()),
    ):
        refusal = refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "HOLD_RESOLVED")
        assert (refusal.metadata["hold_id"], refusal.metadata["state"]) == ("hold", "timed_out")
    # All points can be spent, also before any job booked it.
    assert do(client.points.SpendPoints, owner.spend(100)).balance.available == 0
    journal = entries(client, owner.program_id, "17850")
    (due,) = [entry for entry in journal if entry.kind == entry_pb2.ENTRY_KIND_FELL_DUE]
    assert (due.effective_time, due.request_id) == (held.deadline_time, "")
    released = due.changes[0].released
    assert (released.hold_id, released.points, released.timed_out) == ("hold", 60, True)
    # Placed anew under its id, it would be another hold: the id still answers what it answered.
    assert held == do(client.points.HoldPoints, owner.hold(60, ttl_seconds=1))


def test_an_order_takes_a_hold_and_releases_what_it_does_not_spend(
    client: LoyaltyClient, owner: Member
) -> None:
    do(client.points.HoldPoints, owner.hold(60, "hold-1"))
    do(client.points.HoldPoints, owner.hold(20, "hold-2"))
    a_part = owner.settle(order_of("A2", 2_000), spend_points=45, hold_id="hold-1")
    answer = do(client.points.SettleOrder, a_part)
    assert (answer.spent_points, answer.earned_points, answer.spent_worth_minor) == (45, 20, 45)
    assert amounts(answer.balance) == (20 + 15 + 20, 0, 20, 0)
    entry = last_entry(client, owner)
    assert [change.WhichOneof("change") for change in entry.changes] == ["captured", "released", "earned"]
    assert (entry.kind, entry.order_id) == (entry_pb2.ENTRY_KIND_ORDER_SETTLED, "A2")

    everything = do(client.points.SettleOrder, owner.settle(order_of("A3", 0), hold_id="hold-2"))
    assert (everything.spent_points, *amounts(everything.balance)) == (20, 55, 0, 0, 0)

    refusal = refused(lambda: do(client.points.CaptureHold, owner.capture(45, hold_id="hold-1")))
    # Whoever captures what an order took gets no answer of another kind.
    assert refusal.reason == "HOLD_RESOLVED"
    assert refusal.metadata["captured_points"] == "45"
    # The order itself is answered the same, and with less of the hold it is another order.
    assert answer == do(client.points.SettleOrder, a_part)
    less = owner.settle(order_of("A2", 2_000), spend_points=44, hold_id="hold-1", request_id="other")
    assert refused(lambda: do(client.points.SettleOrder, less)).reason == "ORDER_ALREADY_SETTLED"
    totals = verified(client, owner.program_id).totals
    assert (totals.redeemed, totals.available, totals.held) == (65, 55, 0)


def test_a_hundred_holds_are_open_at_once_and_no_more(client: LoyaltyClient, owner: Member) -> None:
    for number in range(OPEN_HOLDS_MAX):
        do(client.points.HoldPoints, owner.hold(1, f"hold-{number}"))
    settle_points(client, owner, "A2", 1)
    refusal = refused(lambda: do(client.points.HoldPoints, owner.hold(1, "one-more")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "HOLDS_LIMIT_EXCEEDED")
    assert refusal.metadata == {"limit": str(OPEN_HOLDS_MAX), "counted": "holds"}
    assert now(client, owner) == (1, 0, 100, 0)
    do(client.points.ReleaseHold, owner.release(hold_id="hold-50"))
    assert do(client.points.HoldPoints, owner.hold(2, "one-more")).balance.held == 101
    assert verified(client, owner.program_id).totals.held == 101
