"""A Postgres and a Redis of a test's own, to stop, pause, crash and start again at will."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import psutil
import redis

from service.embedded import EmbeddedStores
from service.embedded.redis import find_programs
from service.settings import Settings
from tests.end_to_end.calls import eventually
from tests.service.processes import all_gone


class PrivatePostgres:
    """A Postgres server that nothing but the test starts again.

    A process of its own runs it: with gRPC's threads in it, this one could not safely fork for another user.
    """

    def __init__(self, folder: Path) -> None:
        self._settings = Settings.load(
            {"data_dir": folder, "redis_url": "unix:///nowhere", "log_level": "error"}
        )
        self._stores: EmbeddedStores | None = None
        self.url = ""

    def start(self) -> None:
        """Start it, after a crash with recovery, and wait until it answers."""
        self._stores = EmbeddedStores.start(self._settings)
        assert self.url in {"", self._stores.database_url}
        self.url = self._stores.database_url

    def stop(self) -> None:
        """Shut it down as for a restart: sessions are cut."""
        if self._stores is not None:
            self._stores.close()

    def crash(self) -> None:
        """kill -9 all of it, as the kernel would."""
        assert self._stores is not None
        owner = psutil.Process(self._stores.process_id)
        family = [owner, *owner.children(recursive=True)]
        for one in family:
            one.kill()
        self._stores.close()
        eventually("Postgres is gone", lambda: all_gone(family))


class PrivateRedis:
    """A Redis server on a socket, with nothing that starts it again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(unix_socket_path=str(self._socket))

    @property
    def url(self) -> str:
        """For the service."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start it empty, where it does not run, and wait until it answers."""
        if self._process is not None:
            return
        program, *_ = find_programs()
        with (self._folder / "redis.log").open("ab") as output:
            self._process = subprocess.Popen(
                [program, *("--port", "0", "--unixsocket", str(self._socket), "--save", "")],
                cwd=self._folder,
                stdout=output,
                stderr=output,
            )
        eventually("Redis answers", self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def stop(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on where it was paused."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def private_stores() -> Iterator[tuple[PrivatePostgres, PrivateRedis]]:
    """Both, started, for a while."""
    folder = Path(mkdtemp(prefix="loyalty-test-"))
    postgres, cache = PrivatePostgres(folder), PrivateRedis(folder)
    try:
        postgres.start()
        cache.start()
        yield postgres, cache
    finally:
        cache.resume()
        cache.stop()
        cache.client.close()
        postgres.stop()
        rmtree(folder, ignore_errors=True)
