"""A server as an operator runs it: the program `loyalty serve`, its address, and what it printed."""

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import psutil
from loyalty.client import LoyaltyClient
from loyalty.v1 import program_service_pb2

ROOT: Final = Path(__file__).parent.parent
LOYALTY: Final = Path(sys.executable).parent / "loyalty"
START_SECONDS_MAX: Final = 60
STOP_SECONDS_MAX: Final = 60
COMMAND_SECONDS_MAX: Final = 200
DEMO: Final = (ROOT / "examples" / "demo.yaml").read_text(encoding="utf-8")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def named_program(name: str, text: str = DEMO) -> tuple[str, str]:
    """A program id made of a test's name, and the document under that id."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    program_id = f"{plain[-60:]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return program_id, text.replace("program_id: demo", f"program_id: {program_id}")


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "service.worker_process" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False  # it was killed a moment ago


class RunningService:
    """A started `loyalty serve`."""

    def __init__(self, process: "subprocess.Popen[bytes]", address: str, output: IO[bytes]) -> None:
        self.process = process
        self.address = address
        self._output = output

    def log(self) -> str:
        """Everything it has printed so far."""
        return self._printed().decode(errors="replace")

    def workers(self) -> list[psutil.Process]:
        """Its worker processes that run."""
        return [child for child in psutil.Process(self.process.pid).children() if _is_worker(child)]

    def apply_program(self, name: str, text: str = DEMO) -> str:
        """Apply a document under a name of its own; answers the program's id."""
        program_id, document = named_program(name, text)
        with LoyaltyClient(self.address, channels=1) as client:
            client.programs.ApplyProgram(
                program_service_pb2.ApplyProgramRequest(document=document, request_id=f"apply:{name}"[:128]),
                timeout=10,
            )
        return program_id

    def wait_until_ready(self) -> None:
        """Wait for the line that says so."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while b"Ready" not in self._printed():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the service did not become ready:\n{self.log()}")
            time.sleep(0.02)

    def _printed(self) -> bytes:
        # The service writes where this file's position is: reading must not move it.
        output = self._output.fileno()
        return os.pread(output, os.fstat(output).st_size, 0)

    def kill(self) -> None:
        """kill -9 the parent, as an operator or the kernel would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS_MAX)

    def terminate(self) -> int:
        """Ask it to stop; answers its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS_MAX)


def start_service(
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    workers: int = 2,
    port: int | None = None,
    data_dir: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> RunningService:
    """Start `loyalty serve` and return at once."""
    address = f"127.0.0.1:{port or free_port()}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}
    environment |= {"LOYALTY_LISTEN": address, "LOYALTY_WORKERS": str(workers), **(settings or {})}
    for name, value in (
        ("LOYALTY_DATABASE_URL", database_url),
        ("LOYALTY_REDIS_URL", redis_url),
        ("LOYALTY_DATA_DIR", data_dir),
    ):
        if value is not None:
            environment[name] = str(value)
    output = tempfile.TemporaryFile()  # noqa: SIM115 - read as long as the service is
    process = subprocess.Popen([LOYALTY, "serve"], env=environment, stdout=output, stderr=output)
    return RunningService(process, address, output)


@contextmanager
def running_service(
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    workers: int = 2,
    port: int | None = None,
    data_dir: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[RunningService]:
    """A service that is ready, and stopped at the end."""
    running = start_service(
        database_url=database_url,
        redis_url=redis_url,
        workers=workers,
        port=port,
        data_dir=data_dir,
        settings=settings,
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.terminate()


def run_loyalty(
    *arguments: str, address: str | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command line as a person would; its code, what it printed, and its errors."""
    process = start_loyalty(*arguments, address=address, **environment)
    with process:
        output, errors = process.communicate(timeout=COMMAND_SECONDS_MAX)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def start_loyalty(*arguments: str, address: str | None = None, **environment: str) -> "subprocess.Popen[str]":
    """Start a command and return at once."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}
    if address is not None:
        variables["LOYALTY_SERVER"] = address
    return subprocess.Popen(
        [LOYALTY, *arguments],
        env={**variables, "COLUMNS": "160", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
