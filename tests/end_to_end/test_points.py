"""Points spent, given, taken, voided and moved on by hand, and what a suspension stops."""

from typing import Final

import grpc
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import entry_pb2, member_pb2

from tests.end_to_end.asking import Member, do
from tests.end_to_end.calls import balance, entries, member, refused, verified
from tests.end_to_end.scenes import (
    amounts,
    change_program,
    document_with,
    end_of_day,
    settle_points,
)
from tests.running_service import RunningService

EXPIRY_DAYS: Final = 30
GOOD_FOR_A_MONTH: Final = document_with(expiry={"kind": "days", "days": EXPIRY_DAYS})
PENDING: Final = document_with(pending={"kind": "days", "days": 14})

AVAILABLE: Final = entry_pb2.LEDGER_ACCOUNT_AVAILABLE
ISSUED: Final = entry_pb2.LEDGER_ACCOUNT_ISSUED
DEBT: Final = entry_pb2.LEDGER_ACCOUNT_DEBT
REDEEMED: Final = entry_pb2.LEDGER_ACCOUNT_REDEEMED
TRANSFER: Final = entry_pb2.LEDGER_ACCOUNT_TRANSFER


@pytest.fixture
def owner(service: RunningService, request: pytest.FixtureRequest) -> Member:
    """A member of a program whose points are good for 30 days."""
    return Member(service.apply_program(request.node.nodeid, GOOD_FOR_A_MONTH))


def available(client: LoyaltyClient, of: Member) -> int:
    return balance(client, of.program_id, of.member_id).available


def last_entry(client: LoyaltyClient, of: Member) -> entry_pb2.Entry:
    return entries(client, of.program_id, of.member_id)[-1]


def legs(client: LoyaltyClient, of: Member) -> list[tuple[int, int, int, int, int]]:
    """The movements of the latest entry: from, to, points, the lot's end in seconds, the offset."""
    return [
        (leg.from_account, leg.to_account, leg.points, leg.lot_expiry_time.seconds, leg.lot_offset)
        for change in last_entry(client, of).changes
        for leg in change.legs
    ]


def test_what_expires_first_is_spent_first_and_within_a_lot_what_came_first(
    client: LoyaltyClient, owner: Member
) -> None:
    settle_points(client, owner, "late", 30, -10)
    settle_points(client, owner, "early", 50, -20)
    early, late = (end_of_day(days + EXPIRY_DAYS) for days in (-20, -10))

    first = do(client.points.SpendPoints, owner.spend(60, "spend-1", "A cup of tea"))
    assert (first.spent_points, first.seq) == (60, 3)
    assert (*amounts(first.balance), first.balance.next_expiry_points) == (20, 0, 0, 0, 20)
    assert first.balance.next_expiry_time == late
    assert legs(client, owner) == [
        (AVAILABLE, REDEEMED, 50, early.seconds, 0),
        (AVAILABLE, REDEEMED, 10, late.seconds, 0),
    ]
    entry = last_entry(client, owner)
    assert (entry.kind, entry.note) == (entry_pb2.ENTRY_KIND_POINTS_SPENT, "A cup of tea")
    assert (entry.changes[0].spent.points, entry.changes[0].spent.worth_minor) == (60, 0)

    do(client.points.SpendPoints, owner.spend(20, "spend-2"))
    assert legs(client, owner) == [(AVAILABLE, REDEEMED, 20, late.seconds, 10)]
    assert available(client, owner) == 0
    totals = verified(client, owner.program_id).totals
    assert (totals.issued, totals.redeemed, totals.available) == (80, 80, 0)


def test_points_that_never_expire_are_spent_last(client: LoyaltyClient, program_id: str) -> None:
    owner = Member(program_id)
    settle_points(client, owner, "for-ever", 50, -5)
    assert change_program(client, program_id, GOOD_FOR_A_MONTH) == 2
    settle_points(client, owner, "a-month", 30, -4)

    do(client.points.SpendPoints, owner.spend(40))
    month = end_of_day(-4 + EXPIRY_DAYS).seconds
    assert legs(client, owner) == [(AVAILABLE, REDEEMED, 30, month, 0), (AVAILABLE, REDEEMED, 10, 0, 0)]


