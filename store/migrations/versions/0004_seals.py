"""Seals: signed Merkle roots over all journals of a program, and the heads that each of them added."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE seal (
        program_id text COLLATE "C" NOT NULL,
        number bigint NOT NULL,
        statement text NOT NULL,
        signature bytea NOT NULL,
        slot_hashes bytea NOT NULL,
        feed_epoch bigint NOT NULL,
        before_xid xid8 NOT NULL,
        PRIMARY KEY (program_id, number)
    )
    """,
    """
    CREATE TABLE seal_head (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        number bigint NOT NULL,
        seq bigint NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, number)
    )
    """,
    "COMMENT ON TABLE seal IS 'Signed statements of what all journals were: of the entries with a feed_xid below before_xid.'",
    "COMMENT ON TABLE seal_head IS 'The latest entry of each member that was new in a seal. Without a seal it is being made.'",
)


def upgrade() -> None:
    """Add both."""
    for statement in STATEMENTS:
        op.execute(statement)
