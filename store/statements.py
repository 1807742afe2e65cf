"""The lanes' few hot statements, as text, prepared once a connection.

Keys come as arrays that are unnested and looked up one by one: `slot = any(…) and member_id = any(…)` would
probe the cross product. Each look-up is a LATERAL subquery with OFFSET 0, which the planner does not turn
into a join: a statement that was planned while its tables were empty would else read all of them from one
end to the other for every batch, until somebody analyses them.
"""

from collections.abc import Sequence
from typing import Final

from store.rows import ACCOUNT_COLUMNS, JOURNAL_COLUMNS, columns_of

_KEYS: Final = "unnest($1::smallint[], $2::text[], $3::text[]) AS k (slot, program_id, member_id)"
_THE_MEMBERS: Final = "slot = k.slot AND program_id = k.program_id AND member_id = k.member_id"

# Locks and reads the batch's accounts in the order of the keys given, which are sorted, so that two batches
# never wait for each other in a circle. Rows that do not exist yet are missing from the answer.
LOCK_ACCOUNTS: Final = f"""
SELECT {columns_of("a", ACCOUNT_COLUMNS)}, i.digest_salt, p.live_version,
       greatest(a.feed_xid, pg_current_xact_id()) AS feed_xid, clock_timestamp() AS now
FROM {_KEYS}
CROSS JOIN LATERAL (SELECT live_version FROM program WHERE program_id = k.program_id OFFSET 0) p
CROSS JOIN LATERAL (SELECT * FROM account WHERE {_THE_MEMBERS} FOR UPDATE) a
CROSS JOIN LATERAL (SELECT digest_salt FROM identity WHERE {_THE_MEMBERS} OFFSET 0) i
"""

# Which of these accounts somebody else holds: run after a lock was not had in time, to find out whose.
FIND_HELD: Final = f"""
SELECT k.slot, k.program_id, k.member_id FROM {_KEYS}
CROSS JOIN LATERAL (SELECT FROM account WHERE {_THE_MEMBERS} OFFSET 0) a
LEFT JOIN LATERAL (
    SELECT 1 AS free FROM account WHERE {_THE_MEMBERS} FOR UPDATE SKIP LOCKED
) f ON true
WHERE f.free IS NULL
"""

# Runs first in a transaction of its own attempt where LOCK_ACCOUNTS found some missing: makes the missing
# ones and locks the others in one pass in key order. Members of unknown programs are left out.
ENSURE_ACCOUNTS: Final = """
WITH k AS MATERIALIZED (
    SELECT k.slot, k.program_id, k.member_id, k.digest_salt
    FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[])
        AS k (slot, program_id, member_id, digest_salt)
    CROSS JOIN LATERAL (SELECT FROM program WHERE program_id = k.program_id OFFSET 0) p
    ORDER BY k.slot, k.program_id COLLATE "C", k.member_id COLLATE "C"
), made AS (
    INSERT INTO account (slot, program_id, member_id)
    SELECT slot, program_id, member_id FROM k
    ORDER BY slot, program_id COLLATE "C", member_id COLLATE "C"
    ON CONFLICT (slot, program_id, member_id) DO UPDATE SET version = account.version
)
INSERT INTO identity (slot, program_id, member_id, digest_salt)
SELECT slot, program_id, member_id, digest_salt FROM k
ORDER BY slot, program_id COLLATE "C", member_id COLLATE "C"
ON CONFLICT (slot, program_id, member_id) DO NOTHING
"""

# Takes back members that were made for commands which were then refused. Their rows are locked, so their
# places stand still between the look-up and the deletion.
FORGET_ACCOUNTS: Final = f"""
WITH k AS MATERIALIZED (
    SELECT k.slot, k.program_id, k.member_id, a.place
    FROM {_KEYS}
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM account WHERE {_THE_MEMBERS} AND version = 0 OFFSET 0
    ) a
    -- Whoever has entries and lost the account keeps the salt: the account can be made anew, the salt cannot.
    WHERE NOT EXISTS (SELECT FROM journal WHERE {_THE_MEMBERS} AND seq = 1)
), gone AS (
    DELETE FROM account WHERE ctid = ANY (ARRAY(SELECT place FROM k))
)
DELETE FROM identity WHERE ctid = ANY (ARRAY(
    SELECT i.place FROM k CROSS JOIN LATERAL (
        SELECT ctid AS place FROM identity WHERE {_THE_MEMBERS} OFFSET 0
    ) i
))
"""

# What the batch's request ids and orders were used for before. It runs after the locks are held, as a
# statement of its own: only so does its snapshot hold all that was committed for these members.
FIND_EARLIER: Final = f"""
WITH k AS MATERIALIZED (
    SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[])
        WITH ORDINALITY AS k (slot, program_id, member_id, request_id, order_id, n)
), hit AS MATERIALIZED (
    SELECT k.slot, k.program_id, k.member_id, k.n, 'request' AS found, j.seq, j.request_digest AS first_digest
    FROM k CROSS JOIN LATERAL (
        SELECT seq, request_digest FROM journal WHERE {_THE_MEMBERS} AND request_id = k.request_id OFFSET 0
    ) j
    UNION ALL
    SELECT k.slot, k.program_id, k.member_id, k.n, 'request', r.seq, r.request_digest
    FROM k CROSS JOIN LATERAL (
        SELECT seq, request_digest FROM repeated_request
        WHERE {_THE_MEMBERS} AND request_id = k.request_id OFFSET 0
    ) r
    UNION ALL
    SELECT k.slot, k.program_id, k.member_id, k.n, 'order', o.seq, NULL
    FROM k CROSS JOIN LATERAL (
        SELECT seq FROM settled_order WHERE {_THE_MEMBERS} AND order_id = k.order_id OFFSET 0
    ) o
)
SELECT {columns_of("j", JOURNAL_COLUMNS)}, k.n, k.found, k.first_digest
FROM hit k CROSS JOIN LATERAL (
    SELECT * FROM journal WHERE {_THE_MEMBERS} AND seq = k.seq OFFSET 0
) j
"""


