"""Heads: the latest entry of each member that a seal covers, and what is hashed of them."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from seals.merkle import leaf_hash, slot_hash, tree_root


class Head(NamedTuple):
    """A member's latest entry under a seal."""

    member_id: str
    seq: int
    hash: bytes


def in_order(heads: Iterable[Head]) -> list[Head]:
    """Heads in the order of a slot's leaves: by the bytes of the member's id."""
    return sorted(heads, key=lambda head: head.member_id.encode())


def leaves_of(heads: Iterable[Head]) -> list[bytes]:
    """The leaves of a slot's tree. The heads must be in their order."""
    return [leaf_hash(*head) for head in heads]


def hash_of_slot(slot: int, heads: Sequence[Head]) -> bytes:
    """What stands for a slot with these members. The heads must be in their order."""
    return slot_hash(slot, len(heads), tree_root(leaves_of(heads)))


class HeadsDigest:
    """SHA-256 over the leaves that are new in a seal, slot by slot: so a seal also signs its difference.

    It makes the kept heads of every old seal provable in one pass over them, without building its tree again.
    """

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, heads: Iterable[Head]) -> None:
        """Add the new heads of the next slot that has any, in their order."""
        for leaf in leaves_of(heads):
            self._hash.update(leaf)

    def digest(self) -> bytes:
        """The digest of all that was added so far."""
        return self._hash.digest()
