"""Statements about what stands beside the account: orders' refunds, holds, expired lots, notes, snapshots.

They run only for batches that have such commands. As in the lanes' other statements, keys come as arrays and
each is looked up behind a fence (see statements.py).
"""

from typing import Final

from store.rows import JOURNAL_COLUMNS, columns_of
from store.statements import KEY_COLUMNS, unnested

_THE_MEMBERS: Final = "slot = k.slot AND program_id = k.program_id AND member_id = k.member_id"
_J: Final = columns_of("j", JOURNAL_COLUMNS)

# The orders that refunds are about, with the entry that settled each. Parameters: keys, order ids.
FIND_ORDERS: Final = f"""
SELECT {_J}, o.content::text, o.refunded::text
FROM {unnested((*KEY_COLUMNS, ("order_id", "text")), 1, "k")}
CROSS JOIN LATERAL (
    SELECT seq, content, refunded FROM settled_order WHERE {_THE_MEMBERS} AND order_id = k.order_id OFFSET 0
) o
CROSS JOIN LATERAL (SELECT * FROM journal WHERE {_THE_MEMBERS} AND seq = o.seq OFFSET 0) j
"""

# The entries of earlier refunds under the same refund ids. Parameters: keys, order ids, refund ids.
FIND_REFUNDS: Final = f"""
SELECT {_J}, k.refund_id
FROM {unnested((*KEY_COLUMNS, ("order_id", "text"), ("refund_id", "text")), 1, "k")}
CROSS JOIN LATERAL (
    SELECT seq FROM order_refund
    WHERE {_THE_MEMBERS} AND order_id = k.order_id AND refund_id = k.refund_id OFFSET 0
) r
CROSS JOIN LATERAL (SELECT * FROM journal WHERE {_THE_MEMBERS} AND seq = r.seq OFFSET 0) j
"""

# Holds, and the entry that resolved each (its columns are null while the hold is open). Parameters: keys,
# hold ids.
FIND_HOLDS: Final = f"""
SELECT k.slot, k.program_id, k.member_id, h.hold_id, h.points, h.state, h.captured_points, {_J}
FROM {unnested((*KEY_COLUMNS, ("hold_id", "text")), 1, "k")}
CROSS JOIN LATERAL (SELECT * FROM hold WHERE {_THE_MEMBERS} AND hold_id = k.hold_id OFFSET 0) h
LEFT JOIN LATERAL (
    SELECT * FROM journal WHERE {_THE_MEMBERS} AND seq = h.resolved_seq OFFSET 0
) j ON true
"""

# What expired of lots, by ranges of their keys. Parameters: keys, first and last key of each range.
FIND_EXPIRED: Final = f"""
SELECT k.slot, k.program_id, k.member_id, e.end_us, e.points
FROM {unnested((*KEY_COLUMNS, ("first_us", "bigint"), ("last_us", "bigint")), 1, "k")}
CROSS JOIN LATERAL (
    SELECT end_us, points FROM expired_lot
    WHERE {_THE_MEMBERS} AND end_us BETWEEN k.first_us AND k.last_us OFFSET 0
) e
"""

HOLD_WRITTEN: Final = (
    *KEY_COLUMNS,
    ("hold_id", "text"),
    ("seq", "bigint"),
    ("points", "bigint"),
    ("deadline_time", "timestamptz"),
    ("state", "text"),
    ("captured_points", "bigint"),
    ("resolved_seq", "bigint"),
)
RESOLVED_WRITTEN: Final = (
    *KEY_COLUMNS,
    ("hold_id", "text"),
    ("state", "text"),
    ("captured_points", "bigint"),
    ("resolved_seq", "bigint"),
)
REFUND_WRITTEN: Final = (*KEY_COLUMNS, ("order_id", "text"), ("seq", "bigint"), ("refund_id", "text"))
REFUNDED_WRITTEN: Final = (*KEY_COLUMNS, ("order_id", "text"), ("refunded", "text"))
EXPIRED_WRITTEN: Final = (*KEY_COLUMNS, ("end_us", "bigint"), ("points", "bigint"))
NOTE_WRITTEN: Final = (*KEY_COLUMNS, ("seq", "bigint"), ("note", "text"))
SNAPSHOT_WRITTEN: Final = (
    *KEY_COLUMNS,
    ("seq", "bigint"),
    ("recorded_time", "timestamptz"),
    ("advanced_time", "timestamptz"),
    ("account", "text"),
)

WRITE_HOLDS: Final = f"""
INSERT INTO hold (slot, program_id, member_id, hold_id, seq, points, deadline_time, state, captured_points,
                  resolved_seq)
SELECT * FROM {unnested(HOLD_WRITTEN, 1, "u")}
"""

# A row that is updated is found as in a look-up: by its place, behind the fence.
RESOLVE_HOLDS: Final = f"""
UPDATE hold SET state = u.state, captured_points = u.captured_points, resolved_seq = u.resolved_seq
FROM (
    SELECT k.*, h.place FROM {unnested(RESOLVED_WRITTEN, 1, "k")}
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM hold WHERE {_THE_MEMBERS} AND hold_id = k.hold_id OFFSET 0
    ) h
) u
WHERE hold.ctid = u.place
"""

WRITE_REFUNDS: Final = f"""
INSERT INTO order_refund (slot, program_id, member_id, order_id, seq, refund_id)
SELECT * FROM {unnested(REFUND_WRITTEN, 1, "u")}
"""

REFUND_ORDERS: Final = f"""
UPDATE settled_order SET refunded = u.refunded::json
FROM (
    SELECT k.*, o.place FROM {unnested(REFUNDED_WRITTEN, 1, "k")}
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM settled_order WHERE {_THE_MEMBERS} AND order_id = k.order_id OFFSET 0
    ) o
) u
WHERE settled_order.ctid = u.place
"""

WRITE_EXPIRED: Final = f"""
INSERT INTO expired_lot (slot, program_id, member_id, end_us, points)
SELECT * FROM {unnested(EXPIRED_WRITTEN, 1, "u")}
ON CONFLICT (slot, program_id, member_id, end_us) DO UPDATE SET points = expired_lot.points + excluded.points
"""

WRITE_NOTES: Final = f"""
INSERT INTO entry_note (slot, program_id, member_id, seq, note) SELECT * FROM {unnested(NOTE_WRITTEN, 1, "u")}
"""

WRITE_SNAPSHOTS: Final = f"""
INSERT INTO account_snapshot (slot, program_id, member_id, seq, recorded_time, advanced_time, account)
SELECT slot, program_id, member_id, seq, recorded_time, advanced_time, account::json
FROM {unnested(SNAPSHOT_WRITTEN, 1, "u")}
"""
