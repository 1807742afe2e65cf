"""The tree of a seal: every member provable, nothing else provable."""

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seals.heads import Head, HeadsDigest, hash_of_slot, in_order, leaves_of
from seals.merkle import EMPTY_ROOT, leaf_hash, root_by_path, slot_hash, tree_path, tree_root

LEAVES = [sha256(b"leaf %d" % number).digest() for number in range(70)]


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962's own definition: split at the largest power of two below the number of leaves."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_the_root_is_that_of_the_standard(size: int) -> None:
    assert tree_root(LEAVES[:size]) == naive_root(LEAVES[:size])


def test_a_tree_without_leaves_has_a_root_and_proves_nothing() -> None:
    assert tree_root([]) == EMPTY_ROOT
    assert root_by_path(LEAVES[0], 0, 0, []) is None
    with pytest.raises(IndexError):
        tree_path([], 0)


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_every_leaf_is_provable_at_its_place_and_at_no_other(size: int) -> None:
    leaves = LEAVES[:size]
    root = tree_root(leaves)
    for index, leaf in enumerate(leaves):
        path = tree_path(leaves, index)
        assert root_by_path(leaf, index, size, path) == root
        others = [place for place in range(size) if place != index]
        assert all(root_by_path(leaf, place, size, path) != root for place in others)
        assert root_by_path(leaf, size, size, path) is None
        assert root_by_path(leaf, -1, size, path) is None


@given(st.integers(1, len(LEAVES)), st.data())
def test_a_path_with_anything_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    leaves = LEAVES[:size]
    root, index = tree_root(leaves), data.draw(st.integers(0, size - 1))
    path = list(tree_path(leaves, index))
    changed = list(path)
    how = data.draw(st.sampled_from(["add", "drop", "flip", "swap", "leaf"]))
    leaf = leaves[index]
    match how:
        case "add":
            changed.insert(
                data.draw(st.integers(0, len(path))), data.draw(st.binary(min_size=32, max_size=32))
            )
        case "leaf":
            leaf = data.draw(st.sampled_from(LEAVES))
            assume(leaf != leaves[index])
        case "drop":
            assume(path)
            changed.pop(data.draw(st.integers(0, len(path) - 1)))
        case "flip":
            assume(path)
            place = data.draw(st.integers(0, len(path) - 1))
            changed[place] = bytes([changed[place][0] ^ 1]) + changed[place][1:]
        case "swap":
            assume(len(path) > 1)
            changed[0], changed[1] = changed[1], changed[0]

    assert root_by_path(leaf, index, size, changed) != root


@given(
    st.lists(st.binary(min_size=32, max_size=32), unique=True, max_size=40),
    st.lists(st.binary(min_size=32, max_size=32), unique=True, max_size=40),
)
def test_other_leaves_have_another_root(one: list[bytes], other: list[bytes]) -> None:
    """A leaf that is removed, changed, inserted or moved is found."""
    assume(one != other)

    assert tree_root(one) != tree_root(other)


def test_an_inner_node_is_no_leaf() -> None:
    """Nobody can show a shorter tree whose leaf is an inner node: a slot's hash names its size."""
    inner = [tree_root(LEAVES[:2]), tree_root(LEAVES[2:4])]

    assert tree_root(inner) == tree_root(LEAVES[:4])
    assert slot_hash(7, 2, tree_root(inner)) != slot_hash(7, 4, tree_root(LEAVES[:4]))


@given(st.integers(0, 1023), st.integers(0, 1023))
def test_a_slot_cannot_stand_in_for_another(one: int, other: int) -> None:
    assume(one != other)

    assert slot_hash(one, 3, LEAVES[0]) != slot_hash(other, 3, LEAVES[0])


def test_the_bytes_that_are_hashed() -> None:
    """The format: whoever checks without this program builds exactly these."""
    member = leaf_hash("é", 258, bytes(range(32)))

    assert member == sha256(bytes([0, 0, 0, 0, 2, 0xC3, 0xA9, 0, 0, 0, 0, 0, 0, 1, 2, *range(32)])).digest()
    assert slot_hash(513, 4, bytes(32)) == sha256(b"\x02\x02\x01" + bytes(7) + b"\x04" + bytes(32)).digest()


@given(st.text(max_size=4), st.text(max_size=4))
def test_one_members_leaf_is_not_anothers(one: str, other: str) -> None:
    assume(one != other)

    assert leaf_hash(one, 1, bytes(32)) != leaf_hash(other, 1, bytes(32))


HEADS = st.lists(
    st.builds(Head, st.text(max_size=6), st.integers(1, 9), st.binary(min_size=32, max_size=32)),
    unique_by=lambda head: head.member_id,
    max_size=8,
)


@given(HEADS)
def test_heads_stand_in_the_order_of_their_ids_bytes(heads: list[Head]) -> None:
    shuffled = heads[::-1]

    assert in_order(shuffled) == in_order(heads)
    names = [head.member_id.encode() for head in in_order(heads)]
    assert names == sorted(names)
    assert hash_of_slot(5, in_order(shuffled)) == slot_hash(
        5, len(heads), tree_root(leaves_of(in_order(heads)))
    )


@given(HEADS, HEADS)
def test_the_digest_of_what_is_new_differs_where_anything_does(one: list[Head], other: list[Head]) -> None:
    assume(one != other)

    assert digest_of(one) != digest_of(other)


def digest_of(heads: list[Head]) -> bytes:
    """The digest of one slot's new heads."""
    digest = HeadsDigest()
    digest.add(heads)
    return digest.digest()
