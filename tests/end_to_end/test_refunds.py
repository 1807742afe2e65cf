"""Refunds, with the points worked out by hand: what comes back, and what is taken back."""

from typing import Final

import grpc
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import entry_pb2, order_pb2
from loyalty.v1 import points_service_pb2 as messages

from tests.end_to_end.asking import Member, do
from tests.end_to_end.calls import (
    balance,
    entries,
    order_of,
    refusal_of_status,
    refused,
    verified,
)
from tests.end_to_end.scenes import (
    amounts,
    change_program,
    day,
    document_with,
    end_of_day,
    settle_points,
)
from tests.running_service import RunningService

EXPIRY_DAYS: Final = 30
MONTH: Final = {"kind": "days", "days": EXPIRY_DAYS}
WAITING: Final = {"kind": "days", "days": 14}

AVAILABLE: Final = entry_pb2.LEDGER_ACCOUNT_AVAILABLE
DEBT: Final = entry_pb2.LEDGER_ACCOUNT_DEBT
EXPIRED: Final = entry_pb2.LEDGER_ACCOUNT_EXPIRED
PENDING: Final = entry_pb2.LEDGER_ACCOUNT_PENDING
REDEEMED: Final = entry_pb2.LEDGER_ACCOUNT_REDEEMED
VOIDED: Final = entry_pb2.LEDGER_ACCOUNT_VOIDED


class Desk:
    """Where one member of a program of these policies buys and brings things back."""

    def __init__(self, service: RunningService, client: LoyaltyClient, name: str, **policies: object) -> None:
        self.client = client
        self.member = Member(service.apply_program(name, document_with(**policies)))

    def buy(
        self,
        order_id: str,
        amount_minor: int,
        days: int = -1,
        *,
        spend_points: int = 0,
        lines: tuple[order_pb2.OrderLine, ...] = (),
    ) -> messages.SettleOrderResponse:
        """Settle an order of noon of a day."""
        order = order_of(order_id, amount_minor, order_time=day(days), lines=lines)
        return do(self.client.points.SettleOrder, self.member.settle(order, spend_points=spend_points))

    def refund(
        self,
        order_id: str,
        request_id: str,
        amount_minor: int = 0,
        lines: dict[str, int] | None = None,
        refund_seconds: int | None = None,
    ) -> messages.RefundOrderResponse:
        """Bring an order back, or a part of it."""
        request = self.member.refund(
            order_id, request_id, amount_minor=amount_minor, lines=lines, refund_seconds=refund_seconds
        )
        return do(self.client.points.RefundOrder, request)

    def now(self) -> tuple[int, int, int, int]:
        """Available, pending, held and owed points."""
        return amounts(balance(self.client, self.member.program_id, self.member.member_id))

    def last_entry(self) -> entry_pb2.Entry:
        """The latest entry."""
        return entries(self.client, self.member.program_id, self.member.member_id)[-1]

    def movements(self) -> list[tuple[int, int, int]]:
        """From where to where the latest entry moved how many points."""
        return [
            (leg.from_account, leg.to_account, leg.points)
            for change in self.last_entry().changes
            for leg in change.legs
        ]

    def totals(self) -> messages.LedgerTotals:
        """The books, which must prove themselves."""
        return verified(self.client, self.member.program_id).totals


@pytest.fixture
def desk(service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest) -> Desk:
    """A program whose points never expire."""
    return Desk(service, client, request.node.nodeid)


@pytest.fixture
def monthly(service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest) -> Desk:
    """A program whose points are good for 30 days."""
    return Desk(service, client, request.node.nodeid, expiry=MONTH)


def line(line_id: str, quantity: int, amount_minor: int) -> order_pb2.OrderLine:
    return order_pb2.OrderLine(line_id=line_id, quantity=quantity, amount_minor=amount_minor)


def test_parts_of_the_money_take_back_what_is_earned_by_them_and_add_up_to_the_whole(desk: Desk) -> None:
    assert desk.buy("A1", 10_000).earned_points == 100
    # So far 33.33 % and 66.66 % of 100 points, rounded down: 33, then 66, so 33 more; then all.
    for number, (amount_minor, refundable_minor, taken, left) in enumerate(
        [(3_333, 6_667, 33, 67), (3_333, 3_334, 33, 34), (0, 0, 34, 0)]
    ):
        answer = desk.refund("A1", f"refund-{number}", amount_minor)
        assert (answer.seq, answer.refunded_amount_minor) == (number + 2, amount_minor or 3_334)
        assert answer.refundable_amount_minor == refundable_minor
        assert (answer.taken_back_points, answer.balance.available) == (taken, left)
        assert (answer.restored_points, answer.debt_points, answer.forgiven_points) == (0, 0, 0)
        refunded = desk.last_entry().changes[0].refunded
        assert (refunded.settled_seq, refunded.paid_minor, refunded.whole) == (1, 10_000, number == 2)
        assert refunded.refunded_minor == 10_000 - refundable_minor
    assert (desk.totals().issued, desk.totals().voided) == (100, 100)


