"""Wrong input: each is refused with an error that names the field and the limit, and nothing is written."""

import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.client import LoyaltyClient
from loyalty.v1 import member_service_pb2, order_pb2, points_service_pb2, program_service_pb2

from tests.end_to_end.calls import (
    SECONDS_MAX,
    balance_request,
    refusal_of_status,
    refused,
    settle_of,
)
from tests.end_to_end.shop import Shop, assert_names
from tests.end_to_end.wire import (
    SETTLE_ORDER,
)
from tests.running_service import DEMO, RunningService, named_program

TEN_KILOBYTES: Final = "x" * 10_000
MEBIBYTE: Final = 1024 * 1024
INT64_LIMIT: Final = 2**63
AMOUNT_LIMIT: Final = 10**15
YEAR_9999: Final = 253_402_300_799
YEAR_2100: Final = 4_102_444_800
FUZZ_EXAMPLES: Final = 300

INVISIBLE: Final = "must not contain control or invisible characters"
PERIOD: Final = "1970-01-01T00:00:00Z and less than 2100-01-01T00:00:00Z"

SettleOrderRequest = points_service_pb2.SettleOrderRequest
Change = Callable[[SettleOrderRequest], object]


class Wrong(NamedTuple):
    """A change that makes a good request wrong, the field that must be named, and words of its limit."""

    change: Change
    field: str
    limit: str


def setting(path: str, value: object) -> Change:
    """Sets the field at a path such as order.channel."""
    *parents, name = path.split(".")

    def change(request: SettleOrderRequest) -> None:
        message: object = request
        for parent in parents:
            message = getattr(message, parent)
        setattr(message, name, value)

    return change


def at(seconds: int, nanos: int = 0) -> Change:
    """Sets the order's time."""
    return lambda request: request.order.order_time.CopyFrom(Timestamp(seconds=seconds, nanos=nanos))


def in_line(name: str, value: object) -> Change:
    """Sets a field of the second line."""
    return lambda request: setattr(request.order.lines[1], name, value)


def with_lines(count: int) -> Change:
    def change(request: SettleOrderRequest) -> None:
        del request.order.lines[:]
        request.order.lines.extend(
            order_pb2.OrderLine(line_id=str(place), quantity=1) for place in range(count)
        )

    return change


def with_attributes(attributes: dict[str, str]) -> Change:
    return lambda request: request.order.attributes.update(attributes)


def _wrong_texts() -> Iterator[tuple[str, Wrong]]:
    bounds = {"program_id": 128, "member_id": 128, "request_id": 128, "order.order_id": 128}
    for path in bounds:
        yield f"{path}: empty", Wrong(setting(path, ""), path, "required")
    for path, limit in {**bounds, "order.channel": 64}.items():
        at_most = f"at most {limit} characters"
        yield f"{path}: one character too long", Wrong(setting(path, "é" * (limit + 1)), path, at_most)
        yield f"{path}: 10 kB", Wrong(setting(path, TEN_KILOBYTES), path, at_most)
        for name, character in {
            "a bell": "\a",
            "a line feed at the end": "\n",
            "a NUL": "\0",
            "a DEL": "\x7f",
            "a C1 control": "\x85",
            "a zero width space": "\u200b",
            "a soft hyphen": "\u00ad",
            "a right-to-left override": "\u202e",
            "a byte order mark": "\ufeff",
            "a private use character": "\ue000",
        }.items():
            yield f"{path}: {name}", Wrong(setting(path, f"a{character}"), path, INVISIBLE)


