"""What every activity of a member has in common: who may act, and how it extends the sliding lot."""

from members.account import Account
from members.journal import Change, Extended
from members.rejections import MemberNotActive
from points.ledger import Ledger
from points.policies import sliding_end_us
from points.transferring import extend_sliding
from programs.program import Program


def inactive(account: Account) -> MemberNotActive | None:
    """Why a person cannot spend, hold or give points; None where that is no matter."""
    if account.state == "member":
        return None
    return MemberNotActive(account.member_id, account.state)


def as_of_us(account: Account, effective_us: int) -> int:
    """The instant by which a lot that has ended takes no more: what is booked already is not undone."""
    return max(account.advanced_us, effective_us)


def extended(account: Account, program: Program, effective_us: int) -> tuple[Ledger, tuple[Change, ...]]:
    """The points after an activity extended the sliding lot, and the change that says so, where it does."""
    ledger = account.ledger
    end_us = sliding_end_us(program.document.policies.expiry, effective_us, program.zone)
    if end_us <= max(ledger.sliding_end_us, as_of_us(account, effective_us)):
        return ledger, ()
    return extend_sliding(ledger, end_us), (Extended(end_us),)
