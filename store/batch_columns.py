"""A batch as columns, in the order in which the statements take them."""

from collections.abc import Sequence

from points.civil_time import moment_of
from points.falling_due import next_due_us
from store.loaded_member import Key, LoadedMember
from store.rows import counters_json, json_text, moment_or_none
from store.statements import ACCOUNT_WRITTEN, JOURNAL_WRITTEN, ORDER_WRITTEN, REPEAT_WRITTEN

Column = list[object]
Row = tuple[object, ...]


def columns(rows: Sequence[Row], width: int) -> list[Column]:
    """Rows turned into columns; so many empty ones where there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def key_columns(keys: Sequence[Key]) -> tuple[list[int], list[str], list[str]]:
    """Slots, programs and members."""
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]


def account_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The accounts as their commands have left them."""
    rows: list[Row] = []
    for member in members:
        account = member.account
        ledger = account.ledger
        rows.append(
            (
                *member.key,
                account.version,
                account.state,
                moment_or_none(account.joined_us),
                ledger.available,
                ledger.pending,
                ledger.held,
                ledger.debt,
                ledger.issued,
                ledger.expired,
                json_text(ledger.lots),
                json_text(ledger.pending_lots),
                moment_or_none(next_due_us(ledger)),
                moment_of(account.advanced_us),
                moment_of(account.recorded_us),
                account.head_hash,
                member.feed_xid,
                ledger.redeemed,
                ledger.voided,
                ledger.transferred_in,
                ledger.transferred_out,
                json_text(ledger.holds) if ledger.holds else "[]",
                counters_json(ledger),
            )
        )
    return columns(rows, len(ACCOUNT_WRITTEN))


def journal_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The entries."""
    rows: list[Row] = [
        (
            *member.key,
            entry.seq,
            entry.kind,
            entry.request_id or None,
            entry.digest or None,
            entry.order_id or None,
            entry.changes_json.decode(),
            entry.balance.available,
            entry.balance.pending,
            entry.balance.held,
            entry.balance.debt,
            moment_or_none(entry.balance.next_expiry_us),
            entry.balance.next_expiry_points,
            entry.program_version,
            moment_of(entry.effective_us),
            moment_of(entry.recorded_us),
            entry.back_dated,
            entry.hash,
            member.feed_xid,
        )
        for member in members
        for entry in member.entries
    ]
    return columns(rows, len(JOURNAL_WRITTEN))


def order_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The orders as received."""
    rows: list[Row] = [
        (*member.key, order_id, seq, content.decode())
        for member in members
        for order_id, seq, content in member.orders
    ]
    return columns(rows, len(ORDER_WRITTEN))


def repeat_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The request ids under which what was done before came again."""
    rows: list[Row] = [
        (*member.key, request_id, digest, seq)
        for member in members
        for request_id, digest, seq in member.repeats
    ]
    return columns(rows, len(REPEAT_WRITTEN))


def hold_rows(members: Sequence[LoadedMember]) -> list[Row]:
    """Holds that were placed."""
    return [
        (
            *member.key,
            hold_id,
            hold.seq,
            hold.points,
            moment_of(hold.deadline_us),
            hold.state,
            hold.captured_points,
            hold.resolved_seq,
        )
        for member in members
        for hold_id, hold in member.hold_rows.items()
    ]


def resolved_rows(members: Sequence[LoadedMember]) -> list[Row]:
    """Earlier holds that were resolved."""
    return [
        (*member.key, hold.hold_id, hold.state, hold.captured_points, hold.seq)
        for member in members
        for hold in member.resolved_holds
    ]


def refund_rows(members: Sequence[LoadedMember]) -> list[Row]:
    """Refunds that were made."""
    return [
        (*member.key, order_id, seq, refund_id or None)
        for member in members
        for order_id, seq, refund_id in member.refunds
    ]


def refunded_rows(members: Sequence[LoadedMember]) -> list[Row]:
    """What has come back of orders now."""
    return [
        (*member.key, order_id, json_text(member.settled[order_id].refunded))
        for member in members
        for order_id in sorted(member.changed_refunds)
    ]


def expired_rows(members: Sequence[LoadedMember]) -> list[Row]:
    """How what expired of lots has changed."""
    return [
        (*member.key, key_us, points)
        for member in members
        for key_us, points in member.expired_changes.items()
        if points
    ]


def note_rows(members: Sequence[LoadedMember]) -> list[Row]:
    """What people wrote about entries."""
    return [(*member.key, seq, note) for member in members for seq, note in member.notes]


def snapshot_rows(members: Sequence[LoadedMember]) -> list[Row]:
    """Accounts that are to be kept as they are now."""
    return [
        (
            *member.key,
            member.account.version,
            moment_of(member.account.recorded_us),
            moment_of(member.account.advanced_us),
            json_text(member.account),
        )
        for member in members
        if member.needs_snapshot
    ]
