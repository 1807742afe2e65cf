"""Settling an order: what pays a part of it in points, then what it earns (domain: Points 2 and 12)."""

from members.account import Account
from members.activity import as_of_us, extended, inactive
from members.commands import SettleOrder
from members.journal import Change, Earned, Joined, Spent
from members.records import Records
from members.rejections import (
    FieldInvalid,
    LotsLimitExceeded,
    PointsLimitExceeded,
    QuoteExpired,
    QuoteMismatch,
    Rejection,
)
from members.spending import capture_changes, exceeds, insufficient, open_hold_of
from points.earning import Award, awards_for_order
from points.ledger import (
    LOTS_MAX,
    POINTS_MAX,
    Hold,
    Ledger,
    Leg,
    credit_legs,
    has_ended,
    lots_exceeded,
    move_all,
    take_legs,
)
from points.money import spend_refused, worth_minor
from points.policies import AT_ONCE, SLIDING, lot_end_us, posting_us, sliding_end_us
from programs.program import Program

Step = tuple[Ledger, tuple[Change, ...]]


def settle(
    account: Account, command: SettleOrder, program: Program, effective_us: int, records: Records
) -> tuple[Change, ...] | Rejection:
    """Everything one paid order changes for the member's points, in one step."""
    document, order = program.document, command.order
    if order.currency_code != document.currency_code:
        return FieldInvalid(
            "order.currency_code", f"{order.currency_code!r} is not the program's, {document.currency_code!r}"
        )
    joins = account.state in {"unknown", "prospect"} and document.enrolment.open
    joined: tuple[Change, ...] = (Joined("open"),) if joins else ()
    ledger, extension = extended(account, program, effective_us)
    paid = _pay(account, ledger, command, program, effective_us, records)
    if not isinstance(paid, tuple):
        return paid
    ledger, payment = paid
    earned = _earn(account, ledger, command, program, effective_us)
    if not isinstance(earned, tuple):
        return earned
    if lots_exceeded(account.ledger, earned[0]):
        return LotsLimitExceeded(LOTS_MAX)
    return (*joined, *extension, *payment, *earned[1])


def _pay(
    account: Account,
    ledger: Ledger,
    command: SettleOrder,
    program: Program,
    effective_us: int,
    records: Records,
) -> Step | Rejection:
    """What pays a part of the order in points: available ones, a hold, or what was quoted."""
    points = command.quote.points if command.quote is not None else command.spend_points
    if not points and (command.quote is not None or not command.hold_id):
        return _quote_refused(command) or (ledger, ())
    joins = account.state in {"unknown", "prospect"} and program.document.enrolment.open
    refused = None if joins else inactive(account)
    if refused:
        return refused
    found = open_hold_of(account, command.hold_id, records) if command.hold_id else None
    if found is not None and not isinstance(found, Hold):
        return found
    points = points or (found.points if found is not None else 0)
    short = exceeds(found, points) if found is not None else insufficient(ledger, points)
    if short:
        return short
    worth = _worth(command, program, points)
    if not isinstance(worth, int):
        return worth
    if found is not None:
        end_us = account.ledger.sliding_end_us
        changes, ledger = capture_changes(
            ledger, found, points, as_of_us(account, effective_us), end_us, worth
        )
        return ledger, changes
    legs = take_legs(ledger, "redeemed", points)
    return move_all(ledger, legs), (Spent(points, legs, worth),)


def _worth(command: SettleOrder, program: Program, points: int) -> int | Rejection:
    """What the points are worth for this order: as quoted, else by the program, which may not take them."""
    if command.quote is not None:
        return _quote_refused(command) or command.quote.worth_minor
    policy = program.document.policies.points_as_money
    if policy is None:
        return 0
    return spend_refused(policy, points, command.order.amount_minor) or worth_minor(policy, points)


def _quote_refused(command: SettleOrder) -> Rejection | None:
    """Why a quote does not hold for the order; None where it does."""
    quote, order = command.quote, command.order
    if quote is None:
        return None
    if order.time_us >= quote.deadline_us:
        return QuoteExpired(quote.deadline_us)
    if quote.order_id != order.order_id:
        return QuoteMismatch("order_id", quote.order_id, order.order_id)
    if quote.currency_code != order.currency_code:
        return QuoteMismatch("currency_code", quote.currency_code, order.currency_code)
    if command.hold_id and not quote.points:
        # Without this, no number would mean all points of the hold, for nothing.
        return QuoteMismatch("hold_id", "nothing", command.hold_id)
    if command.spend_points not in {0, quote.points}:
        return QuoteMismatch("spend_points", str(quote.points), str(command.spend_points))
    payable_minor = quote.gross_minor - quote.worth_minor
    if order.amount_minor != payable_minor:
        return QuoteMismatch("amount_minor", str(payable_minor), str(order.amount_minor))
    return None


def _earn(
    account: Account, ledger: Ledger, command: SettleOrder, program: Program, effective_us: int
) -> Step | Rejection:
    """What each rule gives. A suspended member earns nothing, and the entry says so."""
    policies = program.document.policies
    end_us = lot_end_us(policies.expiry, effective_us, program.zone)
    at_us = as_of_us(account, effective_us)
    if end_us == SLIDING and has_ended(ledger, SLIDING, at_us):
        # The order came too late to keep points alive. They expire with the end it would have given them: the
        # sliding lot may have ended before the order, and a refund looks for what expired after it.
        end_us = sliding_end_us(policies.expiry, effective_us, program.zone)
    waits_until_us = posting_us(policies.pending, effective_us, program.zone)
    if waits_until_us <= account.advanced_us:
        waits_until_us = AT_ONCE  # a late order whose return window is over already
    changes: list[Change] = []
    for award in awards_for_order(program.document.earning.rules, command.order):
        given = 0 if account.state == "suspended" else award.points
        if ledger.issued + ledger.transferred_in + given > POINTS_MAX:
            return PointsLimitExceeded(ledger.issued + ledger.transferred_in, given, POINTS_MAX)
        legs: tuple[Leg, ...] = ()
        if given and waits_until_us and not has_ended(ledger, end_us, at_us):
            legs = (Leg("issued", "pending", given, end_us, 0, waits_until_us),)
        elif given:
            legs = credit_legs(ledger, "issued", given, end_us, at_us)
        ledger = move_all(ledger, legs)
        changes.append(_earned(award, given, legs))
    return ledger, tuple(changes)


def _earned(award: Award, points: int, legs: tuple[Leg, ...]) -> Earned:
    waits_until_us = legs[0].posting_us if legs else AT_ONCE
    return Earned(award.rule_id, award.base_amount_minor, points, waits_until_us, legs)
