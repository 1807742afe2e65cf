"""A service on stores of its own, which the tests of faults may hurt."""

import asyncio
from collections.abc import Iterator

import pytest

from store.migration import migrate
from tests.end_to_end.private_stores import PrivatePostgres, PrivateRedis, private_stores
from tests.running_service import RunningService, running_service


@pytest.fixture(scope="session")
def hurt_stores() -> Iterator[tuple[PrivatePostgres, PrivateRedis]]:
    """Stores that nobody else uses."""
    with private_stores() as stores:
        asyncio.run(migrate(stores[0].url))
        yield stores


@pytest.fixture(scope="session")
def hurt_service(hurt_stores: tuple[PrivatePostgres, PrivateRedis]) -> Iterator[RunningService]:
    """A service of two workers on those stores."""
    postgres, cache = hurt_stores
    with running_service(database_url=postgres.url, redis_url=cache.url) as running:
        yield running


@pytest.fixture
def hurt_postgres(hurt_stores: tuple[PrivatePostgres, PrivateRedis]) -> PrivatePostgres:
    """The Postgres of that service."""
    return hurt_stores[0]


@pytest.fixture
def hurt_redis(hurt_stores: tuple[PrivatePostgres, PrivateRedis]) -> Iterator[PrivateRedis]:
    """The Redis of that service, which runs before and after each test."""
    cache = hurt_stores[1]
    yield cache
    cache.resume()
    cache.start()


@pytest.fixture
def hurt_program(hurt_service: RunningService, request: pytest.FixtureRequest) -> str:
    """A program of this test's own on that service."""
    return hurt_service.apply_program(request.node.nodeid)
