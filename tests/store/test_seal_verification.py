"""The check of seals: whatever is changed under a seal, or of a seal, is found and named."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from members.slots import slot_of
from seals.receipt import check_receipt
from store.receipts import SealBrokenError, receipt_of
from store.seal_verification import seal_drifts
from tests.store.opened import PROGRAM, Opened, opened, settle
from tests.store.sealing import OTHER, SIGNER, drifts_of, orders, sealed


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[Opened]:
    """An open store whose members have three entries each."""
    async with opened(database_url) as store:
        await orders(store, 1, 3)
        yield store


# What somebody with psql can do under a seal of three entries, and the entry at which it shows.
DAMAGES: Final = {
    "the last entry is another": (
        "UPDATE journal SET hash = sha256(hash) WHERE member_id = 'm2' AND seq = 3",
        ("m2", 3, "not the one that was sealed"),
    ),
    "the last entry is gone": (
        "DELETE FROM journal WHERE member_id = 'm2' AND seq = 3",
        ("m2", 3, "is gone"),
    ),
    "a member is gone without a trace": (
        "WITH a AS (DELETE FROM account WHERE member_id = 'm2') DELETE FROM journal WHERE member_id = 'm2'",
        ("m2", 3, "is gone"),
    ),
    "a kept head was fitted to a forged entry": (
        "WITH h AS (UPDATE seal_head SET hash = sha256(hash) WHERE member_id = 'm2')"
        " UPDATE journal SET hash = sha256(hash) WHERE member_id = 'm2' AND seq = 3",
        ("", 0, "are not those"),
    ),
    "a member was put in, as old as the rest": (
        "WITH a AS (INSERT INTO account (slot, program_id, member_id, version, feed_xid)"
        " VALUES (SLOT, 'demo', 'new', 1, '5'))"
        " INSERT INTO journal SELECT (jsonb_populate_record(j, jsonb_build_object('slot',"
        " SLOT, 'member_id', 'new', 'feed_xid', '5'))).*"
        " FROM journal j WHERE member_id = 'm2' AND seq = 1",
        ("new", 1, "not under it"),
    ),
    "a statement was changed": (
        "UPDATE seal SET statement = replace(statement, 'members: 40', 'members: 41')",
        ("", 0, "signature"),
    ),
    "a statement is unreadable": ("UPDATE seal SET statement = 'x'", ("", 0, "seal 1")),
    "a signature was changed": ("UPDATE seal SET signature = sha512(signature)", ("", 0, "signature")),
    "a slot's hash was changed": (
        "UPDATE seal SET slot_hashes = overlay(slot_hashes PLACING sha256('x') FROM 33)",
        ("", 0, "slot 1 "),
    ),
    "a head is gone": ("DELETE FROM seal_head WHERE member_id = 'm2'", ("m2", 3, "not under it")),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_change_under_a_seal_is_found(store: Opened, damage: str) -> None:
    statement, (member_id, seq, words) = DAMAGES[damage]
    await sealed(store)
    await store.sql(statement.replace("SLOT", str(slot_of(PROGRAM, "new"))))

    found = await drifts_of(store)
    assert [one for one in found if one[:2] == (member_id, seq) and words in one[2]] != [], found


async def test_a_history_that_was_forged_with_all_its_hashes_is_found(store: Opened) -> None:
    """The chain, the account and every balance fit again: only what was sealed before tells."""
    await sealed(store)
    await store.sql("DELETE FROM journal WHERE member_id = 'm2'")
    await store.sql("DELETE FROM account WHERE member_id = 'm2'")
    await store.sql("DELETE FROM identity WHERE member_id = 'm2'")
    await store.sql("DELETE FROM settled_order WHERE member_id = 'm2'")
    for number in range(1, 5):
        await store.settled("m2", settle(f"forged{number}", 990_000))
    await sealed(store)

    _, drifts = await store.verify()
    assert [(drift.member_id, drift.seq, drift.reason) for drift in drifts] == [("m2", 3, "SEAL_BROKEN")]
    with pytest.raises(SealBrokenError):
        await receipt_of(store.database, PROGRAM, "m2", 3)


async def test_an_entry_that_was_changed_gets_no_receipt(store: Opened) -> None:
    """The answer is that the books are broken, not a receipt that does not hold."""
    await sealed(store)
    await store.sql("UPDATE journal SET available = available + 1 WHERE member_id = 'm2' AND seq = 2")

    for seq in (1, 2):
        with pytest.raises(SealBrokenError):
            await receipt_of(store.database, PROGRAM, "m2", seq)
    assert check_receipt(await receipt_of(store.database, PROGRAM, "m3", 2), SIGNER.public_key) == []


async def test_a_seal_by_a_key_that_is_not_trusted_is_found(store: Opened) -> None:
    """Whoever can write the tables can sign with a key of his own."""
    await sealed(store, OTHER)

    assert [detail for _, _, detail in await drifts_of(store)] != []
    assert await drifts_of(store, OTHER.public_key) == []
    await orders(store, 4, 4)
    await sealed(store, SIGNER)
    assert await drifts_of(store, OTHER.public_key, SIGNER.public_key) == []
    untrusting = [page async for page in seal_drifts(store.database, PROGRAM, ()) if page]
    assert untrusting == []


@pytest.mark.parametrize("gone", [1, 2])
async def test_a_seal_that_was_taken_out_is_found(store: Opened, gone: int) -> None:
    for number in range(4, 7):
        await sealed(store)
        await orders(store, number, number)
    await store.sql("DELETE FROM seal WHERE number = $1", gone)

    assert [detail for _, _, detail in await drifts_of(store)] == [
        f"seal {gone}: it says that it is number {gone + 1}"
    ]


async def test_a_seal_of_another_program_does_not_fit(store: Opened) -> None:
    await sealed(store)
    await store.sql(
        "INSERT INTO seal SELECT 'other', number, statement, signature, slot_hashes, feed_epoch,"
        " before_xid FROM seal"
    )
    drifts = [drift async for page in seal_drifts(store.database, "other", ()) for drift in page]

    assert [drift.detail for drift in drifts] == ["seal 1: it is of program 'demo'"]


async def test_a_history_that_was_forged_between_two_seals_is_found_though_the_old_head_was_fitted(
    store: Opened,
) -> None:
    """The newest seal is right about what it covers; only what the old one signed of its heads tells."""
    await sealed(store)
    await store.sql("UPDATE journal SET hash = sha256(hash) WHERE member_id = 'm2' AND seq = 3")
    await store.sql("UPDATE account SET head_hash = sha256(head_hash) WHERE member_id = 'm2'")
    await store.sql("UPDATE seal_head SET hash = sha256(hash) WHERE member_id = 'm2'")
    await orders(store, 4, 4)
    await sealed(store)

    assert [detail for _, _, detail in await drifts_of(store)] == [
        "seal 1: the heads that are kept of it are not those it signed"
    ]
