"""Orders through the whole path: settled, answered, read back, and what each refusal says."""

from datetime import UTC, datetime, timedelta
from typing import Final

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import (
    balance_pb2,
    entry_pb2,
    member_pb2,
    member_service_pb2,
    order_pb2,
    points_service_pb2,
    program_service_pb2,
)

from tests.end_to_end.callers import callers_of
from tests.end_to_end.calls import (
    NOON_SECONDS,
    SECONDS_MAX,
    balance,
    balance_request,
    entries,
    member,
    order_of,
    refusal_of_status,
    refused,
    settle,
    settle_of,
    verified,
)
from tests.running_service import RunningService

UNKNOWN: Final = "no-such-program"


def list_entries(
    client: LoyaltyClient, program_id: str, page_size: int = 0, page_token: str = ""
) -> points_service_pb2.ListEntriesResponse:
    request = points_service_pb2.ListEntriesRequest(
        program_id=program_id, member_id="17850", page_size=page_size, page_token=page_token
    )
    return client.points.ListEntries(request, timeout=SECONDS_MAX)


def enrol_of(
    program_id: str, request_id: str = "enrol", name: str = ""
) -> member_service_pb2.EnrolMemberRequest:
    return member_service_pb2.EnrolMemberRequest(
        program_id=program_id, member_id="17850", request_id=request_id, display_name=name
    )


def test_a_settled_order_answers_what_it_earned_and_the_balance_right_after_it(
    client: LoyaltyClient, program_id: str
) -> None:
    first = settle(client, settle_of(program_id, "17850", order_of("A1", 12_399)))
    second = settle(client, settle_of(program_id, "17850", order_of("A2", 99)))
    expected = [
        points_service_pb2.SettleOrderResponse(
            earned_points=earned, seq=seq, balance=balance_pb2.Balance(available=123, version=seq)
        )
        for earned, seq in ((123, 1), (0, 2))
    ]
    assert expected == [first, second]
    assert second.balance == balance(client, program_id, "17850")


def test_a_call_without_a_deadline_is_answered(client: LoyaltyClient, program_id: str) -> None:
    answer = client.points.SettleOrder(settle_of(program_id, "17850", "A1"))
    assert answer.earned_points == 10
    assert answer.balance == client.points.GetBalance(balance_request(program_id, "17850")).balance


def test_everything_an_order_says_is_taken_and_the_same_again_is_the_same(
    client: LoyaltyClient, program_id: str
) -> None:
    lines = tuple(
        order_pb2.OrderLine(
            line_id=f"行 {place}", sku="TEA", category="茶", quantity=10**9, amount_minor=place
        )
        for place in range(10_000)
    )
    order = order_of(
        "订单-1 ☕",
        10**15,
        lines=lines,
        channel="web",
        attributes={f"{place}" + "k" * 62: "a\n\tb" * 256 for place in range(64)},
        order_time=Timestamp(seconds=0, nanos=1_000),
    )
    request = settle_of(program_id, "会员-1", order, request_id="é" * 128)
    answer = settle(client, request)
    assert answer.earned_points == 10**13
    assert answer == settle(client, request)
    assert answer == settle(client, settle_of(program_id, "会员-1", order, request_id="other"))
    (entry,) = entries(client, program_id, "会员-1")
    assert (entry.order_id, entry.request_id) == ("订单-1 ☕", "é" * 128)
    assert entry.effective_time == Timestamp(nanos=1_000)


def test_an_entry_says_what_changed_why_and_when(client: LoyaltyClient, program_id: str) -> None:
    settle(client, settle_of(program_id, "17850", order_of("A1", 250)))
    (entry,) = entries(client, program_id, "17850")
    assert len(entry.hash) == 32
    age = datetime.now(UTC) - entry.recorded_time.ToDatetime(UTC)
    assert timedelta(minutes=-1) < age < timedelta(minutes=10)
    entry.ClearField("hash")
    entry.ClearField("recorded_time")
    expected = entry_pb2.Entry(
        seq=1,
        kind=entry_pb2.ENTRY_KIND_ORDER_SETTLED,
        request_id="settle:A1",
        order_id="A1",
        changes=[
            entry_pb2.Change(joined=entry_pb2.Joined(condition="open")),
            entry_pb2.Change(
                earned=entry_pb2.Earned(rule_id="base", base_amount_minor=250, points=2),
                legs=[
                    entry_pb2.Leg(
                        from_account=entry_pb2.LEDGER_ACCOUNT_ISSUED,
                        to_account=entry_pb2.LEDGER_ACCOUNT_AVAILABLE,
                        points=2,
                    )
                ],
            ),
        ],
        balance=balance_pb2.Balance(available=2, version=1),
        program_version=1,
        effective_time=Timestamp(seconds=NOON_SECONDS),
    )
    assert expected == entry


