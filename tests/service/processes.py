"""What tests of real processes need: a directory, waiting with a bound, and a server to start."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

WAIT_SECONDS_MAX = 60.0


def eventually(what: str, condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; the bound is only there so that a failing test ends."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


def family(pid: int) -> list[psutil.Process]:
    """A process' children and theirs."""
    return psutil.Process(pid).children(recursive=True)


def all_gone(processes: Iterable[psutil.Process]) -> bool:
    """Whether none runs any more. One that only waits to be reaped does not run."""
    return not any(is_running(process) for process in processes)


def is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def named(processes: Iterable[psutil.Process], *parts: str) -> list[psutil.Process]:
    """Those with one of `parts` in their name."""
    return [process for process in processes if any(part in process.name() for part in parts)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "tests.service.supervised_worker" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


@dataclass
class Server:
    """`tests.service.supervised_server`, running."""

    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, log: Path, environment: Mapping[str, str]) -> Self:
        own = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.service.supervised_server"],
                cwd=Path(__file__).parents[2],
                # TMPDIR: what a killed server leaves there goes with the test's directory.
                env={**own, "LOYALTY_LOG_FORMAT": "json", "TMPDIR": str(log.parent), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
            )
        return cls(process, log)

    def announced(self) -> dict[str, object]:
        """What it announced; fails with its log when it ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        content = json.loads(line)
        assert isinstance(content, dict)
        return content

    def port(self) -> int:
        """Announced port."""
        return int(str(self.announced()["listen"]).rpartition(":")[2])

    def workers(self) -> list[psutil.Process]:
        """The workers that run now."""
        return [process for process in psutil.Process(self.process.pid).children() if _is_worker(process)]

    def exit_status(self) -> int:
        return self.process.wait(WAIT_SECONDS_MAX)

    def end(self) -> None:
        """Whatever the test left: the workers and stores end with their parent."""
        children = family(self.process.pid) if self.process.poll() is None else []
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        eventually("the server's processes end with it", lambda: all_gone(children))
