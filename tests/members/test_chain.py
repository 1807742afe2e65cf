"""The hash chain: recomputed without the program, and broken by any change of anything."""

import json
from hashlib import sha256
from typing import Final, get_args

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from members.account import GENESIS_HASH
from members.chain import chain_holds, content_digest, linked
from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    HoldPoints,
    RefundOrder,
    ReinstateMember,
    ReleaseHold,
    SpendPoints,
    SuspendMember,
    VoidPoints,
)
from members.journal import Entry, EntryBalance, EntryKind
from tests.members.building import DAY_US, enrol, program, settle, utc
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")

GOLDEN_CHANGES: Final = (
    '[{"change":"joined","condition":"open"},'
    '{"change":"earned","rule_id":"base","base_amount_minor":1250,"points":12,'
    '"legs":[["issued","available",12,1752188400000000,0]]}]'
)
GOLDEN_HASH: Final = "d0a155245658d8f0d5125bc911be9bce467aebe9022fb51dc2ba53d9185c0389"
GOLDEN: Final = Entry(
    program_id="demo",
    member_id="会员-1",
    seq=1,
    kind="order_settled",
    request_id='r "1"',
    digest=bytes(range(16)),
    order_id="o/1",
    changes_json=GOLDEN_CHANGES.encode(),
    balance=EntryBalance(12, 0, 0, 0, 1_752_188_400_000_000, 12),
    program_version=3,
    effective_us=1_720_612_800_000_000,
    recorded_us=1_720_612_800_000_001,
    back_dated=False,
    hash=bytes.fromhex(GOLDEN_HASH),
)


def recomputed(previous_hash: bytes, entry: Entry) -> bytes:
    """The hash by the documented format, with the standard library alone.

    SHA-256 over the previous hash and the content digest.
    """
    return sha256(previous_hash + recomputed_digest(entry)).digest()


def recomputed_digest(entry: Entry) -> bytes:
    """SHA-256 over a JSON array of the fields, a line feed, and the text of the changes."""
    balance = entry.balance
    fields = [
        2,
        entry.program_id,
        entry.member_id,
        entry.seq,
        entry.kind,
        entry.request_id,
        entry.digest.hex(),
        entry.order_id,
        [
            balance.available,
            balance.pending,
            balance.held,
            balance.debt,
            balance.next_expiry_us,
            balance.next_expiry_points,
        ],
        entry.program_version,
        entry.effective_us,
        entry.recorded_us,
        entry.back_dated,
    ]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode() + b"\n" + entry.changes_json).digest()


def journal() -> list[Entry]:
    """A short history with every kind of entry but a transfer's, one of them back-dated."""
    rules = program(expiry_days=30, pending_days=14)
    steps: list[tuple[Command, int]] = [
        (enrol(), NOW_US),
        (settle(NOW_US + 1, order_id="o1"), NOW_US + 2),
        (settle(NOW_US + 60 * DAY_US, order_id="o2"), NOW_US + 60 * DAY_US),
        (settle(NOW_US + 5, order_id="o3"), NOW_US + 61 * DAY_US),
        (AdjustPoints("a", 9, "sorry"), NOW_US + 62 * DAY_US),
        (SpendPoints("s", 1), NOW_US + 62 * DAY_US),
        (HoldPoints("h1", 2, DAY_US), NOW_US + 62 * DAY_US),
        (HoldPoints("h2", 2, DAY_US), NOW_US + 62 * DAY_US),
        (CaptureHold("c", "h1"), NOW_US + 62 * DAY_US),
        (ReleaseHold("r", "h2"), NOW_US + 62 * DAY_US),
        (RefundOrder("f", "o2"), NOW_US + 62 * DAY_US),
        (VoidPoints("v", 1, "x"), NOW_US + 62 * DAY_US),
        (SuspendMember("x", "y"), NOW_US + 62 * DAY_US),
        (ReinstateMember("z", "y"), NOW_US + 62 * DAY_US),
    ]
    member = Kept()
    for command, now_us in steps:
        member.done(command, rules, now_us)
    return member.entries


JOURNAL: Final = journal()


def test_the_history_of_these_tests_has_every_kind_of_entry() -> None:
    kinds = {entry.kind for entry in JOURNAL}

    assert set(get_args(EntryKind)) - {"transfer_sent", "transfer_received"} == kinds
    assert {True, False} == {entry.back_dated for entry in JOURNAL}


def test_a_known_entry_has_a_known_hash() -> None:
    """The format may not change: every hash that was ever written would be wrong."""
    assert recomputed(bytes(32), GOLDEN).hex() == GOLDEN_HASH
    assert chain_holds(bytes(32), GOLDEN)


def test_the_first_entry_follows_32_zero_bytes() -> None:
    assert bytes(32) == GENESIS_HASH
    assert recomputed(bytes(32), JOURNAL[0]) == JOURNAL[0].hash


def test_every_entry_follows_the_one_before_it() -> None:
    """An entry's hash is that of its content and of its predecessor's hash, recomputed by other means."""
    previous_hash = bytes(32)
    for entry in JOURNAL:
        assert recomputed(previous_hash, entry) == entry.hash
        assert chain_holds(previous_hash, entry)
        previous_hash = entry.hash