def unnested(columns: Sequence[tuple[str, str]], first: int, alias: str) -> str:
    """Columns that arrive as arrays, one parameter each from number `first` on, as rows of `alias`."""
    arrays = ", ".join(f"${first + place}::{kind}[]" for place, (_, kind) in enumerate(columns))
    names = ", ".join(name for name, _ in columns)
    return f"unnest({arrays}) AS {alias} ({names})"


def _names(columns: Sequence[tuple[str, str]]) -> str:
    return ", ".join(name for name, _ in columns)


def _values(columns: Sequence[tuple[str, str]], json: frozenset[str]) -> str:
    """The columns as they are inserted: what is stored as json arrives as text, which is kept as it is."""
    return ", ".join(f"{name}::json" if name in json else name for name, _ in columns)


KEY_COLUMNS: Final = (("slot", "smallint"), ("program_id", "text"), ("member_id", "text"))
ACCOUNT_WRITTEN: Final = (
    *KEY_COLUMNS,
    ("version", "bigint"),
    ("state", "text"),
    ("joined_time", "timestamptz"),
    ("available", "bigint"),
    ("pending", "bigint"),
    ("held", "bigint"),
    ("debt", "bigint"),
    ("issued", "bigint"),
    ("expired", "bigint"),
    ("lots", "text"),
    ("pending_lots", "text"),
    ("next_due_time", "timestamptz"),
    ("advanced_time", "timestamptz"),
    ("recorded_time", "timestamptz"),
    ("head_hash", "bytea"),
    ("feed_xid", "xid8"),
    ("redeemed", "bigint"),
    ("voided", "bigint"),
    ("transferred_in", "bigint"),
    ("transferred_out", "bigint"),
    ("holds", "text"),
    ("counters", "text"),
)
JOURNAL_WRITTEN: Final = (
    *KEY_COLUMNS,
    ("seq", "bigint"),
    ("kind", "text"),
    ("request_id", "text"),
    ("request_digest", "bytea"),
    ("order_id", "text"),
    ("changes", "text"),
    ("available", "bigint"),
    ("pending", "bigint"),
    ("held", "bigint"),
    ("debt", "bigint"),
    ("next_expiry_time", "timestamptz"),
    ("next_expiry_points", "bigint"),
    ("program_version", "bigint"),
    ("effective_time", "timestamptz"),
    ("recorded_time", "timestamptz"),
    ("back_dated", "boolean"),
    ("hash", "bytea"),
    ("feed_xid", "xid8"),
)
ORDER_WRITTEN: Final = (*KEY_COLUMNS, ("order_id", "text"), ("seq", "bigint"), ("content", "text"))
REPEAT_WRITTEN: Final = (
    *KEY_COLUMNS,
    ("request_id", "text"),
    ("request_digest", "bytea"),
    ("seq", "bigint"),
)
_JSON: Final = frozenset(
    {"lots", "pending_lots", "changes", "content", "holds", "counters", "refunded", "account"}
)
_FIRST_JOURNAL: Final = len(ACCOUNT_WRITTEN) + 1
_FIRST_ORDER: Final = _FIRST_JOURNAL + len(JOURNAL_WRITTEN)
_FIRST_REPEAT: Final = _FIRST_ORDER + len(ORDER_WRITTEN)

# Writes a whole batch: accounts, entries, orders and repeated requests, in one round trip. Answers how many
# accounts it wrote. The accounts exist and are locked; they go in as an upsert, because that always finds
# its row by the key.
WRITE_BATCH: Final = f"""
WITH written AS (
    INSERT INTO account ({_names(ACCOUNT_WRITTEN)})
    SELECT {_values(ACCOUNT_WRITTEN, _JSON)} FROM {unnested(ACCOUNT_WRITTEN, 1, "u")}
    ON CONFLICT (slot, program_id, member_id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name, _ in ACCOUNT_WRITTEN[3:])}
    WHERE account.version < excluded.version
    RETURNING 1
), entries AS (
    INSERT INTO journal ({_names(JOURNAL_WRITTEN)})
    SELECT {_values(JOURNAL_WRITTEN, _JSON)} FROM {unnested(JOURNAL_WRITTEN, _FIRST_JOURNAL, "u")}
), orders AS (
    INSERT INTO settled_order ({_names(ORDER_WRITTEN)})
    SELECT {_values(ORDER_WRITTEN, _JSON)} FROM {unnested(ORDER_WRITTEN, _FIRST_ORDER, "u")}
), repeats AS (
    INSERT INTO repeated_request ({_names(REPEAT_WRITTEN)})
    SELECT * FROM {unnested(REPEAT_WRITTEN, _FIRST_REPEAT, "u")}
)
SELECT count(*) FROM written
"""

# Names the people who gave a name when they joined. Their rows exist.
NAME_MEMBERS: Final = """
INSERT INTO identity (slot, program_id, member_id, digest_salt, display_name)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::text[])
ON CONFLICT (slot, program_id, member_id) DO UPDATE SET display_name = excluded.display_name
"""

# Accounts for reads, many members in one query, with the clock they are read by.
READ_ACCOUNTS: Final = f"""
SELECT {columns_of("a", ACCOUNT_COLUMNS)}, clock_timestamp() AS now
FROM {_KEYS}
CROSS JOIN LATERAL (SELECT * FROM account WHERE {_THE_MEMBERS} AND version > 0 OFFSET 0) a
"""
