"""What the books do not allow: refused with a reason and its numbers, and nothing is written."""

from typing import Final, NamedTuple

import grpc
import pytest
from loyalty.client import LoyaltyClient

from tests.end_to_end.asking import Member, do, send
from tests.end_to_end.calls import refused
from tests.end_to_end.shop import Shop
from tests.end_to_end.wrong_points import MONEY_MAX, POINTS_MAX, WRITES, Asked, open_shop, setting
from tests.running_service import RunningService

PRECONDITION: Final = grpc.StatusCode.FAILED_PRECONDITION
MISSING: Final = grpc.StatusCode.NOT_FOUND
EXISTS: Final = grpc.StatusCode.ALREADY_EXISTS


@pytest.fixture(scope="module")
def shop(service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest) -> Shop:
    """The shop of this file."""
    return open_shop(service, client, request.module.__name__)


class WrongAct(NamedTuple):
    """A well-formed request that the books do not allow: status, reason and numbers."""

    request: Asked
    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]


def _insufficient(required: int, available: int) -> dict[str, str]:
    missing = required - available
    return {"required": str(required), "available": str(available), "missing": str(missing)}


# 10 of A1 and 490 of A2; less 2 of the tea, 30 and 15 of holds, and 40 that were given away.
AVAILABLE: Final = 413


def _resolved(hold_id: str, state: str, points: int, seq: int) -> dict[str, str]:
    return {"hold_id": hold_id, "state": state, "captured_points": str(points), "seq": str(seq)}


def _exceeds(order_id: str, requested: int, left: int, line_id: str = "") -> dict[str, str]:
    numbers = {"requested": str(requested), "left": str(left)}
    return {"order_id": order_id, "line_id": line_id, **numbers}


def _from(member_id: str, request: Asked) -> Asked:
    return lambda member: request(Member(member.program_id, member_id))


def _limited(name: str, points: int, used: int, limit: int) -> dict[str, str]:
    return {"limit_name": name, "points": str(points), "used": str(used), "limit": str(limit)}