WRONG: Final = {
    **dict(_wrong_texts()),
    "member_id: an e-mail address": Wrong(
        setting("member_id", "jane@example.com"), "member_id", "an e-mail address is personal data"
    ),
    "order: none": Wrong(lambda request: request.ClearField("order"), "order", "required"),
    "amount: negative": Wrong(setting("order.amount_minor", -1), "order.amount_minor", "equal to 0"),
    "amount: one above the limit": Wrong(
        setting("order.amount_minor", AMOUNT_LIMIT + 1), "order.amount_minor", str(AMOUNT_LIMIT)
    ),
    "amount: the largest int64": Wrong(
        setting("order.amount_minor", INT64_LIMIT - 1), "order.amount_minor", str(AMOUNT_LIMIT)
    ),
    "amount: the smallest int64": Wrong(
        setting("order.amount_minor", -INT64_LIMIT), "order.amount_minor", "equal to 0"
    ),
    "currency: none": Wrong(setting("order.currency_code", ""), "order.currency_code", "required"),
    "currency: lower case": Wrong(
        setting("order.currency_code", "gbp"), "order.currency_code", "ISO 4217 code of three capital"
    ),
    "currency: four letters": Wrong(
        setting("order.currency_code", "GBPX"), "order.currency_code", "ISO 4217 code of three capital"
    ),
    "currency: unknown": Wrong(setting("order.currency_code", "XXQ"), "order.currency_code", "'GBP'"),
    "currency: not the program's": Wrong(
        setting("order.currency_code", "EUR"), "order.currency_code", "'EUR' is not the program's, 'GBP'"
    ),
    "lines: 10,001": Wrong(with_lines(10_001), "order.lines", "10000"),
    "lines: an id used twice": Wrong(
        in_line("line_id", "line-0"), "order.lines[1].line_id", "used by an earlier line"
    ),
    "lines: no id": Wrong(in_line("line_id", ""), "order.lines[1].line_id", "required"),
    "lines: an id of 10 kB": Wrong(in_line("line_id", TEN_KILOBYTES), "order.lines[1].line_id", "128"),
    "lines: a control character": Wrong(in_line("sku", "\x00"), "order.lines[1].sku", INVISIBLE),
    "lines: an sku of 10 kB": Wrong(in_line("sku", TEN_KILOBYTES), "order.lines[1].sku", "128"),
    "lines: a category of 10 kB": Wrong(in_line("category", TEN_KILOBYTES), "order.lines[1].category", "128"),
    "lines: quantity 0": Wrong(in_line("quantity", 0), "order.lines[1].quantity", "equal to 1 "),
    "lines: quantity -1": Wrong(in_line("quantity", -1), "order.lines[1].quantity", "equal to 1 "),
    "lines: quantity above the limit": Wrong(
        in_line("quantity", 10**9 + 1), "order.lines[1].quantity", "1000000000"
    ),
    "lines: a negative amount": Wrong(
        in_line("amount_minor", -1), "order.lines[1].amount_minor", "equal to 0"
    ),
    "lines: an amount above the limit": Wrong(
        in_line("amount_minor", AMOUNT_LIMIT + 1), "order.lines[1].amount_minor", str(AMOUNT_LIMIT)
    ),
    "time: none": Wrong(
        lambda request: request.order.ClearField("order_time"), "order.order_time", "required"
    ),
    "time: in the year 9999": Wrong(at(YEAR_9999), "order.order_time", PERIOD),
    "time: in the year 2100": Wrong(at(YEAR_2100), "order.order_time", PERIOD),
    "time: before 1970": Wrong(at(-1), "order.order_time", PERIOD),
    "time: in the year 1": Wrong(at(-62_135_596_800), "order.order_time", PERIOD),
    "time: more seconds than there are": Wrong(at(INT64_LIMIT - 1), "order.order_time", PERIOD),
    "time: fewer seconds than there are": Wrong(at(-INT64_LIMIT), "order.order_time", PERIOD),
    "time: too many nanos": Wrong(at(1_700_000_000, 10**9), "order.order_time", "0 to 999999999"),
    "time: negative nanos": Wrong(at(1_700_000_000, -1), "order.order_time", "0 to 999999999"),
    "time: the largest nanos": Wrong(at(1_700_000_000, 2**31 - 1), "order.order_time", "0 to 999999999"),
    "time: ahead of the clock": Wrong(
        at(int(time.time()) + 3_600), "order.order_time", "more than the limit of 5 minutes"
    ),
    "attributes: 65": Wrong(with_attributes({str(n): "" for n in range(65)}), "order.attributes", "64"),
    "attributes: an empty name": Wrong(with_attributes({"": "a"}), "order.attributes['']", "at least 1"),
    "attributes: a control character in a name": Wrong(
        with_attributes({"a\x01": "a"}), r"order.attributes['a\x01']", INVISIBLE
    ),
    "attributes: a NUL in a value": Wrong(
        with_attributes({"colour": "\0"}), "order.attributes['colour']", INVISIBLE
    ),
    "attributes: a value too long": Wrong(
        with_attributes({"colour": "x" * 1_025}), "order.attributes['colour']", "at most 1024"
    ),
}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_order_that_breaks_a_rule_is_refused_by_field_and_limit(shop: Shop, wrong: Wrong) -> None:
    request = shop.good()
    wrong.change(request)
    assert_names(refused(lambda: shop.settle(request)), wrong.field, wrong.limit)


