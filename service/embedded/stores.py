"""The owner's side of the private stores: start the process that runs them, learn their addresses, end it."""

import asyncio
import json
import selectors
import subprocess
import sys
import time
from types import TracebackType
from typing import IO, Self

from service.embedded.directories import Directories
from service.embedded.errors import EmbeddedStoresError
from service.embedded.process import clean_up
from service.settings import Settings, StoreUrls

# It bounds its own steps: the lock, creating the data, recovery after a crash. This is for one that hangs.
_START_SECONDS_MAX = 600.0
_STOP_SECONDS_MAX = 120.0


class EmbeddedStores:
    """Private stores of a data directory, running. They end with this object's process, however that ends.

    Use `start_embedded_stores` in asyncio code, or `EmbeddedStores.start` and `close` (or `with`) elsewhere.
    """

    def __init__(self, settings: Settings, process: subprocess.Popen[bytes]) -> None:
        self._settings = settings
        self._process = process
        self._urls: StoreUrls | None = None
        self._notes: tuple[str, ...] = ()

    @classmethod
    def start(cls, settings: Settings) -> Self:
        """Start the stores that `settings` names no URL for, and wait until they answer.

        Raises EmbeddedStoresError.
        """
        stores = cls.launch(settings)
        try:
            stores.wait_until_ready()
        except BaseException:
            stores.close()
            raise
        return stores

    @classmethod
    def launch(cls, settings: Settings) -> Self:
        """Start the process without waiting. `wait_until_ready` has to follow, and `close` in any case."""
        wanted = [
            *(["--postgres"] if settings.embeds_postgres else []),
            *(["--redis"] if settings.embeds_redis else []),
        ]
        process = subprocess.Popen(  # noqa: S603  # this Python, no shell
            [
                *(sys.executable, "-P", "-m", "service.embedded", settings.data_dir),
                *wanted,
                *("--log-level", settings.log_level, "--log-format", settings.log_format),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C in the terminal is for the owner, which ends the stores after its workers.
            start_new_session=True,
        )
        return cls(settings, process)

    def wait_until_ready(self) -> None:
        """Block until the stores answer. Raises EmbeddedStoresError."""
        try:
            answer = json.loads(_read_line(_pipe(self._process.stdout), _START_SECONDS_MAX))
        except ValueError:
            raise EmbeddedStoresError("The process of the private stores ended without a word") from None
        if "error" in answer:
            raise EmbeddedStoresError(answer["error"])
        settings = self._settings
        database_url = (
            settings.database_url.get_secret_value() if settings.database_url else answer["database_url"]
        )
        redis_url = settings.redis_url.get_secret_value() if settings.redis_url else answer["redis_url"]
        self._urls = StoreUrls(database_url, redis_url)
        self._notes = tuple(answer["notes"])

    @property
    def urls(self) -> StoreUrls:
        """Both addresses: of the private stores, and of those that the settings named."""
        if self._urls is None:
            raise EmbeddedStoresError("The private stores are not ready yet")
        return self._urls

    @property
    def database_url(self) -> str:
        """For SQLAlchemy: `postgresql+asyncpg://…`."""
        return self.urls.database_url

    @property
    def redis_url(self) -> str | None:
        """For redis-py; None when there is no Redis."""
        return self.urls.redis_url

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person starting the server should know: one sentence a store."""
        return self._notes

    @property
    def process_id(self) -> int:
        """Of the process that owns the stores."""
        return self._process.pid

    async def ended(self) -> int:
        """Wait for the process to end; gives its exit status, negative for a signal. `stop` has to follow."""
        return await asyncio.to_thread(self._process.wait)

    async def stop(self) -> None:
        """`close`, without blocking the event loop."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Stop the stores and wait for it. Safe to repeat."""
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(_STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()
        if self._process.returncode < 0:
            # Killed: it could not stop what it owned.
            clean_up(Directories(self._settings.data_dir))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


async def start_embedded_stores(settings: Settings) -> EmbeddedStores:
    """Start the stores that `settings` names no URL for, in its data directory.

    Takes about two seconds the first time. Cancelling it stops what was started. Raises EmbeddedStoresError.
    """
    stores = EmbeddedStores.launch(settings)
    try:
        await asyncio.to_thread(stores.wait_until_ready)
    except BaseException:
        await asyncio.shield(stores.stop())
        raise
    return stores


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise TypeError("the process was started without this pipe")
    return pipe


def _read_line(pipe: IO[bytes], seconds_max: float) -> bytes:
    """One line, or what came before the end of the pipe or of the time."""
    line = b""
    deadline = time.monotonic() + seconds_max
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(max(0.0, deadline - time.monotonic())):
            part = pipe.read1(4096) if hasattr(pipe, "read1") else pipe.read(1)
            if not part:
                break
            line += part
    return line
