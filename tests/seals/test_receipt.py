"""Receipts: every entry is provable, and nothing that was changed, moved, added or left out is."""

from typing import Final

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from members.journal import Entry
from members.slots import slot_of
from seals.receipt import (
    RECEIPT_BYTES_MAX,
    Receipt,
    ReceiptInvalidError,
    check_receipt,
    decode_receipt,
    encode_receipt,
)
from seals.signing import Signer
from tests.seals.building import PROGRAM, SIGNER, Sealed, journal_of, members_of_slot

SLOT: Final = 5
NEIGHBOURS: Final = members_of_slot(SLOT, 7)
SEALED: Final = Sealed(
    {
        member_id: journal_of(member_id, entries)
        for entries, member_id in enumerate([*NEIGHBOURS, "100001", "会员-1"], start=1)
    }
)
MEMBER: Final = NEIGHBOURS[3]
RECEIPT: Final = SEALED.receipt(MEMBER, 2)
CONTENT: Final = encode_receipt(RECEIPT)


def problems_of(content: bytes, public_key: bytes | None = SIGNER.public_key) -> list[str]:
    """What is wrong with a receipt's bytes."""
    try:
        return check_receipt(decode_receipt(content), public_key)
    except ReceiptInvalidError as error:
        return [str(error)]


def test_the_receipt_of_these_tests_has_every_part() -> None:
    """Else a test of its bytes would show nothing."""
    assert RECEIPT.slot.members == len(NEIGHBOURS)
    assert len(RECEIPT.later_digests) == 2
    assert len(RECEIPT.slot.path) >= 2
    assert len(RECEIPT.seal.path) == 10


@pytest.mark.parametrize("member_id", SEALED.journals)
def test_every_entry_of_every_member_is_provable(member_id: str) -> None:
    for entry in SEALED.journals[member_id]:
        content = encode_receipt(SEALED.receipt(member_id, entry.seq))
        assert problems_of(content) == []
        assert problems_of(content, None) == []
        assert decode_receipt(content) == SEALED.receipt(member_id, entry.seq)


@pytest.mark.parametrize("members", range(1, 8))
def test_every_member_is_provable_however_many_share_its_slot(members: int) -> None:
    sealed = Sealed({member_id: journal_of(member_id, 1) for member_id in NEIGHBOURS[:members]})

    for member_id in NEIGHBOURS[:members]:
        assert check_receipt(sealed.receipt(member_id, 1), SIGNER.public_key) == []