@pytest.mark.usefixtures("nothing_written")
def test_each_wrong_order_of_a_batch_is_answered_like_the_single_call(shop: Shop) -> None:
    requests = [shop.good() for _ in WRONG]
    for request, wrong in zip(requests, WRONG.values(), strict=True):
        wrong.change(request)
    answer = shop.client.points.BatchSettleOrders(
        points_service_pb2.BatchSettleOrdersRequest(requests=requests), timeout=SECONDS_MAX
    )
    assert len(WRONG) == len(answer.results)
    for result, wrong in zip(answer.results, WRONG.values(), strict=True):
        assert result.WhichOneof("result") == "error"
        assert_names(refusal_of_status(result.error), wrong.field, wrong.limit)


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    "change",
    [
        with_attributes({"k" * 500_000: "v"}),
        with_attributes({f"{place}-{'k' * 1_000}": "v" for place in range(64)}),
        with_attributes({f"{place}-{'键' * 300}": "\0" for place in range(64)}),
        with_attributes({"\x01" * 4_000: "\0" * 4_000}),
        lambda request: request.order.lines.extend([order_pb2.OrderLine(sku="\x01" * 200)] * 9_990),
    ],
    ids=["one long name", "many names", "many names beyond ASCII", "escapes", "ten thousand bad lines"],
)
def test_an_error_about_very_much_still_fits_into_its_trailers(shop: Shop, change: Change) -> None:
    request = shop.good()
    change(request)
    refusal = refused(lambda: shop.settle(request))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (refusal.reason, refusal.domain) == ("INVALID_FIELD", "loyalty")
    assert refusal.fields


def test_a_document_error_beyond_ascii_still_fits_into_its_trailers(client: LoyaltyClient) -> None:
    _, document = named_program("trailers")
    wrong = f'{document}\n? "{"积" * 2_000}"\n: 1\n'
    request = program_service_pb2.ApplyProgramRequest(document=wrong, request_id="trailers")
    refusal = refused(lambda: client.programs.ApplyProgram(request, timeout=SECONDS_MAX))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "积积积" in refusal.fields["document"]


@pytest.mark.usefixtures("nothing_written")
def test_a_message_above_the_size_limit_is_refused(service: RunningService, shop: Shop) -> None:
    request = shop.good()
    request.order.attributes["colour"] = "x" * (16 * MEBIBYTE)
    no_limit = [("grpc.max_send_message_length", -1), ("grpc.enable_retries", 0)]
    with grpc.insecure_channel(service.address, options=no_limit) as channel:
        settle: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SETTLE_ORDER)
        refusal = refused(lambda: settle(request.SerializeToString(), timeout=SECONDS_MAX))
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(16 * MEBIBYTE) in refusal.message


class WrongCall(NamedTuple):
    """A call that must be refused, the field to be named, and words of its limit."""

    call: Callable[[LoyaltyClient, str], object]
    field: str
    limit: str


def _batch(count: int) -> Callable[[LoyaltyClient, str], object]:
    return lambda client, program_id: client.points.BatchSettleOrders(
        points_service_pb2.BatchSettleOrdersRequest(
            requests=[settle_of(program_id, "17850", f"B{place}") for place in range(count)]
        ),
        timeout=SECONDS_MAX,
    )


def _balances(members: list[str]) -> Callable[[LoyaltyClient, str], object]:
    return lambda client, program_id: client.points.BatchGetBalances(
        points_service_pb2.BatchGetBalancesRequest(program_id=program_id, member_ids=members),
        timeout=SECONDS_MAX,
    )


def _page(page_size: int, page_token: str = "") -> Callable[[LoyaltyClient, str], object]:
    return lambda client, program_id: client.points.ListEntries(
        points_service_pb2.ListEntriesRequest(
            program_id=program_id, member_id="17850", page_size=page_size, page_token=page_token
        ),
        timeout=SECONDS_MAX,
    )


