"""Calls as a checkout makes them, and what a refusal tells its caller."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final, NamedTuple, Protocol, cast

import grpc
import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from loyalty.client import LoyaltyClient
from loyalty.v1 import entry_pb2, member_pb2, member_service_pb2, order_pb2, points_service_pb2
from loyalty.v1.balance_pb2 import Balance

SECONDS_MAX: Final = 20.0
# A bound only: what is waited for comes in a moment, and a slow machine is no failure.
WAIT_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.02
# 1 December 2025, noon in UTC.
NOON_SECONDS: Final = 1_764_590_400


class Refusal(NamedTuple):
    """What a caller learns from a refused call."""

    code: grpc.StatusCode
    reason: str
    domain: str
    fields: dict[str, str]
    """The description of each field that BadRequest names."""
    metadata: dict[str, str]
    retry_seconds: float | None
    message: str


class _Failed(Protocol):
    def code(self) -> grpc.StatusCode: ...


def order_of(
    order_id: str,
    amount_minor: int = 1_000,
    *,
    currency_code: str = "GBP",
    order_time: Timestamp | int = NOON_SECONDS,
    lines: tuple[order_pb2.OrderLine, ...] = (),
    channel: str = "",
    attributes: Mapping[str, str] | None = None,
) -> order_pb2.Order:
    """A paid order, of 10 pounds unless said otherwise. A time that is a number counts seconds."""
    when = order_time if isinstance(order_time, Timestamp) else Timestamp(seconds=order_time)
    return order_pb2.Order(
        order_id=order_id,
        order_time=when,
        currency_code=currency_code,
        amount_minor=amount_minor,
        lines=lines,
        channel=channel,
        attributes=attributes or {},
    )


def settle_of(
    program_id: str,
    member_id: str,
    order: order_pb2.Order | str,
    *,
    request_id: str | None = None,
    validate_only: bool = False,
) -> points_service_pb2.SettleOrderRequest:
    """The call that settles an order; a text stands for an order of that id."""
    content = order_of(order) if isinstance(order, str) else order
    return points_service_pb2.SettleOrderRequest(
        program_id=program_id,
        member_id=member_id,
        request_id=f"settle:{content.order_id}"[:128] if request_id is None else request_id,
        order=content,
        validate_only=validate_only,
    )


def settle(
    client: LoyaltyClient, request: points_service_pb2.SettleOrderRequest
) -> points_service_pb2.SettleOrderResponse:
    """Settle an order that must be accepted."""
    return client.points.SettleOrder(request, timeout=SECONDS_MAX)


def member(client: LoyaltyClient, program_id: str, member_id: str = "17850") -> member_pb2.Member:
    """What is known of a person."""
    request = member_service_pb2.GetMemberRequest(program_id=program_id, member_id=member_id)
    return client.members.GetMember(request, timeout=SECONDS_MAX).member


def balance_request(
    program_id: str, member_id: str, min_version: int = 0
) -> points_service_pb2.GetBalanceRequest:
    """The call for one balance."""
    return points_service_pb2.GetBalanceRequest(
        program_id=program_id, member_id=member_id, min_version=min_version
    )


def balance(client: LoyaltyClient, program_id: str, member_id: str, min_version: int = 0) -> Balance:
    """A member's balance now."""
    answer = client.points.GetBalance(
        balance_request(program_id, member_id, min_version), timeout=SECONDS_MAX
    )
    return answer.balance


def balances(client: LoyaltyClient, program_id: str, members: list[str]) -> dict[str, Balance]:
    """The balances of any number of members who are all known."""
    found: dict[str, Balance] = {}
    for begin in range(0, len(members), 1_000):
        answer = client.points.BatchGetBalances(
            points_service_pb2.BatchGetBalancesRequest(
                program_id=program_id, member_ids=members[begin : begin + 1_000]
            ),
            timeout=SECONDS_MAX,
        )
        for one in answer.balances:
            assert one.HasField("balance"), f"{one.member_id} is not known"
            found[one.member_id] = one.balance
    return found


def entries(client: LoyaltyClient, program_id: str, member_id: str) -> list[entry_pb2.Entry]:
    """A member's whole journal, oldest entry first."""
    found: list[entry_pb2.Entry] = []
    token = ""
    while True:
        page = client.points.ListEntries(
            points_service_pb2.ListEntriesRequest(
                program_id=program_id, member_id=member_id, page_size=1_000, page_token=token
            ),
            timeout=SECONDS_MAX,
        )
        found += page.entries
        token = page.next_page_token
        if not token:
            return found[::-1]


def verified(client: LoyaltyClient, program_id: str) -> points_service_pb2.VerifyLedgerResponse:
    """The last word of the ledger check, which must have reached the end and found no drift."""
    stream = client.points.VerifyLedger(
        points_service_pb2.VerifyLedgerRequest(program_id=program_id), timeout=WAIT_SECONDS_MAX
    )
    answers = list(stream)
    assert [drift for answer in answers for drift in answer.drifts] == []
    assert answers[-1].complete
    return answers[-1]


def refusal_of_status(status: status_pb2.Status) -> Refusal:
    """What a status of a batch tells."""
    info = error_details_pb2.ErrorInfo()
    bad, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    retry_seconds: float | None = None
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
        if detail.Unpack(retry):
            retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    fields = {violation.field: violation.description for violation in bad.field_violations}
    return Refusal(
        code, info.reason, info.domain, fields, dict(info.metadata), retry_seconds, str(status.message)
    )


def refusal_of(error: grpc.RpcError) -> Refusal:
    """What a failed call tells. One without google.rpc.Status has a code and a message only."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    if status is not None:
        return refusal_of_status(status)
    message = str(getattr(error, "details", lambda: "")())
    return Refusal(cast("_Failed", error).code(), "", "", {}, {}, None, message)


def refused(call: Callable[[], object]) -> Refusal:
    """The refusal of a call that must be refused."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return refusal_of(caught.value)


def code_of(call: Callable[[], object]) -> grpc.StatusCode:
    """The status of a call that may succeed or be refused."""
    try:
        call()
    except grpc.RpcError as error:
        return cast("_Failed", error).code()
    return grpc.StatusCode.OK


async def refused_async(call: Awaitable[object]) -> Refusal:
    """The refusal of a call that must be refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)


def eventually(what: str, condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(POLL_SECONDS)


async def eventually_async(what: str, condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds, while other tasks run."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not await condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(POLL_SECONDS)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the stores' own system user may enter, which pytest's are closed to."""
    path = Path(mkdtemp(prefix="loyalty-test-"))
    try:
        yield path
    finally:
        rmtree(path, ignore_errors=True)
