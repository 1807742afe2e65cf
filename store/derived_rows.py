"""Reading everything that is derived from the journals of some members, for the check and the repair."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from members.account import Account
from points.civil_time import instant_of
from points.refunding import Refunded
from store.folding import Derived, HoldState, OrderState
from store.rows import ACCOUNT_COLUMNS, ACCOUNT_WIDTH, account_of, columns_of

Place = tuple[int, str]
"""A member of a program: slot and member id."""

_RANGE: Final = (
    "program_id = $1 AND (slot, program_id, member_id) > ($2, $1, $3)"
    " AND (slot, program_id, member_id) <= ($4, $1, $5)"
)
ACCOUNTS: Final = f"""
SELECT {columns_of("a", ACCOUNT_COLUMNS)}, a.next_due_time, i.digest_salt, clock_timestamp()
FROM (
    SELECT * FROM account WHERE program_id = $1 AND (slot, program_id, member_id) > ($2, $1, $3)
    ORDER BY slot, program_id, member_id LIMIT $4
) a LEFT JOIN LATERAL (
    SELECT digest_salt FROM identity
    WHERE slot = a.slot AND program_id = a.program_id AND member_id = a.member_id OFFSET 0
) i ON true
ORDER BY a.slot, a.member_id
"""  # noqa: S608 - column names of our own
_ORDERS: Final = f"""
SELECT slot, member_id, order_id, seq, refunded::text, content::text FROM settled_order WHERE {_RANGE}
"""  # noqa: S608 - a range of our own
_REFUNDS: Final = f"""
SELECT slot, member_id, order_id, seq, coalesce(refund_id, '') FROM order_refund WHERE {_RANGE}
"""  # noqa: S608 - a range of our own
_HOLDS: Final = f"""
SELECT slot, member_id, hold_id, seq, points, deadline_time, state, captured_points, resolved_seq
FROM hold WHERE {_RANGE}
"""  # noqa: S608 - a range of our own
_EXPIRED: Final = f"SELECT slot, member_id, end_us, points FROM expired_lot WHERE {_RANGE}"  # noqa: S608 - a range
_SNAPSHOTS: Final = f"SELECT slot, member_id, seq, account::text FROM account_snapshot WHERE {_RANGE}"  # noqa: S608

_refunded_decoder: Final = msgspec.json.Decoder(Refunded)
_account_decoder: Final = msgspec.json.Decoder(Account)


async def derived_of(
    driver: asyncpg.Connection,
    program_id: str,
    accounts: Sequence[asyncpg.Record],
    after: Place,
    upto: Place,
) -> "defaultdict[Place, Derived]":
    """What the rows of the members after one place up to another say; `accounts` are rows of ACCOUNTS."""
    bounds = (program_id, *after, *upto)
    derived: defaultdict[Place, Derived] = defaultdict(lambda: Derived(None, 0, b"", {}, set(), {}, {}, {}))
    for row in accounts:
        due, salt = row[ACCOUNT_WIDTH], row[ACCOUNT_WIDTH + 1]
        derived[row[0], row[2]] = Derived(
            account_of(row), 0 if due is None else instant_of(due), salt or b"", {}, set(), {}, {}, {}
        )
    for slot, member_id, order_id, seq, refunded, content in await driver.fetch(_ORDERS, *bounds):
        derived[slot, member_id].orders[order_id] = OrderState(
            seq, _refunded_decoder.decode(refunded), content
        )
    for slot, member_id, order_id, seq, refund_id in await driver.fetch(_REFUNDS, *bounds):
        derived[slot, member_id].refunds.add((order_id, seq, refund_id))
    for slot, member_id, hold_id, seq, points, deadline, *rest in await driver.fetch(_HOLDS, *bounds):
        derived[slot, member_id].holds[hold_id] = HoldState(seq, points, instant_of(deadline), *rest)
    for slot, member_id, end_us, points in await driver.fetch(_EXPIRED, *bounds):
        derived[slot, member_id].expired[end_us] = points
    for slot, member_id, seq, account in await driver.fetch(_SNAPSHOTS, *bounds):
        derived[slot, member_id].snapshots[seq] = _account_decoder.decode(account)
    return derived
