"""What makes two requests the same: everything a command says but its request id and validate_only."""

from typing import Final, get_args

import msgspec
import pytest

from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    EnrolMember,
    HoldPoints,
    RefundOrder,
    ReinstateMember,
    ReleaseHold,
    SettleOrder,
    SpendPoints,
    SuspendMember,
    TransferPoints,
    VoidPoints,
    digest_of,
    note_of,
)
from members.execute import KINDS
from points.refunding import RefundLine
from tests.members.building import SALT, settle

Anything = Command | TransferPoints

# A command of each kind, and for each of its fields another value.
COMMANDS: Final[list[tuple[Anything, dict[str, object]]]] = [
    (EnrolMember("r"), {"display_name": "Zoë"}),
    (SpendPoints("r", 5), {"points": 6, "reason": "a cup"}),
    (HoldPoints("r", 5, 60), {"points": 6, "ttl_us": 61}),
    (CaptureHold("r", "h", 5), {"hold_id": "g", "points": 0}),
    (ReleaseHold("r", "h"), {"hold_id": "g"}),
    (
        RefundOrder("r", "o"),
        {"order_id": "p", "refund_id": "f", "lines": (RefundLine("a", 1),), "amount_minor": 1, "time_us": 1},
    ),
    (AdjustPoints("r", 5, "x"), {"delta": -5, "reason": "y"}),
    (VoidPoints("r", 5, "x"), {"points": 0, "reason": "y"}),
    (SuspendMember("r", "x"), {"reason": "y"}),
    (ReinstateMember("r", "x"), {"reason": "y"}),
    (TransferPoints("r", "m2", 5), {"to_member_id": "m3", "points": 6}),
    (settle(0), {"content": b"{}", "spend_points": 1, "hold_id": "h"}),
]


def test_every_command_and_every_field_is_tried() -> None:
    """Of an order it is the content, its written form, that counts; a quote counts by its points."""
    left_out = {"request_id", "validate_only", "order", "quote"}

    assert {*get_args(Command), TransferPoints} == {type(command) for command, _ in COMMANDS}
    for command, others in COMMANDS:
        assert set(command.__struct_fields__) - left_out == set(others)


@pytest.mark.parametrize(("command", "others"), COMMANDS)
def test_any_other_content_is_another_request(command: Anything, others: dict[str, object]) -> None:
    for field, value in others.items():
        other = msgspec.structs.replace(command, **{field: value})
        assert digest_of(command, SALT) != digest_of(other, SALT)


@pytest.mark.parametrize(("command", "others"), COMMANDS)
def test_the_request_id_and_a_trial_are_no_part_of_it(command: Anything, others: dict[str, object]) -> None:
    other = msgspec.structs.replace(command, request_id="another", validate_only=True)

    assert others
    assert digest_of(command, SALT) == digest_of(other, SALT)


def test_no_two_kinds_of_command_have_a_digest_in_common() -> None:
    """Also where they say the same."""
    alike: list[Anything] = [
        EnrolMember("r", "x"),
        SuspendMember("r", "x"),
        ReinstateMember("r", "x"),
        ReleaseHold("r", "x"),
        AdjustPoints("r", 5, "x"),
        VoidPoints("r", 5, "x"),
        SpendPoints("r", 5, "x"),
        CaptureHold("r", "x", 5),
        TransferPoints("r", "x", 5),
    ]

    assert len({digest_of(command, SALT) for command in alike}) == len(alike)


@pytest.mark.parametrize(
    ("command", "digest"),
    [
        (EnrolMember("r", "Zoë"), "ecd1a6bec7dba03f8d8ddae3aec551ba"),
        (SpendPoints("r", 5, "a cup"), "83bd245ed03d08688009988c5747ec76"),
        (HoldPoints("r", 5, 60), "f0d935578d3d0cbe0d60b2d2cd65ee75"),
        (CaptureHold("r", "h", 5), "3ac1e39140b1de5ffc2ddafd82e442bc"),
        (ReleaseHold("r", "h"), "afdb1708d6a84d8c694b2a694125bb96"),
        (RefundOrder("r", "o", "f", (RefundLine("a", 1),), 0, 7), "5c9ed539876be3d9b0ae424c6b53a12a"),
        (AdjustPoints("r", -5, "x"), "6ba367e1c7d90dae77ff136621d8c6df"),
        (VoidPoints("r", 0, "x"), "160337b37ac550ba79ce6067e9a06806"),
        (SuspendMember("r", "x"), "8fc997ea22528f21d47a958f56448f08"),
        (ReinstateMember("r", "x"), "d24152e28d9b841574870ffb76d52837"),
        (TransferPoints("r", "m2", 5), "f2f737001f18be9be8c6a31aefd8ff4e"),
        (
            SettleOrder("r", settle(0).order, b"x", spend_points=5, hold_id="h"),
            "cb89877886f0e30833cb030d33c2d3d6",
        ),
    ],
)
def test_a_digest_stays_what_it_was(command: Anything, digest: str) -> None:
    """A repeat must stay one, also after an upgrade."""
    assert digest == digest_of(command, SALT).hex()


@pytest.mark.parametrize(
    ("command", "note"),
    [
        (SpendPoints("r", 5, "a cup"), "a cup"),
        (AdjustPoints("r", 5, "sorry"), "sorry"),
        (VoidPoints("r", 5, "fraud"), "fraud"),
        (SuspendMember("r", "fraud"), "fraud"),
        (ReinstateMember("r", "fine"), "fine"),
        (SpendPoints("r", 5), ""),
        (HoldPoints("r", 5, 60), ""),
        (settle(0), ""),
        (TransferPoints("r", "m2", 5), ""),
    ],
)
def test_what_a_person_wrote_is_the_note(command: Anything, note: str) -> None:
    assert note == note_of(command)


def test_every_command_has_a_kind_of_entry_of_its_own() -> None:
    assert {command.__name__ for command in get_args(Command)} == set(KINDS)
    assert len(set(KINDS.values())) == len(KINDS)
