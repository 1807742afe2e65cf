"""Points that are given, taken or voided by hand."""

from members.account import Account
from members.activity import as_of_us, extended
from members.commands import AdjustPoints, VoidPoints
from members.journal import Adjusted, Change, Voided
from members.rejections import InsufficientPoints, LotsLimitExceeded, PointsLimitExceeded, Rejection
from members.spending import insufficient
from points.ledger import LOTS_MAX, POINTS_MAX, Leg, credit_legs, lots_exceeded, move_all, take_legs
from points.policies import lot_end_us
from programs.program import Program


def adjust(
    account: Account, command: AdjustPoints, program: Program, effective_us: int
) -> tuple[Change, ...] | Rejection:
    """Give points that live as if they were earned now, or take available ones away."""
    if command.delta < 0:
        points = -command.delta
        refused = insufficient(account.ledger, points)
        return refused or (Adjusted(command.delta, take_legs(account.ledger, "voided", points)),)
    came = account.ledger.issued + account.ledger.transferred_in
    if came + command.delta > POINTS_MAX:
        return PointsLimitExceeded(came, command.delta, POINTS_MAX)
    # Without this, points of a sliding policy would be gone as they come where nothing else kept them alive.
    ledger, extension = extended(account, program, effective_us)
    end_us = lot_end_us(program.document.policies.expiry, effective_us, program.zone)
    legs = credit_legs(ledger, "issued", command.delta, end_us, as_of_us(account, effective_us))
    if lots_exceeded(account.ledger, move_all(ledger, legs)):
        return LotsLimitExceeded(LOTS_MAX)
    return (*extension, Adjusted(command.delta, legs))


def void(account: Account, command: VoidPoints) -> tuple[Change, ...] | Rejection:
    """Take points away for good: a number of available ones, or all that are available or pending."""
    ledger = account.ledger
    if command.points:
        refused = insufficient(ledger, command.points)
        return refused or (Voided(command.points, take_legs(ledger, "voided", command.points)),)
    everything = ledger.available + ledger.pending
    if not everything:
        return InsufficientPoints(1, 0)
    waiting = tuple(
        Leg("pending", "voided", lot.points, lot.end_us, 0, lot.posting_us) for lot in ledger.pending_lots
    )
    return (Voided(everything, (*take_legs(ledger, "voided", ledger.available), *waiting)),)
