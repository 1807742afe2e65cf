"""Where the private stores keep their files, and a place for their sockets whose path is short enough."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from service.embedded.errors import EmbeddedStoresError

# A socket's path must fit sockaddr_un.sun_path: 104 bytes on macOS, 108 on Linux, with the ending zero.
_SOCKET_PATH_BYTES_MAX = 103
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
_TEMPORARY_PREFIX = "loyalty-sockets-"


@dataclass(frozen=True, slots=True)
class Directories:
    """The layout of a data directory."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the process that owns the stores."""
        return self.root / "stores.lock"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data; it exists only when it is complete."""
        return self.root / "postgres"

    @property
    def postgres_new(self) -> Path:
        """PostgreSQL's data while they are being created."""
        return self.root / "postgres.new"

    @property
    def postgres_start_log(self) -> Path:
        """What PostgreSQL said before it opened its own log (`postgres/log/`)."""
        return self.root / "postgres.start.log"

    @property
    def redis(self) -> Path:
        """Redis' working directory; nothing is kept in it."""
        return self.root / "redis"

    @property
    def redis_log(self) -> Path:
        """What Redis said since it was last started."""
        return self.root / "redis.log"

    @property
    def sockets(self) -> Path:
        """The sockets, or a symbolic link to where they are when this path is too long for one."""
        return self.root / "sockets"

    def make_socket_directory(self) -> Path:
        """An empty directory only its owner may enter, with a path short enough for sockets.

        `remove_socket_directory` removes it, also one that a killed process left behind.
        """
        self.remove_socket_directory()
        if _fits(self.sockets):
            self.sockets.mkdir(mode=0o700)
            return self.sockets
        for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  # mkdtemp makes an unguessable name of mode 0700 in it
            directory = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir=parent)).resolve()
            if _fits(directory):
                self.sockets.symlink_to(directory, target_is_directory=True)
                return directory
            directory.rmdir()
        raise EmbeddedStoresError(
            f"No path is short enough for a socket: {self.sockets} is too long, and so is {directory}."
            " Set LOYALTY_DATA_DIR or TMPDIR to a shorter one"
        )

    def remove_socket_directory(self) -> None:
        """Remove the sockets and their directory, if there are any. The stores must not be running."""
        if self.sockets.is_symlink():
            target = self.sockets.readlink()
            # The link is only followed to what this code makes, and rmtree follows no further links.
            if target.name.startswith(_TEMPORARY_PREFIX):
                shutil.rmtree(target, ignore_errors=True)
            self.sockets.unlink()
        elif self.sockets.exists():
            shutil.rmtree(self.sockets)


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / _LONGEST_SOCKET_NAME)) <= _SOCKET_PATH_BYTES_MAX
