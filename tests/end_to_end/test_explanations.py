"""The statement, filtered and paged, and why each entry is what it is."""

from typing import Final

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import entry_pb2, explanation_pb2

from tests.end_to_end.asking import Member, do
from tests.end_to_end.calls import order_of, refused
from tests.end_to_end.scenes import day, document_with, end_of_day, settle_points
from tests.running_service import RunningService

EXPIRY_DAYS: Final = 30
TWO_RULES: Final = document_with(expiry={"kind": "days", "days": EXPIRY_DAYS}).replace(
    "  rules:\n",
    "  rules:\n    - id: large\n      kind: per_amount\n      points: 1\n      per_amount_minor: 20000\n",
)

SETTLED: Final = entry_pb2.ENTRY_KIND_ORDER_SETTLED
REFUNDED: Final = entry_pb2.ENTRY_KIND_ORDER_REFUNDED
SPENT: Final = entry_pb2.ENTRY_KIND_POINTS_SPENT
HELD: Final = entry_pb2.ENTRY_KIND_POINTS_HELD

Source = tuple[int, str, str, int]


@pytest.fixture
def owner(service: RunningService, request: pytest.FixtureRequest) -> Member:
    """A member of a program of two rules: one point for each full 200 pounds, and one for each pound."""
    return Member(service.apply_program(request.node.nodeid, TWO_RULES))


@pytest.fixture
def statement(client: LoyaltyClient, owner: Member) -> Member:
    """A member with entries of several kinds, numbered 1 to 8."""
    settle_points(client, owner, "A1", 10, -5)
    settle_points(client, owner, "A2", 20, -4)
    settle_points(client, owner, "A3", 30, -3)
    do(client.points.SpendPoints, owner.spend(4, "spend-4", "Tea"))
    do(client.points.RefundOrder, owner.refund("A2", "refund-5", amount_minor=500))
    do(client.points.SpendPoints, owner.spend(4, "spend-6"))
    do(client.points.RefundOrder, owner.refund("A2", "refund-7"))
    do(client.points.HoldPoints, owner.hold(3, "hold-8"))
    return owner


def listed(client: LoyaltyClient, of: Member, **wanted: object) -> list[int]:
    """The numbers of the entries that are wanted, of all pages, each of which has some."""
    found: list[int] = []
    token = ""
    while True:
        page = do(client.points.ListEntries, of.entries(page_token=token, **wanted))
        assert page.entries or not token, "only a first page may be empty"
        found += [entry.seq for entry in page.entries]
        token = page.next_page_token
        if not token:
            return found


def explained(client: LoyaltyClient, of: Member, seq: int) -> explanation_pb2.Explanation:
    answer = do(client.points.ExplainEntry, of.explain(seq))
    assert answer.entry.seq == seq
    assert answer.explanation.sentences
    return answer.explanation


def sources(explanation: explanation_pb2.Explanation) -> list[Source]:
    """Entry, order, rule and points of each source."""
    return [(one.seq, one.order_id, one.rule_id, one.points) for one in explanation.sources]


def related(explanation: explanation_pb2.Explanation) -> set[tuple[str, int, str]]:
    return {(one.member_id, one.seq, one.relation) for one in explanation.related}


def test_entries_are_filtered_by_kind_order_and_time(client: LoyaltyClient, statement: Member) -> None:
    assert listed(client, statement) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert listed(client, statement, kinds=[SPENT]) == [6, 4]
    assert listed(client, statement, kinds=[SPENT, HELD, REFUNDED]) == [8, 7, 6, 5, 4]
    assert listed(client, statement, kinds=[entry_pb2.ENTRY_KIND_POINTS_VOIDED]) == []
    assert listed(client, statement, order_id="A2") == [7, 5, 2]
    assert listed(client, statement, order_id="A2", kinds=[REFUNDED]) == [7, 5]
    assert listed(client, statement, order_id="A9") == []
    # From the first instant on, and before the last.
    second, third = Timestamp(seconds=day(-4)), Timestamp(seconds=day(-3))
    assert listed(client, statement, start_time=second, end_time=third) == [2]
    assert listed(client, statement, end_time=third) == [2, 1]
    assert listed(client, statement, start_time=third, kinds=[SETTLED]) == [3]
    assert listed(client, statement, start_time=third, order_id="A2") == [7, 5]


@pytest.mark.parametrize("page_size", [1, 2, 3, 8])
def test_filtered_pages_have_no_gap_and_repeat_nothing(
    client: LoyaltyClient, statement: Member, page_size: int
) -> None:
    assert listed(client, statement, page_size=page_size) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert listed(client, statement, page_size=page_size, kinds=[SPENT, SETTLED]) == [6, 4, 3, 2, 1]
    assert listed(client, statement, page_size=page_size, order_id="A2") == [7, 5, 2]
    early = Timestamp(seconds=day(-3) + 1)
    assert listed(client, statement, page_size=page_size, end_time=early) == [3, 2, 1]


def test_an_entry_shows_what_was_written_about_it(client: LoyaltyClient, statement: Member) -> None:
    page = do(client.points.ListEntries, statement.entries(kinds=[SPENT]))
    assert [entry.note for entry in page.entries] == ["", "Tea"]
    assert do(client.points.ExplainEntry, statement.explain(4)).entry == page.entries[1]


