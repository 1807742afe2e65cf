"""Making seals over a real journal, beside commands, and proving every entry by them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from seals.receipt import check_receipt, decode_receipt, encode_receipt
from seals.statement import read_statement
from store.entries import EntryUnknownError
from store.receipts import NotSealedYetError, receipt_of
from store.sealing import make_seal, programs_after
from store.seals import NUMBER_MAX, seals_above, seals_below
from tests.store.opened import PROGRAM, Opened, opened, settle
from tests.store.sealing import MEMBERS, OTHER, SIGNER, drifts_of, orders, sealed


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[Opened]:
    """An open store whose members have three entries each."""
    async with opened(database_url) as store:
        await orders(store, 1, 3)
        yield store


async def proven(store: Opened, member_id: str, seq: int) -> int:
    """The number of the seal that a receipt of this entry proves it under."""
    content = encode_receipt(await receipt_of(store.database, PROGRAM, member_id, seq))
    receipt = decode_receipt(content)
    assert check_receipt(receipt, SIGNER.public_key) == []
    assert (receipt.member_id, receipt.seq) == (member_id, seq)
    return read_statement(receipt.seal.statement).number


async def test_a_seal_covers_all_members_and_entries(store: Opened) -> None:
    signed = await sealed(store)

    statement = signed.read()
    assert (statement.number, statement.members, statement.entries) == (1, MEMBERS, 3 * MEMBERS)
    assert statement.previous_root == bytes(32)
    assert await drifts_of(store) == []


async def test_without_anything_new_there_is_no_seal(store: Opened) -> None:
    await sealed(store)

    assert await make_seal(store.database, PROGRAM, SIGNER) is None
    assert await make_seal(store.database, "no such program", SIGNER) is None
    assert len(await seals_above(store.database, PROGRAM, 0, 9)) == 1


async def test_each_seal_follows_the_one_before_it(store: Opened) -> None:
    """Numbers and roots are a chain, and only what is new is counted anew."""
    first = (await sealed(store)).read()
    await orders(store, 4, 5, members=3)
    await orders(store, 1, 1, members=MEMBERS + 2)
    second = (await sealed(store)).read()

    assert (second.number, second.previous_root) == (2, first.root)
    assert (second.members, second.entries) == (MEMBERS + 2, 3 * MEMBERS + 6 + 2)
    assert second.time_us >= first.time_us
    assert await drifts_of(store) == []


async def test_seals_are_listed_from_either_end(store: Opened) -> None:
    made = [await sealed(store)]
    for number in range(4, 7):
        await orders(store, number, number, members=1)
        made.append(await sealed(store))

    assert await seals_below(store.database, PROGRAM, NUMBER_MAX, 3) == made[:0:-1]
    assert await seals_below(store.database, PROGRAM, 2, 3) == made[:1]
    assert await seals_above(store.database, PROGRAM, 2, 3) == made[2:]
    assert await programs_after(store.database, "") == [PROGRAM]
    assert await programs_after(store.database, PROGRAM) == []


async def test_every_entry_has_a_receipt_under_the_first_seal_that_covers_it(store: Opened) -> None:
    await sealed(store)
    await orders(store, 4, 5)
    await sealed(store)
    await orders(store, 6, 6)
    await sealed(store)

    for member in range(MEMBERS):
        assert [await proven(store, f"m{member}", seq) for seq in range(1, 7)] == [1, 1, 1, 2, 2, 3]


async def test_a_receipt_stays_the_same_whatever_comes_later(store: Opened) -> None:
    await sealed(store)
    before = await receipt_of(store.database, PROGRAM, "m7", 2)
    await orders(store, 4, 9)
    await sealed(store)

    assert await receipt_of(store.database, PROGRAM, "m7", 2) == before


async def test_an_entry_that_is_not_sealed_yet_and_one_that_is_not_there_are_told_apart(
    store: Opened,
) -> None:
    with pytest.raises(NotSealedYetError) as raised:
        await receipt_of(store.database, PROGRAM, "m1", 3)
    assert (raised.value.seq, raised.value.sealed_seq) == (3, 0)
    await sealed(store)
    await orders(store, 4, 4)
    with pytest.raises(NotSealedYetError) as raised:
        await receipt_of(store.database, PROGRAM, "m1", 4)
    assert (raised.value.seq, raised.value.sealed_seq) == (4, 3)
    for member_id, seq in (("m1", 5), ("nobody", 1)):
        with pytest.raises(EntryUnknownError):
            await receipt_of(store.database, PROGRAM, member_id, seq)


async def test_many_sealers_at_once_make_one_chain_of_seals(store: Opened) -> None:
    """Two processes side by side: nothing is sealed twice, nothing breaks."""
    for number in range(4, 10):
        await orders(store, number, number)
        made = await asyncio.gather(*(make_seal(store.database, PROGRAM, SIGNER) for _ in range(4)))
        assert len([one for one in made if one is not None]) <= 1
        await make_seal(store.database, PROGRAM, SIGNER)
    statements = [signed.read() for signed in await seals_above(store.database, PROGRAM, 0, 99)]

    assert [statement.number for statement in statements] == list(range(1, len(statements) + 1))
    assert statements[-1].entries == 9 * MEMBERS
    assert await drifts_of(store) == []


async def test_sealing_runs_beside_commands(store: Opened) -> None:
    """A seal covers a prefix of every journal, and in the end all of it."""
    stop = asyncio.Event()

    async def keep_settling() -> int:
        count = 0
        while not stop.is_set():
            await asyncio.gather(
                *(store.settled(f"m{member}", settle(f"x{count}", 100)) for member in range(0, MEMBERS, 3))
            )
            count += 1
        return count

    settling = asyncio.create_task(keep_settling())
    for _ in range(6):
        await make_seal(store.database, PROGRAM, SIGNER)
        assert await drifts_of(store) == []
    stop.set()
    rounds = await settling
    await make_seal(store.database, PROGRAM, SIGNER)
    statement = (await seals_below(store.database, PROGRAM, NUMBER_MAX, 1))[0].read()
    assert statement.entries == 3 * MEMBERS + rounds * len(range(0, MEMBERS, 3))
    for seq in range(1, 4 + rounds):
        await proven(store, "m3", seq)


async def test_what_an_open_transaction_holds_back_comes_under_the_next_seal(store: Opened) -> None:
    """A seal ends where the oldest running transaction begins; what it leaves out is not missed."""
    await sealed(store)
    await orders(store, 4, 4)
    connection = await store.connect()
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_current_xact_id()")
            await orders(store, 5, 5)
            assert (await sealed(store)).read().entries == 4 * MEMBERS
            assert await make_seal(store.database, PROGRAM, SIGNER) is None
        third = (await sealed(store)).read()
    finally:
        await connection.close()

    assert (third.number, third.entries) == (3, 5 * MEMBERS)
    assert await drifts_of(store) == []


async def test_a_maker_that_died_half_way_leaves_nothing_wrong(store: Opened) -> None:
    """Heads were kept and the seal was not: the next maker writes over them."""
    await sealed(store)
    await orders(store, 4, 4)
    await sealed(store)
    await store.sql("DELETE FROM seal WHERE number = 2")
    with pytest.raises(NotSealedYetError):
        await receipt_of(store.database, PROGRAM, "m1", 4)
    assert await drifts_of(store) == []
    await orders(store, 5, 5, members=2)
    statement = (await sealed(store)).read()

    assert (statement.number, statement.entries) == (2, 4 * MEMBERS + 2)
    assert await drifts_of(store) == []
    assert [await proven(store, "m1", seq) for seq in (3, 4, 5)] == [1, 2, 2]


async def test_after_a_restore_sealing_goes_on(store: Opened) -> None:
    """A new epoch of the feed: every feed_xid is 0 again, and still nothing is missed."""
    await sealed(store)
    before = await receipt_of(store.database, PROGRAM, "m1", 2)
    await orders(store, 4, 4)
    await store.sql("UPDATE journal SET feed_xid = '0'")
    await store.sql("UPDATE account SET feed_xid = '0'")
    await store.sql("UPDATE feed_epoch SET epoch = epoch + 1")
    assert await drifts_of(store) == []
    statement = (await sealed(store)).read()

    assert (statement.number, statement.members, statement.entries) == (2, MEMBERS, 4 * MEMBERS)
    assert await receipt_of(store.database, PROGRAM, "m1", 2) == before
    assert await proven(store, "m1", 4) == 2
    assert await drifts_of(store) == []
    assert await make_seal(store.database, PROGRAM, SIGNER) is None


async def test_a_receipt_names_its_key(store: Opened) -> None:
    await sealed(store, OTHER)
    receipt = await receipt_of(store.database, PROGRAM, "m1", 1)

    assert receipt.seal.public_key == OTHER.public_key.hex()
    assert check_receipt(receipt, SIGNER.public_key) != []
    assert check_receipt(receipt, OTHER.public_key) == []