def test_pieces_of_a_line_bring_their_part_of_its_money_and_the_last_one_the_rest(desk: Desk) -> None:
    desk.buy("A1", 1_500, lines=(line("tea", 3, 1_000), line("cups", 2, 500)))
    # Of 1,000: 333, 666 and 1,000 so far. Of 15 points: 3.33, 6.66, 11.66 and 15 by then.
    first = desk.refund("A1", "refund-1", lines={"tea": 1})
    assert (first.refunded_amount_minor, first.taken_back_points) == (333, 3)
    second = desk.refund("A1", "refund-2", lines={"tea": 1})
    assert (second.refunded_amount_minor, second.taken_back_points) == (333, 3)
    third = desk.refund("A1", "refund-3", lines={"cups": 1, "tea": 1})
    assert (third.refunded_amount_minor, third.taken_back_points) == (334 + 250, 12 - 6)
    refunded = desk.last_entry().changes[0].refunded
    assert {(one.line_id, one.quantity, one.amount_minor) for one in refunded.lines} == {
        ("tea", 1, 334),
        ("cups", 1, 250),
    }
    last = desk.refund("A1", "refund-4", lines={"cups": 1})
    assert (last.refunded_amount_minor, last.refundable_amount_minor, last.taken_back_points) == (250, 0, 3)
    assert desk.last_entry().changes[0].refunded.whole
    assert desk.now() == (0, 0, 0, 0)


def test_points_that_paid_a_part_come_back_in_proportion(desk: Desk) -> None:
    desk.buy("A1", 10_000)
    bought = desk.buy("B1", 5_000, spend_points=75)
    assert (bought.spent_points, bought.earned_points, bought.balance.available) == (75, 50, 75)
    # A third of the money: 25 of the 75 points come back, 16.66 of the 50 go.
    third = desk.refund("B1", "refund-1", 1_667)
    assert (third.restored_points, third.taken_back_points) == (25, 16)
    assert third.balance.available == 75 + 25 - 16
    rest = desk.refund("B1", "refund-2")
    assert (rest.restored_points, rest.taken_back_points, rest.balance.available) == (50, 34, 100)
    totals = desk.totals()
    assert (totals.issued, totals.redeemed, totals.voided, totals.available) == (150, 0, 50, 100)


def test_what_was_taken_last_comes_back_first_to_the_tail_of_its_own_lot(monthly: Desk) -> None:
    settle_points(monthly.client, monthly.member, "early", 40, -20)
    settle_points(monthly.client, monthly.member, "late", 40, -10)
    # 60 points: 40 of the early lot, 20 of the late one. 98 pence earn nothing.
    monthly.buy("B1", 98, spend_points=60)
    answer = monthly.refund("B1", "refund-1", 49)
    assert (answer.restored_points, answer.taken_back_points, answer.balance.available) == (30, 0, 50)
    early, late = (end_of_day(days + EXPIRY_DAYS) for days in (-20, -10))
    (_, restored) = monthly.last_entry().changes
    assert [(leg.from_account, leg.points, leg.lot_expiry_time, leg.lot_offset) for leg in restored.legs] == [
        (REDEEMED, 20, late, 40),
        (REDEEMED, 10, early, 40),
    ]
    assert answer.balance.next_expiry_points == 10
    rest = monthly.refund("B1", "refund-2")
    assert (rest.restored_points, rest.balance.available, rest.balance.next_expiry_points) == (30, 80, 40)


def test_missing_points_are_owed(desk: Desk) -> None:
    desk.buy("A1", 10_000)
    do(desk.client.points.SpendPoints, desk.member.spend(70))
    answer = desk.refund("A1", "refund-1")
    assert (answer.taken_back_points, answer.debt_points, answer.forgiven_points) == (100, 70, 0)
    assert amounts(answer.balance) == desk.now() == (0, 0, 0, 70)
    assert desk.movements() == [(AVAILABLE, VOIDED, 30), (DEBT, VOIDED, 70)]
    refusal = refused(lambda: do(desk.client.points.SpendPoints, desk.member.spend(1, "spend-2")))
    assert refusal.metadata == {"required": "1", "available": "0", "missing": "1"}

    # The next order pays 50 of it at once. Those points lie in no lot, so taking them back is owed again.
    desk.buy("A2", 5_000)
    assert desk.now() == (0, 0, 0, 20)
    assert desk.refund("A2", "refund-2").debt_points == 50
    assert desk.now() == (0, 0, 0, 70)
    totals = desk.totals()
    assert (totals.issued, totals.redeemed, totals.voided, totals.debt) == (150, 70, 150, 70)


