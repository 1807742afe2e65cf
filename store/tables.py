"""The tables. Every table of a member leads its primary key with the member's slot.

So all of a member lives together, on one Postgres and on shards: no trigger, sequence or foreign key
reaches from one member to another, and unique constraints include the slot.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import UserDefinedType

metadata: Final = sa.MetaData()


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        """The type's name in SQL."""
        return "xid8"


def _key(name: str) -> sa.Column[str]:
    # Bytes order: the same on every server, and quicker to compare than a language's.
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def _member_key() -> list[sa.Column[int] | sa.Column[str]]:
    return [sa.Column("slot", sa.SmallInteger, nullable=False), _key("program_id"), _key("member_id")]


MEMBER_KEY: Final = ("slot", "program_id", "member_id")

program: Final = sa.Table(
    "program",
    metadata,
    _key("program_id"),
    sa.Column("live_version", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("program_id"),
    comment="One row a program: which version is live.",
)

program_version: Final = sa.Table(
    "program_version",
    metadata,
    _key("program_id"),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    _key("request_id"),
    sa.Column("apply_time", sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("program_id", "version"),
    sa.UniqueConstraint("program_id", "request_id"),
    comment="Every document ever applied. Never updated.",
)

service_key: Final = sa.Table(
    "service_key",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
    comment="Secrets that all processes of an installation share.",
)

identity: Final = sa.Table(
    "identity",
    metadata,
    *_member_key(),
    sa.Column("digest_salt", sa.LargeBinary, nullable=False),
    sa.Column("display_name", sa.Text, nullable=False, server_default=""),
    sa.PrimaryKeyConstraint(*MEMBER_KEY),
    comment="What must be erasable of a member. Without digest_salt the journal's digests tell nothing.",
)

account: Final = sa.Table(
    "account",
    metadata,
    *_member_key(),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("state", sa.Text, nullable=False, server_default="unknown"),
    sa.Column("joined_time", sa.DateTime(timezone=True)),
    sa.Column("available", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("pending", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("held", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("debt", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("issued", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("expired", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lots", pg.JSON, nullable=False, server_default="[]"),
    sa.Column("pending_lots", pg.JSON, nullable=False, server_default="[]"),
    sa.Column("next_due_time", sa.DateTime(timezone=True)),
    sa.Column("advanced_time", sa.DateTime(timezone=True), nullable=False, server_default="epoch"),
    sa.Column("recorded_time", sa.DateTime(timezone=True), nullable=False, server_default="epoch"),
    sa.Column(
        "head_hash", sa.LargeBinary, nullable=False, server_default=sa.text("decode(repeat('00', 32), 'hex')")
    ),
    sa.Column("feed_xid", TransactionId, nullable=False, server_default="0"),
    sa.Column("redeemed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("voided", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("transferred_in", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("transferred_out", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("holds", pg.JSON, nullable=False, server_default="[]"),
    sa.Column("counters", pg.JSON, nullable=False, server_default="{}"),
    sa.PrimaryKeyConstraint(*MEMBER_KEY),
    comment="The snapshot that folding the journal gives. lots: [end µs or 0, credited, consumed].",
    # Room for the next version of a row on its own page, so that an update touches no index.
    postgresql_with={"fillfactor": "70"},
)

# What the worker looks for: the members to whom time does something next.
sa.Index("account_due", account.c.next_due_time, postgresql_where=account.c.next_due_time.is_not(None))

journal: Final = sa.Table(
    "journal",
    metadata,
    *_member_key(),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text(collation="C")),
    sa.Column("request_digest", sa.LargeBinary),
    sa.Column("order_id", sa.Text(collation="C")),
    # json, not jsonb: it keeps the exact text, which the hash is taken of.
    sa.Column("changes", pg.JSON, nullable=False),
    sa.Column("available", sa.BigInteger, nullable=False),
    sa.Column("pending", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("debt", sa.BigInteger, nullable=False),
    sa.Column("next_expiry_time", sa.DateTime(timezone=True)),
    sa.Column("next_expiry_points", sa.BigInteger, nullable=False),
    sa.Column("program_version", sa.BigInteger, nullable=False),
    sa.Column("effective_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("back_dated", sa.Boolean, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("feed_xid", TransactionId, nullable=False),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "seq"),
    comment="The truth. Append-only: a row is never updated or deleted.",
)
sa.Index(
    "journal_request",
    *(journal.c[name] for name in MEMBER_KEY),
    journal.c.request_id,
    unique=True,
    postgresql_where=journal.c.request_id.is_not(None),
)

# Late entries are few; a look at what holds for a past instant finds them without reading the others.
sa.Index(
    "journal_back_dated",
    *(journal.c[name] for name in MEMBER_KEY),
    journal.c.effective_time,
    postgresql_where=journal.c.back_dated,
)

# The feed's order, up to the rows of one transaction, which are few and sorted when they are read. Not a
# column more: an index that also held members' keys would look, while the tables are empty, as good for
# finding a member's rows as the primary key, and be kept for it by plans that were made then (ADR 3).
sa.Index("journal_feed", journal.c.feed_xid)

settled_order: Final = sa.Table(
    "settled_order",
    metadata,
    *_member_key(),
    _key("order_id"),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("content", pg.JSON, nullable=False),
    sa.Column(
        "refunded",
        pg.JSON,
        nullable=False,
        server_default="{}",
        comment="What came back of the order so far: money, and pieces and money a line.",
    ),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "order_id"),
    comment="Orders as received, and the entry that settled each. The content is erasable.",
)

repeated_request: Final = sa.Table(
    "repeated_request",
    metadata,
    *_member_key(),
    _key("request_id"),
    sa.Column("request_digest", sa.LargeBinary, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "request_id"),
    comment="Request ids under which a settled order came again, and the entry that answered them.",
)

order_refund: Final = sa.Table(
    "order_refund",
    metadata,
    *_member_key(),
    _key("order_id"),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("refund_id", sa.Text(collation="C")),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "order_id", "seq"),
    comment="The refunds of an order: their entries, and the caller's own id where one was given.",
)
sa.Index(
    "order_refund_id",
    *(order_refund.c[name] for name in (*MEMBER_KEY, "order_id", "refund_id")),
    unique=True,
    postgresql_where=order_refund.c.refund_id.is_not(None),
)

hold: Final = sa.Table(
    "hold",
    metadata,
    *_member_key(),
    _key("hold_id"),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("deadline_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("captured_points", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("resolved_seq", sa.BigInteger),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "hold_id"),
    comment="Every hold ever placed and how it was resolved. Open ones stand in account.holds, too.",
)

expired_lot: Final = sa.Table(
    "expired_lot",
    metadata,
    *_member_key(),
    sa.Column("end_us", sa.BigInteger, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "end_us"),
    comment="What expired of each lot (end µs; the sliding one: minus the instant) and was not taken back.",
)

entry_note: Final = sa.Table(
    "entry_note",
    metadata,
    *_member_key(),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "seq"),
    comment="What a person wrote about an entry. Erasable, so not in the journal.",
)

account_snapshot: Final = sa.Table(
    "account_snapshot",
    metadata,
    *_member_key(),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("recorded_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("advanced_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("account", pg.JSON, nullable=False),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "seq"),
    comment="The account as it was after every 64th entry, so that a look into the past folds few.",
)

seal: Final = sa.Table(
    "seal",
    metadata,
    _key("program_id"),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("slot_hashes", sa.LargeBinary, nullable=False),
    sa.Column("feed_epoch", sa.BigInteger, nullable=False),
    sa.Column("before_xid", TransactionId, nullable=False),
    sa.PrimaryKeyConstraint("program_id", "number"),
    comment="Signed statements of what all journals were: of the entries with a feed_xid below before_xid.",
)

seal_head: Final = sa.Table(
    "seal_head",
    metadata,
    *_member_key(),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint(*MEMBER_KEY, "number"),
    comment="The latest entry of each member that was new in a seal. Without a seal it is being made.",
)

feed_cursor: Final = sa.Table(
    "feed_cursor",
    metadata,
    _key("name"),
    _key("program_id"),
    sa.Column("after_xid", TransactionId, nullable=False),
    sa.Column("after_slot", sa.SmallInteger, nullable=False),
    _key("after_member"),
    sa.Column("after_seq", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("name", "program_id"),
    comment="How far each of our own readers of the feed has come; all programs at once where it names none.",
)

feed_epoch: Final = sa.Table(
    "feed_epoch",
    metadata,
    sa.Column("epoch", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("nonce", sa.LargeBinary, nullable=False),
    sa.Column("system_identifier", sa.BigInteger),
    sa.Column("journal_oid", sa.BigInteger, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("begin_time", sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("epoch"),
    comment="One row: in which server's and table's transaction ids the feed counts.",
)
