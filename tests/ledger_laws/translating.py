"""Between the model's words and the service's own: programs, commands, answers, balances."""

import json
from functools import lru_cache
from typing import Final

from members.account import Account
from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    EnrolMember,
    HoldPoints,
    RefundOrder,
    ReinstateMember,
    ReleaseHold,
    SettleOrder,
    SpendPoints,
    SuspendMember,
    TransferPoints,
    VoidPoints,
)
from members.journal import (
    Captured,
    Earned,
    Entry,
    EntryBalance,
    Held,
    Refunding,
    Released,
    Restored,
    Spent,
    TakenBack,
    TransferredOut,
    Voided,
    decode_changes,
)
from members.rejections import InsufficientPoints
from points.order import Order, OrderLine, encode_order
from points.policies import NEVER
from points.refunding import RefundLine
from programs.program import Program, put_in_force
from programs.reading import read_document
from tests.ledger_model.answers import Answer, Done, Refused
from tests.ledger_model.asks import (
    Adjust,
    Ask,
    Capture,
    Enrol,
    Hold,
    Refund,
    Reinstate,
    Release,
    Settle,
    Spend,
    Suspend,
    Terms,
    Transfer,
    Void,
)
from tests.ledger_model.books import Books, NaiveBalance
from tests.ledger_model.days import Days, EndOfMonth, EndOfYear, FixedDate, Months, Never, Policy, Sliding

KINDS: Final = {
    "CaptureExceedsHold": "capture_exceeds_hold",
    "FieldInvalid": "field_invalid",
    "HoldResolvedOtherwise": "hold_resolved",
    "HoldUnknown": "hold_unknown",
    "HoldsLimitExceeded": "holds_limit_exceeded",
    "InsufficientPoints": "insufficient_points",
    "LineUnknown": "line_unknown",
    "MemberAlreadyEnrolled": "already_enrolled",
    "MemberAlreadySuspended": "member_already_suspended",
    "MemberNotActive": "member_not_active",
    "MemberNotSuspended": "member_not_suspended",
    "MemberUnknown": "member_unknown",
    "OrderAlreadySettled": "order_already_settled",
    "OrderUnknown": "order_unknown",
    "PointsLimitExceeded": "points_limit_exceeded",
    "RefundExceedsOrder": "refund_exceeds_order",
    "RefundIdReused": "refund_id_reused",
    "RequestIdReused": "request_id_reused",
    "TransferLimitExceeded": "transfer_limit_exceeded",
}
REASON: Final = "by hand"


def expiry_of(policy: Policy) -> dict[str, object]:
    """The policy as a document says it."""
    match policy:
        case Never():
            return {"kind": "never"}
        case Days(days):
            return {"kind": "days", "days": days}
        case Months(months):
            return {"kind": "months", "months": months}
        case EndOfMonth(months):
            return {"kind": "end_of_month", "months": months}
        case EndOfYear(years):
            return {"kind": "end_of_year", "years": years}
        case FixedDate(last_day):
            return {"kind": "date", "date": last_day.isoformat()}
        case Sliding(days):
            return {"kind": "sliding", "days": days}


def document_of(terms: Terms, program_id: str) -> str:
    """The document of a program that says what the terms say."""
    pending = {"kind": "none"} if terms.pending_days is None else {"kind": "days", "days": terms.pending_days}
    rules = [
        {"id": f"r{place}", "kind": "per_amount", "points": points, "per_amount_minor": amount}
        for place, (points, amount) in enumerate(terms.awards)
    ]
    transfers = {
        "points_a_transfer_max": terms.points_a_transfer_max,
        "points_a_day_max": terms.points_a_day_max,
    }
    document = {
        "schema_version": 1,
        "program_id": program_id,
        "currency_code": "GBP",
        "time_zone": terms.zone,
        "enrolment": {"open": True},
        "earning": {"rules": rules},
        "policies": {
            "expiry": expiry_of(terms.expiry),
            "pending": pending,
            "refunds": {
                "on_shortfall": terms.on_shortfall,
                "restore_grace_days": terms.restore_grace_days,
            },
            "transfers": {name: limit for name, limit in transfers.items() if limit is not None},
        },
    }
    return json.dumps(document)


