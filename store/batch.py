"""One batch of a lane: lock and load, fold every command in memory, write all of it, commit.

Either every accepted command of the batch is in the books, or none is. A refused command refuses alone.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import asyncpg

from members.account import Account
from members.commands import CaptureHold, Command, RefundOrder, ReleaseHold, SettleOrder, digest_of
from members.execute import Accepted, Repeated, execute, recognise
from members.records import NO_RECORDS, Records
from points.civil_time import instant_of
from store.batch_columns import key_columns
from store.batch_lookup import find_earlier, find_expired
from store.batch_writing import write_batch
from store.loaded_member import Key, LoadedMember
from store.programs import ProgramShelf
from store.rows import ACCOUNT_WIDTH, account_of
from store.statements import ENSURE_ACCOUNTS, FIND_HELD, LOCK_ACCOUNTS
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
    await find_earlier(connection, [(ticket.key, ticket.command) for ticket in tickets], members, shelf)
    outcomes: list[Outcome] = []
    for ticket in tickets:
        member = members.get(ticket.key)
        if member is not None and isinstance(ticket.command, RefundOrder):
            # An order that this very batch has settled: what expired of its lots was not asked for yet.
            await find_expired(connection, members, [(ticket.key, ticket.command.order_id)])
        outcomes.append(_carry_out(ticket, member, now_us))
    await write_batch(connection, list(members.values()))
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
    return await members_of(connection, rows, shelf)


async def find_held(connection: asyncpg.Connection, keys: Sequence[Key]) -> set[Key]:
    """Those of the accounts that another transaction holds. It waits for none of them."""
    async with connection.transaction():
        rows = await connection.fetch(FIND_HELD, *key_columns(keys))
    return {(row[0], row[1], row[2]) for row in rows}


async def members_of(
    connection: asyncpg.Connection, rows: Sequence[asyncpg.Record], shelf: ProgramShelf
) -> tuple[dict[Key, LoadedMember], int]:
    """The members that LOCK_ACCOUNTS found, each with the live version of its program, and the clock."""
    members: dict[Key, LoadedMember] = {}
    now_us = 0
    for row in rows:
        salt, live_version, feed_xid, now = row[ACCOUNT_WIDTH:]
        program = await shelf.get(connection, row[1], live_version)
        key = (row[0], row[1], row[2])
        members[key] = LoadedMember(key, account_of(row), salt, feed_xid, program)
        now_us = max(now_us, instant_of(now))
    return members, now_us


def _carry_out(ticket: Ticket, member: LoadedMember | None, now_us: int) -> Outcome:
    """The outcome of one command, which the member remembers for the commands after it."""
    if member is None:
        return ProgramUnknownError(ticket.program_id)
    command = ticket.command
    digest = digest_of(command, member.salt)
    records = _records_of(command, member)
    earlier = recognise(
        command,
        digest,
        member.by_request.get(command.request_id),
        member.by_order.get(command.order.order_id) if isinstance(command, SettleOrder) else None,
        member.by_refund.get((command.order_id, command.refund_id))
        if isinstance(command, RefundOrder)
        else None,
        records.hold,
    )
    if isinstance(earlier, Repeated):
        if not earlier.known and not command.validate_only:
            member.repeats.append((command.request_id, digest, earlier.entry.seq))
            member.by_request[command.request_id] = (digest, earlier.entry)
        return earlier.entry
    if earlier is not None:
        return earlier
    result = execute(member.account, command, digest, member.program, now_us, records)
    if not isinstance(result, Accepted):
        return result
    if not command.validate_only:
        member.remember(command, digest, result)
    return result.entries[-1]


def _records_of(command: Command, member: LoadedMember) -> Records:
    match command:
        case RefundOrder(order_id=order_id):
            return Records(order=member.settled.get(order_id), expired=member.expired)
        case SettleOrder(hold_id=hold_id) | CaptureHold(hold_id=hold_id) | ReleaseHold(hold_id=hold_id) if (
            hold_id
        ):
            return Records(hold=member.holds.get(hold_id))
        case _:
            return NO_RECORDS