def test_all_but_one_point_more_than_all_can_be_spent(client: LoyaltyClient, program_id: str) -> None:
    owner = Member(program_id)
    settle_points(client, owner, "A1", 100, -1)
    refusal = refused(lambda: do(client.points.SpendPoints, owner.spend(101)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_POINTS")
    assert refusal.metadata == {"required": "101", "available": "100", "missing": "1"}
    # A refusal is not remembered: the same request may be made again with less, and after more points came.
    assert do(client.points.SpendPoints, owner.spend(100)).balance.available == 0


def test_points_given_by_hand_live_as_if_they_were_earned_now(client: LoyaltyClient, owner: Member) -> None:
    settle_points(client, owner, "A1", 10, -10)
    answer = do(client.points.AdjustPoints, owner.adjust(25, reason="Sorry for the delay\n对不起"))
    assert (answer.seq, *amounts(answer.balance)) == (2, 35, 0, 0, 0)
    assert answer.balance.next_expiry_time == end_of_day(-10 + EXPIRY_DAYS)
    assert legs(client, owner) == [(ISSUED, AVAILABLE, 25, end_of_day(EXPIRY_DAYS).seconds, 0)]
    entry = last_entry(client, owner)
    assert entry.note == "Sorry for the delay\n对不起"
    assert entry.changes[0].adjusted.delta == 25

    taken = do(client.points.AdjustPoints, owner.adjust(-12, "adjust-2"))
    # Those that expire first: all ten of the order, then two of what was given.
    assert (taken.balance.available, taken.balance.next_expiry_points) == (23, 23)
    totals = verified(client, owner.program_id).totals
    assert (totals.issued, totals.voided, totals.available) == (35, 12, 23)


def test_every_credit_pays_what_is_owed_first(client: LoyaltyClient, program_id: str) -> None:
    owner = Member(program_id)
    settle_points(client, owner, "A1", 100, -3)
    do(client.points.SpendPoints, owner.spend(100))
    owing = do(client.points.RefundOrder, owner.refund("A1"))
    assert amounts(owing.balance) == (0, 0, 0, 100)

    given = do(client.points.AdjustPoints, owner.adjust(30))
    assert amounts(given.balance) == (0, 0, 0, 70)
    assert legs(client, owner) == [(ISSUED, DEBT, 30, 0, 0)]
    settle_points(client, owner, "A2", 20)
    assert amounts(balance(client, program_id, "17850")) == (0, 0, 0, 50)

    giver = Member(program_id, "17851")
    settle_points(client, giver, "B1", 65)
    do(client.points.TransferPoints, giver.transfer("17850", 65))
    assert amounts(balance(client, program_id, "17850")) == (15, 0, 0, 0)
    totals = verified(client, program_id).totals
    assert (totals.debt, totals.transferred_in, totals.transferred_out) == (0, 65, 65)


def test_a_number_of_points_or_everything_but_what_is_held_is_voided(
    client: LoyaltyClient, service: RunningService, request: pytest.FixtureRequest
) -> None:
    owner = Member(service.apply_program(request.node.nodeid, PENDING))
    settle_points(client, owner, "posted", 40, -20)
    settle_points(client, owner, "waiting", 10)
    do(client.points.HoldPoints, owner.hold(15))
    some = do(client.points.VoidPoints, owner.void(5))
    assert (some.voided_points, *amounts(some.balance)) == (5, 20, 10, 15, 0)

    everything = do(client.points.VoidPoints, owner.void(request_id="void-2", everything=True))
    assert (everything.voided_points, *amounts(everything.balance)) == (30, 0, 0, 15, 0)
    again = refused(lambda: do(client.points.VoidPoints, owner.void(request_id="void-3", everything=True)))
    assert again.metadata == {"required": "1", "available": "0", "missing": "1"}
    # What was held is still good for its hold, and comes back when it is released.
    assert do(client.points.ReleaseHold, owner.release()).balance.available == 15
    assert verified(client, owner.program_id).totals.voided == 35


def test_a_transfer_moves_lots_with_the_expiry_they_have(client: LoyaltyClient, owner: Member) -> None:
    other = Member(owner.program_id, "17851")
    settle_points(client, owner, "early", 50, -20)
    settle_points(client, owner, "late", 30, -10)
    settle_points(client, other, "own", 7, -15)
    early, own, late = (end_of_day(days + EXPIRY_DAYS) for days in (-20, -15, -10))

    answer = do(client.points.TransferPoints, owner.transfer("17851", 60))
    assert (answer.seq, answer.to_seq, *amounts(answer.balance)) == (3, 2, 20, 0, 0, 0)
    sent, received = last_entry(client, owner), last_entry(client, other)
    assert (sent.changes[0].transferred_out.to_member_id, sent.changes[0].transferred_out.points) == (
        "17851",
        60,
    )
    came = received.changes[0].transferred_in
    assert (came.from_member_id, came.from_seq, came.points) == ("17850", 3, 60)
    assert (received.kind, received.request_id) == (entry_pb2.ENTRY_KIND_TRANSFER_RECEIVED, "")
    assert legs(client, other) == [
        (TRANSFER, AVAILABLE, 50, early.seconds, 0),
        (TRANSFER, AVAILABLE, 10, late.seconds, 0),
    ]
    now = balance(client, owner.program_id, "17851")
    assert (now.available, now.next_expiry_points, now.next_expiry_time) == (67, 50, early)
    # The receiver's points mix with those that came: first the 50, then the 7 of their own.
    do(client.points.SpendPoints, other.spend(55))
    assert legs(client, other) == [
        (AVAILABLE, REDEEMED, 50, early.seconds, 0),
        (AVAILABLE, REDEEMED, 5, own.seconds, 0),
    ]
    totals = verified(client, owner.program_id).totals
    assert (totals.transferred_in, totals.transferred_out) == (60, 60)


def test_a_suspended_member_earns_and_spends_nothing_and_loses_nothing(
    client: LoyaltyClient, program_id: str
) -> None:
    owner, other = Member(program_id), Member(program_id, "17851")
    settle_points(client, owner, "A1", 100, -5)
    settle_points(client, other, "B1", 10, -5)
    do(client.points.HoldPoints, owner.hold(20, "hold-1"))
    do(client.points.HoldPoints, owner.hold(30, "hold-2"))
    assert do(client.members.SuspendMember, owner.suspend(reason="Chargebacks")).seq == 4
    assert member(client, program_id).state == member_pb2.MEMBER_STATE_SUSPENDED
    assert last_entry(client, owner).note == "Chargebacks"

    for call in (
        lambda: do(client.points.SpendPoints, owner.spend(1)),
        lambda: do(client.points.HoldPoints, owner.hold(1, "hold-3")),
        lambda: do(client.points.CaptureHold, owner.capture(hold_id="hold-1")),
        lambda: do(client.points.TransferPoints, owner.transfer("17851", 1)),
        lambda: do(client.points.TransferPoints, other.transfer("17850", 1)),
        lambda: do(client.points.SettleOrder, owner.settle("A2", spend_points=1)),
        lambda: do(client.members.SuspendMember, owner.suspend("suspend-2")),
    ):
        refusal = refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MEMBER_SUSPENDED")
        assert refusal.metadata == {"member_id": "17850"}

    order = do(client.points.SettleOrder, owner.settle("A3"))
    assert (order.earned_points, *amounts(order.balance)) == (0, 50, 0, 50, 0)
    earned = last_entry(client, owner).changes[0].earned
    assert (earned.rule_id, earned.base_amount_minor, earned.points) == ("base", 1_000, 0)
    assert do(client.points.ReleaseHold, owner.release(hold_id="hold-1")).balance.available == 70
    assert do(client.points.AdjustPoints, owner.adjust(5)).balance.available == 75
    assert do(client.points.RefundOrder, owner.refund("A1", amount_minor=1_000)).taken_back_points == 10

    assert do(client.members.ReinstateMember, owner.reinstate()).seq == 9
    not_suspended = refused(lambda: do(client.members.ReinstateMember, owner.reinstate("reinstate-2")))
    assert not_suspended.reason == "MEMBER_NOT_SUSPENDED"
    # What was not earned meanwhile is not earned later.
    assert do(client.points.SpendPoints, owner.spend(65)).balance.available == 0
    assert do(client.points.CaptureHold, owner.capture(hold_id="hold-2")).captured_points == 30
    assert do(client.points.SettleOrder, owner.settle("A4")).earned_points == 10
