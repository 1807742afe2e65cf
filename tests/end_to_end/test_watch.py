"""Watch: the journal as a feed, from any cursor on, at least once, in each member's order."""

import json
import signal
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import asyncpg
import grpc
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages

from service.handlers.feed import WATCHES_MAX
from tests.end_to_end.calls import (
    NOON_SECONDS,
    SECONDS_MAX,
    code_of,
    eventually,
    order_of,
    refused,
    settle,
    settle_of,
)
from tests.running_service import RunningService, free_port, run_loyalty, running_service, start_loyalty

WATCH_SECONDS_MAX: Final = 120.0
MEMBERS: Final = 7
Key = tuple[str, int]


class Watched(NamedTuple):
    """What a stream gave: entries in their order, and the cursor after the last message."""

    keys: list[Key]
    cursor: str


def request(program_id: str, cursor: str = "", *, until_now: bool = False) -> messages.WatchRequest:
    return messages.WatchRequest(program_id=program_id, cursor=cursor, until_now=until_now)


def keys_of(response: messages.WatchResponse) -> list[Key]:
    return [(watched.member_id, watched.entry.seq) for watched in response.entries]


def until_now(client: LoyaltyClient, program_id: str, cursor: str = "") -> Watched:
    """The feed to its end."""
    stream = client.points.Watch(request(program_id, cursor, until_now=True), timeout=WATCH_SECONDS_MAX)
    keys: list[Key] = []
    for response in stream:
        keys += keys_of(response)
        cursor = response.cursor
    return Watched(keys, cursor)


def settle_many(client: LoyaltyClient, program_id: str, first: int, count: int) -> list[Key]:
    """Orders of a few members; the entries that settled them."""
    answers = client.points.BatchSettleOrders(
        messages.BatchSettleOrdersRequest(
            requests=[
                settle_of(
                    program_id,
                    f"m{number % MEMBERS}",
                    order_of(f"o{number}", 100, order_time=NOON_SECONDS + number),
                )
                for number in range(first, first + count)
            ]
        ),
        timeout=SECONDS_MAX,
    )
    return [
        (f"m{(first + place) % MEMBERS}", result.response.seq) for place, result in enumerate(answers.results)
    ]


def assert_in_order(keys: Iterable[Key], first: dict[str, int] | None = None) -> None:
    """Each member's entries are as they are numbered, with none missing."""
    following = dict(first or {})
    for member_id, seq in keys:
        assert seq == following.get(member_id, 1), member_id
        following[member_id] = seq + 1


def test_entries_come_as_they_are_written(client: LoyaltyClient, program_id: str) -> None:
    """Those there are, and then each new one, with what it says in the member's journal."""
    first = settle_many(client, program_id, 0, 20)
    stream = client.points.Watch(request(program_id), timeout=WATCH_SECONDS_MAX)
    seen: list[Key] = []
    while len(seen) < len(first):
        seen += keys_of(next(stream))
    assert set(seen) == set(first)
    later = settle_many(client, program_id, 20, 20)
    while len(seen) < len(first) + len(later):
        seen += keys_of(next(stream))
    assert set(seen) == {*first, *later}
    assert_in_order(seen)

    settle(client, settle_of(program_id, "m0", order_of("last", 12_300)))
    found = next(response for response in stream if response.entries)
    journal = client.points.ListEntries(
        messages.ListEntriesRequest(program_id=program_id, member_id="m0", page_size=1), timeout=SECONDS_MAX
    )
    assert [(watched.member_id, watched.entry) for watched in found.entries] == [("m0", journal.entries[0])]
    stream.cancel()


def test_until_now_has_what_was_answered_before(client: LoyaltyClient, program_id: str) -> None:
    """And ends; a program without entries gives a cursor, too, and each cursor resumes where it stands."""
    nothing = until_now(client, program_id)
    assert nothing.keys == []
    assert nothing.cursor
    cursor = nothing.cursor
    for begin in range(0, 300, 60):
        written = settle_many(client, program_id, begin, 60)
        came = until_now(client, program_id, cursor)
        assert sorted(came.keys) == sorted(written)
        cursor = came.cursor
    whole = until_now(client, program_id)
    assert len(whole.keys) == 300
    assert_in_order(whole.keys)


