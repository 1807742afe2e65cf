"""A member while its batch is folded in memory."""

from members.account import Account
from members.journal import Entry
from programs.program import Program

Key = tuple[int, str, str]


class LoadedMember:
    """A member within a batch: as loaded, and as its commands have left it so far."""

    __slots__ = (
        "account",
        "by_order",
        "by_request",
        "entries",
        "feed_xid",
        "key",
        "names",
        "orders",
        "program",
        "repeats",
        "salt",
        "version_before",
    )

    def __init__(self, key: Key, account: Account, salt: bytes, feed_xid: int, program: Program) -> None:
        self.key = key
        self.account = account
        self.version_before = account.version
        self.salt = salt
        self.feed_xid = feed_xid
        self.program = program
        self.entries: list[Entry] = []
        self.orders: list[tuple[str, int, bytes]] = []
        self.repeats: list[tuple[str, bytes, int]] = []
        self.names: list[str] = []
        self.by_request: dict[str, tuple[bytes, Entry]] = {}
        self.by_order: dict[str, Entry] = {}
