"""The complete points ledger: holds, refunds, transfers, notes, snapshots, and the index of what falls due."""

import sqlalchemy as sa
from alembic import op

from store.database import StoreUnavailableError
from store.migrations.locking import LOCK_TIMEOUT

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns with a constant default are added without rewriting the table. All of it may be run again: the indexes
# below are built outside the transaction, so one that is interrupted leaves the rest behind without a revision.
STATEMENTS = (
    """
    ALTER TABLE account
        ADD COLUMN IF NOT EXISTS redeemed bigint NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS voided bigint NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS transferred_in bigint NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS transferred_out bigint NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS holds json NOT NULL DEFAULT '[]',
        ADD COLUMN IF NOT EXISTS counters json NOT NULL DEFAULT '{}'
    """,
    "ALTER TABLE settled_order ADD COLUMN IF NOT EXISTS refunded json NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE IF NOT EXISTS order_refund (
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
    CREATE UNIQUE INDEX IF NOT EXISTS order_refund_id ON order_refund (slot, program_id, member_id, order_id, refund_id)
    WHERE refund_id IS NOT NULL
    """,
    """
    CREATE TABLE IF NOT EXISTS hold (
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
    CREATE TABLE IF NOT EXISTS expired_lot (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        end_us bigint NOT NULL,
        points bigint NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, end_us)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS entry_note (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        note text NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, seq)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS account_snapshot (
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
    "COMMENT ON TABLE expired_lot IS 'What expired of each lot (end µs; the sliding one: minus the instant) and was not taken back.'",
    "COMMENT ON TABLE entry_note IS 'What a person wrote about an entry. Erasable, so not in the journal.'",
    "COMMENT ON TABLE account_snapshot IS 'The account as it was after every 64th entry, so that a look into the past folds few.'",
)

# Built beside running writers, each in a transaction of its own. It waits for transactions that are open, however
# long, and nobody waits for it. One that was interrupted leaves a broken index behind, which must not stay.
INDEXES = (
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS account_due",
    """
    CREATE INDEX CONCURRENTLY account_due ON account (next_due_time)
    WHERE next_due_time IS NOT NULL
    """,
    "DROP INDEX CONCURRENTLY IF EXISTS journal_back_dated",
    """
    CREATE INDEX CONCURRENTLY journal_back_dated
    ON journal (slot, program_id, member_id, effective_time) WHERE back_dated
    """,
    f"SET lock_timeout = '{LOCK_TIMEOUT}'",
)


EARLIER_STATE = (
    "the database holds entries of a state before the first release, which cannot be taken over: begin with an"
    " empty one (of a private store: remove its data directory)"
)


def upgrade() -> None:
    """Add all of it."""
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM journal)")):
        raise StoreUnavailableError(EARLIER_STATE)
    for statement in STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        for index in INDEXES:
            op.execute(index)
