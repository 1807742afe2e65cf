"""Orders through the whole path: settled, answered, read back, and what each refusal says."""

from collections.abc import Iterator
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
    order_of,
    refusal_of_status,
    refused,
    settle_of,
    verified,
)
from tests.running_service import DEMO, RunningService, named_program

UNKNOWN: Final = "no-such-program"
PENDING_DAYS: Final = 14
EXPIRY_DAYS: Final = 365
WAITING: Final = DEMO.replace("kind: never", f"kind: days\n    days: {EXPIRY_DAYS}").replace(
    "kind: none", f"kind: days\n    days: {PENDING_DAYS}"
)


@pytest.fixture(scope="module")
def client(service: RunningService) -> Iterator[LoyaltyClient]:
    with LoyaltyClient(service.address, retry=False) as client:
        yield client


def settle(
    client: LoyaltyClient, request: points_service_pb2.SettleOrderRequest
) -> points_service_pb2.SettleOrderResponse:
    return client.points.SettleOrder(request, timeout=SECONDS_MAX)


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


def member(client: LoyaltyClient, program_id: str) -> member_pb2.Member:
    request = member_service_pb2.GetMemberRequest(program_id=program_id, member_id="17850")
    return client.members.GetMember(request, timeout=SECONDS_MAX).member


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


def apply(
    client: LoyaltyClient,
    document: str,
    expected_version: int,
    request_id: str,
    *,
    validate_only: bool = False,
) -> program_service_pb2.ApplyProgramResponse:
    request = program_service_pb2.ApplyProgramRequest(
        document=document,
        expected_version=expected_version,
        request_id=request_id,
        validate_only=validate_only,
    )
    return client.programs.ApplyProgram(request, timeout=SECONDS_MAX)


def live(client: LoyaltyClient, program_id: str) -> tuple[int, str]:
    request = program_service_pb2.GetProgramRequest(program_id=program_id)
    program = client.programs.GetProgram(request, timeout=SECONDS_MAX).program
    assert (program.program_id, program.currency_code, program.time_zone) == (
        program_id, "GBP", "Europe/London",
    )  # fmt: skip
    return program.version, program.document


def test_a_program_goes_from_version_to_version(client: LoyaltyClient) -> None:
    program_id, first = named_program("versions of a program")
    doubled, tripled = (first.replace("points: 1", f"points: {points}") for points in (2, 3))

    assert apply(client, first, 0, "try", validate_only=True).program.version == 1
    get = program_service_pb2.GetProgramRequest(program_id=program_id)
    assert refused(lambda: client.programs.GetProgram(get, timeout=SECONDS_MAX)).reason == "PROGRAM_NOT_FOUND"
    applied = apply(client, first, 0, "apply-1")
    assert (applied.changed, applied.program.version) == (True, 1)
    assert live(client, program_id) == (1, first)
    settle(client, settle_of(program_id, "17850", order_of("A1", 100)))

    for expected_version in (0, 2):
        refusal = refused(lambda version=expected_version: apply(client, doubled, version, "apply-2"))  # type: ignore[misc]
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "PROGRAM_VERSION_CHANGED")
        assert refusal.metadata == {"expected_version": str(expected_version), "live_version": "1"}
    assert live(client, program_id) == (1, first)

    assert apply(client, doubled, 1, "apply-2").program.version == 2
    assert apply(client, doubled, 1, "apply-2").changed is False
    assert apply(client, doubled, 0, "apply-3").changed is False
    reused = refused(lambda: apply(client, tripled, 2, "apply-2"))
    assert (reused.code, reused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert live(client, program_id) == (2, doubled)

    # The next order is decided by the new version, the old answer stays.
    assert settle(client, settle_of(program_id, "17850", order_of("A2", 100))).earned_points == 2
    assert settle(client, settle_of(program_id, "17850", order_of("A1", 100))).earned_points == 1
    assert [entry.program_version for entry in entries(client, program_id, "17850")] == [1, 2]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("points: 1", "points: 1.5", "line 21, column 7: earning.rules[0].points"),
        ("points: 1", "points: 0", "line 21, column 7: earning.rules[0].points"),
        ("points: 1", "pionts: 1", "line 21, column 7: earning.rules[0].pionts"),
        ("base: paid", "base: gross", "line 23, column 7: earning.rules[0].base"),
        ("currency_code: GBP", "currency_code: GBQ", "line 6, column 1: currency_code"),
        ("Europe/London", "Europe/Londinium", "line 7, column 1: time_zone"),
        ("schema_version: 1", "schema_version: 2", "line 4, column 1: schema_version"),
        ("open: true", "open: true\n  open: true", "line 15, column 3"),
        ("kind: never", "kind: days\n    days: 0", "line 30, column 5: policies.expiry.days"),
        ("kind: never", "kind: [", "line"),
    ],
)
def test_a_mistake_in_a_document_is_named_by_line_and_column(
    client: LoyaltyClient, old: str, new: str, place: str
) -> None:
    assert old in DEMO
    refusal = refused(lambda: apply(client, DEMO.replace(old, new, 1), 0, "mistake"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert place in refusal.fields["document"]


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