async def test_until_now_does_not_wait_for_ever_for_an_open_transaction(
    store_urls: tuple[str, str], program_id: str, client: LoyaltyClient
) -> None:
    """It gives what can be read; its cursor resumes with the rest once the transaction has ended."""
    first = settle_many(client, program_id, 0, 5)
    assert sorted(until_now(client, program_id).keys) == sorted(first)
    connection = await asyncpg.connect(store_urls[0].replace("+asyncpg", ""))
    async with connection.transaction():
        await connection.fetchval("SELECT pg_current_xact_id()")
        hidden = settle_many(client, program_id, 5, 5)
        came = until_now(client, program_id)
        assert sorted(came.keys) == sorted(first)
    await connection.close()
    assert sorted(until_now(client, program_id, came.cursor).keys) == sorted(hidden)


def test_many_pages_resume_at_every_message(client: LoyaltyClient, program_id: str) -> None:
    """Broken off after any message, the rest follows its cursor: nothing twice, nothing missing."""
    for begin in range(0, 2_000, 1_000):
        settle_many(client, program_id, begin, 1_000)
    expected = until_now(client, program_id).keys
    assert len(expected) == 2_000
    seen: list[Key] = []
    cursor, more = "", True
    while more:
        stream = client.points.Watch(request(program_id, cursor, until_now=True), timeout=WATCH_SECONDS_MAX)
        response = next(stream)
        stream.cancel()
        seen += keys_of(response)
        more, cursor = bool(response.entries), response.cursor
    assert seen == expected


async def test_a_reader_that_does_not_read_costs_writers_nothing(
    service: RunningService, store_urls: tuple[str, str], program_id: str, client: LoyaltyClient
) -> None:
    """Its stream stands still, and nothing of it is open in Postgres; then it gets everything."""
    stream = client.points.Watch(request(program_id), timeout=WATCH_SECONDS_MAX)
    next(stream)  # it runs
    written: list[Key] = []
    for begin in range(0, 8_000, 1_000):
        written += settle_many(client, program_id, begin, 1_000)
    assert len(written) == 8_000
    connection = await asyncpg.connect(store_urls[0].replace("+asyncpg", ""))
    held = await connection.fetch(
        "SELECT * FROM pg_stat_activity WHERE application_name = 'loyalty' AND state LIKE 'idle in%'"
    )
    await connection.close()
    assert held == []
    seen: list[Key] = []
    while len(seen) < len(written):
        seen += keys_of(next(stream))
    assert sorted(seen) == sorted(written)
    assert_in_order(seen)
    stream.cancel()


