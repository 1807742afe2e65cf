"""Requests to the ledger that break its contract: refused by field and limit, and nothing is written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages

from tests.end_to_end.asking import Member, send
from tests.end_to_end.calls import NOON_SECONDS, order_of, refused
from tests.end_to_end.shop import Shop, assert_names
from tests.end_to_end.wrong_points import MONEY_MAX, POINTS_MAX, WRITES, Asked, open_shop, setting
from tests.running_service import RunningService

INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)
CENTURY_SECONDS: Final = 100 * 366 * 86_400
TTL_LIMIT: Final = "2678400s"
INVISIBLE: Final = "must not contain control or invisible characters"
PERIOD: Final = "1970-01-01T00:00:00Z and less than 2100-01-01T00:00:00Z"
NANOS: Final = "nanos must be 0 to 999999999"


@pytest.fixture(scope="module")
def shop(service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest) -> Shop:
    """The shop of this file."""
    return open_shop(service, client, request.module.__name__)


class WrongField(NamedTuple):
    """A request, the field that must be named, and words of its limit."""

    request: Asked
    field: str
    limit: str


TEXTS: Final = {
    "refund": ("order_id", "refund_id"),
    "capture": ("hold_id",),
    "release": ("hold_id",),
    "transfer": ("to_member_id",),
}
REASONS: Final = ("spend", "adjust", "void", "suspend", "reinstate")


def _wrong_texts() -> Iterator[tuple[str, WrongField]]:
    for name, request in WRITES.items():
        for field in ("program_id", "member_id", "request_id", *TEXTS.get(name, ())):
            if field != "refund_id":
                yield f"{name}: no {field}", WrongField(setting(request, field, ""), field, "required")
            long = setting(request, field, "é" * 129)
            yield f"{name}: a long {field}", WrongField(long, field, "at most 128 characters")
            hidden = setting(request, field, "a\u200b")
            yield f"{name}: an invisible character in {field}", WrongField(hidden, field, INVISIBLE)
    for name in REASONS:
        request = WRITES[name]
        if name != "spend":
            yield f"{name}: no reason", WrongField(setting(request, "reason", ""), "reason", "required")
        long = setting(request, "reason", "x" * 10_000)
        yield f"{name}: a reason of 10,000", WrongField(long, "reason", "at most 512 characters")
        one_more = setting(request, "reason", "é" * 513)
        yield f"{name}: a reason of 513", WrongField(one_more, "reason", "at most 512 characters")
        yield (
            f"{name}: a bell in the reason",
            WrongField(setting(request, "reason", "\a"), "reason", INVISIBLE),
        )


def _wrong_points() -> Iterator[tuple[str, WrongField]]:
    at_least = {"hold": 1, "spend": 1, "transfer": 1, "capture": 0}
    for name, least in at_least.items():
        for points in (INT64_MAX, POINTS_MAX + 1):
            wrong = setting(WRITES[name], "points", points)
            yield f"{name}: {points} points", WrongField(wrong, "points", str(POINTS_MAX))
        for points in (least - 1, INT64_MIN):
            wrong = setting(WRITES[name], "points", points)
            yield f"{name}: {points} points", WrongField(wrong, "points", f"equal to {least}")
    for delta in (INT64_MAX, POINTS_MAX + 1, INT64_MIN, -POINTS_MAX - 1):
        wrong = setting(WRITES["adjust"], "delta", delta)
        yield f"adjust: by {delta}", WrongField(wrong, "delta", str(POINTS_MAX))
    yield "adjust: by 0", WrongField(setting(WRITES["adjust"], "delta", 0), "delta", "[0]")
    for points in (INT64_MAX, POINTS_MAX + 1):
        wrong = setting(WRITES["void"], "points", points)
        yield f"void: {points} points", WrongField(wrong, "points", str(POINTS_MAX))
    yield "void: negative", WrongField(setting(WRITES["void"], "points", -1), "points", "equal to 0")
    one_of = "points or everything, and one of them"
    yield "void: nothing", WrongField(lambda member: member.void(), "", one_of)
    yield "void: both", WrongField(lambda member: member.void(1, everything=True), "", one_of)
    for points in (INT64_MAX, POINTS_MAX + 1):
        order = setting(lambda member: member.settle("B9"), "spend_points", points)
        yield f"settle: spends {points}", WrongField(order, "spend_points", str(POINTS_MAX))
    negative = setting(lambda member: member.settle("B9"), "spend_points", -1)
    yield "settle: spends -1", WrongField(negative, "spend_points", "equal to 0")


def _wrong_ttls() -> Iterator[tuple[str, WrongField]]:
    for name, ttl, limit in (
        ("a century", Duration(seconds=CENTURY_SECONDS), TTL_LIMIT),
        ("a second above 31 days", Duration(seconds=31 * 86_400 + 1), TTL_LIMIT),
        ("a nanosecond above 31 days", Duration(seconds=31 * 86_400, nanos=1), TTL_LIMIT),
        ("zero", Duration(), "1s"),
        ("less than a second", Duration(nanos=999_999_999), "1s"),
        ("negative", Duration(seconds=-1), "1s"),
        ("the largest there is", Duration(seconds=INT64_MAX), TTL_LIMIT),
        ("the smallest there is", Duration(seconds=INT64_MIN), "1s"),
        ("too many nanos", Duration(seconds=60, nanos=10**9), NANOS),
        ("the most nanos", Duration(seconds=60, nanos=2**31 - 1), NANOS),
        ("negative nanos", Duration(seconds=60, nanos=-1), NANOS),
    ):
        yield f"hold: {name}", WrongField(setting(WRITES["hold"], "ttl", ttl), "ttl", limit)


def _without_ttl(member: Member) -> Message:
    request = member.hold(1)
    request.ClearField("ttl")
    return request


def _ahead() -> Timestamp:
    return Timestamp(seconds=int(datetime.now(UTC).timestamp()) + 3_600)


def _refund_ahead(member: Member) -> Message:
    return setting(WRITES["refund"], "refund_time", _ahead())(member)


def _twice_the_tea(member: Member) -> Message:
    request = member.refund("A1", lines={"tea": 1})
    request.lines.add(line_id="tea", quantity=1)
    return request


def _balance(**then: Any) -> Asked:  # noqa: ANN401 - fields by name
    return lambda member: messages.GetBalanceRequest(
        program_id=member.program_id, member_id=member.member_id, **then
    )


def _balance_ahead(field: str) -> Asked:
    def request(member: Member) -> Message:
        # The clock is read when the call is made.
        return _balance(**{field: _ahead()})(member)

    return request


NOON: Final = Timestamp(seconds=NOON_SECONDS)
ONE_TIME: Final = "goes neither with min_version nor with another time"
WRONG_FIELDS: Final = {
    **dict(_wrong_texts()),
    **dict(_wrong_points()),
    **dict(_wrong_ttls()),
    "hold: no ttl": WrongField(_without_ttl, "ttl", "required"),
    "refund: lines and an amount": WrongField(
        lambda member: member.refund("A1", amount_minor=1, lines={"tea": 1}),
        "",
        "lines or amount_minor, not both",
    ),
    "refund: a negative amount": WrongField(
        lambda member: member.refund("A1", amount_minor=-1), "amount_minor", "equal to 0"
    ),
    "refund: an amount above the limit": WrongField(
        lambda member: member.refund("A1", amount_minor=MONEY_MAX + 1), "amount_minor", str(MONEY_MAX)
    ),
    "refund: the largest int64": WrongField(
        lambda member: member.refund("A1", amount_minor=INT64_MAX), "amount_minor", str(MONEY_MAX)
    ),
    "refund: no pieces": WrongField(
        lambda member: member.refund("A1", lines={"tea": 0}), "lines[0].quantity", "equal to 1"
    ),
    "refund: a negative number of pieces": WrongField(
        lambda member: member.refund("A1", lines={"cups": 1, "tea": -1}), "lines[1].quantity", "equal to 1"
    ),
    "refund: more pieces than a line may have": WrongField(
        lambda member: member.refund("A1", lines={"tea": 10**9 + 1}), "lines[0].quantity", "1000000000"
    ),
    "refund: a line without an id": WrongField(
        lambda member: member.refund("A1", lines={"": 1}), "lines[0].line_id", "required"
    ),
    "refund: 10,001 lines": WrongField(
        lambda member: member.refund("A1", lines={str(place): 1 for place in range(10_001)}), "lines", "10000"
    ),
    "refund: a line named twice": WrongField(
        _twice_the_tea,
        "lines[1].line_id",
        "is named by an earlier line",
    ),
    "refund: a line that is not in the order": WrongField(
        lambda member: member.refund("A1", lines={"tea": 1, "milk": 1}),
        "lines[1].line_id",
        "order 'A1' has no line 'milk'",
    ),
    "refund: a line of an order without lines": WrongField(
        lambda member: member.refund("A2", lines={"tea": 1}), "lines[0].line_id", "no line 'tea'"
    ),
    "refund: ahead of the clock": WrongField(
        _refund_ahead,
        "refund_time",
        "more than the limit of 5 minutes",
    ),
    "refund: before 1970": WrongField(
        setting(WRITES["refund"], "refund_time", Timestamp(seconds=-1)), "refund_time", PERIOD
    ),
    "refund: in 2100": WrongField(
        setting(WRITES["refund"], "refund_time", Timestamp(seconds=4_102_444_800)), "refund_time", PERIOD
    ),
    "refund: too many nanos": WrongField(
        setting(WRITES["refund"], "refund_time", Timestamp(seconds=1, nanos=10**9)), "refund_time", NANOS
    ),
    "transfer: to oneself": WrongField(
        lambda member: member.transfer("17850", 1), "to_member_id", "is the member who gives the points"
    ),
    "quote: another currency": WrongField(
        lambda member: member.quote(order_of("B1", currency_code="EUR")),
        "order.currency_code",
        "'EUR' is not the program's, 'GBP'",
    ),
    "quote: no order": WrongField(
        lambda member: messages.QuoteOrderRequest(program_id=member.program_id, member_id="17850"),
        "order",
        "required",
    ),
    "quote: a negative number of points": WrongField(
        lambda member: member.quote("B1", -1), "spend_points", "equal to 0"
    ),
    "settle: a quote that is none": WrongField(
        lambda member: member.settle("B1", quote_id="B1"), "quote_id", "is no quote"
    ),
    "settle: a quote of 10,000": WrongField(
        lambda member: member.settle("B1", quote_id="x" * 10_000), "quote_id", "at most 256"
    ),
    "balance: both times": WrongField(
        _balance(as_of_time=NOON, as_of_effective_time=NOON), "as_of_time", ONE_TIME
    ),
    "balance: a time and a version": WrongField(
        _balance(as_of_effective_time=NOON, min_version=1), "as_of_effective_time", ONE_TIME
    ),
    "balance: before 1970": WrongField(_balance(as_of_time=Timestamp(seconds=-1)), "as_of_time", PERIOD),
    "balance: in the year 9999": WrongField(
        _balance(as_of_effective_time=Timestamp(seconds=253_402_300_799)), "as_of_effective_time", PERIOD
    ),
    "balance: too many nanos": WrongField(
        _balance(as_of_time=Timestamp(seconds=1, nanos=-1)), "as_of_time", NANOS
    ),
    "balance: in the future as it will be known": WrongField(
        _balance_ahead("as_of_time"), "as_of_time", "lies after the service's clock"
    ),
    "balance: in the future": WrongField(
        _balance_ahead("as_of_effective_time"),
        "as_of_effective_time",
        "lies after the service's clock",
    ),
    "entries: no kind": WrongField(lambda member: member.entries(kinds=[0]), "kinds[0]", "[0]"),
    "entries: an unknown kind": WrongField(
        lambda member: member.entries(kinds=[1, 99]), "kinds[1]", "defined enum values"
    ),
    "entries: 33 kinds": WrongField(lambda member: member.entries(kinds=[1] * 33), "kinds", "32"),
    "entries: end before start": WrongField(
        lambda member: member.entries(start_time=Timestamp(seconds=2), end_time=Timestamp(seconds=1)),
        "end_time",
        "must be after start_time",
    ),
    "entries: end at start": WrongField(
        lambda member: member.entries(start_time=NOON, end_time=NOON), "end_time", "must be after start_time"
    ),
    "entries: start too many nanos": WrongField(
        lambda member: member.entries(start_time=Timestamp(nanos=10**9)), "start_time", NANOS
    ),
    "explain: entry 0": WrongField(lambda member: member.explain(0), "seq", "equal to 1"),
    "explain: entry -1": WrongField(lambda member: member.explain(-1), "seq", "equal to 1"),
}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("wrong", WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_a_request_that_breaks_a_rule_is_refused_by_field_and_limit(shop: Shop, wrong: WrongField) -> None:
    request = wrong.request(Member(shop.program_id))
    assert_names(refused(lambda: send(shop.client, request)), wrong.field, wrong.limit)
