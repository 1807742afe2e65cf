"""Fixtures: real stores for a run, a fresh database for a test, and a server for a run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from tests.running_service import RunningService, running_service
from tests.stores import clone_template, drop_database, make_template, run_stores

ROOT: Final = Path(__file__).parent.parent
REAL_ORDERS: Final = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def store_urls() -> Iterator[tuple[str, str]]:
    """A Postgres server, with the template database, and a Redis."""
    with run_stores() as (database_url, redis_url):
        if redis_url is None:
            pytest.fail(
                "the tests need a real Redis: install redis-server or valkey-server,"
                " or set LOYALTY_TEST_REDIS_URL"
            )
        asyncio.run(make_template(database_url))
        yield database_url, redis_url


@pytest_asyncio.fixture
async def database_url(store_urls: tuple[str, str]) -> AsyncIterator[str]:
    """A fresh database of this test's own."""
    url = await clone_template(store_urls[0])
    yield url
    await drop_database(url)


@pytest.fixture(scope="session")
def redis_url(store_urls: tuple[str, str]) -> str:
    """The Redis of the run. Each test's database seals with a key of its own, so tests do not mix."""
    return store_urls[1]


@pytest.fixture(scope="session")
def service(store_urls: tuple[str, str]) -> Iterator[RunningService]:
    """A server of two workers on a database of its own, for the run. Tests use programs of their own."""
    url = asyncio.run(clone_template(store_urls[0]))
    with running_service(database_url=url, redis_url=store_urls[1]) as running:
        yield running
    asyncio.run(drop_database(url))


@pytest.fixture
def program_id(service: RunningService, request: pytest.FixtureRequest) -> str:
    """A program of this test's own on the server: the demo program under another name."""
    return service.apply_program(request.node.nodeid)


@pytest.fixture(scope="session")
def real_orders() -> Path:
    """The folder of real orders. A stranger's clone does not have it: such tests then say so and skip."""
    if not REAL_ORDERS.is_dir():
        pytest.skip("real orders: ../shared/data is not there; generated orders are tested all the same")
    return REAL_ORDERS
