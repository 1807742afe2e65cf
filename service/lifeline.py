"""A worker process' tie to the supervisor: what it is told to do, that it is ready, and that it dies with it.

The supervisor writes one JSON line to the worker's stdin and then holds the pipe open. Its end means that the
supervisor is gone; the worker then ends at once: none serves a port or a store nobody looks after.
"""

import json
import os
import sys
import threading
from dataclasses import dataclass

from service.settings import Settings, StoreUrls

_HANDOVER_BYTES_MAX = 1024 * 1024
_READY = b"ready\n"


@dataclass(frozen=True, slots=True)
class Handover:
    """What a worker is started with. It holds secrets: a pipe carries it, never arguments or logs."""

    settings: Settings
    urls: StoreUrls
    worker_index: int
    """From 0; a worker started in place of a dead one has its index."""

    def to_line(self) -> bytes:
        """One JSON line."""
        return (
            json.dumps(
                {
                    "settings": self.settings.to_environment(),
                    "database_url": self.urls.database_url,
                    "redis_url": self.urls.redis_url,
                    "worker_index": self.worker_index,
                }
            ).encode()
            + b"\n"
        )

    @classmethod
    def from_line(cls, line: bytes) -> "Handover":
        """Read `to_line`. Raises ValueError for anything else."""
        content = json.loads(line)
        if not isinstance(content, dict):
            raise TypeError("a handover is a JSON object")
        return cls(
            settings=Settings.from_environment(content["settings"]),
            urls=StoreUrls(content["database_url"], content["redis_url"]),
            worker_index=content["worker_index"],
        )


class Lifeline:
    """The worker's end of the tie. Create it first thing with `attach`."""

    def __init__(self, handover: Handover, ready_descriptor: int) -> None:
        self.handover = handover
        self._ready_descriptor: int | None = ready_descriptor

    @classmethod
    def attach(cls) -> "Lifeline":
        """Take the handover from stdin, and from now on end with the supervisor.

        stdin and stdout become free for their usual meaning: nothing to read, and prints go to stderr.
        Raises SystemExit when this process was not started by a supervisor.
        """
        life, ready = os.dup(0), os.dup(1)
        line = _read_line(life)
        if not line.endswith(b"\n"):
            raise SystemExit("A worker is started by `loyalty serve`, not by hand")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        handover = Handover.from_line(line)
        threading.Thread(target=_end_with, args=(life,), name="lifeline", daemon=True).start()
        return cls(handover, ready)

    def report_ready(self) -> None:
        """Tell the supervisor that this worker answers calls. Later calls do nothing."""
        if self._ready_descriptor is not None:
            descriptor, self._ready_descriptor = self._ready_descriptor, None
            try:
                os.write(descriptor, _READY)
            except BrokenPipeError:
                pass  # the supervisor is gone, and this process about to be
            finally:
                os.close(descriptor)


def _read_line(descriptor: int) -> bytes:
    if os.isatty(descriptor):
        return b""
    line = b""
    while not line.endswith(b"\n") and len(line) < _HANDOVER_BYTES_MAX:
        part = os.read(descriptor, 65_536)
        if not part:
            break
        line += part
    return line


def _end_with(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:
        sys.stderr.flush()
    # At once: no drain, no handlers. Whatever is in flight is either committed or will be rolled back.
    os._exit(1)