@pytest.mark.parametrize("page_size", [1, 3, 7, 10, 1_000])
def test_entries_come_newest_first_in_pages_without_gap_or_repetition(
    client: LoyaltyClient, program_id: str, page_size: int
) -> None:
    for number in range(10):
        settle(client, settle_of(program_id, "17850", f"A{number}"))
    found: list[int] = []
    token = ""
    while True:
        page = list_entries(client, program_id, page_size, token)
        assert 0 < len(page.entries) <= page_size
        found += [entry.seq for entry in page.entries]
        token = page.next_page_token
        if not token:
            break
        # What is written meanwhile does not shift the pages.
        settle(client, settle_of(program_id, "17850", f"B{token}"))
    assert found == list(range(10, 0, -1))


def test_a_page_of_no_size_has_fifty_entries(client: LoyaltyClient, program_id: str) -> None:
    requests = [settle_of(program_id, "17850", f"A{number}") for number in range(51)]
    client.points.BatchSettleOrders(
        points_service_pb2.BatchSettleOrdersRequest(requests=requests), timeout=SECONDS_MAX
    )
    page = list_entries(client, program_id)
    assert (len(page.entries), page.next_page_token) == (50, "2")
    assert [entry.seq for entry in list_entries(client, program_id, 0, "2").entries] == [1]


