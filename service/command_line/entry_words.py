"""Entries in a person's words: what made one, what each of its changes did, where points moved."""

from enum import StrEnum
from typing import Final, NamedTuple

from loyalty.v1 import entry_pb2

from service.command_line.output import local_time, number


class Kind(StrEnum):
    """What made an entry, in one word; each has the name that the contract gives it."""

    MEMBER_ENROLLED = "enrolled"
    ORDER_SETTLED = "settled"
    FELL_DUE = "due"
    POINTS_SPENT = "spent"
    POINTS_HELD = "held"
    HOLD_CAPTURED = "captured"
    HOLD_RELEASED = "released"
    ORDER_REFUNDED = "refunded"
    POINTS_ADJUSTED = "adjusted"
    POINTS_VOIDED = "voided"
    TRANSFER_SENT = "sent"
    TRANSFER_RECEIVED = "received"
    MEMBER_SUSPENDED = "suspended"
    MEMBER_REINSTATED = "reinstated"


_PREFIX: Final = "ENTRY_KIND_"
ON_A_LOT: Final = frozenset({entry_pb2.LEDGER_ACCOUNT_AVAILABLE, entry_pb2.LEDGER_ACCOUNT_PENDING})
OF_A_LOT: Final = ON_A_LOT | {
    entry_pb2.LEDGER_ACCOUNT_HELD,
    entry_pb2.LEDGER_ACCOUNT_EXPIRED,
    entry_pb2.LEDGER_ACCOUNT_TRANSFER,
}


class Line(NamedTuple):
    """A change in the columns of a table: its points, and what they are about."""

    points: str
    about: str = ""


def kind_name(kind: Kind) -> str:
    """The contract's name of a kind."""
    return _PREFIX + kind.name


def kind_word(kind: entry_pb2.EntryKind) -> str:
    """The one word for a kind; a kind of a newer service is said as it is."""
    name = entry_pb2.EntryKind.Name(kind).removeprefix(_PREFIX)
    return Kind[name].value if name in Kind.__members__ else name.lower().replace("_", " ")


def change_line(change: entry_pb2.Change, program_version: int) -> Line:
    """What a change did. Points that leave what can be spent have a minus, those that join it a plus."""
    match change.WhichOneof("change"):
        case "joined":
            return Line("", f"joined ({change.joined.condition})")
        case "earned":
            waits = ", pending" if change.earned.HasField("posting_time") else ""
            return Line(_plus(change.earned.points), f"{change.earned.rule_id} v{program_version}{waits}")
        case "posted":
            return Line(_plus(change.posted.points), "posted")
        case "expired":
            return Line(_minus(change.expired.points), "expired")
        case "adjusted":
            return Line(f"{change.adjusted.delta:+,}", "adjusted")
        case "voided":
            return Line(_minus(change.voided.points), "voided")
        case "transferred_out":
            out = change.transferred_out
            return Line(_minus(out.points), f"to {out.to_member_id}")
        case "transferred_in":
            came = change.transferred_in
            return Line(_plus(came.points), f"from {came.from_member_id} #{came.from_seq}")
        case "extended":
            return Line("", f"extended to {local_time(change.extended.expiry_time)}")
        case "suspended":
            return Line("", "suspended")
        case "reinstated":
            return Line("", "reinstated")
        case _:
            return (
                _spending_line(change) or _refund_line(change, program_version) or Line("", "unknown change")
            )


def _spending_line(change: entry_pb2.Change) -> Line | None:
    match change.WhichOneof("change"):
        case "spent":
            return Line(_minus(change.spent.points), "spent" + _worth(change.spent.worth_minor))
        case "held":
            return Line(_minus(change.held.points), f"held: {change.held.hold_id}")
        case "captured":
            captured = change.captured
            # They had left what can be spent when they were held.
            return Line(
                number(captured.points), f"captured: {captured.hold_id}" + _worth(captured.worth_minor)
            )
        case "released":
            how = "ran out" if change.released.timed_out else "released"
            return Line(_plus(change.released.points), f"{how}: {change.released.hold_id}")
        case _:
            return None


def _refund_line(change: entry_pb2.Change, program_version: int) -> Line | None:
    match change.WhichOneof("change"):
        case "refunded":
            refunded = change.refunded
            name = f"refund {refunded.refund_id}" if refunded.refund_id else "refund"
            whole = ", whole" if refunded.whole else ""
            money = f"{number(refunded.amount_minor)} of {number(refunded.paid_minor)}"
            return Line("", f"{name}: {money} minor{whole}")
        case "restored":
            return Line(_plus(change.restored.points), "restored")
        case "taken_back":
            taken = change.taken_back
            parts = [f"taken back: {taken.rule_id} v{program_version}"]
            parts += [f"{number(taken.debt_points)} owed"] if taken.debt_points else []
            parts += [f"{number(taken.forgiven_points)} forgiven"] if taken.forgiven_points else []
            return Line(_minus(taken.points), ", ".join(parts))
        case _:
            return None


def account_word(account: entry_pb2.LedgerAccount) -> str:
    """The name of an account of the books."""
    return entry_pb2.LedgerAccount.Name(account).removeprefix("LEDGER_ACCOUNT_").lower()


def lot_text(leg: entry_pb2.Leg) -> str:
    """The lot of a movement, and where in it the movement starts; empty where it is about no lot."""
    accounts = {leg.from_account, leg.to_account}
    if not accounts & OF_A_LOT:
        return ""
    if leg.lot_sliding:
        text = "sliding"
    elif leg.HasField("lot_expiry_time"):
        text = f"ends {local_time(leg.lot_expiry_time)}"
    else:
        text = "without end"
    if leg.HasField("posting_time"):
        return f"{text}, waits until {local_time(leg.posting_time)}"
    if entry_pb2.LEDGER_ACCOUNT_AVAILABLE in accounts:
        return f"{text}, from no. {number(leg.lot_offset)}"
    return text


def _worth(worth_minor: int) -> str:
    return f", worth {number(worth_minor)} minor" if worth_minor else ""


def _plus(points: int) -> str:
    return f"+{number(points)}"


def _minus(points: int) -> str:
    return f"-{number(points)}"