def test_an_order_is_explained_by_every_rule_also_those_that_gave_nothing(
    client: LoyaltyClient, owner: Member
) -> None:
    do(client.points.SettleOrder, owner.settle(order_of("A1", 9_950, order_time=day(-2))))
    do(client.points.SettleOrder, owner.settle(order_of("A2", 25_000, order_time=day(-1))))
    rules = [
        [(rule.rule_id, rule.applied, rule.points, rule.base_amount_minor) for rule in one.rules]
        for one in (explained(client, owner, seq) for seq in (1, 2))
    ]
    assert rules == [
        [("large", False, 0, 9_950), ("base", True, 99, 9_950)],
        [("large", True, 1, 25_000), ("base", True, 250, 25_000)],
    ]
    first = explained(client, owner, 1)
    assert "too few" in first.rules[0].reason
    assert "rounded down" in first.rules[1].reason
    assert any("became a member" in sentence for sentence in first.sentences)
    assert not first.sources
    assert not first.related


def test_a_spend_is_explained_by_the_awards_that_paid_it(client: LoyaltyClient, owner: Member) -> None:
    settle_points(client, owner, "late", 30, -3)
    settle_points(client, owner, "early", 20, -8)
    do(client.points.AdjustPoints, owner.adjust(10))
    do(client.points.SpendPoints, owner.spend(25, "spend-4"))
    do(client.points.SpendPoints, owner.spend(30, "spend-5"))
    spent = explained(client, owner, 4)
    assert sources(spent) == [(2, "early", "base", 20), (1, "late", "base", 5)]
    assert [one.lot_expiry_time for one in spent.sources] == [
        end_of_day(-8 + EXPIRY_DAYS),
        end_of_day(-3 + EXPIRY_DAYS),
    ]
    assert sources(explained(client, owner, 5)) == [(1, "late", "base", 25), (3, "", "", 5)]


def test_two_awards_of_one_lot_pay_in_the_order_in_which_they_came(
    client: LoyaltyClient, owner: Member
) -> None:
    for order_id, points in (("A1", 10), ("A2", 20), ("A3", 30)):
        settle_points(client, owner, order_id, points, -3)
    do(client.points.SpendPoints, owner.spend(25))
    assert sources(explained(client, owner, 4)) == [(1, "A1", "base", 10), (2, "A2", "base", 15)]


def test_a_refund_is_explained_by_the_order_it_undoes_and_the_order_by_its_refunds(
    client: LoyaltyClient, statement: Member
) -> None:
    assert related(explained(client, statement, 2)) == {("17850", 5, "refunds"), ("17850", 7, "refunds")}
    refund = explained(client, statement, 7)
    assert related(refund) == {("17850", 2, "settles"), ("17850", 5, "refunds")}
    assert sources(refund) == [(2, "A2", "base", 15)]
    assert any("the whole order" in sentence for sentence in refund.sentences)


def test_points_that_a_refund_gave_back_are_traced_to_their_award(
    client: LoyaltyClient, owner: Member
) -> None:
    settle_points(client, owner, "A1", 50, -5)
    do(client.points.SettleOrder, owner.settle(order_of("B1", 98, order_time=day(-4)), spend_points=40))
    do(client.points.RefundOrder, owner.refund("B1", amount_minor=49))
    assert sources(explained(client, owner, 2)) == [(1, "A1", "base", 40)]
    assert sources(explained(client, owner, 3)) == [(1, "A1", "base", 20)]
    do(client.points.SpendPoints, owner.spend(30))
    assert sources(explained(client, owner, 4)) == [(1, "A1", "base", 30)]


def test_a_hold_and_its_capture_name_each_other(client: LoyaltyClient, owner: Member) -> None:
    settle_points(client, owner, "A1", 50, -5)
    do(client.points.HoldPoints, owner.hold(30))
    assert not related(explained(client, owner, 2))
    do(client.points.CaptureHold, owner.capture(20))
    held, captured = explained(client, owner, 2), explained(client, owner, 3)
    assert related(held) == {("17850", 3, "resolves_hold")}
    assert related(captured) == {("17850", 2, "places_hold")}
    assert sources(held) == [(1, "A1", "base", 30)]
    # What was spent and what went back: all of it had come from the order.
    assert sources(captured) == [(1, "A1", "base", 30)]


def test_both_sides_of_a_transfer_name_each_other(client: LoyaltyClient, owner: Member) -> None:
    receiver = Member(owner.program_id, "17851")
    settle_points(client, owner, "A1", 50, -5)
    settle_points(client, receiver, "B1", 1, -5)
    answer = do(client.points.TransferPoints, owner.transfer("17851", 30))
    assert (answer.seq, answer.to_seq) == (2, 2)
    sent, received = explained(client, owner, 2), explained(client, receiver, 2)
    assert related(sent) == {("17851", 2, "other_side")}
    assert related(received) == {("17850", 2, "other_side")}
    assert sources(sent) == [(1, "A1", "base", 30)]


def test_what_fell_due_is_explained_too(client: LoyaltyClient, owner: Member) -> None:
    settle_points(client, owner, "A1", 50, -40)
    settle_points(client, owner, "A2", 5, -1)
    due = explained(client, owner, 2)
    assert sources(due) == [(1, "A1", "base", 50)]
    assert any("50 points were not used in time" in sentence for sentence in due.sentences)
    assert not due.rules


def test_an_entry_that_is_not_there_cannot_be_explained(client: LoyaltyClient, statement: Member) -> None:
    for of, reason in (
        (statement, "ENTRY_NOT_FOUND"),
        (Member(statement.program_id, "nobody"), "ENTRY_NOT_FOUND"),
        (Member("no-such-program"), "PROGRAM_NOT_FOUND"),
    ):
        refusal = refused(lambda of=of: do(client.points.ExplainEntry, of.explain(9)))  # type: ignore[misc]  # bound now
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, reason)
