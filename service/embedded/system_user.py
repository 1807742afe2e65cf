"""Running the stores as an ordinary user of the machine: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service.embedded.errors import EmbeddedStoresError

# The name that the wheel with PostgreSQL uses too.
_USER_WHEN_ROOT = "pgserver"
_COMMAND_SECONDS_MAX = 120


@dataclass(frozen=True, slots=True)
class SystemUser:
    """Whom the stores run as: this process' own user, or, when that is root, the user `pgserver`."""

    name: str
    user_id: int
    group_id: int
    is_other: bool
    """Whether it is not this process' own user, so that files have to be handed to it."""

    def own(self, path: Path) -> None:
        """Give a file or directory made by this process to the user."""
        if self.is_other:
            os.chown(path, self.user_id, self.group_id, follow_symlinks=False)

    def let_reach(self, path: Path) -> tuple[Path, ...]:
        """Let the user pass through the directories that lead to `path`; gives those that were opened for it.

        Only passing (x) is allowed, never listing: the directories may be root's home.
        """
        opened = []
        for directory in (path, *path.parents) if self.is_other else ():
            status = directory.stat()
            if status.st_uid != self.user_id and not status.st_mode & stat.S_IXOTH:
                directory.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
                opened.append(directory)
        return tuple(opened)

    def start(
        self, command: Sequence[str | Path], *, directory: Path, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a program as the user, apart from the terminal's signals, with its output in a file."""
        return subprocess.Popen(  # noqa: S603  # programs of the wheels or of the PATH, no shell
            command,
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=self.user_id if self.is_other else None,
            group=self.group_id if self.is_other else None,
            extra_groups=[] if self.is_other else None,
        )

    def run(self, command: Sequence[str | Path], *, directory: Path) -> str:
        """Run a program as the user to its end, at most two minutes. Gives its output.

        Raises EmbeddedStoresError with what it complained about.
        """
        try:
            done = subprocess.run(  # noqa: S603  # programs of the wheels, no shell
                command,
                cwd=directory,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_COMMAND_SECONDS_MAX,
                start_new_session=True,
                user=self.user_id if self.is_other else None,
                group=self.group_id if self.is_other else None,
                extra_groups=[] if self.is_other else None,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EmbeddedStoresError(
                f"Could not run {command[0]} as the user {self.name}: {error}"
            ) from error
        if done.returncode != 0:
            raise EmbeddedStoresError(
                f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}"
            )
        return done.stdout


def own_user() -> SystemUser:
    """The user this process runs as."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = str(os.geteuid())
    return SystemUser(name, os.geteuid(), os.getegid(), is_other=False)


def user_for_stores() -> SystemUser:
    """The user to run PostgreSQL as. Creates `pgserver` when this process is root and there is none."""
    if os.geteuid() != 0:
        return own_user()

    name = _USER_WHEN_ROOT
    _create_user(name)
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise EmbeddedStoresError(
            f"PostgreSQL does not run as root, and the user {name} could not be created to run it."
            " Run the server as another user, or set LOYALTY_DATABASE_URL"
        ) from None
    return SystemUser(name, entry.pw_uid, entry.pw_gid, is_other=True)


def _create_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        useradd = shutil.which("useradd")
        if useradd is not None:
            # Not checked: another server may create it in the same moment, and the caller looks again.
            subprocess.run(  # noqa: S603  # a constant name, no shell
                [useradd, "--system", "--user-group", "--no-create-home", name],
                capture_output=True,
                check=False,
                timeout=_COMMAND_SECONDS_MAX,
            )


def _environment() -> dict[str, str]:
    # PGHOST, PGOPTIONS, PGDATA … would redirect the programs; the settings may hold secrets.
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LOYALTY_"))}
