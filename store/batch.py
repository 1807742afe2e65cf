"""One batch of a lane: lock and load, fold every command in memory, write all of it, commit.

Either every accepted command of the batch is in the books, or none is. A refused command refuses alone.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import asyncpg

from members.account import Account
from members.commands import SettleOrder, digest_of
from members.execute import Accepted, Repeated, execute, recognise
from points.civil_time import instant_of
from points.ledger import BooksBrokenError
from store.batch_columns import (
    account_columns,
    journal_columns,
    key_columns,
    order_columns,
    repeat_columns,
)
from store.loaded_member import Key, LoadedMember
from store.programs import ProgramShelf
from store.rows import ACCOUNT_WIDTH, JOURNAL_WIDTH, account_of, entry_of
from store.statements import (
    ENSURE_ACCOUNTS,
    FIND_EARLIER,
    FORGET_ACCOUNTS,
    LOCK_ACCOUNTS,
    NAME_MEMBERS,
    WRITE_BATCH,
)
from store.tickets import Outcome, ProgramUnknownError, Ticket

SALT_BYTES: Final = 16


class BatchResult(NamedTuple):
    """What a committed batch gives: an outcome a ticket, and the accounts it touched as of `now_us`."""

    outcomes: list[Outcome]
    accounts: list[Account]
    now_us: int


async def run_batch(
    connection: asyncpg.Connection,
    tickets: Sequence[Ticket],
    shelf: ProgramShelf,
    clock: Callable[[int], int],
) -> BatchResult:
    """Carry out the tickets' commands in one transaction, in their order.

    `clock` answers the instant to decide by, given Postgres's. Raises what the driver raises; then nothing
    is written, unless the connection broke during the commit.
    """
    keys = sorted({ticket.key for ticket in tickets})
    await connection.execute("BEGIN")
    members, now_us = await _load(connection, keys, shelf)
    now_us = clock(now_us)
    await _find_earlier(connection, tickets, members)
    outcomes = [_carry_out(ticket, members.get(ticket.key), now_us) for ticket in tickets]
    await _write(connection, list(members.values()))
    await connection.execute("COMMIT")
    return BatchResult(outcomes, [member.account for member in members.values()], now_us)


async def _load(
    connection: asyncpg.Connection, keys: list[Key], shelf: ProgramShelf
) -> tuple[dict[Key, LoadedMember], int]:
    columns = key_columns(keys)
    rows = await connection.fetch(LOCK_ACCOUNTS, *columns)
    if len(rows) < len(keys):
        # Adding the missing ones now would take locks out of order. Start over and take all in order.
        await connection.execute("ROLLBACK")
        await connection.execute("BEGIN")
        salts = [secrets.token_bytes(SALT_BYTES) for _ in keys]
        await connection.execute(ENSURE_ACCOUNTS, *columns, salts)
        rows = await connection.fetch(LOCK_ACCOUNTS, *columns)
    members: dict[Key, LoadedMember] = {}
    now_us = 0
    for row in rows:
        salt, live_version, feed_xid, now = row[ACCOUNT_WIDTH:]
        program = await shelf.get(connection, row[1], live_version)
        key = (row[0], row[1], row[2])
        members[key] = LoadedMember(key, account_of(row), salt, feed_xid, program)
        now_us = max(now_us, instant_of(now))
    return members, now_us


async def _find_earlier(
    connection: asyncpg.Connection, tickets: Sequence[Ticket], members: dict[Key, LoadedMember]
) -> None:
    """Tell each member what its request ids and orders were used for before."""
    known = [
        ticket
        for ticket in tickets
        if (member := members.get(ticket.key)) is not None and member.version_before > 0
    ]
    if not known:
        return
    rows = await connection.fetch(
        FIND_EARLIER,
        *key_columns([ticket.key for ticket in known]),
        [ticket.command.request_id for ticket in known],
        [
            ticket.command.order.order_id if isinstance(ticket.command, SettleOrder) else None
            for ticket in known
        ],
    )
    for row in rows:
        place, found, first_digest = row[JOURNAL_WIDTH:]
        ticket = known[place - 1]
        member, entry = members[ticket.key], entry_of(row)
        if found == "request":
            member.by_request[ticket.command.request_id] = (first_digest, entry)
        else:
            member.by_order[entry.order_id] = entry


def _carry_out(ticket: Ticket, member: LoadedMember | None, now_us: int) -> Outcome:
    """The outcome of one command, which the member remembers for the commands after it."""
    if member is None:
        return ProgramUnknownError(ticket.program_id)
    command = ticket.command
    order_id = command.order.order_id if isinstance(command, SettleOrder) else ""
    digest = digest_of(command, member.salt)
    earlier = recognise(
        command, digest, member.by_request.get(command.request_id), member.by_order.get(order_id)
    )
    if isinstance(earlier, Repeated):
        if not earlier.known and not command.validate_only:
            member.repeats.append((command.request_id, digest, earlier.entry.seq))
            member.by_request[command.request_id] = (digest, earlier.entry)
        return earlier.entry
    if earlier is not None:
        return earlier
    result = execute(member.account, command, digest, member.program, now_us)
    if not isinstance(result, Accepted):
        return result
    entry = result.entries[-1]
    if command.validate_only:
        return entry
    member.account = result.account
    member.entries.extend(result.entries)
    member.by_request[command.request_id] = (digest, entry)
    if isinstance(command, SettleOrder):
        member.by_order[order_id] = entry
        member.orders.append((order_id, entry.seq, command.content))
    elif command.display_name:
        member.names.append(command.display_name)
    return entry


async def _write(connection: asyncpg.Connection, members: list[LoadedMember]) -> None:
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
    named = [(member, member.names[-1]) for member in changed if member.names]
    if named:
        await connection.execute(
            NAME_MEMBERS,
            *key_columns([member.key for member, _ in named]),
            [member.salt for member, _ in named],
            [name for _, name in named],
        )
    unused = [member.key for member in members if member.account.version == 0]
    if unused:
        await connection.execute(FORGET_ACCOUNTS, *key_columns(unused))
