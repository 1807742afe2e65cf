"""Writing a batch: accounts and entries in one statement, and what stands beside them where there is any."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from points.lots import BooksBrokenError
from store.batch_columns import (
    Row,
    account_columns,
    columns,
    expired_rows,
    hold_rows,
    journal_columns,
    key_columns,
    note_rows,
    order_columns,
    refund_rows,
    refunded_rows,
    repeat_columns,
    resolved_rows,
    snapshot_rows,
)
from store.loaded_member import LoadedMember
from store.record_statements import (
    EXPIRED_WRITTEN,
    HOLD_WRITTEN,
    NOTE_WRITTEN,
    REFUND_ORDERS,
    REFUND_WRITTEN,
    REFUNDED_WRITTEN,
    RESOLVE_HOLDS,
    RESOLVED_WRITTEN,
    SNAPSHOT_WRITTEN,
    WRITE_EXPIRED,
    WRITE_HOLDS,
    WRITE_NOTES,
    WRITE_REFUNDS,
    WRITE_SNAPSHOTS,
)
from store.statements import FORGET_ACCOUNTS, NAME_MEMBERS, WRITE_BATCH

_BESIDE: Final = (
    (hold_rows, WRITE_HOLDS, len(HOLD_WRITTEN)),
    (resolved_rows, RESOLVE_HOLDS, len(RESOLVED_WRITTEN)),
    (refund_rows, WRITE_REFUNDS, len(REFUND_WRITTEN)),
    (refunded_rows, REFUND_ORDERS, len(REFUNDED_WRITTEN)),
    (expired_rows, WRITE_EXPIRED, len(EXPIRED_WRITTEN)),
    (note_rows, WRITE_NOTES, len(NOTE_WRITTEN)),
    (snapshot_rows, WRITE_SNAPSHOTS, len(SNAPSHOT_WRITTEN)),
)


async def write_batch(connection: asyncpg.Connection, members: Sequence[LoadedMember]) -> None:
    """Write everything that the members' commands changed, within the caller's transaction."""
    changed = [member for member in members if member.entries]
    if changed or any(member.repeats for member in members):
        written = await connection.fetchval(
            WRITE_BATCH,
            *account_columns(changed),
            *journal_columns(changed),
            *order_columns(changed),
            *repeat_columns(members),
        )
        if written != len(changed):
            raise BooksBrokenError(f"{written} of {len(changed)} locked accounts were as they were read")
    for rows_of, statement, width in _BESIDE:
        rows: list[Row] = rows_of(changed)
        if rows:
            await connection.execute(statement, *columns(rows, width))
    named = [(member, member.names[-1]) for member in changed if member.names]
    if named:
        await connection.execute(
            NAME_MEMBERS,
            *key_columns([member.key for member, _ in named]),
            [member.salt for member, _ in named],
            [name for _, name in named],
        )
    unused = [member.key for member in members if member.is_new]
    if unused:
        await connection.execute(FORGET_ACCOUNTS, *key_columns(unused))
