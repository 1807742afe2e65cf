"""A member's journal, a page at a time."""

from typing import Final

from members.journal import Entry
from store.database import CONTENTION_ERRORS, UNREACHABLE_ERRORS, Database, StoreUnavailableError
from store.rows import JOURNAL_COLUMNS, columns_of, entry_of
from store.slots import slot_of

# Newest first, from below a sequence number: a page costs the same however long the history is.
_PAGE: Final = f"""
SELECT {columns_of("j", JOURNAL_COLUMNS)} FROM journal j
WHERE j.slot = $1 AND j.program_id = $2 AND j.member_id = $3 AND j.seq < $4
ORDER BY j.seq DESC LIMIT $5
"""  # noqa: S608 - column names of our own
SEQ_MAX: Final = 2**63 - 1


async def entries_before(
    database: Database, program_id: str, member_id: str, before_seq: int, count_max: int
) -> list[Entry]:
    """Up to `count_max` entries numbered below `before_seq`, newest first. Raises StoreUnavailableError."""
    connection = database.dedicated()
    try:
        driver = await connection.get()
        rows = await driver.fetch(
            _PAGE, slot_of(program_id, member_id), program_id, member_id, before_seq, count_max
        )
    except (*UNREACHABLE_ERRORS, *CONTENTION_ERRORS) as error:
        raise StoreUnavailableError(str(error)) from error
    finally:
        await connection.release()
    return [entry_of(row) for row in rows]
