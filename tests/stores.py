"""The stores that tests run on: private ones, or those of LOYALTY_TEST_DATABASE_URL and …_REDIS_URL."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy.engine import URL

from service.embedded import EmbeddedStores
from service.settings import Settings
from store.database import as_asyncpg_url
from store.migration import migrate

TEMPLATE: Final = "loyalty_test_template"
_numbers: Final = itertools.count(1)


@contextmanager
def run_stores() -> Iterator[tuple[str, str | None]]:
    """The Postgres and Redis URLs of a test run."""
    # Not pytest's own folder: it is closed to the user that Postgres runs as where tests run as root.
    with tempfile.TemporaryDirectory(prefix="loyalty-test-", ignore_cleanup_errors=True) as folder:
        yield from _stores_in(Path(folder))


def _stores_in(folder: Path) -> Iterator[tuple[str, str | None]]:
    given = {
        "database_url": os.environ.get("LOYALTY_TEST_DATABASE_URL"),
        "redis_url": os.environ.get("LOYALTY_TEST_REDIS_URL"),
    }
    settings = Settings.load({**given, "data_dir": folder, "log_level": "error"})
    if settings.database_url is not None and settings.redis_url is not None:
        yield settings.database_url.get_secret_value(), settings.redis_url.get_secret_value()
        return
    with EmbeddedStores.start(settings) as stores:
        yield stores.database_url, stores.redis_url


async def _run(url: URL, statement: str) -> None:
    connection = await asyncpg.connect(_plain(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def make_template(server_url: str) -> None:
    """Migrate one database, which every test's own is cloned from."""
    url = as_asyncpg_url(server_url)
    await _run(url, f"DROP DATABASE IF EXISTS {TEMPLATE}")
    await _run(url, f"CREATE DATABASE {TEMPLATE}")
    await migrate(url.set(database=TEMPLATE).render_as_string(hide_password=False))


async def clone_template(server_url: str) -> str:
    """A fresh, migrated database; its URL."""
    url = as_asyncpg_url(server_url)
    name = f"loyalty_test_{os.getpid()}_{next(_numbers)}"
    await _run(url, f"DROP DATABASE IF EXISTS {name}")
    await _run(url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return url.set(database=name).render_as_string(hide_password=False)


async def drop_database(url: str) -> None:
    """Remove a test's database, whoever is still connected to it."""
    parsed = as_asyncpg_url(url)
    await _run(parsed.set(database="postgres"), f"DROP DATABASE IF EXISTS {parsed.database} WITH (FORCE)")
