"""Books for the tests: points that come, wait, post and expire, each by the movements that do it."""

from typing import Final

from points.falling_due import expiry_legs, posting_legs
from points.ledger import Ledger, LedgerAccount, Leg, credit_legs, move, move_all, take_legs
from points.policies import NEVER

DAY_US: Final = 86_400_000_000
LIMIT: Final = 9_007_199_254_740_991  # the largest integer that JavaScript and JSON keep exactly


def credited(ledger: Ledger, points: int, end_us: int, as_of_us: int = 0) -> Ledger:
    """The books after points were issued and can be spent."""
    return move_all(ledger, credit_legs(ledger, "issued", points, end_us, as_of_us))


def waits(ledger: Ledger, points: int, end_us: int, posting_us: int) -> Ledger:
    """The books after points were issued and wait."""
    return move(ledger, Leg("issued", "pending", points, end_us, 0, posting_us))


def posted(ledger: Ledger, posting_us: int) -> Ledger:
    """The books after what waits for an instant has posted."""
    return move_all(ledger, posting_legs(ledger, posting_us))


def expired(ledger: Ledger, end_us: int) -> Ledger:
    """The books after what ends at an instant has expired."""
    return move_all(ledger, expiry_legs(ledger, end_us))


def taken(ledger: Ledger, target: LedgerAccount, points: int) -> Ledger:
    """The books after available points went elsewhere."""
    return move_all(ledger, take_legs(ledger, target, points))


def owing(points: int) -> Ledger:
    """The books of a member who was given points, spent them, and whose refund took them back."""
    ledger = taken(credited(Ledger(), points, NEVER), "redeemed", points)
    return move(ledger, Leg("debt", "voided", points, NEVER, 0))