@lru_cache(maxsize=1_000)
def program_of(terms: Terms, version: int) -> Program:
    """The program in force."""
    return put_in_force(read_document(document_of(terms, "demo")), version)


def order_of(ask: Settle) -> Order:
    """The order as the service knows it."""
    lines = tuple(OrderLine(line.line_id, line.quantity, line.amount_minor) for line in ask.lines)
    return Order(ask.order_id, ask.time_us, ask.currency_code, ask.amount_minor, lines)


def command_of(ask: Ask, validate_only: bool = False) -> Command | TransferPoints:
    """The command that asks it."""
    only = validate_only
    match ask:
        case Settle():
            order = order_of(ask)
            return SettleOrder(
                ask.request_id, order, encode_order(order), only, ask.spend_points, ask.hold_id
            )
        case Enrol(request_id):
            return EnrolMember(request_id, validate_only=only)
        case Spend(request_id, points):
            return SpendPoints(request_id, points, validate_only=only)
        case Hold(request_id, points, ttl_us):
            return HoldPoints(request_id, points, ttl_us, only)
        case Capture(request_id, hold_id, points):
            return CaptureHold(request_id, hold_id, points, only)
        case Release(request_id, hold_id):
            return ReleaseHold(request_id, hold_id, only)
        case Refund():
            lines = tuple(RefundLine(line_id, pieces) for line_id, pieces in ask.lines)
            return RefundOrder(
                ask.request_id, ask.order_id, ask.refund_id, lines, ask.amount_minor, ask.time_us, only
            )
        case Adjust(request_id, delta):
            return AdjustPoints(request_id, delta, REASON, only)
        case Void(request_id, points):
            return VoidPoints(request_id, points, REASON, only)
        case Transfer(request_id, to_member_id, points):
            return TransferPoints(request_id, to_member_id, points, only)
        case Suspend(request_id):
            return SuspendMember(request_id, REASON, only)
        case Reinstate(request_id):
            return ReinstateMember(request_id, REASON, only)


def balance_of(balance: EntryBalance) -> NaiveBalance:
    """A balance in the model's words."""
    return NaiveBalance(
        balance.available,
        balance.pending,
        balance.held,
        balance.debt,
        balance.next_expiry_us if balance.next_expiry_us != NEVER else None,
        balance.next_expiry_points,
    )


def books_of(account: Account) -> Books:
    """The books as they are written, in the model's words."""
    ledger = account.ledger
    return Books(
        ledger.issued,
        ledger.transferred_in,
        ledger.available,
        ledger.pending,
        ledger.held,
        ledger.debt,
        ledger.redeemed,
        ledger.expired,
        ledger.voided,
        ledger.transferred_out,
    )


def answer_of(outcome: object) -> Answer:
    """An outcome of the lanes in the model's words."""
    if isinstance(outcome, Entry):
        return done_by(outcome)
    kind = KINDS.get(type(outcome).__name__)
    assert kind is not None, outcome
    numbers = (outcome.required, outcome.available) if isinstance(outcome, InsufficientPoints) else None
    return Refused(kind, numbers)


def done_by(entry: Entry) -> Done:
    """What an entry says that its command did."""
    did = dict.fromkeys(
        (
            "earned",
            "spent",
            "released",
            "refunded_minor",
            "refundable_minor",
            "restored",
            "taken_back",
            "debt_added",
            "forgiven",
            "voided",
            "deadline_us",
        ),
        0,
    )
    for change in decode_changes(entry.changes_json):
        match change:
            case Earned(points=points):
                did["earned"] += points
            case Spent(points=points) | Captured(points=points) | TransferredOut(points=points):
                did["spent"] += points
            case Released(points=points):
                did["released"] += points
            case Held(deadline_us=deadline_us):
                did["deadline_us"] = deadline_us
            case Refunding():
                did["refunded_minor"] = change.amount_minor
                did["refundable_minor"] = change.paid_minor - change.refunded_minor
            case Restored(points=points):
                did["restored"] += points
            case TakenBack():
                did["taken_back"] += change.points - change.forgiven_points
                did["debt_added"] += change.debt_points
                did["forgiven"] += change.forgiven_points
            case Voided(points=points):
                did["voided"] += points
            case _:
                pass
    return Done(balance_of(entry.balance), paid_by=(), **did)
