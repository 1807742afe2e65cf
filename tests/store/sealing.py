"""A store whose members have entries to seal, and what tests of seals ask of it."""

from typing import Final

from seals.signing import Signer
from store.seal_verification import seal_drifts
from store.sealing import make_seal
from store.seals import SignedStatement
from tests.store.opened import PROGRAM, Opened, settle

SIGNER: Final = Signer.from_seed(bytes(range(32)))
OTHER: Final = Signer.from_seed(bytes(32))
MEMBERS: Final = 40


async def orders(store: Opened, first: int, last: int, members: int = MEMBERS) -> None:
    """An order of each number for each member."""
    answers = await store.lanes.execute_many(
        [
            (PROGRAM, f"m{member}", settle(f"o{number}"))
            for number in range(first, last + 1)
            for member in range(members)
        ]
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]


async def sealed(store: Opened, signer: Signer = SIGNER) -> SignedStatement:
    """A seal, which there must be a reason for."""
    signed = await make_seal(store.database, PROGRAM, signer)
    assert signed is not None
    return signed


async def drifts_of(store: Opened, *trusted: bytes) -> list[tuple[str, int, str]]:
    """What the check of the seals finds: member, entry, detail."""
    found = [
        drift
        async for page in seal_drifts(store.database, PROGRAM, trusted or {SIGNER.public_key})
        for drift in page
    ]
    assert {drift.reason for drift in found} <= {"SEAL_BROKEN"}
    return [(drift.member_id, drift.seq, drift.detail) for drift in found]
