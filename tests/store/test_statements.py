"""The hot statements have one plan: by key, also where it was made while the tables were empty (ADR 3)."""

import json
import re

import pytest

from store import record_statements, statements
from store.database import SESSION_SETTINGS
from tests.store.opened import opened

TEXTS = {
    name: text
    for module in (statements, record_statements)
    for name, text in vars(module).items()
    if name.isupper() and name[0] != "_" and "$1" in text
}
HOT = sorted(TEXTS)
# Indexes that a member's rows are never found by: each would be read from one end to the other.
ACROSS_MEMBERS = {"journal_feed", "account_due"}


def _nodes(plan: dict[str, object]) -> list[dict[str, object]]:
    children = plan.get("Plans", [])
    assert isinstance(children, list)
    return [plan, *(node for child in children for node in _nodes(child))]


def test_every_hot_statement_is_looked_at() -> None:
    """The list is not empty by mistake."""
    assert HOT == [
        "ENSURE_ACCOUNTS",
        "FIND_EARLIER",
        "FIND_EXPIRED",
        "FIND_HELD",
        "FIND_HOLDS",
        "FIND_ORDERS",
        "FIND_REFUNDS",
        "FORGET_ACCOUNTS",
        "LOCK_ACCOUNTS",
        "NAME_MEMBERS",
        "READ_ACCOUNTS",
        "REFUND_ORDERS",
        "RESOLVE_HOLDS",
        "WRITE_BATCH",
        "WRITE_EXPIRED",
        "WRITE_HOLDS",
        "WRITE_NOTES",
        "WRITE_REFUNDS",
        "WRITE_SNAPSHOTS",
    ]


@pytest.mark.parametrize("name", HOT)
async def test_tables_are_only_read_by_key(database_url: str, name: str) -> None:
    """On empty tables, where the planner has every reason to read all of them: it looks keys up."""
    statement = TEXTS[name]
    parameters = max(int(number) for number in re.findall(r"\$(\d+)", statement))
    async with opened(database_url) as store:
        settings = "; ".join(f"SET {name} = '{value}'" for name, value in SESSION_SETTINGS.items())
        await store.sql("VACUUM ANALYZE")
        connection = await store.connect()
        await connection.execute(settings)
        await connection.execute(f"PREPARE hot AS {statement}")
        explained = await connection.fetchval(
            f"EXPLAIN (FORMAT JSON) EXECUTE hot ({', '.join(['NULL'] * parameters)})"
        )
        await connection.close()
    reads = [
        node
        for node in _nodes(json.loads(explained)[0]["Plan"])
        if node["Node Type"] in {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
    ]
    unbounded = [node for node in reads if not node.get("Index Cond")]
    assert unbounded == []
    assert [node for node in reads if node.get("Index Name") in ACROSS_MEMBERS] == []
