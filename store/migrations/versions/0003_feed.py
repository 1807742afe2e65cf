"""The feed: the journal's order across members, the cursors of our own readers, and the feed's epochs."""

from alembic import op

from store.migrations.locking import LOCK_TIMEOUT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS feed_cursor (
        name text COLLATE "C" NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        after_xid xid8 NOT NULL,
        after_slot smallint NOT NULL,
        after_member text COLLATE "C" NOT NULL,
        after_seq bigint NOT NULL,
        PRIMARY KEY (name, program_id)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS feed_epoch (
        epoch bigint NOT NULL,
        nonce bytea NOT NULL,
        system_identifier bigint,
        journal_oid bigint NOT NULL,
        complete boolean NOT NULL,
        begin_time timestamptz NOT NULL,
        PRIMARY KEY (epoch)
    )
    """,
    "COMMENT ON TABLE feed_cursor IS 'How far each of our own readers of the feed has come; all programs at once where it names none.'",
    "COMMENT ON TABLE feed_epoch IS 'One row: in which server''s and table''s transaction ids the feed counts.'",
)

# Built beside running writers (see 0002).
INDEXES = (
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS journal_feed",
    """
    CREATE INDEX CONCURRENTLY journal_feed ON journal (feed_xid)
    """,
    f"SET lock_timeout = '{LOCK_TIMEOUT}'",
)


def upgrade() -> None:
    """Add all of it."""
    for statement in STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        for index in INDEXES:
            op.execute(index)
