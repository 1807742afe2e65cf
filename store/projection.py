"""From an account to the balance that readers see."""

from typing import Final

from members.account import Account
from members.advance import balance_at
from points.civil_time import SECOND_US
from points.policies import NEVER
from store.balance_cache import LIFETIME_SECONDS_MAX, Projection
from store.balance_value import KnownBalance

_LIFETIME_US: Final = LIFETIME_SECONDS_MAX * SECOND_US


def known_balance(account: Account, now_us: int) -> KnownBalance:
    """The balance as of now: what fell due is counted, whether or not a job has booked it."""
    balance, due_us = balance_at(account, now_us)
    lifetime_end_us = now_us + _LIFETIME_US
    return KnownBalance(
        account.version, balance, lifetime_end_us if due_us == NEVER else min(due_us, lifetime_end_us)
    )


def projection_of(account: Account, now_us: int, broken: bytes = b"") -> Projection:
    """What Redis should hold for a member; `broken` is what stands there and is none of ours."""
    return Projection(account.program_id, account.member_id, known_balance(account, now_us), now_us, broken)