def test_missing_points_are_let_go_where_the_version_that_settled_the_order_says_so(
    service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest
) -> None:
    desk = Desk(service, client, request.node.nodeid, refunds={"on_shortfall": "forgive"})
    desk.buy("A1", 10_000)
    do(client.points.SpendPoints, desk.member.spend(70))
    change_program(client, desk.member.program_id, document_with(refunds={"on_shortfall": "reject"}))
    answer = desk.refund("A1", "refund-1")
    assert (answer.taken_back_points, answer.debt_points, answer.forgiven_points) == (30, 0, 70)
    assert desk.now() == (0, 0, 0, 0)
    assert desk.totals().voided == 30

    # What is settled now follows the new version.
    desk.buy("A2", 10_000)
    do(client.points.SpendPoints, desk.member.spend(70, "spend-2"))
    refusal = refused(lambda: desk.refund("A2", "refund-2"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_POINTS")
    assert refusal.metadata == {"required": "100", "available": "30", "missing": "70"}
    assert desk.refund("A2", "refund-2", 3_000).taken_back_points == 30, "as far as the points reach"
    assert desk.now() == (0, 0, 0, 0)


def test_points_that_still_wait_are_taken_back_before_any_other(
    service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest
) -> None:
    desk = Desk(service, client, request.node.nodeid, pending=WAITING)
    desk.buy("posted", 5_000, -20)
    desk.buy("waiting", 3_000, -2)
    assert desk.now() == (50, 30, 0, 0)
    assert desk.refund("waiting", "refund-1", 1_000).taken_back_points == 10
    assert desk.movements() == [(PENDING, VOIDED, 10)]
    assert desk.now() == (50, 20, 0, 0)
    desk.refund("posted", "refund-2")
    assert desk.movements() == [(AVAILABLE, VOIDED, 50)]
    assert desk.now() == (0, 20, 0, 0)


def test_the_order_s_own_lot_gives_before_what_expires_first(monthly: Desk) -> None:
    monthly.buy("early", 5_000, -20)
    monthly.buy("late", 3_000, -10)
    # 60 points: all 50 of the early lot and 10 of the late one. 20 are left.
    do(monthly.client.points.SpendPoints, monthly.member.spend(60))
    monthly.buy("latest", 4_000, -5)
    answer = monthly.refund("late", "refund-1")
    late, latest = (end_of_day(days + EXPIRY_DAYS) for days in (-10, -5))
    (_, taken) = monthly.last_entry().changes
    assert [(leg.points, leg.lot_expiry_time, leg.lot_offset) for leg in taken.legs] == [
        (20, late, 10),
        (10, latest, 0),
    ]
    assert amounts(answer.balance) == (30, 0, 0, 0)


def test_points_that_expired_already_are_only_put_down_as_taken_back(monthly: Desk) -> None:
    monthly.buy("old", 5_000, -60)
    monthly.buy("new", 3_000, -5)
    assert monthly.now() == (30, 0, 0, 0)
    answer = monthly.refund("old", "refund-1", 2_000)
    assert (answer.taken_back_points, answer.debt_points) == (20, 0)
    assert monthly.movements() == [(EXPIRED, VOIDED, 20)]
    assert monthly.refund("old", "refund-2").taken_back_points == 30
    assert monthly.now() == (30, 0, 0, 0)
    assert (monthly.totals().expired, monthly.totals().voided) == (0, 50)


def test_what_comes_back_to_a_lot_that_has_passed_expires_at_once(monthly: Desk) -> None:
    settle_points(monthly.client, monthly.member, "old", 100, -50)
    monthly.buy("B1", 50, -45, spend_points=60)
    answer = monthly.refund("B1", "refund-1")
    assert (answer.restored_points, amounts(answer.balance)) == (60, (0, 0, 0, 0))
    assert monthly.movements() == [(REDEEMED, EXPIRED, 60)]
    assert (monthly.totals().expired, monthly.totals().redeemed) == (100, 0)


def test_what_comes_back_to_a_lot_that_has_passed_lives_for_the_grace_the_program_gives(
    service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest
) -> None:
    grace = {"restore_grace_days": 10}
    desk = Desk(service, client, request.node.nodeid, expiry=MONTH, refunds=grace)
    settle_points(client, desk.member, "old", 100, -50)
    desk.buy("B1", 50, -45, spend_points=60)
    answer = desk.refund("B1", "refund-1")
    assert (answer.restored_points, amounts(answer.balance)) == (60, (60, 0, 0, 0))
    assert (answer.balance.next_expiry_time, answer.balance.next_expiry_points) == (end_of_day(10), 60)
    assert desk.totals().expired == 40


def test_a_refund_of_earlier_is_decided_as_of_its_own_time(monthly: Desk) -> None:
    monthly.buy("old", 5_000, -60)
    # Before the lot expired, so that its points are taken out of the lot.
    answer = monthly.refund("old", "refund-1", refund_seconds=day(-40))
    assert monthly.movements() == [(AVAILABLE, VOIDED, 50)]
    assert amounts(answer.balance) == (0, 0, 0, 0)
    assert monthly.last_entry().effective_time.seconds == day(-40)
    assert not monthly.last_entry().back_dated
    assert (monthly.totals().expired, monthly.totals().voided) == (0, 50)


def test_an_order_paid_with_points_alone_comes_back_by_pieces(desk: Desk) -> None:
    desk.buy("A1", 10_000)
    desk.buy("B1", 0, spend_points=100, lines=(line("tea", 2, 0), line("cups", 1, 0)))
    assert desk.refund("B1", "refund-1", lines={"tea": 1}).restored_points == 33
    assert desk.refund("B1", "refund-2", lines={"cups": 1}).restored_points == 33
    last = desk.refund("B1", "refund-3", lines={"tea": 1})
    assert (last.restored_points, last.balance.available) == (34, 100)
    assert desk.last_entry().changes[0].refunded.whole
    desk.buy("B2", 0, spend_points=10)
    assert desk.refund("B2", "refund-4").restored_points == 10


def test_a_refund_id_is_used_once_an_order(desk: Desk) -> None:
    for order_id in ("A1", "A2"):
        desk.buy(order_id, 10_000)
    request = desk.member.refund("A1", "refund-1", amount_minor=1_000, refund_id="R1")
    first = do(desk.client.points.RefundOrder, request)
    request.request_id = "refund-2"
    assert first == do(desk.client.points.RefundOrder, request)
    reused = refused(lambda: do(desk.client.points.SpendPoints, desk.member.spend(1, "refund-2")))
    assert reused.reason == "REQUEST_ID_REUSED"

    request.request_id, request.amount_minor = "refund-3", 1_001
    refusal = refused(lambda: do(desk.client.points.RefundOrder, request))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REFUND_ID_REUSED")
    assert refusal.metadata == {"order_id": "A1", "refund_id": "R1", "seq": "3"}
    # Another refund id, and the same of another order, are refunds of their own.
    request.refund_id = "R2"
    assert do(desk.client.points.RefundOrder, request).refundable_amount_minor == 10_000 - 2_001
    request.order_id, request.refund_id, request.request_id = "A2", "R1", "refund-4"
    assert do(desk.client.points.RefundOrder, request).refundable_amount_minor == 8_999


def test_each_refund_of_a_batch_is_answered_alone_and_in_order(desk: Desk) -> None:
    desk.buy("A1", 10_000)
    other = Member(desk.member.program_id, "17851")
    settle_points(desk.client, other, "B1", 20)
    requests = [
        desk.member.refund("A1", "refund-1", amount_minor=4_000),
        desk.member.refund("A1", "refund-2", amount_minor=6_001),
        other.refund("B1", "refund-1"),
        other.refund("A1", "refund-2"),
        desk.member.refund("A1", "refund-3", lines={"tea": 0}),
        desk.member.refund("A1", "refund-1", amount_minor=4_000),
        desk.member.refund("A1", "refund-1", amount_minor=4_001),
        messages.RefundOrderRequest(),
        desk.member.refund("A1", "refund-4", amount_minor=6_000),
        desk.member.refund("A1", "refund-5"),
    ]
    answer = do(desk.client.points.BatchRefundOrders, messages.BatchRefundOrdersRequest(requests=requests))
    found: list[tuple[str, object]] = []
    for result in answer.results:
        if result.WhichOneof("result") == "response":
            found.append(("", (result.response.seq, result.response.taken_back_points)))
        else:
            refusal = refusal_of_status(result.error)
            found.append((refusal.reason, sorted(refusal.fields)))
    assert found == [
        ("", (2, 40)),
        ("REFUND_EXCEEDS_ORDER", []),
        ("", (2, 20)),
        ("ORDER_NOT_FOUND", []),
        ("INVALID_FIELD", ["lines[0].quantity"]),
        ("", (2, 40)),
        ("REQUEST_ID_REUSED", []),
        ("INVALID_FIELD", ["member_id", "order_id", "program_id", "request_id"]),
        ("", (3, 60)),
        ("REFUND_EXCEEDS_ORDER", []),
    ]
    assert desk.totals().voided == 120
