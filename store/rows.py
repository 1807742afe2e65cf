"""Between rows of the hot statements and the domain's state. Columns stand in one order, given here once."""

from datetime import datetime
from typing import Final, cast

import asyncpg
import msgspec

from members.account import Account, MemberState
from members.journal import Entry, EntryBalance, EntryKind
from points.civil_time import instant_of, moment_of
from points.ledger import Ledger, Lot, PendingLot
from points.policies import NEVER

ACCOUNT_COLUMNS: Final = (
    "slot, program_id, member_id, version, state, joined_time, available, pending, held, debt, issued,"
    " expired, lots, pending_lots, advanced_time, recorded_time, head_hash"
)
ACCOUNT_WIDTH: Final = 17
JOURNAL_COLUMNS: Final = (
    "slot, program_id, member_id, seq, kind, request_id, request_digest, order_id, changes, available,"
    " pending, held, debt, next_expiry_time, next_expiry_points, program_version, effective_time,"
    " recorded_time, back_dated, hash"
)
JOURNAL_WIDTH: Final = 20

_lots_decoder: Final = msgspec.json.Decoder(tuple[Lot, ...])
_pending_decoder: Final = msgspec.json.Decoder(tuple[PendingLot, ...])
_encoder: Final = msgspec.json.Encoder()


# Read as the text that is stored: the engine's driver would make Python lists of json, slowly.
JSON_COLUMNS: Final = {"lots", "pending_lots", "changes"}


def columns_of(alias: str, columns: str) -> str:
    """The columns, each of one table's alias, as `account_of` and `entry_of` read them."""
    return ", ".join(
        f"{alias}.{name}::text" if name in JSON_COLUMNS else f"{alias}.{name}"
        for name in (name.strip() for name in columns.split(","))
    )


def account_of(row: asyncpg.Record) -> Account:
    """The account in the first ACCOUNT_WIDTH columns of a row."""
    return Account(
        row[1],
        row[2],
        row[3],
        cast("MemberState", row[4]),
        _instant(row[5]),
        Ledger(
            row[6],
            row[7],
            row[8],
            row[9],
            row[10],
            row[11],
            _lots_decoder.decode(row[12]),
            _pending_decoder.decode(row[13]),
        ),
        instant_of(row[14]),
        instant_of(row[15]),
        row[16],
    )


def entry_of(row: asyncpg.Record) -> Entry:
    """The entry in the first JOURNAL_WIDTH columns of a row."""
    return Entry(
        row[1],
        row[2],
        row[3],
        cast("EntryKind", row[4]),
        row[5] or "",
        row[6] or b"",
        row[7] or "",
        row[8].encode(),
        EntryBalance(row[9], row[10], row[11], row[12], _instant(row[13]), row[14]),
        row[15],
        instant_of(row[16]),
        instant_of(row[17]),
        row[18],
        row[19],
    )


def lots_json(lots: tuple[Lot, ...] | tuple[PendingLot, ...]) -> str:
    """Lots as the account row holds them."""
    return _encoder.encode(lots).decode()


def moment_or_none(instant_us: int) -> datetime | None:
    """The datetime of an instant, None where there is none."""
    return None if instant_us == NEVER else moment_of(instant_us)


def _instant(moment: datetime | None) -> int:
    return NEVER if moment is None else instant_of(moment)
