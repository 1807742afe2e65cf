"""Exclusive ownership by one process: a lock on a file that ends with the process, however it ends."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

_POLL_SECONDS = 0.05


class LockHeldError(Exception):
    """Another process has the lock. `owner_pid` is None when it did not write its id (yet)."""

    def __init__(self, path: Path, owner_pid: int | None) -> None:
        self.path = path
        self.owner_pid = owner_pid
        super().__init__(f"{path} is locked by another process (pid {owner_pid or 'unknown'})")


class FileLock:
    """A held lock."""

    def __init__(self, path: Path, descriptor: int, *, remove: bool) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._remove = remove

    @classmethod
    def take(
        cls,
        path: Path,
        *,
        wait_seconds: float = 0.0,
        sleep: Callable[[float], object] = time.sleep,
        remove: bool = False,
    ) -> Self:
        """Lock `path`, creating it, and write this process' id into it; `remove` it when released.

        Tries for `wait_seconds`, then raises LockHeldError; `sleep` may raise to end the wait early.
        """
        deadline = time.monotonic() + wait_seconds
        while True:
            descriptor = _open_and_lock(path)
            if descriptor is not None:
                return cls(path, descriptor, remove=remove)
            if time.monotonic() >= deadline:
                raise LockHeldError(path, _written_pid(path))
            sleep(_POLL_SECONDS)

    def release(self) -> None:
        """Let go of the lock. Safe to repeat."""
        if self._descriptor is not None:
            if self._remove:
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()


def _open_and_lock(path: Path) -> int | None:
    """The descriptor that holds the lock, or None when another process has it, or just had."""
    # Not inheritable, so no child keeps the lock; no symbolic link, as the directory may be a shared one.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its last owner may have removed it since it was opened: then it is not the file that others lock.
        if not _is_at(descriptor, path):
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _written_pid(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None
