"""What can be asked of a member."""

from hashlib import blake2b
from typing import Final

import msgspec

from points.order import Order

DIGEST_BYTES: Final = 16


class SettleOrder(msgspec.Struct, frozen=True):
    """Settle a paid order. `content` is the order's written form."""

    request_id: str
    order: Order
    content: bytes
    validate_only: bool = False


class EnrolMember(msgspec.Struct, frozen=True):
    """Make a person a member."""

    request_id: str
    display_name: str = ""
    validate_only: bool = False


Command = SettleOrder | EnrolMember


def digest_of(command: Command, salt: bytes) -> bytes:
    """A salted digest of everything a command says but its request id and validate_only.

    Two requests are the same when it is the same. The salt is the member's own and can be erased; without
    it the digest tells nothing about the content.
    """
    if isinstance(command, SettleOrder):
        content = b"settle_order\n" + command.content
    else:
        content = b"enrol_member\n" + command.display_name.encode()
    return blake2b(content, key=salt, digest_size=DIGEST_BYTES).digest()
