"""Between rows of the hot statements and the domain's state. Columns stand in one order, given here once."""

from datetime import datetime
from typing import Final, cast

import asyncpg
import msgspec

from members.account import Account, MemberState
from members.journal import Entry, EntryBalance, EntryKind
from points.civil_time import instant_of, moment_of
from points.ledger import Hold, Ledger
from points.lots import Lot, PendingLot
from points.policies import NEVER

ACCOUNT_COLUMNS: Final = (
    "slot, program_id, member_id, version, state, joined_time, available, pending, held, debt, issued,"
    " expired, lots, pending_lots, advanced_time, recorded_time, head_hash, redeemed, voided, transferred_in,"
    " transferred_out, holds, counters"
)
ACCOUNT_WIDTH: Final = 23
JOURNAL_COLUMNS: Final = (
    "slot, program_id, member_id, seq, kind, request_id, request_digest, order_id, changes, available,"
    " pending, held, debt, next_expiry_time, next_expiry_points, program_version, effective_time,"
    " recorded_time, back_dated, hash"
)
JOURNAL_WIDTH: Final = 20


class Counters(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an account counts and nobody asks SQL for: the sliding lot's end, and what was given on a day."""

    sliding_end_us: int = NEVER
    transfer_day: int = 0
    transferred_that_day: int = 0


_lots_decoder: Final = msgspec.json.Decoder(tuple[Lot, ...])
_pending_decoder: Final = msgspec.json.Decoder(tuple[PendingLot, ...])
_holds_decoder: Final = msgspec.json.Decoder(tuple[Hold, ...])
_counters_decoder: Final = msgspec.json.Decoder(Counters)
_encoder: Final = msgspec.json.Encoder()
_NO_COUNTERS: Final = Counters()


# Read as the text that is stored: the engine's driver would make Python lists of json, slowly.
JSON_COLUMNS: Final = {"lots", "pending_lots", "changes", "holds", "counters"}


def columns_of(alias: str, columns: str) -> str:
    """The columns, each of one table's alias, as `account_of` and `entry_of` read them."""
    return ", ".join(
        f"{alias}.{name}::text" if name in JSON_COLUMNS else f"{alias}.{name}"
        for name in (name.strip() for name in columns.split(","))
    )


def account_of(row: asyncpg.Record) -> Account:
    """The account in the first ACCOUNT_WIDTH columns of a row."""
    counters = _NO_COUNTERS if row[22] == "{}" else _counters_decoder.decode(row[22])
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
            row[17],
            row[18],
            row[19],
            row[20],
            () if row[21] == "[]" else _holds_decoder.decode(row[21]),
            counters.sliding_end_us,
            counters.transfer_day,
            counters.transferred_that_day,
        ),
        instant_of(row[14]),
        instant_of(row[15]),
        row[16],
    )


def entry_of(row: asyncpg.Record, first: int = 0) -> Entry:
    """The entry in JOURNAL_WIDTH columns of a row, the first of them at `first`."""
    fields = row[first : first + JOURNAL_WIDTH] if first else row
    return Entry(
        fields[1],
        fields[2],
        fields[3],
        cast("EntryKind", fields[4]),
        fields[5] or "",
        fields[6] or b"",
        fields[7] or "",
        fields[8].encode(),
        EntryBalance(fields[9], fields[10], fields[11], fields[12], _instant(fields[13]), fields[14]),
        fields[15],
        instant_of(fields[16]),
        instant_of(fields[17]),
        fields[18],
        fields[19],
    )


def json_text(value: object) -> str:
    """A structured column as it is stored."""
    return _encoder.encode(value).decode()


def counters_json(ledger: Ledger) -> str:
    """The account's counters as they are stored."""
    if ledger.sliding_end_us == NEVER and not ledger.transfer_day:
        return "{}"
    return json_text(Counters(ledger.sliding_end_us, ledger.transfer_day, ledger.transferred_that_day))


def moment_or_none(instant_us: int) -> datetime | None:
    """The datetime of an instant, None where there is none."""
    return None if instant_us == NEVER else moment_of(instant_us)


def _instant(moment: datetime | None) -> int:
    return NEVER if moment is None else instant_of(moment)
