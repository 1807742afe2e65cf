"""The Merkle tree of a seal: members within a slot, and slots within a program.

A slot's tree is that of RFC 6962: its leaves are the members' heads in the order of their ids' bytes, an
inner node is hashed with another prefix than a leaf, and a node without a sibling is promoted. Over the
slots' hashes stands a tree of a fixed size. A slot's hash names its number and how many members it has, so
that nothing can be proven of another place or of a tree of another size.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
# Names of lengths within a leaf: an id is at most 128 characters.
_LENGTH_BYTES: Final = 4
_NUMBER_BYTES: Final = 8
_SLOT_BYTES: Final = 2

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
_SLOT: Final = b"\x02"

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(member_id: str, seq: int, head_hash: bytes) -> bytes:
    """The leaf of a member whose latest entry has this number and hash."""
    name = member_id.encode()
    return sha256(
        _LEAF + len(name).to_bytes(_LENGTH_BYTES) + name + seq.to_bytes(_NUMBER_BYTES) + head_hash
    ).digest()


def slot_hash(slot: int, members: int, root: bytes) -> bytes:
    """What stands for a slot in the tree over the slots: its number, how many members, and their root."""
    return sha256(_SLOT + slot.to_bytes(_SLOT_BYTES) + members.to_bytes(_NUMBER_BYTES) + root).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves in their order."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def tree_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The siblings on the way from a leaf to the root, lowest first: what proves it. Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level = _level_above(level)
        index //= 2
    return tuple(path)


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to from a leaf; None where it is no path of this place in such a tree."""
    if not 0 <= index < size:
        return None
    reached = leaf
    left = list(reversed(path))
    while size > 1:
        if index % 2 or index + 1 < size:
            if not left:
                return None
            sibling = left.pop()
            reached = _node(sibling, reached) if index % 2 else _node(reached, sibling)
        index //= 2
        size = (size + 1) // 2
    return None if left else reached


def _level_above(level: list[bytes]) -> list[bytes]:
    above = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    if len(level) % 2:
        above.append(level[-1])
    return above


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
