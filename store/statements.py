"""The lanes' few hot statements, as text, prepared once a connection.

Keys come as arrays that are unnested and joined: `slot = any(…) and member_id = any(…)` would probe the
cross product.
"""

from typing import Final

from store.rows import ACCOUNT_COLUMNS, JOURNAL_COLUMNS, columns_of

_KEYS: Final = "unnest($1::smallint[], $2::text[], $3::text[]) AS k (slot, program_id, member_id)"
_SAME_MEMBER: Final = "{0}.slot = k.slot AND {0}.program_id = k.program_id AND {0}.member_id = k.member_id"

# Locks and reads the batch's accounts, in key order, so that two batches never wait for each other in a
# circle. Rows that do not exist yet are missing from the answer.
LOCK_ACCOUNTS: Final = f"""
SELECT {columns_of("a", ACCOUNT_COLUMNS)}, i.digest_salt, p.live_version,
       greatest(a.feed_xid, pg_current_xact_id()) AS feed_xid, clock_timestamp() AS now
FROM {_KEYS}
JOIN account a ON {_SAME_MEMBER.format("a")}
JOIN identity i ON {_SAME_MEMBER.format("i")}
JOIN program p ON p.program_id = k.program_id
ORDER BY a.slot, a.program_id, a.member_id
FOR UPDATE OF a
"""

# Runs first in a transaction of its own attempt where LOCK_ACCOUNTS found some missing: makes the missing
# ones and locks the others in one pass in key order. Members of unknown programs are left out.
ENSURE_ACCOUNTS: Final = """
WITH k AS (
    SELECT k.slot, k.program_id, k.member_id, k.digest_salt
    FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[])
        AS k (slot, program_id, member_id, digest_salt)
    JOIN program p ON p.program_id = k.program_id
    ORDER BY k.slot, k.program_id, k.member_id
), made AS (
    INSERT INTO account (slot, program_id, member_id)
    SELECT slot, program_id, member_id FROM k ORDER BY slot, program_id, member_id
    ON CONFLICT (slot, program_id, member_id) DO UPDATE SET version = account.version
    RETURNING slot, program_id, member_id
)
INSERT INTO identity (slot, program_id, member_id, digest_salt)
SELECT k.slot, k.program_id, k.member_id, k.digest_salt
FROM made JOIN k USING (slot, program_id, member_id)
ON CONFLICT (slot, program_id, member_id) DO NOTHING
"""

# Takes back members that were made for commands which were then refused.
FORGET_ACCOUNTS: Final = f"""
WITH k AS (SELECT * FROM {_KEYS}), gone AS (
    DELETE FROM account a USING k WHERE {_SAME_MEMBER.format("a")} AND a.version = 0
    RETURNING a.slot, a.program_id, a.member_id
)
DELETE FROM identity i USING gone k WHERE {_SAME_MEMBER.format("i")}
"""

# What the batch's request ids and orders were used for before. It runs after the locks are held, as a
# statement of its own: only so does its snapshot hold all that was committed for these members.
FIND_EARLIER: Final = f"""
WITH k AS (
    SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[])
        WITH ORDINALITY AS k (slot, program_id, member_id, request_id, order_id, n)
)
SELECT {columns_of("j", JOURNAL_COLUMNS)}, k.n, 'request' AS found, j.request_digest AS first_digest
FROM k JOIN journal j ON {_SAME_MEMBER.format("j")} AND j.request_id = k.request_id
UNION ALL
SELECT {columns_of("j", JOURNAL_COLUMNS)}, k.n, 'request', r.request_digest
FROM k JOIN repeated_request r ON {_SAME_MEMBER.format("r")} AND r.request_id = k.request_id
JOIN journal j ON {_SAME_MEMBER.format("j")} AND j.seq = r.seq
UNION ALL
SELECT {columns_of("j", JOURNAL_COLUMNS)}, k.n, 'order', NULL
FROM k JOIN settled_order o ON {_SAME_MEMBER.format("o")} AND o.order_id = k.order_id
JOIN journal j ON {_SAME_MEMBER.format("j")} AND j.seq = o.seq
"""

# Writes a whole batch: accounts, entries, orders and repeated requests, in one round trip. Answers how many
# accounts it updated; an account is only taken from the version that was read.
WRITE_BATCH: Final = f"""
WITH written AS (
    UPDATE account a SET
        version = u.version, state = u.state, joined_time = u.joined_time, available = u.available,
        pending = u.pending, held = u.held, debt = u.debt, issued = u.issued, expired = u.expired,
        lots = u.lots::json, pending_lots = u.pending_lots::json, next_due_time = u.next_due_time,
        advanced_time = u.advanced_time, recorded_time = u.recorded_time, head_hash = u.head_hash,
        feed_xid = u.feed_xid
    FROM unnest(
        $1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[],
        $15::text[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::bytea[], $20::xid8[]
    ) AS u (
        slot, program_id, member_id, version_before, version, state, joined_time, available, pending, held,
        debt, issued, expired, lots, pending_lots, next_due_time, advanced_time, recorded_time, head_hash,
        feed_xid
    )
    WHERE a.slot = u.slot AND a.program_id = u.program_id AND a.member_id = u.member_id
      AND a.version = u.version_before
    RETURNING 1
), entries AS (
    INSERT INTO journal ({JOURNAL_COLUMNS}, feed_xid)
    SELECT slot, program_id, member_id, seq, kind, request_id, request_digest, order_id, changes::json,
           available, pending, held, debt, next_expiry_time, next_expiry_points, program_version,
           effective_time, recorded_time, back_dated, hash, feed_xid
    FROM unnest(
        $21::smallint[], $22::text[], $23::text[], $24::bigint[], $25::text[], $26::text[], $27::bytea[],
        $28::text[], $29::text[], $30::bigint[], $31::bigint[], $32::bigint[], $33::bigint[],
        $34::timestamptz[], $35::bigint[], $36::bigint[], $37::timestamptz[], $38::timestamptz[],
        $39::boolean[], $40::bytea[], $41::xid8[]
    ) AS u ({JOURNAL_COLUMNS}, feed_xid)
), orders AS (
    INSERT INTO settled_order (slot, program_id, member_id, order_id, seq, content)
    SELECT slot, program_id, member_id, order_id, seq, content::json
    FROM unnest($42::smallint[], $43::text[], $44::text[], $45::text[], $46::bigint[], $47::text[])
        AS u (slot, program_id, member_id, order_id, seq, content)
), repeats AS (
    INSERT INTO repeated_request (slot, program_id, member_id, request_id, request_digest, seq)
    SELECT * FROM unnest($48::smallint[], $49::text[], $50::text[], $51::text[], $52::bytea[], $53::bigint[])
)
SELECT count(*) FROM written
"""

# Names the people who gave one when they joined.
NAME_MEMBERS: Final = """
UPDATE identity i SET display_name = k.display_name
FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[])
    AS k (slot, program_id, member_id, display_name)
WHERE i.slot = k.slot AND i.program_id = k.program_id AND i.member_id = k.member_id
"""

# Balances for reads, many members in one query, with the clock they are read by.
READ_ACCOUNTS: Final = f"""
SELECT {columns_of("a", ACCOUNT_COLUMNS)}, clock_timestamp() AS now
FROM {_KEYS}
JOIN account a ON {_SAME_MEMBER.format("a")}
WHERE a.version > 0
"""
