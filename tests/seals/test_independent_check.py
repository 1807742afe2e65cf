"""A receipt checked as docs/ledger.md says, with the standard library and nothing of ours."""

import json
from hashlib import sha256
from typing import Any, Final
from zlib import crc32

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from seals.receipt import encode_receipt
from tests.seals.building import SIGNER, Sealed, journal_of, members_of_slot

MEMBERS: Final = [*members_of_slot(0, 6), "会员-1", "100001"]
SEALED: Final = Sealed({member_id: journal_of(member_id, 4) for member_id in MEMBERS})


def hashed(*parts: bytes) -> bytes:
    """SHA-256 over the parts, joined."""
    return sha256(b"".join(parts)).digest()


def climbed(h: bytes, i: int, n: int, path: list[str]) -> bytes:
    """The root that a path leads to from place i of n."""
    left = [bytes.fromhex(one) for one in path]
    while n > 1:
        if i % 2:
            h = hashed(b"\x01", left.pop(0), h)
        elif i + 1 < n:
            h = hashed(b"\x01", h, left.pop(0))
        i, n = i // 2, (n + 1) // 2
    assert left == []
    return h


def check(content: bytes) -> None:
    """The six steps; fails at the first that does not hold."""
    receipt: dict[str, Any] = json.loads(content)
    entry, slot, seal = receipt["entry"], receipt["slot"], receipt["seal"]
    program, member = receipt["program_id"].encode(), receipt["member_id"].encode()
    assert json.loads(entry["fields"])[1:4] == [receipt["program_id"], receipt["member_id"], receipt["seq"]]
    digest = hashed(entry["fields"].encode(), b"\n", entry["changes"].encode())
    head = hashed(bytes.fromhex(entry["previous_hash"]), digest)
    for later in receipt["later_digests"]:
        head = hashed(head, bytes.fromhex(later))
    number = receipt["seq"] + len(receipt["later_digests"])
    leaf = hashed(b"\x00", len(member).to_bytes(4, "big"), member, number.to_bytes(8, "big"), head)
    assert slot["number"] == crc32(str(len(program)).encode() + b":" + program + member) % 1024
    members = climbed(leaf, slot["index"], slot["members"], slot["path"])
    top = hashed(b"\x02", slot["number"].to_bytes(2, "big"), slot["members"].to_bytes(8, "big"), members)
    root = climbed(top, slot["number"], 1024, seal["path"])
    lines = seal["statement"].split("\n")
    assert (lines[0], lines[-1]) == ("loyalty seal 1", "")
    statement = dict(line.split(": ", 1) for line in lines[1:-1])
    assert (statement["program_id"], statement["root"]) == (receipt["program_id"], root.hex())
    assert statement["public_key"] == seal["public_key"] == SIGNER.public_key.hex()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal["public_key"]))
    key.verify(bytes.fromhex(seal["signature"]), seal["statement"].encode())


@pytest.mark.parametrize("member_id", MEMBERS)
def test_who_follows_the_documentation_finds_every_receipt_right(member_id: str) -> None:
    for seq in range(1, 5):
        check(encode_receipt(SEALED.receipt(member_id, seq)))


def test_who_follows_the_documentation_finds_a_forged_one() -> None:
    content = encode_receipt(SEALED.receipt(MEMBERS[0], 2))
    with pytest.raises(AssertionError):
        check(content.replace(b"o2", b"o3"))