UNKNOWN: Final = {"member_id": "nobody"}
SUSPENDED: Final = {"member_id": "suspended"}
WRONG_ACTS: Final = {
    "capture more than is held": WrongAct(
        lambda member: member.capture(31, hold_id="open"),
        PRECONDITION,
        "CAPTURE_EXCEEDS_HOLD",
        {"hold_id": "open", "requested": "31", "held": "30"},
    ),
    "capture the most there is": WrongAct(
        lambda member: member.capture(POINTS_MAX, hold_id="open"),
        PRECONDITION,
        "CAPTURE_EXCEEDS_HOLD",
        {"hold_id": "open", "requested": str(POINTS_MAX), "held": "30"},
    ),
    "capture more of a captured hold": WrongAct(
        lambda member: member.capture(16, hold_id="captured"),
        PRECONDITION,
        "HOLD_RESOLVED",
        _resolved("captured", "captured", 15, 9),
    ),
    "capture all of a hold that was captured in part": WrongAct(
        lambda member: member.capture(0, hold_id="captured"),
        PRECONDITION,
        "HOLD_RESOLVED",
        _resolved("captured", "captured", 15, 9),
    ),
    "release a captured hold": WrongAct(
        lambda member: member.release(hold_id="captured"),
        PRECONDITION,
        "HOLD_RESOLVED",
        _resolved("captured", "captured", 15, 9),
    ),
    "capture a released hold": WrongAct(
        lambda member: member.capture(hold_id="released"),
        PRECONDITION,
        "HOLD_RESOLVED",
        _resolved("released", "released", 0, 10),
    ),
    "pay with a released hold": WrongAct(
        lambda member: member.settle("B1", hold_id="released"),
        PRECONDITION,
        "HOLD_RESOLVED",
        _resolved("released", "released", 0, 10),
    ),
    "pay with more than is held": WrongAct(
        lambda member: member.settle("B1", hold_id="open", spend_points=31),
        PRECONDITION,
        "CAPTURE_EXCEEDS_HOLD",
        {"hold_id": "open", "requested": "31", "held": "30"},
    ),
    **{
        f"{name} a hold that never was": WrongAct(request, MISSING, "HOLD_NOT_FOUND", {"hold_id": "none"})
        for name, request in {
            "capture": lambda member: member.capture(hold_id="none"),
            "release": lambda member: member.release(hold_id="none"),
            "pay with": lambda member: member.settle("B1", hold_id="none"),
        }.items()
    },
    "capture another member's hold": WrongAct(
        _from("17851", lambda member: member.capture(hold_id="open")),
        MISSING,
        "HOLD_NOT_FOUND",
        {"hold_id": "open"},
    ),
    "refund an order that never was": WrongAct(
        lambda member: member.refund("A9"), MISSING, "ORDER_NOT_FOUND", {"order_id": "A9"}
    ),
    "refund another member's order": WrongAct(
        lambda member: member.refund("B1"), MISSING, "ORDER_NOT_FOUND", {"order_id": "B1"}
    ),
    "refund a penny more than is left": WrongAct(
        lambda member: member.refund("A1", amount_minor=801),
        PRECONDITION,
        "REFUND_EXCEEDS_ORDER",
        _exceeds("A1", 801, 800),
    ),
    "refund the most there is": WrongAct(
        lambda member: member.refund("A1", amount_minor=MONEY_MAX),
        PRECONDITION,
        "REFUND_EXCEEDS_ORDER",
        _exceeds("A1", MONEY_MAX, 800),
    ),
    "refund more pieces than are left": WrongAct(
        lambda member: member.refund("A1", lines={"cups": 2, "tea": 3}),
        PRECONDITION,
        "REFUND_EXCEEDS_ORDER",
        _exceeds("A1", 3, 2, "tea"),
    ),
    "refund the whole order again": WrongAct(
        lambda member: member.refund("A3"), PRECONDITION, "REFUND_EXCEEDS_ORDER", _exceeds("A3", 0, 0)
    ),
    "refund a penny of a whole refund": WrongAct(
        lambda member: member.refund("A3", amount_minor=1),
        PRECONDITION,
        "REFUND_EXCEEDS_ORDER",
        _exceeds("A3", 1, 0),
    ),
    "refund under a refund id of another refund": WrongAct(
        lambda member: member.refund("A3", refund_id="R2", amount_minor=1),
        EXISTS,
        "REFUND_ID_REUSED",
        {"order_id": "A3", "refund_id": "R2", "seq": "5"},
    ),
    **{
        f"{name} more than there is": WrongAct(
            request, PRECONDITION, "INSUFFICIENT_POINTS", _insufficient(POINTS_MAX, AVAILABLE)
        )
        for name, request in {
            "spend": lambda member: member.spend(POINTS_MAX),
            "hold": lambda member: member.hold(POINTS_MAX),
            "take": lambda member: member.adjust(-POINTS_MAX),
            "void": lambda member: member.void(POINTS_MAX),
            "transfer": lambda member: member.transfer("17851", POINTS_MAX),
            "pay": lambda member: member.settle("B1", spend_points=POINTS_MAX),
        }.items()
    },
    "spend a point more than there is": WrongAct(
        lambda member: member.spend(AVAILABLE + 1),
        PRECONDITION,
        "INSUFFICIENT_POINTS",
        _insufficient(AVAILABLE + 1, AVAILABLE),
    ),
    "give more points than a number can count": WrongAct(
        lambda member: member.adjust(POINTS_MAX),
        PRECONDITION,
        "POINTS_LIMIT_EXCEEDED",
        {"issued": "510", "points": str(POINTS_MAX), "limit": str(POINTS_MAX)},
    ),
    **{
        f"{name}: nobody": WrongAct(_from("nobody", request), MISSING, "MEMBER_NOT_FOUND", UNKNOWN)
        for name, request in WRITES.items()
    },
    "transfer to nobody": WrongAct(
        lambda member: member.transfer("nobody", 1), MISSING, "MEMBER_NOT_FOUND", UNKNOWN
    ),
    "transfer to a member of another program": WrongAct(
        lambda member: member.transfer("elsewhere", 1),
        MISSING,
        "MEMBER_NOT_FOUND",
        {"member_id": "elsewhere"},
    ),
    "transfer to a suspended member": WrongAct(
        lambda member: member.transfer("suspended", 1), PRECONDITION, "MEMBER_SUSPENDED", SUSPENDED
    ),
    "transfer from a suspended member": WrongAct(
        _from("suspended", lambda member: member.transfer("17851", 1)),
        PRECONDITION,
        "MEMBER_SUSPENDED",
        SUSPENDED,
    ),
    "suspend a suspended member": WrongAct(
        _from("suspended", lambda member: member.suspend("suspend-2")),
        PRECONDITION,
        "MEMBER_SUSPENDED",
        SUSPENDED,
    ),
    "reinstate a member": WrongAct(
        lambda member: member.reinstate(), PRECONDITION, "MEMBER_NOT_SUSPENDED", {"member_id": "17850"}
    ),
    "transfer more than at once": WrongAct(
        lambda member: member.transfer("17851", 51),
        PRECONDITION,
        "TRANSFER_LIMIT_EXCEEDED",
        _limited("points_a_transfer_max", 51, 0, 50),
    ),
    "transfer more than a day": WrongAct(
        lambda member: member.transfer("17851", 41),
        PRECONDITION,
        "TRANSFER_LIMIT_EXCEEDED",
        _limited("points_a_day_max", 41, 40, 80),
    ),
    **{
        f"{name}: no such program": WrongAct(
            setting(request, "program_id", "no-such-program"),
            MISSING,
            "PROGRAM_NOT_FOUND",
            {"program_id": "no-such-program"},
        )
        for name, request in {**WRITES, "quote": lambda member: member.quote("B1")}.items()
    },
}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("wrong", WRONG_ACTS.values(), ids=WRONG_ACTS)
def test_what_the_books_do_not_allow_is_refused_with_its_numbers(shop: Shop, wrong: WrongAct) -> None:
    request = wrong.request(Member(shop.program_id))
    for _ in range(2):
        # A refusal is not remembered, so it comes again; also where it is only tried.
        refusal = refused(lambda: send(shop.client, request))
        assert (refusal.code, refusal.reason, refusal.domain) == (wrong.code, wrong.reason, "loyalty")
        assert wrong.metadata == refusal.metadata
        assert not refusal.fields
        if request.DESCRIPTOR.fields_by_name.get("validate_only"):
            request.validate_only = True  # type: ignore[attr-defined]  # it has the field


@pytest.mark.usefixtures("nothing_written")
def test_a_hold_resolved_the_same_way_again_is_no_wrong_request(shop: Shop) -> None:
    member = Member(shop.program_id)
    trial = member.capture(15, "again", "captured")
    trial.validate_only = True
    assert do(shop.client.points.CaptureHold, trial).seq == 9
    trial_of_release = member.release("again", "released")
    trial_of_release.validate_only = True
    assert do(shop.client.points.ReleaseHold, trial_of_release).seq == 10
