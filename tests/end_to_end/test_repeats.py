"""Every write is made once: a repeat answers the same for ever; a trial answers alike and writes nothing."""

from collections.abc import Callable
from typing import Final, NamedTuple

import grpc
import pytest
from google.protobuf.message import Message
from loyalty.client import LoyaltyClient
from loyalty.v1 import order_pb2
from loyalty.v1 import points_service_pb2 as messages

from tests.end_to_end.asking import Member, do, send
from tests.end_to_end.calls import NOON_SECONDS, order_of, refused, verified
from tests.end_to_end.scenes import settle_points
from tests.running_service import running_service

Prepare = Callable[[LoyaltyClient, Member], object]
RECEIVER: Final = "receiver"


class Write(NamedTuple):
    """A write, others that differ from it in one thing each, and what must have happened before it."""

    request: Callable[[Member], Message]
    others: Callable[[Member], list[Message]]
    prepare: Prepare = lambda client, member: None


def _hold(client: LoyaltyClient, member: Member) -> object:
    return do(client.points.HoldPoints, member.hold(50, "a-hold"))


def _suspend(client: LoyaltyClient, member: Member) -> object:
    return do(client.members.SuspendMember, member.suspend("a-suspension"))


def _order(amount_minor: int = 2_000) -> order_pb2.Order:
    return order_of("B1", amount_minor)


WRITES: Final = {
    "settle": Write(
        lambda member: member.settle(_order(), request_id="it"),
        lambda member: [
            member.settle(_order(2_001), request_id="it"),
            member.settle(_order(), spend_points=1, request_id="it"),
        ],
    ),
    "settle with points": Write(
        lambda member: member.settle(_order(), spend_points=30, request_id="it"),
        lambda member: [
            member.settle(_order(), request_id="it"),
            member.settle(_order(), spend_points=31, request_id="it"),
        ],
    ),
    "settle with a hold": Write(
        lambda member: member.settle(_order(), hold_id="a-hold", request_id="it"),
        lambda member: [
            member.settle(_order(), request_id="it"),
            member.settle(_order(), hold_id="a-hold", spend_points=50, request_id="it"),
            member.settle(_order(), hold_id="other", request_id="it"),
        ],
        _hold,
    ),
    "refund": Write(
        lambda member: member.refund("A1", "it", amount_minor=500),
        lambda member: [
            member.refund("A1", "it", amount_minor=501),
            member.refund("A1", "it"),
            member.refund("A1", "it", lines={"tea": 1}),
            member.refund("A1", "it", amount_minor=500, refund_id="R1"),
            member.refund("A1", "it", amount_minor=500, refund_seconds=NOON_SECONDS),
            member.refund("A2", "it", amount_minor=500),
        ],
    ),
    "hold": Write(
        lambda member: member.hold(40, "it"),
        lambda member: [member.hold(41, "it"), member.hold(40, "it", ttl_seconds=601)],
    ),
    "capture": Write(
        lambda member: member.capture(40, "it", "a-hold"),
        lambda member: [member.capture(39, "it", "a-hold"), member.capture(40, "it", "other")],
        _hold,
    ),
    "release": Write(
        lambda member: member.release("it", "a-hold"), lambda member: [member.release("it", "other")], _hold
    ),
    "spend": Write(
        lambda member: member.spend(40, "it", "Tea"),
        lambda member: [member.spend(41, "it", "Tea"), member.spend(40, "it", "Cups")],
    ),
    "adjust": Write(
        lambda member: member.adjust(-40, "it"),
        lambda member: [member.adjust(40, "it"), member.adjust(-40, "it", "Because")],
    ),
    "void": Write(
        lambda member: member.void(40, "it"),
        lambda member: [
            member.void(41, "it"),
            member.void(request_id="it", everything=True),
            member.void(40, "it", reason="Because"),
        ],
    ),
    "void everything": Write(
        lambda member: member.void(request_id="it", everything=True),
        lambda member: [member.void(100, "it")],
    ),
    "transfer": Write(
        lambda member: member.transfer(RECEIVER, 40, "it"),
        lambda member: [member.transfer(RECEIVER, 41, "it"), member.transfer("another", 40, "it")],
    ),
    "suspend": Write(lambda member: member.suspend("it"), lambda member: [member.suspend("it", "Because")]),
    "reinstate": Write(
        lambda member: member.reinstate("it"), lambda member: [member.reinstate("it", "Because")], _suspend
    ),
}


def prepared(client: LoyaltyClient, member: Member, write: Write) -> Member:
    """The member, with 100 points and a receiver for them, where this write can be made."""
    settle_points(client, Member(member.program_id, RECEIVER), "C1", 5, -1)
    settle_points(client, member, "A1", 100, -1)
    write.prepare(client, member)
    return member


