"""The complete points ledger: holds, refunds, transfers, notes, snapshots, and the index of what falls due."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns with a constant default are added without rewriting the table; the previous release leaves them be.
STATEMENTS = (
    """
    ALTER TABLE account
        ADD COLUMN redeemed bigint NOT NULL DEFAULT 0,
        ADD COLUMN voided bigint NOT NULL DEFAULT 0,
        ADD COLUMN transferred_in bigint NOT NULL DEFAULT 0,
        ADD COLUMN transferred_out bigint NOT NULL DEFAULT 0,
        ADD COLUMN holds json NOT NULL DEFAULT '[]',
        ADD COLUMN counters json NOT NULL DEFAULT '{}'
    """,
    "ALTER TABLE settled_order ADD COLUMN refunded json NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE order_refund (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        order_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        refund_id text COLLATE "C",
        PRIMARY KEY (slot, program_id, member_id, order_id, seq)
    )
    """,
    """
    CREATE UNIQUE INDEX order_refund_id ON order_refund (slot, program_id, member_id, order_id, refund_id)
    WHERE refund_id IS NOT NULL
    """,
    """
    CREATE TABLE hold (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        hold_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        points bigint NOT NULL,
        deadline_time timestamptz NOT NULL,
        state text NOT NULL,
        captured_points bigint NOT NULL DEFAULT 0,
        resolved_seq bigint,
        PRIMARY KEY (slot, program_id, member_id, hold_id)
    )
    """,
    """
    CREATE TABLE expired_lot (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        end_us bigint NOT NULL,
        points bigint NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, end_us)
    )
    """,
    """
    CREATE TABLE entry_note (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        note text NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, seq)
    )
    """,
    """
    CREATE TABLE account_snapshot (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        recorded_time timestamptz NOT NULL,
        advanced_time timestamptz NOT NULL,
        account json NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, seq)
    )
    """,
    "COMMENT ON COLUMN settled_order.refunded IS 'What came back of the order so far: money, and pieces and money a line.'",
    "COMMENT ON TABLE order_refund IS 'The refunds of an order: their entries, and the caller''s own id where one was given.'",
    "COMMENT ON TABLE hold IS 'Every hold ever placed and how it was resolved. Open ones stand in account.holds, too.'",
    "COMMENT ON TABLE expired_lot IS 'What expired of each lot (end µs, -1: the sliding one) and was not taken back by a refund.'",
    "COMMENT ON TABLE entry_note IS 'What a person wrote about an entry. Erasable, so not in the journal.'",
    "COMMENT ON TABLE account_snapshot IS 'The account as it was after every 64th entry, so that a look into the past folds few.'",
)

# Built beside running writers, each in a transaction of its own.
INDEXES = (
    """
    CREATE INDEX CONCURRENTLY IF NOT EXISTS account_due ON account (next_due_time)
    WHERE next_due_time IS NOT NULL
    """,
    """
    CREATE INDEX CONCURRENTLY IF NOT EXISTS journal_back_dated
    ON journal (slot, program_id, member_id, effective_time) WHERE back_dated
    """,
)


def upgrade() -> None:
    """Add all of it."""
    for statement in STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        for index in INDEXES:
            op.execute(index)
