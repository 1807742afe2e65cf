"""Mutants of store/: what is looked up, written and booked, on a real Postgres."""

from typing import Final

from tools.mutant import STORE, STORE_LAWS, Mutant

MUTANTS: Final = (
    Mutant(
        "scope-of-request-ids-lost",
        "Points 8: a transfer's request id is recognised",
        "store/transfers.py",
        "    return (rows[0][JOURNAL_WIDTH + 2], entry_of(rows[0])) if rows else None",
        "    return None",
        (STORE_LAWS,),
    ),
    Mutant(
        "tried-transfer-is-written",
        "The contract: validate_only writes nothing",
        "store/transfers.py",
        "    if not command.validate_only:",
        "    if command is not None:",
        (STORE_LAWS,),
    ),
    Mutant(
        "refunds-of-earlier-batches-forgotten",
        "Points 7: what came back of an order is kept",
        "store/loaded_member.py",
        "                self.changed_refunds.add(effect.order_id)\n",
        "",
        (STORE_LAWS,),
    ),
    Mutant(
        "resolved-hold-stays-open",
        "Points 6: a resolution is written",
        "store/loaded_member.py",
        "            self.resolved_holds.append(effect)",
        "            pass",
        (STORE_LAWS,),
    ),
    Mutant(
        "expired-points-added-anew",
        "Points 7: what expired of a lot adds up",
        "store/record_statements.py",
        "SET points = expired_lot.points + excluded.points",
        "SET points = excluded.points",
        (STORE_LAWS,),
    ),
    Mutant(
        "refund-by-todays-rules",
        "Points 7: by the entry's own record, not today's rules",
        "store/batch_lookup.py",
        "program = await shelf.get(connection, entry.program_id, entry.program_version)",
        "program = members[row[0], row[1], row[2]].program",
        (STORE,),
    ),
    Mutant(
        "sliding-expiry-not-found",
        "Points 7: what expired of the sliding lot is found",
        "store/batch_lookup.py",
        "ranges.append((key, _KEY_US_MIN, -settled.entry.effective_us - 1))",
        "ranges.append((key, _KEY_US_MIN, _KEY_US_MIN))",
        (STORE,),
    ),
    Mutant(
        "worker-books-too-far",
        "Architecture: the worker persists what advance says, no more",
        "store/due.py",
        "islice(advance(member.account, now_us, member.program.version, now_us)",
        "islice(advance(member.account, now_us + 86_400_000_000, member.program.version, now_us)",
        (STORE,),
    ),
    Mutant(
        "reader-looks-a-microsecond-back",
        "Points 4: by reading, not by waiting for a job",
        "members/advance.py",
        "ledger = ledger_at(account.ledger, max(now_us, account.advanced_us))",
        "ledger = ledger_at(account.ledger, max(now_us - 1, account.advanced_us))",
        (STORE_LAWS,),
    ),
)
