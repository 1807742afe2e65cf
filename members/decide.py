"""What a command changes, or why it is refused."""

from typing import Final, assert_never

from members.account import Account
from members.commands import Command, EnrolMember, SettleOrder
from members.journal import Change, Earned, Joined
from members.rejections import (
    FieldInvalid,
    LotsLimitExceeded,
    MemberAlreadyEnrolled,
    PointsLimitExceeded,
    Rejection,
)
from points.civil_time import MINUTE_US, moment_of
from points.earning import awards_for_order
from points.ledger import LOTS_MAX, POINTS_MAX, Leg, credit_legs, move
from points.policies import AT_ONCE, lot_end_us, posting_us
from programs.program import Program

CLOCK_AHEAD_US_MAX: Final = 5 * MINUTE_US


def effective_time_us(command: Command, now_us: int) -> int | FieldInvalid:
    """The instant as of which a command is decided: an order's own time, else now."""
    match command:
        case SettleOrder(order=order):
            if order.time_us > now_us + CLOCK_AHEAD_US_MAX:
                return FieldInvalid(
                    "order.order_time",
                    f"{moment_of(order.time_us).isoformat()} lies more than the limit of 5 minutes "
                    f"after the service's clock, {moment_of(now_us).isoformat(timespec='seconds')}",
                )
            return min(order.time_us, now_us)
        case EnrolMember():
            return now_us
        case _:
            assert_never(command)


def decide(
    account: Account, command: Command, program: Program, effective_us: int
) -> tuple[Change, ...] | Rejection:
    """What a command changes on an account that was advanced to `effective_us`, or why it is refused."""
    match command:
        case SettleOrder():
            return _settle(account, command, program, effective_us)
        case EnrolMember():
            if account.state == "member":
                return MemberAlreadyEnrolled(account.joined_us)
            return (Joined("request"),)
        case _:
            assert_never(command)


def _settle(
    account: Account, command: SettleOrder, program: Program, effective_us: int
) -> tuple[Change, ...] | Rejection:
    document, order = program.document, command.order
    if order.currency_code != document.currency_code:
        return FieldInvalid(
            "order.currency_code", f"{order.currency_code!r} is not the program's, {document.currency_code!r}"
        )
    changes: list[Change] = []
    if account.state != "member" and document.enrolment.open:
        changes.append(Joined("open"))
    end_us = lot_end_us(document.policies.expiry, effective_us, program.zone)
    waits_until_us = posting_us(document.policies.pending, effective_us, program.zone)
    if waits_until_us <= account.advanced_us:
        waits_until_us = AT_ONCE  # a late order whose return window is over already
    if len(account.ledger.lots) >= LOTS_MAX or len(account.ledger.pending_lots) >= LOTS_MAX:
        return LotsLimitExceeded(LOTS_MAX)
    ledger = account.ledger
    for award in awards_for_order(document.earning.rules, order):
        if ledger.issued + award.points > POINTS_MAX:
            return PointsLimitExceeded(ledger.issued, award.points, POINTS_MAX)
        legs: tuple[Leg, ...] = ()
        if award.points:
            legs = credit_legs(ledger, award.points, end_us, waits_until_us, account.advanced_us)
        for leg in legs:
            ledger = move(ledger, leg, waits_until_us)
        changes.append(
            Earned(award.rule_id, award.base_amount_minor, award.points, waits_until_us if legs else 0, legs)
        )
    return tuple(changes)
