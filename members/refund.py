"""Refunding an order by the record of its own entry (domain: Points 7)."""

from collections.abc import Mapping

from members.account import Account
from members.activity import as_of_us
from members.commands import RefundOrder
from members.journal import Change, Refunding, Restored, TakenBack, legs_of
from members.records import Records, SettledOrder
from members.rejections import (
    FieldInvalid,
    InsufficientPoints,
    LineUnknown,
    OrderErased,
    OrderUnknown,
    RefundExceedsOrder,
    Rejection,
)
from points.civil_time import moment_of
from points.ledger import Ledger, move_all
from points.order import Order
from points.refunding import (
    LineNotThere,
    LineRefunded,
    Refunded,
    RefundTooLarge,
    Share,
    expired_key_us,
    expired_of_home,
    refund_so_far,
    restore_legs,
    restored_parts,
    share_of,
    take_back,
)
from programs.program import Program

Step = tuple[Ledger, tuple[Change, ...]]


def refund(
    account: Account, command: RefundOrder, program: Program, effective_us: int, records: Records
) -> tuple[Change, ...] | Rejection:
    """What a refund changes: spent points come back first, then earned ones are taken back."""
    settled = records.order
    if settled is None or settled.entry.order_id != command.order_id:
        return OrderUnknown(command.order_id)
    order = settled.content
    if order is None:
        return OrderErased(command.order_id)
    if effective_us < settled.entry.effective_us:
        ordered = moment_of(settled.entry.effective_us).isoformat(timespec="seconds")
        return FieldInvalid("refund_time", f"lies before the order, which was settled as of {ordered}")
    after = refund_so_far(order, settled.refunded, command.lines, command.amount_minor)
    if not isinstance(after, Refunded):
        return _refused(command, after)
    shares = share_of(order, settled.refunded), share_of(order, after)
    ledger, restored = _restore(account, settled, shares, program, effective_us)
    taken = _take_back(ledger, settled, shares, _with_restored(ledger, records.expired, restored))
    if not isinstance(taken, tuple):
        return taken
    return (_refunding(settled, order, command, after), *restored, *taken)


def _refused(command: RefundOrder, why: RefundTooLarge | LineNotThere) -> Rejection:
    if isinstance(why, LineNotThere):
        place = next(place for place, line in enumerate(command.lines) if line.line_id == why.line_id)
        return LineUnknown(command.order_id, why.line_id, place)
    return RefundExceedsOrder(command.order_id, why.line_id, why.requested, why.left)


def _refunding(settled: SettledOrder, order: Order, command: RefundOrder, after: Refunded) -> Refunding:
    before = settled.refunded
    lines = {
        line_id: LineRefunded(
            line.quantity - before.lines[line_id].quantity,
            line.amount_minor - before.lines[line_id].amount_minor,
        )
        if line_id in before.lines
        else line
        for line_id, line in after.lines.items()
        if before.lines.get(line_id) != line
    }
    return Refunding(
        settled.entry.seq,
        after.amount_minor - before.amount_minor,
        after.amount_minor,
        order.amount_minor,
        command.refund_id,
        lines,
        after.whole,
    )


def _restore(
    account: Account, settled: SettledOrder, shares: tuple[Share, Share], program: Program, effective_us: int
) -> Step:
    before, after = shares
    spent = settled.spent
    points = sum(leg.points for leg in spent)
    parts = restored_parts(spent, before.of(points), after.of(points))
    if not parts:
        return account.ledger, ()
    grace_days = settled.refunds.restore_grace_days
    at_us = as_of_us(account, effective_us)
    legs = restore_legs(account.ledger, parts, at_us, effective_us, grace_days, program.zone)
    return move_all(account.ledger, legs), (Restored(sum(leg.points for leg in legs), legs),)


def _with_restored(
    ledger: Ledger, expired: Mapping[int, int], restored: tuple[Change, ...]
) -> dict[int, int]:
    """What expired of lots when spent points have come back, some of them to lots that have ended."""
    after = dict(expired)
    for leg in (leg for change in restored for leg in legs_of(change)):
        if leg.target == "expired":
            key_us = expired_key_us(ledger, leg.end_us)
            after[key_us] = after.get(key_us, 0) + leg.points
    return after


def _take_back(
    ledger: Ledger, settled: SettledOrder, shares: tuple[Share, Share], expired: dict[int, int]
) -> tuple[Change, ...] | Rejection:
    before, after = shares
    changes: list[Change] = []
    required = missing = 0
    for award in settled.awards:
        taken_before = before.of(award.points)
        points = after.of(award.points) - taken_before
        if not points:
            continue
        left = expired_of_home(award.legs, settled.entry.effective_us, expired)
        taken = take_back(
            ledger,
            award.legs,
            taken_before,
            points,
            left,
            settled.refunds.on_shortfall,
            late=settled.entry.back_dated,
        )
        ledger = move_all(ledger, taken.legs)
        for leg in taken.legs:
            if leg.source == "expired":
                expired[leg.end_us] -= leg.points
        required += points
        missing += taken.debt_points
        changes.append(TakenBack(award.rule_id, points, taken.legs, taken.forgiven_points, taken.debt_points))
    if missing and settled.refunds.on_shortfall == "reject":
        return InsufficientPoints(required, required - missing)
    return tuple(changes)
