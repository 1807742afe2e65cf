"""What a batch's commands need to know of the past: earlier requests, orders, refunds and holds.

All of it is looked up after the accounts are locked, each kind in a statement of its own: only so does the
statement's snapshot hold everything that was committed for these members.
"""

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from members.commands import CaptureHold, Command, RefundOrder, ReleaseHold, SettleOrder
from members.records import HoldRecord, SettledOrder, order_of_record
from points.policies import SLIDING
from points.refunding import Refunded
from store.batch_columns import key_columns
from store.loaded_member import Key, LoadedMember
from store.programs import ProgramShelf
from store.record_statements import FIND_EXPIRED, FIND_HOLDS, FIND_ORDERS, FIND_REFUNDS
from store.rows import JOURNAL_WIDTH, entry_of
from store.statements import FIND_EARLIER

_refunded_decoder: Final = msgspec.json.Decoder(Refunded)
_KEY_US_MIN: Final = -(2**63)
_HOLD_WIDTH: Final = 7

Asked = tuple[Key, Command]
Members = dict[Key, LoadedMember]


async def find_earlier(
    connection: asyncpg.Connection, asked: Sequence[Asked], members: Members, shelf: ProgramShelf
) -> None:
    """Tell each member what its commands' identifiers were used for before."""
    known = [
        (key, command)
        for key, command in asked
        if (member := members.get(key)) is not None and member.version_before > 0
    ]
    if not known:
        return
    await _find_requests(connection, known, members)
    refunds = [(key, command) for key, command in known if isinstance(command, RefundOrder)]
    if refunds:
        await _find_orders(connection, refunds, members, shelf)
        await _find_refunds(connection, refunds, members)
        await find_expired(connection, members, [(key, command.order_id) for key, command in refunds])
    holds = [(key, hold_id) for key, command in known if (hold_id := _hold_of(command))]
    if holds:
        await _find_holds(connection, holds, members)


def _hold_of(command: Command) -> str:
    return command.hold_id if isinstance(command, (SettleOrder, CaptureHold, ReleaseHold)) else ""


async def _find_requests(connection: asyncpg.Connection, asked: Sequence[Asked], members: Members) -> None:
    rows = await connection.fetch(
        FIND_EARLIER,
        *key_columns([key for key, _ in asked]),
        [command.request_id for _, command in asked],
        [command.order.order_id if isinstance(command, SettleOrder) else None for _, command in asked],
    )
    for row in rows:
        place, found, first_digest = row[JOURNAL_WIDTH:]
        key, command = asked[place - 1]
        member, entry = members[key], entry_of(row)
        if found == "request":
            member.by_request[command.request_id] = (first_digest, entry)
        else:
            member.by_order[entry.order_id] = entry


async def _find_orders(
    connection: asyncpg.Connection,
    refunds: Sequence[tuple[Key, RefundOrder]],
    members: Members,
    shelf: ProgramShelf,
) -> None:
    wanted = sorted({(key, command.order_id) for key, command in refunds})
    rows = await connection.fetch(
        FIND_ORDERS, *key_columns([key for key, _ in wanted]), [order_id for _, order_id in wanted]
    )
    for row in rows:
        entry = entry_of(row)
        program = await shelf.get(connection, entry.program_id, entry.program_version)
        content, refunded = row[JOURNAL_WIDTH:]
        members[row[0], row[1], row[2]].settled[entry.order_id] = SettledOrder(
            entry,
            order_of_record(content),
            program.document.policies.refunds,
            _refunded_decoder.decode(refunded),
        )


async def _find_refunds(
    connection: asyncpg.Connection, refunds: Sequence[tuple[Key, RefundOrder]], members: Members
) -> None:
    wanted = sorted(
        {(key, command.order_id, command.refund_id) for key, command in refunds if command.refund_id}
    )
    if not wanted:
        return
    rows = await connection.fetch(
        FIND_REFUNDS,
        *key_columns([key for key, _, _ in wanted]),
        [order_id for _, order_id, _ in wanted],
        [refund_id for _, _, refund_id in wanted],
    )
    for row in rows:
        entry = entry_of(row)
        members[row[0], row[1], row[2]].by_refund[entry.order_id, row[JOURNAL_WIDTH]] = entry


async def _find_holds(
    connection: asyncpg.Connection, holds: Sequence[tuple[Key, str]], members: Members
) -> None:
    wanted = sorted(set(holds))
    rows = await connection.fetch(
        FIND_HOLDS, *key_columns([key for key, _ in wanted]), [hold_id for _, hold_id in wanted]
    )
    for row in rows:
        _, _, _, hold_id, points, state, captured_points = row[:_HOLD_WIDTH]
        resolution = None if row[_HOLD_WIDTH] is None else entry_of(row, _HOLD_WIDTH)
        members[row[0], row[1], row[2]].holds[hold_id] = HoldRecord(
            hold_id, points, state, captured_points, resolution
        )


async def find_expired(
    connection: asyncpg.Connection, members: Members, orders: Sequence[tuple[Key, str]]
) -> None:
    """Tell members what expired of the lots that some of their settled orders fed."""
    ranges: list[tuple[Key, int, int]] = []
    for key, order_id in sorted(set(orders)):
        member = members[key]
        settled = member.settled.get(order_id)
        if settled is None or order_id in member.expired_known:
            continue
        member.expired_known.add(order_id)
        for end_us in {leg.end_us for award in settled.awards for leg in award.legs}:
            if end_us != SLIDING:
                ranges.append((key, end_us, end_us))
                if end_us not in member.expired:
                    member.know_expired(end_us, 0)
            else:
                ranges.append((key, _KEY_US_MIN, -settled.entry.effective_us - 1))
    if not ranges:
        return
    rows = await connection.fetch(
        FIND_EXPIRED,
        *key_columns([key for key, _, _ in ranges]),
        [first_us for _, first_us, _ in ranges],
        [last_us for _, _, last_us in ranges],
    )
    for row in rows:
        members[row[0], row[1], row[2]].know_expired(row[3], row[4])