def test_a_person_joins_once(client: LoyaltyClient, program_id: str) -> None:
    request = enrol_of(program_id, name="Jane 简")
    answer = client.members.EnrolMember(request, timeout=SECONDS_MAX)
    assert answer.seq == 1
    assert (answer.member.state, answer.member.display_name) == (member_pb2.MEMBER_STATE_MEMBER, "Jane 简")
    assert answer == client.members.EnrolMember(request, timeout=SECONDS_MAX)
    assert answer.member == member(client, program_id)

    again = refused(lambda: client.members.EnrolMember(enrol_of(program_id, "other"), timeout=SECONDS_MAX))
    assert (again.code, again.reason) == (grpc.StatusCode.ALREADY_EXISTS, "MEMBER_ALREADY_ENROLLED")
    other = enrol_of(program_id, name="Someone else")
    reused = refused(lambda: client.members.EnrolMember(other, timeout=SECONDS_MAX))
    assert (reused.code, reused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    as_order = refused(
        lambda: settle(client, settle_of(program_id, "17850", order_of("A1"), request_id="enrol"))
    )
    assert as_order.reason == "REQUEST_ID_REUSED"

    # The first order finds a member, and does not make one.
    settle(client, settle_of(program_id, "17850", order_of("A1")))
    assert [
        [change.WhichOneof("change") for change in entry.changes]
        for entry in entries(client, program_id, "17850")
    ] == [["joined"], ["earned"]]
    assert member(client, program_id).balance.available == 10


def test_whoever_buys_becomes_a_member(client: LoyaltyClient, program_id: str) -> None:
    settle(client, settle_of(program_id, "17850", "A1"))
    expected = member_pb2.Member(
        program_id=program_id,
        member_id="17850",
        state=member_pb2.MEMBER_STATE_MEMBER,
        join_time=Timestamp(seconds=NOON_SECONDS),
        balance=balance_pb2.Balance(available=10, version=1),
    )
    assert expected == member(client, program_id)


def test_each_order_of_a_batch_is_answered_alone(client: LoyaltyClient, program_id: str) -> None:
    requests = [
        settle_of(program_id, "17850", "A1"),
        settle_of(program_id, "17850", order_of("A2", -1)),
        settle_of(UNKNOWN, "17850", "A3"),
        settle_of(program_id, "17850", order_of("A1", 2_000), request_id="other"),
        settle_of(program_id, "17850", order_of("A4", currency_code="EUR")),
        settle_of(program_id, "17850", "A1"),
        settle_of(program_id, "17851", "A1"),
        settle_of(program_id, "17850", order_of("A5"), request_id="settle:A1"),
        points_service_pb2.SettleOrderRequest(),
        settle_of(program_id, "17850", "A6"),
    ]
    answer = client.points.BatchSettleOrders(
        points_service_pb2.BatchSettleOrdersRequest(requests=requests), timeout=SECONDS_MAX
    )
    found: list[tuple[str, object]] = []
    for result in answer.results:
        if result.WhichOneof("result") == "response":
            found.append(("", result.response.seq))
        else:
            refusal = refusal_of_status(result.error)
            assert refusal.domain == "loyalty"
            found.append((refusal.reason, sorted(refusal.fields)))
    assert found == [
        ("", 1),
        ("INVALID_FIELD", ["order.amount_minor"]),
        ("PROGRAM_NOT_FOUND", []),
        ("ORDER_ALREADY_SETTLED", []),
        ("INVALID_FIELD", ["order.currency_code"]),
        ("", 1),
        ("", 1),
        ("REQUEST_ID_REUSED", []),
        ("INVALID_FIELD", ["member_id", "order", "program_id", "request_id"]),
        ("", 2),
    ]
    assert verified(client, program_id).checked_entries == 3


def test_a_thousand_orders_of_a_batch_keep_their_order(client: LoyaltyClient, program_id: str) -> None:
    requests = [settle_of(program_id, f"member-{n % 3}", order_of(f"A{n}", 100)) for n in range(1_000)]
    answer = client.points.BatchSettleOrders(
        points_service_pb2.BatchSettleOrdersRequest(requests=requests), timeout=SECONDS_MAX
    )
    assert [n // 3 + 1 for n in range(1_000)] == [result.response.seq for result in answer.results]


def test_validate_only_answers_the_same_and_writes_nothing(client: LoyaltyClient, program_id: str) -> None:
    tried = settle(client, settle_of(program_id, "17850", order_of("A1"), validate_only=True))
    assert refused(lambda: balance(client, program_id, "17850")).reason == "MEMBER_NOT_FOUND"
    assert verified(client, program_id).checked_members == 0
    assert tried == settle(client, settle_of(program_id, "17850", order_of("A1")))

    wrong = settle_of(program_id, "17850", order_of("A1", 5), request_id="other", validate_only=True)
    assert refused(lambda: settle(client, wrong)).reason == "ORDER_ALREADY_SETTLED"
    for _ in range(2):
        # A request id that was only tried is still free.
        next_one = settle_of(program_id, "17850", order_of("A2"), request_id="free", validate_only=True)
        assert settle(client, next_one).seq == 2
    repeated = settle_of(program_id, "17850", order_of("A1"), request_id="free", validate_only=True)
    assert settle(client, repeated).seq == 1
    assert settle(client, settle_of(program_id, "17850", order_of("A3"), request_id="free")).seq == 2

    request = enrol_of(program_id, name="Jane")
    request.member_id, request.validate_only = "17851", True
    assert client.members.EnrolMember(request, timeout=SECONDS_MAX).seq == 1
    assert verified(client, program_id).checked_members == 1


def test_a_version_beyond_the_member_s_entries_is_not_reached(client: LoyaltyClient, program_id: str) -> None:
    settle(client, settle_of(program_id, "17850", "A1"))
    assert balance(client, program_id, "17850", min_version=1).version == 1
    refusal = refused(lambda: balance(client, program_id, "17850", min_version=2))
    expected = (grpc.StatusCode.FAILED_PRECONDITION, "VERSION_NOT_REACHED", "loyalty")
    assert expected == (refusal.code, refusal.reason, refusal.domain)
    assert refusal.metadata == {"min_version": "2", "version": "1"}


async def test_a_write_is_read_at_once_through_every_worker(service: RunningService, program_id: str) -> None:
    async with callers_of(service) as callers:
        readers = callers.of_each_worker()
        for number in range(1, 51):
            writer = readers[number % len(readers)]
            request = settle_of(program_id, "17850", f"A{number}")
            written = await writer.points.SettleOrder(request, timeout=SECONDS_MAX)
            for reader in readers:
                least = balance_request(program_id, "17850", written.balance.version)
                read = await reader.points.GetBalance(least, timeout=SECONDS_MAX)
                assert written.balance == read.balance


def test_what_is_not_there_is_named(client: LoyaltyClient, program_id: str) -> None:
    def assert_not_found(found: object, reason: str) -> None:
        refusal = refused(found)  # type: ignore[arg-type]  # a call
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, reason)
        assert refusal.domain == "loyalty"

    for program, reason in ((program_id, "MEMBER_NOT_FOUND"), (UNKNOWN, "PROGRAM_NOT_FOUND")):
        assert_not_found(lambda program=program: balance(client, program, "17850"), reason)
        assert_not_found(lambda program=program: list_entries(client, program), reason)
        assert_not_found(lambda program=program: member(client, program), reason)
    several = points_service_pb2.BatchGetBalancesRequest(program_id=UNKNOWN, member_ids=["a", "b"])
    get = program_service_pb2.GetProgramRequest(program_id=UNKNOWN)
    for call in (
        lambda: settle(client, settle_of(UNKNOWN, "17850", "A1")),
        lambda: client.members.EnrolMember(enrol_of(UNKNOWN), timeout=SECONDS_MAX),
        lambda: client.points.BatchGetBalances(several, timeout=SECONDS_MAX),
        lambda: client.programs.GetProgram(get, timeout=SECONDS_MAX),
        lambda: verified(client, UNKNOWN),
    ):
        assert_not_found(call, "PROGRAM_NOT_FOUND")


def test_balances_of_many_come_in_the_order_asked_for_with_gaps_for_the_unknown(
    client: LoyaltyClient, program_id: str
) -> None:
    for number in (1, 3):
        settle(client, settle_of(program_id, f"member-{number}", order_of("A1", 100 * number)))
    names = [f"member-{number}" for number in (3, 2, 1, 0)]
    request = points_service_pb2.BatchGetBalancesRequest(program_id=program_id, member_ids=names)
    answer = client.points.BatchGetBalances(request, timeout=SECONDS_MAX)
    assert names == [one.member_id for one in answer.balances]
    assert [one.balance.available if one.HasField("balance") else None for one in answer.balances] == [
        3, None, 1, None,
    ]  # fmt: skip
