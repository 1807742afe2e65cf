"""The first schema: programs, identity, account, journal and orders, keyed by slot."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE program (
        program_id text COLLATE "C" NOT NULL,
        live_version bigint NOT NULL,
        PRIMARY KEY (program_id)
    )
    """,
    """
    CREATE TABLE program_version (
        program_id text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        document text NOT NULL,
        request_id text COLLATE "C" NOT NULL,
        apply_time timestamptz NOT NULL,
        PRIMARY KEY (program_id, version),
        UNIQUE (program_id, request_id)
    )
    """,
    """
    CREATE TABLE service_key (
        name text PRIMARY KEY,
        key bytea NOT NULL
    )
    """,
    """
    CREATE TABLE identity (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        digest_salt bytea NOT NULL,
        display_name text NOT NULL DEFAULT '',
        PRIMARY KEY (slot, program_id, member_id)
    )
    """,
    """
    CREATE TABLE account (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        version bigint NOT NULL DEFAULT 0,
        state text NOT NULL DEFAULT 'unknown',
        joined_time timestamptz,
        available bigint NOT NULL DEFAULT 0,
        pending bigint NOT NULL DEFAULT 0,
        held bigint NOT NULL DEFAULT 0,
        debt bigint NOT NULL DEFAULT 0,
        issued bigint NOT NULL DEFAULT 0,
        expired bigint NOT NULL DEFAULT 0,
        lots json NOT NULL DEFAULT '[]',
        pending_lots json NOT NULL DEFAULT '[]',
        next_due_time timestamptz,
        advanced_time timestamptz NOT NULL DEFAULT 'epoch',
        recorded_time timestamptz NOT NULL DEFAULT 'epoch',
        head_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
        feed_xid xid8 NOT NULL DEFAULT '0',
        PRIMARY KEY (slot, program_id, member_id)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE journal (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL,
        request_id text COLLATE "C",
        request_digest bytea,
        order_id text COLLATE "C",
        changes json NOT NULL,
        available bigint NOT NULL,
        pending bigint NOT NULL,
        held bigint NOT NULL,
        debt bigint NOT NULL,
        next_expiry_time timestamptz,
        next_expiry_points bigint NOT NULL,
        program_version bigint NOT NULL,
        effective_time timestamptz NOT NULL,
        recorded_time timestamptz NOT NULL,
        back_dated boolean NOT NULL,
        hash bytea NOT NULL,
        feed_xid xid8 NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, seq)
    )
    """,
    """
    CREATE UNIQUE INDEX journal_request ON journal (slot, program_id, member_id, request_id)
    WHERE request_id IS NOT NULL
    """,
    """
    CREATE TABLE settled_order (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        order_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        content json NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, order_id)
    )
    """,
    """
    CREATE TABLE repeated_request (
        slot smallint NOT NULL,
        program_id text COLLATE "C" NOT NULL,
        member_id text COLLATE "C" NOT NULL,
        request_id text COLLATE "C" NOT NULL,
        request_digest bytea NOT NULL,
        seq bigint NOT NULL,
        PRIMARY KEY (slot, program_id, member_id, request_id)
    )
    """,
    "COMMENT ON TABLE program IS 'One row a program: which version is live.'",
    "COMMENT ON TABLE program_version IS 'Every document ever applied. Never updated.'",
    "COMMENT ON TABLE service_key IS 'Secrets that all processes of an installation share.'",
    "COMMENT ON TABLE identity IS 'What must be erasable of a member. Without digest_salt the journal''s digests tell nothing.'",
    "COMMENT ON TABLE account IS 'The snapshot that folding the journal gives. lots: [end µs or 0, credited, consumed].'",
    "COMMENT ON TABLE journal IS 'The truth. Append-only: a row is never updated or deleted.'",
    "COMMENT ON TABLE settled_order IS 'Orders as received, and the entry that settled each. The content is erasable.'",
    "COMMENT ON TABLE repeated_request IS 'Request ids under which a settled order came again, and the entry that answered them.'",
)


def upgrade() -> None:
    """Create everything."""
    for statement in STATEMENTS:
        op.execute(statement)
