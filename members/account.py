"""A member's account: the state that folding the journal gives."""

from typing import Final, Literal

import msgspec

from points.ledger import Ledger

MemberState = Literal["unknown", "prospect", "member", "suspended"]

GENESIS_HASH: Final = bytes(32)


class Account(msgspec.Struct, frozen=True):
    """A member as of its latest entry. Times are microseconds since 1970, UTC; 0 is "not yet".

    `version` is the latest entry's sequence number and 0 before the first. `advanced_us` is the latest
    effective time so far: what fell due up to it is booked. `head_hash` is the latest entry's hash.
    """

    program_id: str
    member_id: str
    version: int = 0
    state: MemberState = "unknown"
    joined_us: int = 0
    ledger: Ledger = Ledger()
    advanced_us: int = 0
    recorded_us: int = 0
    head_hash: bytes = GENESIS_HASH