@settings(max_examples=600, deadline=None)
@given(st.integers(0, len(CONTENT) * 8 - 1))
def test_a_receipt_with_any_bit_flipped_is_refused(bit: int) -> None:
    changed = bytearray(CONTENT)
    changed[bit // 8] ^= 1 << bit % 8

    assert problems_of(bytes(changed)) != []


@settings(deadline=None)
@given(st.integers(0, len(CONTENT)), st.binary(max_size=3), st.integers(0, 3))
def test_a_receipt_with_bytes_added_or_left_out_is_refused(place: int, added: bytes, left_out: int) -> None:
    changed = CONTENT[:place] + added + CONTENT[place + left_out :]
    assume(changed != CONTENT)

    assert problems_of(changed) != []


@pytest.mark.parametrize(
    "key", [Signer.from_seed(bytes(32)).public_key, b"", bytes(32)], ids=["another", "none", "zeros"]
)
def test_a_seal_by_another_key_than_the_trusted_one_is_refused(key: bytes) -> None:
    assert problems_of(CONTENT) == []
    assert any("another key" in problem for problem in problems_of(CONTENT, key))


def test_a_forger_with_a_key_of_his_own_is_refused() -> None:
    """He can make all of it consistent, and has to sign with his own key."""
    forged = Sealed({MEMBER: journal_of(MEMBER, 9)}, Signer.from_seed(bytes(32))).receipt(MEMBER, 9)

    assert check_receipt(forged, None) == []
    assert any("another key" in problem for problem in check_receipt(forged, SIGNER.public_key))
    named = msgspec.structs.replace(forged.seal, public_key=SIGNER.public_key.hex())
    assert len(check_receipt(msgspec.structs.replace(forged, seal=named), SIGNER.public_key)) == 2


def _resealed(journal: list[Entry]) -> Receipt:
    """A receipt for another history of the member, with the statement and signature of the real seal."""
    other = Sealed({**SEALED.journals, MEMBER: journal}).receipt(MEMBER, 1)
    return msgspec.structs.replace(
        other,
        seal=msgspec.structs.replace(
            other.seal, statement=RECEIPT.seal.statement, signature=RECEIPT.seal.signature
        ),
    )


HISTORY: Final = SEALED.journals[MEMBER]


def test_the_real_history_stands_under_the_seal() -> None:
    """The check of the next test does not refuse everything."""
    assert check_receipt(_resealed(HISTORY), SIGNER.public_key) == []


@pytest.mark.parametrize(
    "journal",
    [
        journal_of(MEMBER, len(HISTORY) - 1),
        journal_of(MEMBER, len(HISTORY) + 1),
        [*HISTORY[:2], *HISTORY[3:]],
        [*HISTORY[:2], msgspec.structs.replace(HISTORY[2], changes_json=b"[]"), HISTORY[3]],
        [HISTORY[0], HISTORY[2], HISTORY[1], HISTORY[3]],
        [*HISTORY, HISTORY[-1]],
    ],
    ids=["the last removed", "one added", "one removed", "one changed", "two swapped", "one twice"],
)
def test_another_history_does_not_stand_under_the_seal(journal: list[Entry]) -> None:
    assert check_receipt(_resealed(journal), SIGNER.public_key) != []


@pytest.mark.parametrize("field", ["program_id", "member_id", "seq"])
def test_a_receipt_proves_the_entry_it_names(field: str) -> None:
    other: dict[str, str | int] = {"program_id": "other", "member_id": NEIGHBOURS[0], "seq": 3}
    changed = msgspec.structs.replace(RECEIPT, **{field: other[field]})

    assert check_receipt(changed, SIGNER.public_key) != []


def test_a_member_is_proven_in_its_own_slot_only() -> None:
    """Else a member could have one history in each."""
    moved = msgspec.structs.replace(RECEIPT.slot, number=SLOT + 1)

    assert slot_of(PROGRAM, MEMBER) == SLOT
    assert any(
        "slot" in problem
        for problem in check_receipt(msgspec.structs.replace(RECEIPT, slot=moved), SIGNER.public_key)
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "truncated"),
        (b"null", "object"),
        (b"\xff\xfe", "invalid"),
        (CONTENT.replace(b"receipt 1", b"receipt 2"), "loyalty receipt 1"),
        (CONTENT + b"\n", "reformatted"),
        (CONTENT.replace(b'"seq": 2', b'"seq": 2.0'), "int"),
        (CONTENT.replace(b'"seq": 2', b'"seq": 2, "more": 1'), "more"),
        (CONTENT.replace(b'"seq": 2', b'"seq": 2, "seq": 2'), "reformatted"),
        (CONTENT.replace(b'"demo"', b'"d\\u0065mo"'), "reformatted"),
        (CONTENT.replace(b'"seq": 2', b'"seq": 0'), "seq"),
        (b" " * (RECEIPT_BYTES_MAX + 1), "longer"),
    ],
)
def test_what_is_no_receipt_is_refused_with_a_reason(content: bytes, words: str) -> None:
    with pytest.raises(ReceiptInvalidError, match=words):
        decode_receipt(content)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_check_fail_otherwise(content: bytes) -> None:
    with pytest.raises(ReceiptInvalidError):
        decode_receipt(content)


@settings(deadline=None, max_examples=300)
@given(st.text(), st.text(), st.text())
def test_no_text_in_a_receipt_makes_the_check_fail_otherwise(
    fields: str, changes: str, statement: str
) -> None:
    entry = msgspec.structs.replace(RECEIPT.entry, fields=fields, changes=changes)
    seal = msgspec.structs.replace(RECEIPT.seal, statement=statement)

    assert check_receipt(msgspec.structs.replace(RECEIPT, entry=entry), None) != []
    assert check_receipt(msgspec.structs.replace(RECEIPT, seal=seal), None) != []
