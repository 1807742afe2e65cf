"""The process that runs the private stores of one data directory, as long as its owner keeps its stdin open.

It prints one JSON line when the stores answer, `{"database_url": …, "redis_url": …, "notes": […]}` (null for
stores it was not asked for), or `{"error": …}`. At the end of stdin or at SIGTERM it stops both cleanly.
"""

import argparse
import json
import os
import selectors
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog

from service.embedded.directories import Directories
from service.embedded.errors import EmbeddedStoresError
from service.embedded.leftovers import stop_leftovers
from service.embedded.postgres import Postgres
from service.embedded.redis import Redis
from service.embedded.system_user import own_user, user_for_stores
from service.file_lock import FileLock, LockHeldError
from service.logging import configure_logging

# An earlier owner of the directory may still be writing a checkpoint after its parent was killed.
LOCK_SECONDS_MAX = 30.0

_TEND_SECONDS = 0.5

log = structlog.get_logger()


class OwnerGoneError(Exception):
    """Whoever wanted the stores has ended, or asked for the end."""


class Owner:
    """The other end of stdin. All waiting goes through it, so its end is never missed."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self._selector.register(woken, selectors.EVENT_READ)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: None)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises OwnerGoneError as soon as the owner is gone or asks for the end."""
        for key, _events in self._selector.select(seconds):
            if key.fd != 0 or not os.read(0, 4096):
                raise OwnerGoneError

    def tell(self, message: dict[str, object]) -> None:
        """Send the owner a line. Raises OwnerGoneError when there is none."""
        try:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()
        except OSError:
            raise OwnerGoneError from None


def main(arguments: Sequence[str]) -> int:
    """Run the stores; gives the exit status: 0 when the owner ended them, 1 when they failed."""
    parser = argparse.ArgumentParser(prog="python -m service.embedded", description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--postgres", action="store_true", help="start a PostgreSQL")
    parser.add_argument("--redis", action="store_true", help="start a Redis, if there is a program for it")
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    parser.add_argument("--log-format", choices=["auto", "json", "console"], default="auto")
    options = parser.parse_args(arguments)
    configure_logging(options.log_level, options.log_format)
    owner = Owner()
    try:
        _run(Directories(options.data_dir.absolute()), owner, postgres=options.postgres, redis=options.redis)
    except OwnerGoneError:
        return 0
    except (EmbeddedStoresError, OSError) as error:
        log.error("the private stores failed", error=str(error))  # noqa: TRY400  # the sentence says it all
        try:
            owner.tell({"error": str(error)})
        except OwnerGoneError:
            return 1
    return 1


def clean_up(directories: Directories) -> None:
    """Stop what a killed owner of the directory left running. Does nothing when there is a new owner."""
    try:
        lock = FileLock.take(directories.lock)
    except (LockHeldError, FileNotFoundError):
        return
    with lock:
        _stop_all_leftovers(directories)
        directories.remove_socket_directory()


def _stop_all_leftovers(directories: Directories) -> None:
    stop_leftovers(directories.postgres, Postgres.PROGRAM_NAMES)
    stop_leftovers(directories.redis, Redis.PROGRAM_NAMES)


def _run(directories: Directories, owner: Owner, *, postgres: bool, redis: bool) -> None:
    """Start, tell, tend. Never returns: raises OwnerGoneError in the end, or what went wrong."""
    directories.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lock = FileLock.take(directories.lock, wait_seconds=LOCK_SECONDS_MAX, sleep=owner.sleep)
    except LockHeldError as error:
        raise EmbeddedStoresError(
            f"The stores of {directories.root} are still running for another server"
            f" (pid {error.owner_pid}); waited {LOCK_SECONDS_MAX:.0f} s for them to stop"
        ) from error
    with ExitStack() as at_the_end:
        at_the_end.enter_context(lock)
        _stop_all_leftovers(directories)
        user = user_for_stores() if postgres else own_user()
        at_the_end.callback(directories.remove_socket_directory)
        sockets = directories.make_socket_directory()
        user.own(sockets)
        opened = user.let_reach(directories.root)
        notes = [f"others may now pass through {directory}, to let {user.name} in" for directory in opened]

        database_url, redis_url = None, None
        server = Postgres(directories, sockets, user) if postgres else None
        if server is not None:
            at_the_end.callback(server.stop)
            server.start(owner.sleep)
            database_url = server.url
            notes.append(f"PostgreSQL: private to this machine, its data in {directories.postgres}")
        cache = Redis(directories, sockets, user) if redis else None
        if cache is not None:
            at_the_end.callback(cache.stop)
            notes.append(cache.start(owner.sleep))
            redis_url = cache.url

        owner.tell({"database_url": database_url, "redis_url": redis_url, "notes": notes})
        while True:
            owner.sleep(_TEND_SECONDS)
            failure = server.failure() if server is not None else None
            if failure is not None:
                raise EmbeddedStoresError(failure)
            if cache is not None:
                cache.tend()
