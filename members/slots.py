"""The slot of a member: where it lives, today on one Postgres and later on a shard."""

from typing import Final
from zlib import crc32

SLOTS: Final = 1024


def slot_of(program_id: str, member_id: str) -> int:
    """The member's slot, 0 to 1023: CRC-32 of both ids, the program's length first. It never changes."""
    program = program_id.encode()
    return crc32(b"%d:%b%b" % (len(program), program, member_id.encode())) % SLOTS
