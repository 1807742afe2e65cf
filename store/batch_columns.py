"""A batch as columns, in the order in which the statements take them."""

from collections.abc import Sequence

from points.civil_time import moment_of
from points.ledger import next_due_us
from store.loaded_member import Key, LoadedMember
from store.rows import lots_json, moment_or_none

Column = list[object]


def _columns(rows: list[tuple[object, ...]], width: int) -> list[Column]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def key_columns(keys: Sequence[Key]) -> tuple[list[int], list[str], list[str]]:
    """Slots, programs and members."""
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]


def account_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The accounts as their commands have left them."""
    rows: list[tuple[object, ...]] = []
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
                lots_json(ledger.lots),
                lots_json(ledger.pending_lots),
                moment_or_none(next_due_us(ledger)),
                moment_of(account.advanced_us),
                moment_of(account.recorded_us),
                account.head_hash,
                member.feed_xid,
            )
        )
    return _columns(rows, 19)


def journal_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The entries."""
    rows: list[tuple[object, ...]] = [
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
    return _columns(rows, 21)


def order_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The orders as received."""
    rows: list[tuple[object, ...]] = [
        (*member.key, order_id, seq, content.decode())
        for member in members
        for order_id, seq, content in member.orders
    ]
    return _columns(rows, 6)


def repeat_columns(members: Sequence[LoadedMember]) -> list[Column]:
    """The request ids under which settled orders came again."""
    rows: list[tuple[object, ...]] = [
        (*member.key, request_id, digest, seq)
        for member in members
        for request_id, digest, seq in member.repeats
    ]
    return _columns(rows, 6)
