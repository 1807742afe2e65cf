"""What time alone does to a member: pending points post, holds run out, lots expire.

Every command and every read runs this first, so that no answer depends on when a job ran.
"""

from collections.abc import Iterator

from members.account import Account
from members.apply import Recorded, record
from members.journal import Change, Draft, EntryBalance, Expired, Posted, Released, entry_balance
from points.falling_due import expiry_legs, ledger_at, next_due_us, posting_legs, timed_out_holds
from points.holding import release_legs
from points.ledger import Ledger
from points.policies import NEVER


def due_draft(ledger: Ledger, until_us: int, program_version: int, recorded_us: int) -> Draft | None:
    """The next thing that falls due up to an instant, that instant included; None where nothing does."""
    due_us = next_due_us(ledger)
    if due_us == NEVER or due_us > until_us:
        return None
    changes = _changes_at(ledger, due_us)
    return Draft("fell_due", "", b"", "", changes, program_version, due_us, recorded_us)


def _changes_at(ledger: Ledger, due_us: int) -> tuple[Change, ...]:
    posting = posting_legs(ledger, due_us)
    if posting:
        return (Posted(sum(leg.points for leg in posting), due_us, posting),)
    holds = timed_out_holds(ledger, due_us)
    if holds:
        legs = release_legs(ledger, holds[0].parts, due_us)
        return (Released(holds[0].hold_id, holds[0].points, legs, timed_out=True),)
    return tuple(Expired(leg.points, (leg,)) for leg in expiry_legs(ledger, due_us))


def advance(account: Account, until_us: int, program_version: int, recorded_us: int) -> Iterator[Recorded]:
    """Every entry that falls due up to an instant, in time order, with the account after it.

    It ends, because each one empties a pending lot, a hold or a lot.
    """
    recorded_us = max(recorded_us, account.recorded_us)
    while draft := due_draft(account.ledger, until_us, program_version, recorded_us):
        recorded = record(account, draft)
        yield recorded
        account = recorded.account


def balance_at(account: Account, now_us: int) -> tuple[EntryBalance, int]:
    """The balance as of an instant, and the next instant at which time changes it (NEVER: it does not)."""
    ledger = ledger_at(account.ledger, max(now_us, account.advanced_us))
    return entry_balance(ledger), next_due_us(ledger)