def test_the_rest_of_a_chain_can_be_walked_with_digests_alone() -> None:
    """What a receipt relies on: of the entries after the proven one, the digest is enough."""
    head = bytes(32)
    for digest in [content_digest(entry) for entry in JOURNAL]:
        head = linked(head, digest)

    assert head == JOURNAL[-1].hash


def test_a_content_digest_says_nothing_of_what_came_before() -> None:
    other = msgspec.structs.replace(GOLDEN, hash=bytes(32))

    assert content_digest(other) == content_digest(GOLDEN) == recomputed_digest(GOLDEN)


@settings(deadline=None)
@given(st.text(), st.text(), st.text(), st.integers(min_value=0, max_value=2**53), st.binary(max_size=20))
def test_whatever_an_entry_holds_its_hash_can_be_recomputed(
    member_id: str, request_id: str, order_id: str, number: int, previous_hash: bytes
) -> None:
    entry = msgspec.structs.replace(
        GOLDEN,
        member_id=member_id,
        request_id=request_id,
        order_id=order_id,
        effective_us=number,
        balance=EntryBalance(number, number, 0, 0, number, 1),
    )

    assert chain_holds(previous_hash, msgspec.structs.replace(entry, hash=recomputed(previous_hash, entry)))


OTHER_VALUES: Final[dict[str, st.SearchStrategy[object]]] = {
    "program_id": st.text(),
    "member_id": st.text(),
    "seq": st.integers(),
    "kind": st.sampled_from(["member_enrolled", "order_settled", "fell_due", ""]),
    "request_id": st.text(),
    "digest": st.binary(),
    "order_id": st.text(),
    "changes_json": st.binary(),
    "program_version": st.integers(min_value=-(2**63), max_value=2**63 - 1),
    "effective_us": st.integers(min_value=-(2**63), max_value=2**63 - 1),
    "recorded_us": st.integers(min_value=-(2**63), max_value=2**63 - 1),
    "back_dated": st.booleans(),
    "hash": st.binary(),
}


def test_every_field_of_an_entry_is_tried() -> None:
    assert {*OTHER_VALUES, "balance"} == set(Entry.__struct_fields__)


@settings(deadline=None)
@given(st.sampled_from(range(len(JOURNAL))), st.sampled_from(sorted(OTHER_VALUES)), st.data())
def test_any_change_of_any_field_of_any_entry_shows(place: int, field: str, data: st.DataObject) -> None:
    """The chain's purpose: a change to a member's history shows."""
    entry = JOURNAL[place]
    previous_hash = JOURNAL[place - 1].hash if place else bytes(32)
    value = data.draw(OTHER_VALUES[field])
    assume(value != getattr(entry, field))
    if field == "seq":
        assert isinstance(value, int)
        assume(-(2**63) <= value < 2**63)

    assert not chain_holds(previous_hash, msgspec.structs.replace(entry, **{field: value}))


@settings(deadline=None)
@given(
    st.sampled_from(range(len(JOURNAL))),
    st.sampled_from(EntryBalance.__struct_fields__),
    st.integers(min_value=-(2**53), max_value=2**53).filter(bool),
)
def test_any_change_of_a_balance_shows(place: int, field: str, by: int) -> None:
    entry = JOURNAL[place]
    previous_hash = JOURNAL[place - 1].hash if place else bytes(32)
    balance = msgspec.structs.replace(entry.balance, **{field: getattr(entry.balance, field) + by})

    assert not chain_holds(previous_hash, msgspec.structs.replace(entry, balance=balance))


@settings(deadline=None)
@given(st.sampled_from(range(len(JOURNAL))), st.binary(max_size=40))
def test_an_entry_follows_no_other_predecessor(place: int, other_hash: bytes) -> None:
    previous_hash = JOURNAL[place - 1].hash if place else bytes(32)
    assume(other_hash != previous_hash)

    assert not chain_holds(other_hash, JOURNAL[place])


@pytest.mark.parametrize("gone", range(len(JOURNAL) - 1))
def test_an_entry_that_was_taken_out_shows_in_the_next(gone: int) -> None:
    previous_hash = JOURNAL[gone - 1].hash if gone else bytes(32)

    assert not chain_holds(previous_hash, JOURNAL[gone + 1])


@settings(deadline=None)
@given(st.text(max_size=5), st.text(max_size=5))
def test_what_ends_one_field_cannot_begin_the_next(first: str, second: str) -> None:
    """No two entries have one text: a character moved from one field to the next changes it."""
    assume(first and second)
    one = msgspec.structs.replace(GOLDEN, request_id=first, order_id=second)
    other = msgspec.structs.replace(GOLDEN, request_id=first + second, order_id="")

    assert recomputed(bytes(32), one) != recomputed(bytes(32), other)
    assert not chain_holds(bytes(32), msgspec.structs.replace(other, hash=recomputed(bytes(32), one)))
