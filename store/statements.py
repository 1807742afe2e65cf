"""The lanes' few hot statements, as text, prepared once a connection.

Keys come as arrays that are unnested and looked up one by one: `slot = any(…) and member_id = any(…)` would
probe the cross product. Each look-up is a LATERAL subquery with OFFSET 0, which the planner does not turn
into a join: a statement that was planned while its tables were empty would else read all of them from one
end to the other for every batch, until somebody analyses them.
"""

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

# Writes a whole batch: accounts, entries, orders and repeated requests, in one round trip. Answers how many
# accounts it wrote. The accounts exist and are locked; they go in as an upsert, because that always finds
# its row by the key.
WRITE_BATCH: Final = f"""
WITH written AS (
    INSERT INTO account (
        slot, program_id, member_id, version, state, joined_time, available, pending, held, debt, issued,
        expired, lots, pending_lots, next_due_time, advanced_time, recorded_time, head_hash, feed_xid
    )
    SELECT slot, program_id, member_id, version, state, joined_time, available, pending, held, debt, issued,
           expired, lots::json, pending_lots::json, next_due_time, advanced_time, recorded_time, head_hash,
           feed_xid
    FROM unnest(
        $1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],
        $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::bytea[], $19::xid8[]
    ) AS u (
        slot, program_id, member_id, version, state, joined_time, available, pending, held, debt, issued,
        expired, lots, pending_lots, next_due_time, advanced_time, recorded_time, head_hash, feed_xid
    )
    ON CONFLICT (slot, program_id, member_id) DO UPDATE SET
        version = excluded.version, state = excluded.state, joined_time = excluded.joined_time,
        available = excluded.available, pending = excluded.pending, held = excluded.held,
        debt = excluded.debt, issued = excluded.issued, expired = excluded.expired, lots = excluded.lots,
        pending_lots = excluded.pending_lots, next_due_time = excluded.next_due_time,
        advanced_time = excluded.advanced_time, recorded_time = excluded.recorded_time,
        head_hash = excluded.head_hash, feed_xid = excluded.feed_xid
    WHERE account.version < excluded.version
    RETURNING 1
), entries AS (
    INSERT INTO journal ({JOURNAL_COLUMNS}, feed_xid)
    SELECT slot, program_id, member_id, seq, kind, request_id, request_digest, order_id, changes::json,
           available, pending, held, debt, next_expiry_time, next_expiry_points, program_version,
           effective_time, recorded_time, back_dated, hash, feed_xid
    FROM unnest(
        $20::smallint[], $21::text[], $22::text[], $23::bigint[], $24::text[], $25::text[], $26::bytea[],
        $27::text[], $28::text[], $29::bigint[], $30::bigint[], $31::bigint[], $32::bigint[],
        $33::timestamptz[], $34::bigint[], $35::bigint[], $36::timestamptz[], $37::timestamptz[],
        $38::boolean[], $39::bytea[], $40::xid8[]
    ) AS u ({JOURNAL_COLUMNS}, feed_xid)
), orders AS (
    INSERT INTO settled_order (slot, program_id, member_id, order_id, seq, content)
    SELECT slot, program_id, member_id, order_id, seq, content::json
    FROM unnest($41::smallint[], $42::text[], $43::text[], $44::text[], $45::bigint[], $46::text[])
        AS u (slot, program_id, member_id, order_id, seq, content)
), repeats AS (
    INSERT INTO repeated_request (slot, program_id, member_id, request_id, request_digest, seq)
    SELECT * FROM unnest($47::smallint[], $48::text[], $49::text[], $50::text[], $51::bytea[], $52::bigint[])
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
