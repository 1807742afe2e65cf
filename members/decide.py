"""What a command changes, or why it is refused: which rule is asked for which command."""

from typing import Final, assert_never

from members.account import Account
from members.adjusting import adjust, void
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
    VoidPoints,
)
from members.journal import Change, Joined, Reinstated, Suspended
from members.records import NO_RECORDS, Records
from members.refund import refund
from members.rejections import (
    FieldInvalid,
    MemberAlreadyEnrolled,
    MemberAlreadySuspended,
    MemberNotActive,
    MemberNotSuspended,
    MemberUnknown,
    Rejection,
)
from members.settle import settle
from members.spending import capture, hold, release, spend
from points.civil_time import MINUTE_US, moment_of
from programs.program import Program

CLOCK_AHEAD_US_MAX: Final = 5 * MINUTE_US


def effective_time_us(command: Command, now_us: int) -> int | FieldInvalid:
    """The instant as of which a command is decided: an order's or a refund's own time, else now."""
    match command:
        case SettleOrder(order=order):
            return _own_time_us("order.order_time", order.time_us, now_us)
        case RefundOrder(time_us=time_us) if time_us:
            return _own_time_us("refund_time", time_us, now_us)
        case _:
            return now_us


def _own_time_us(field: str, time_us: int, now_us: int) -> int | FieldInvalid:
    if time_us > now_us + CLOCK_AHEAD_US_MAX:
        return FieldInvalid(
            field,
            f"{moment_of(time_us).isoformat()} lies more than the limit of 5 minutes "
            f"after the service's clock, {moment_of(now_us).isoformat(timespec='seconds')}",
        )
    return min(time_us, now_us)


def decide(  # noqa: PLR0912 - one case a command
    account: Account, command: Command, program: Program, effective_us: int, records: Records = NO_RECORDS
) -> tuple[Change, ...] | Rejection:
    """What a command changes on an account that was advanced to `effective_us`, or why it is refused.

    `records` is what stands beside the account about the command's order or hold.
    """
    match command:
        case SettleOrder():
            return settle(account, command, program, effective_us, records)
        case EnrolMember():
            if account.state in {"member", "suspended"}:
                return MemberAlreadyEnrolled(account.joined_us)
            return (Joined("request"),)
        case _ if account.version == 0:
            return MemberUnknown(account.member_id)
        case SpendPoints():
            return spend(account, command, program, effective_us)
        case HoldPoints():
            return hold(account, command, program, effective_us)
        case CaptureHold():
            return capture(account, command, program, effective_us, records)
        case ReleaseHold():
            return release(account, command, effective_us, records)
        case RefundOrder():
            return refund(account, command, program, effective_us, records)
        case AdjustPoints():
            return adjust(account, command, program, effective_us)
        case VoidPoints():
            return void(account, command)
        case SuspendMember():
            return _suspend(account)
        case ReinstateMember():
            if account.state != "suspended":
                return MemberNotSuspended(account.member_id)
            return (Reinstated(),)
        case _:
            assert_never(command)


def _suspend(account: Account) -> tuple[Change, ...] | Rejection:
    if account.state == "suspended":
        return MemberAlreadySuspended(account.member_id)
    if account.state != "member":
        return MemberNotActive(account.member_id, account.state)
    return (Suspended(),)