def _enrol(member_id: str = "17851", display_name: str = "") -> Callable[[LoyaltyClient, str], object]:
    return lambda client, program_id: client.members.EnrolMember(
        member_service_pb2.EnrolMemberRequest(
            program_id=program_id, member_id=member_id, request_id="enrol", display_name=display_name
        ),
        timeout=SECONDS_MAX,
    )


def _apply(document: str) -> Callable[[LoyaltyClient, str], object]:
    return lambda client, _: client.programs.ApplyProgram(
        program_service_pb2.ApplyProgramRequest(document=document, request_id="apply-wrong"),
        timeout=SECONDS_MAX,
    )


WRONG_CALLS: Final = {
    "a batch of none": WrongCall(_batch(0), "requests", "at least 1"),
    "a batch of 1,001": WrongCall(_batch(1_001), "requests", "1000"),
    "balances of nobody": WrongCall(_balances([]), "member_ids", "at least 1"),
    "balances of 1,001": WrongCall(_balances([str(n) for n in range(1_001)]), "member_ids", "1000"),
    "balances of one member twice": WrongCall(_balances(["a", "a"]), "member_ids", "unique"),
    "balances of an empty id": WrongCall(_balances(["a", ""]), "member_ids[1]", "at least 1"),
    "a page of 1,001": WrongCall(_page(1_001), "page_size", "1000"),
    "a page of -1": WrongCall(_page(-1), "page_size", "equal to 0"),
    "a page token of a stranger": WrongCall(_page(10, "abc"), "page_token", "of an earlier answer"),
    "a page token beyond int64": WrongCall(_page(10, "9" * 30), "page_token", "of an earlier answer"),
    "a page token in other digits": WrongCall(_page(10, "٣"), "page_token", "of an earlier answer"),
    "a page token of 10 kB": WrongCall(_page(10, "1" * 10_000), "page_token", "at most 128"),
    "a negative version": WrongCall(
        lambda client, program_id: client.points.GetBalance(
            balance_request(program_id, "17850", -1), timeout=SECONDS_MAX
        ),
        "min_version",
        "equal to 0",
    ),
    "a person by e-mail": WrongCall(_enrol(member_id="jane@example.com"), "member_id", "personal data"),
    "a person without an id": WrongCall(_enrol(member_id=""), "member_id", "required"),
    "a name of 10 kB": WrongCall(_enrol(display_name=TEN_KILOBYTES), "display_name", "at most 128"),
    "a name with a line feed": WrongCall(_enrol(display_name="a\n"), "display_name", "control characters"),
    "no document": WrongCall(_apply(""), "document", "required"),
    "a document of 256 KiB and one byte": WrongCall(_apply("x" * 262_145), "document", "262144"),
    "a document that is a list": WrongCall(_apply("- 1"), "document", "line 1, column 1"),
    "a document with an anchor": WrongCall(_apply("a: &x 1\nb: *x"), "document", "line 1, column 4"),
    "a document nested too deep": WrongCall(_apply("[" * 20_000), "document", "16"),
    "a document with a control character": WrongCall(_apply("a: \x01"), "document", ""),
    "a document with a number of no digits": WrongCall(_apply('a: !!int ""'), "document", ""),
    "a document with a fraction of no digits": WrongCall(_apply('a: !!float ""'), "document", ""),
    "a document with a truth of another kind": WrongCall(_apply('a: !!bool "x"'), "document", ""),
    "a document with a time that is none": WrongCall(_apply('a: !!timestamp "x"'), "document", ""),
    "a document with half a character": WrongCall(_apply(f'{DEMO}\n"\\ud800": 1'), "document", ""),
    "a document of a program that no call could name": WrongCall(
        _apply(DEMO.replace("program_id: demo", 'program_id: "de\\u200bmo"')), "document", "program_id"
    ),
}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("wrong", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_a_call_that_breaks_a_rule_is_refused_by_field_and_limit(shop: Shop, wrong: WrongCall) -> None:
    assert_names(refused(lambda: wrong.call(shop.client, shop.program_id)), wrong.field, wrong.limit)