def tried(request: Message) -> Message:
    """The same request, to be decided only."""
    trial = type(request)()
    trial.CopyFrom(request)
    trial.validate_only = True  # type: ignore[attr-defined]  # every write has it
    return trial


def told(answer: Message) -> Message:
    """An answer but for a deadline that is counted from the moment of the call."""
    answer = type(answer).FromString(answer.SerializeToString())
    if isinstance(answer, messages.HoldPointsResponse):
        answer.ClearField("deadline_time")
    return answer


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_trial_answers_what_the_write_then_answers_and_writes_nothing(
    client: LoyaltyClient, program_id: str, write: Write
) -> None:
    member = prepared(client, Member(program_id), write)
    before = verified(client, program_id)
    request = write.request(member)
    trial = send(client, tried(request))
    assert before.totals == verified(client, program_id).totals
    assert before.checked_entries == verified(client, program_id).checked_entries

    answer = send(client, request)
    assert told(trial) == told(answer)
    assert answer == send(client, tried(request)), "a trial of what was done is answered as it was"
    after = verified(client, program_id)
    both_sides = 2 if isinstance(request, messages.TransferPointsRequest) else 1
    assert after.checked_entries == before.checked_entries + both_sides


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_is_made_once_and_answers_the_same_for_ever(
    client: LoyaltyClient, program_id: str, write: Write
) -> None:
    member = prepared(client, Member(program_id), write)
    request = write.request(member)
    answer = send(client, request)
    written = verified(client, program_id)
    assert [answer] * 3 == [send(client, request) for _ in range(3)]

    def assert_reused(other: Message) -> None:
        for one in (other, tried(other)):
            refusal = refused(lambda one=one: send(client, one))  # type: ignore[misc]  # bound now
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
            assert refusal.metadata == {"request_id": "it", "seq": str(answer.seq)}  # type: ignore[attr-defined]

    for other in write.others(member):
        assert_reused(other)
    for unlike in (member.spend(1, "it"), member.adjust(1, "it"), member.transfer("another", 2, "it")):
        assert_reused(unlike)
    assert written.checked_entries == verified(client, program_id).checked_entries
    assert written.totals == verified(client, program_id).totals

    # Whatever happens to the member afterwards.
    send(client, member.adjust(7, "later-1"))
    send(client, member.void(7, "later-2"))
    assert answer == send(client, request)
    for other in write.others(member):
        assert_reused(other)


def test_the_request_ids_of_two_members_are_their_own(client: LoyaltyClient, program_id: str) -> None:
    members = [Member(program_id, f"member-{number}") for number in range(2)]
    for number, member in enumerate(members):
        settle_points(client, member, "A1", 100 + number)
        send(client, member.spend(10 + number, "it"))
    # A transfer's id is the sender's: the receiver may use it for anything.
    send(client, members[0].transfer("member-1", 5, "given"))
    assert do(client.points.SpendPoints, members[1].spend(1, "given")).balance.available == 94


def test_an_enrolment_is_tried_made_once_and_told_again(client: LoyaltyClient, program_id: str) -> None:
    member = Member(program_id)
    request = member.enrol()
    request.validate_only = True
    trial = do(client.members.EnrolMember, request)
    assert verified(client, program_id).checked_members == 0
    answer = do(client.members.EnrolMember, member.enrol())
    assert (answer.seq, answer.member.state) == (trial.seq, trial.member.state)
    settle_points(client, member, "A1", 5)
    assert answer == do(client.members.EnrolMember, member.enrol())
    assert refused(lambda: send(client, member.spend(1, "enrol"))).reason == "REQUEST_ID_REUSED"


def test_every_answer_outlives_a_restart(
    database_url: str, redis_url: str, request: pytest.FixtureRequest
) -> None:
    done: list[tuple[Message, Message]] = []
    with running_service(database_url=database_url, redis_url=redis_url) as service:
        program_id = service.apply_program(request.node.nodeid)
        with LoyaltyClient(service.address, channels=2) as client:
            for number, write in enumerate(WRITES.values()):
                member = prepared(client, Member(program_id, f"member-{number}"), write)
                one = write.request(member)
                done.append((one, send(client, one)))
            before = verified(client, program_id)
    with (
        running_service(database_url=database_url, redis_url=redis_url) as again,
        LoyaltyClient(again.address, channels=2) as client,
    ):
        for number, (write, (one, answer)) in enumerate(zip(WRITES.values(), done, strict=True)):
            assert answer == send(client, one)
            for other in write.others(Member(program_id, f"member-{number}")):
                refusal = refused(lambda other=other: send(client, other))  # type: ignore[misc]  # bound now
                assert refusal.reason == "REQUEST_ID_REUSED"
        after = verified(client, program_id)
    assert (before.checked_entries, before.totals) == (after.checked_entries, after.totals)