def test_a_wrong_cursor_is_refused(service: RunningService, client: LoyaltyClient, program_id: str) -> None:
    """Garbage, another program's; and an unknown program."""
    other = service.apply_program(f"{program_id}-other")
    cursor = until_now(client, program_id).cursor
    for wrong, program in (("garbage", program_id), (cursor[:-3], program_id), (cursor, other)):
        refusal = refused(
            lambda wrong=wrong, program=program: list(  # type: ignore[misc] # lambda's defaults
                client.points.Watch(request(program, wrong), timeout=SECONDS_MAX)
            )
        )
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert "cursor" in refusal.fields
    refusal = refused(lambda: list(client.points.Watch(request("nowhere"), timeout=SECONDS_MAX)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "PROGRAM_NOT_FOUND")


def test_streams_of_a_worker_are_bounded(service: RunningService, program_id: str) -> None:
    """One too many is refused with the limit; when one ends there is room again."""
    with LoyaltyClient(service.address, channels=1, retry=False) as client:
        streams = [
            client.points.Watch(request(program_id), timeout=WATCH_SECONDS_MAX) for _ in range(WATCHES_MAX)
        ]
        for stream in streams:
            assert next(stream).cursor
        refusal = refused(lambda: next(client.points.Watch(request(program_id), timeout=SECONDS_MAX)))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        assert refusal.metadata == {"running_max": str(WATCHES_MAX)}
        assert refusal.retry_seconds

        streams.pop().cancel()
        eventually(
            "there is room for one more",
            lambda: code_of(lambda: until_now(client, program_id)) is grpc.StatusCode.OK,
        )
        for stream in streams:
            stream.cancel()
        eventually(
            "all are gone",
            lambda: code_of(lambda: until_now(client, program_id)) is grpc.StatusCode.OK,
        )


@pytest.mark.faults
def test_a_stream_ends_with_its_server_and_goes_on_with_the_next(database_url: str, redis_url: str) -> None:
    """A stop tells the reader; whoever comes back with its cursor misses nothing and sees nothing twice."""
    port = free_port()
    seen: list[Key] = []
    with (
        running_service(database_url=database_url, redis_url=redis_url, port=port) as service,
        LoyaltyClient(service.address, retry=False) as client,
    ):
        program_id = service.apply_program("watched")
        written = settle_many(client, program_id, 0, 50)
        stream = client.points.Watch(request(program_id), timeout=WATCH_SECONDS_MAX)
        cursor = ""
        while len(seen) < len(written):
            response = next(stream)
            seen += keys_of(response)
            cursor = response.cursor
        service.process.send_signal(signal.SIGTERM)
        refusal = refused(lambda: list(stream))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "STOPPING")
        assert service.process.wait(SECONDS_MAX) == 0

    with (
        running_service(database_url=database_url, redis_url=redis_url, port=port) as service,
        LoyaltyClient(service.address) as client,
    ):
        written += settle_many(client, program_id, 50, 50)
        came = until_now(client, program_id, cursor)
        assert sorted([*seen, *came.keys]) == sorted(written)
        assert_in_order([*seen, *came.keys])


def test_the_command_line_follows_and_goes_on(
    service: RunningService, client: LoyaltyClient, program_id: str
) -> None:
    """As text for people, as JSON lines for scripts, from a cursor on."""
    settle(client, settle_of(program_id, "17850", order_of("A1", 12_300)))
    text = run_loyalty("watch", "--program", program_id, "--until-now", address=service.address)
    assert text.returncode == 0, text.stderr
    (line,) = text.stdout.splitlines()
    assert "17850 #1  order settled A1: +123; 123 available" in line
    cursor = text.stderr.split("--cursor ")[1].strip()

    settle(client, settle_of(program_id, "17851", order_of("A1", 100)))
    found = run_loyalty(
        "watch", "--program", program_id, "--until-now", "--json", "--cursor", cursor, address=service.address
    )
    responses = [json.loads(line) for line in found.stdout.splitlines()]
    entries = [watched for response in responses for watched in response["entries"]]
    assert [(watched["member_id"], watched["entry"]["seq"]) for watched in entries] == [("17851", 1)]
    assert all(response["cursor"] for response in responses)

    bad = run_loyalty("watch", "--program", program_id, "--cursor", "garbage", address=service.address)
    assert bad.returncode == 1
    assert "cursor" in bad.stderr


@pytest.fixture
def following(service: RunningService, program_id: str) -> Iterator[Iterator[str]]:
    """The lines of `loyalty watch` that goes on until it is interrupted."""
    with start_loyalty("watch", "--program", program_id, address=service.address) as process:
        assert process.stdout is not None
        yield iter(process.stdout)
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS_MAX)


def test_the_command_line_shows_new_entries_as_they_come(
    following: Iterator[str], client: LoyaltyClient, program_id: str
) -> None:
    """Line by line, also into a pipe."""
    for number in range(1, 4):
        settle(client, settle_of(program_id, "17850", order_of(f"A{number}", 100)))
        assert f"17850 #{number}" in next(following)
