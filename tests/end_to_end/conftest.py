"""A client of the run's service, and a service on stores of its own that the tests of faults may hurt."""

import asyncio
from collections.abc import Iterator

import pytest
from loyalty.client import LoyaltyClient

from store.migration import migrate
from tests.end_to_end.calls import order_of, settle_of
from tests.end_to_end.private_stores import PrivatePostgres, PrivateRedis, private_stores
from tests.end_to_end.shop import Shop
from tests.end_to_end.wire import Send, sending
from tests.running_service import RunningService, running_service


@pytest.fixture(scope="session")
def client(service: RunningService) -> Iterator[LoyaltyClient]:
    """A client of the run's service that does not retry by itself."""
    with LoyaltyClient(service.address, retry=False) as client:
        yield client


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


@pytest.fixture(scope="module")
def shop(service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest) -> Shop:
    """A program with a member who has settled one order; one for each file of tests."""
    shop = Shop(client, service.apply_program(request.module.__name__))
    shop.settle(settle_of(shop.program_id, "17850", order_of("A1")))
    return shop


@pytest.fixture(scope="module")
def send(service: RunningService) -> Iterator[Send]:
    """Sends bytes as they are."""
    with sending(service.address) as send:
        yield send


@pytest.fixture
def nothing_written(shop: Shop) -> Iterator[None]:
    """Around a test: the books are the same after it."""
    before = shop.books()
    yield
    assert before == shop.books()
