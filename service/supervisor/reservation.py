"""Taking a port for one server.

Workers share the port with SO_REUSEPORT, and so would a second server's: both would start without an error
and each get some of the calls. So the parent makes sure it is alone, and keeps its hold as long as it lives.
"""

import asyncio
import os
import re
import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from service.file_lock import FileLock, LockHeldError
from service.settings import ListenAddress
from service.supervisor.errors import StartError

# Workers of a server killed a moment ago may not have ended yet.
_WAIT_SECONDS_MAX = 3.0
_POLL_SECONDS = 0.1

_SocketAddress = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


class Reservation:
    """A port that is this server's. Workers may bind it with SO_REUSEPORT."""

    def __init__(self, address: ListenAddress, hold: ExitStack) -> None:
        self.address = address
        self._hold = hold

    @classmethod
    async def take(cls, wanted: ListenAddress) -> Self:
        """Take the port, waiting up to 3 s for it; port 0 becomes a free one. Raises StartError."""
        deadline = time.monotonic() + _WAIT_SECONDS_MAX
        while True:
            try:
                return cls._try_to_take(wanted)
            except LockHeldError as error:
                # Its parent lives, so there is nothing to wait for: the lock ends with the parent.
                raise StartError(
                    f"Another server (pid {error.owner_pid or 'unknown'}) is listening on {wanted}."
                    " Stop it, or choose another LOYALTY_LISTEN"
                ) from error
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise StartError(
                        f"Cannot listen on {wanted}: {error.strerror or error}."
                        " Stop what uses it, or choose another LOYALTY_LISTEN"
                    ) from error
            await asyncio.sleep(_POLL_SECONDS)

    @classmethod
    def _try_to_take(cls, wanted: ListenAddress) -> Self:
        address = wanted if wanted.port else ListenAddress(wanted.host, _free_port(wanted.host))
        resolved = _resolve(address)
        with ExitStack() as hold:
            # First of all, since two servers starting in the same moment would both find the port free below.
            hold.enter_context(FileLock.take(_lock_file(address), remove=True))
            for family, socket_address in resolved:
                _probe(family, socket_address)
                held = hold.enter_context(socket.socket(family, socket.SOCK_STREAM))
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                held.bind(socket_address)  # never listens, so it gets no connections
            return cls(address, hold.pop_all())

    def release(self) -> None:
        """Give the port back."""
        self._hold.close()


def _resolve(address: ListenAddress) -> list[_SocketAddress]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [
        (
            family,
            (str(to[0]), int(to[1])) if len(to) == 2 else (str(to[0]), int(to[1]), int(to[2]), int(to[3])),
        )
        for family, _type, _protocol, _name, to in found
    ]


def _probe(family: socket.AddressFamily, address: tuple[str, int] | tuple[str, int, int, int]) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Passes over connections of a server that ended (TIME_WAIT), fails on one that runs.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _free_port(host: str) -> int:
    family, address = _resolve(ListenAddress(host, 0))[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])


def _lock_file(address: ListenAddress) -> Path:
    # With the user's id: only one user's processes can share a port, and nobody can use another's file.
    host = re.sub(r"[^A-Za-z0-9.-]", "_", address.host)
    return Path(tempfile.gettempdir()) / f"loyalty-{os.getuid()}-{host}-{address.port}.lock"
