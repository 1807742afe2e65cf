"""The parent process: has port and data directory alone, restarts workers, drains, leaves nothing behind."""

import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.service.processes import WAIT_SECONDS_MAX, Server, all_gone, eventually, family, named

pytestmark = pytest.mark.faults

# No store is touched by these workers, so most servers here need none.
NO_STORES = {
    "LOYALTY_DATABASE_URL": "postgresql://nobody:hunter2@192.0.2.1/none",
    "LOYALTY_REDIS_URL": "redis://192.0.2.1",
    "LOYALTY_LISTEN": "127.0.0.1:0",
    "LOYALTY_WORKERS": "2",
}


@pytest.fixture
def directory() -> Iterator[Path]:
    # Not tmp_path: pytest keeps its directories 0700, and PostgreSQL may have to run as another user.
    path = Path(tempfile.mkdtemp(prefix="loyalty-test-"))
    yield path
    shutil.rmtree(path)


StartServer = Callable[..., Server]


@pytest.fixture
def start(directory: Path) -> Iterator[StartServer]:
    started: list[Server] = []

    def start_server(**environment: str) -> Server:
        server = Server.start(directory / f"{len(started)}.log", {**NO_STORES, **environment})
        started.append(server)
        return server

    yield start_server
    for server in started:
        server.end()


def call(port: int) -> tuple[socket.socket, int]:
    """Open a call; gives its connection and the answering worker's process id."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS_MAX)
    return connection, int(connection.recv(64))


def test_all_workers_answer_on_the_announced_port(start: StartServer) -> None:
    server = start()
    port = server.port()
    workers = {process.pid for process in server.workers()}
    answered: set[int] = set()

    def all_answered() -> bool:
        connection, pid = call(port)
        connection.close()
        answered.add(pid)
        return answered == workers

    eventually("both workers answer", all_answered)
    assert len(workers) == 2


def test_sigterm_finishes_running_calls(start: StartServer) -> None:
    server = start()
    connection, _pid = call(server.port())
    server.process.send_signal(signal.SIGTERM)
    # A worker without calls ends; the other one waits for its call.
    eventually("one worker is left", lambda: len(server.workers()) == 1)
    with connection:
        connection.sendall(b"finish\n")
        assert connection.recv(64) == b"finish\n"

    assert server.exit_status() == 0
    assert "hunter2" not in server.log.read_text()


def test_a_worker_that_does_not_drain_is_killed(start: StartServer) -> None:
    server = start(LOYALTY_DRAIN_SECONDS_MAX="0", LOYALTY_WORKERS="1", SUPERVISED_WORKER="ignores SIGTERM")
    server.announced()
    workers = server.workers()
    server.process.send_signal(signal.SIGINT)

    assert server.exit_status() == 0
    assert all_gone(workers)
    assert "did not finish in time" in server.log.read_text()


def test_a_second_signal_ends_at_once(start: StartServer) -> None:
    server = start(LOYALTY_DRAIN_SECONDS_MAX="600")
    connection, _pid = call(server.port())
    workers = server.workers()
    server.process.send_signal(signal.SIGTERM)
    eventually("it is draining", lambda: len(server.workers()) == 1)
    server.process.send_signal(signal.SIGTERM)

    assert server.exit_status() != 0
    eventually("the workers end with it", lambda: all_gone(workers))
    connection.close()


def test_a_killed_worker_is_replaced(start: StartServer) -> None:
    server = start()
    port = server.port()
    before = server.workers()
    before[0].kill()

    eventually("there are two again", lambda: len({p.pid for p in server.workers()} - {before[0].pid}) == 2)
    (replacement,) = [process for process in server.workers() if process not in before]

    def answers() -> bool:
        connection, pid = call(port)
        connection.close()
        return pid == replacement.pid

    eventually("the new worker answers", answers)


def test_workers_that_keep_dying_end_the_server(start: StartServer) -> None:
    server = start(SUPERVISED_WORKER="dies", LOYALTY_WORKERS="5")

    assert server.exit_status() == 1
    assert "Workers died 11 times within 60 s: giving up" in server.log.read_text()


def test_a_killed_parent_takes_its_workers_along(start: StartServer) -> None:
    server = start()
    server.announced()
    workers = server.workers()
    server.process.kill()

    eventually("the workers end", lambda: all_gone(workers))


def test_a_taken_port_is_refused_by_name(start: StartServer) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as alone,
        socket.create_server(("127.0.0.1", 0), reuse_port=True) as sharing,
    ):
        ports = [listener.getsockname()[1] for listener in (alone, sharing)]
        addresses = [*(f"127.0.0.1:{port}" for port in ports), f"0.0.0.0:{ports[1]}"]
        servers = [start(LOYALTY_LISTEN=address, LOYALTY_INSECURE_LISTEN="true") for address in addresses]

        assert [server.exit_status() for server in servers] == [1, 1, 1]
        for address, server in zip(addresses, servers, strict=True):
            assert f"Cannot listen on {address}: Address already in use" in server.log.read_text()


def test_a_port_of_another_server_is_refused_by_name(start: StartServer) -> None:
    first = start()
    address = str(first.announced()["listen"])
    second = start(LOYALTY_LISTEN=address)

    assert second.exit_status() == 1
    assert f"Another server (pid {first.process.pid}) is listening on {address}" in second.log.read_text()


def test_the_port_is_free_again_after_a_server_that_closed_connections(start: StartServer) -> None:
    first = start()
    address = str(first.announced()["listen"])
    connection, _pid = call(int(address.rpartition(":")[2]))
    with connection:
        connection.sendall(b"\n")
        while connection.recv(64):
            pass  # the worker closes first, so its side of the connection lingers
    first.process.send_signal(signal.SIGTERM)
    first.exit_status()

    assert address == start(LOYALTY_LISTEN=address).announced()["listen"]


def test_one_server_a_data_directory_and_nothing_left_when_it_is_killed(
    start: StartServer, directory: Path
) -> None:
    embedded = {
        "LOYALTY_DATABASE_URL": "",
        "LOYALTY_REDIS_URL": "",
        "LOYALTY_DATA_DIR": str(directory / "data"),
    }
    first = start(**embedded)
    assert str(directory / "data") in str(first.announced()["database"])

    second = start(**embedded)
    assert second.exit_status() == 1
    expected = (
        f"The data directory {directory / 'data'} is in use by another server (pid {first.process.pid})"
    )
    assert expected in second.log.read_text()

    processes = family(first.process.pid)
    assert named(processes, "postgres")
    assert named(processes, "redis", "valkey")
    assert len(first.workers()) == 2
    first.process.kill()
    # Started at once, while the stores of the killed one are still stopping.
    third = start(**embedded)
    third.announced()
    assert all_gone(processes)

    stores = family(third.process.pid)
    third.process.send_signal(signal.SIGTERM)
    assert third.exit_status() == 0
    assert all_gone(stores)
    assert not (directory / "data" / "sockets").exists()


def test_killed_private_stores_end_the_server(start: StartServer, directory: Path) -> None:
    server = start(LOYALTY_REDIS_URL="", LOYALTY_DATA_DIR=str(directory / "data"))
    server.announced()
    processes = family(server.process.pid)
    (owner,) = [process for process in processes if "service.embedded" in process.cmdline()]
    owner.kill()

    assert server.exit_status() == 1
    assert "private stores" in server.log.read_text()
    assert all_gone(processes)
