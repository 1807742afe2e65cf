"""What a check of the books finds."""

from typing import NamedTuple


class FoundDrift(NamedTuple):
    """A place where the books do not agree. `seq` is 0 where it is about the account or Redis.

    `repaired`: it was made right from the journal.
    """

    member_id: str
    seq: int
    reason: str
    detail: str
    repaired: bool = False
