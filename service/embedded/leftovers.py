"""Stores that outlived their owner because it was killed: found by their working directory, and stopped."""

import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
import structlog

_GENTLE_SECONDS_MAX = 30.0
_FIRM_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.02

log = structlog.get_logger()


def stop_leftovers(directory: Path, program_names: Iterable[str]) -> None:
    """Stop every such program whose working directory is `directory`, and wait until they are gone.

    A process id on file may belong to someone else after a restart of the machine or the container; a working
    directory cannot. SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
    """
    names = frozenset(program_names)
    for wanted, seconds_max in (
        (signal.SIGINT, _GENTLE_SECONDS_MAX),
        (signal.SIGQUIT, _FIRM_SECONDS_MAX),
        (signal.SIGKILL, _FIRM_SECONDS_MAX),
    ):
        found = _processes_in(directory, names)
        if not found:
            return
        ids = {process.pid for process in found}
        log.warning("stopping what a killed server left behind", directory=str(directory), pids=sorted(ids))
        for process in found:
            try:
                # A postmaster stops its own children, in order; only the last resort hits all.
                if wanted == signal.SIGKILL or process.ppid() not in ids:
                    process.send_signal(wanted)
            except psutil.NoSuchProcess:
                continue
        _wait_until_gone(found, seconds_max)


def _wait_until_gone(processes: list[psutil.Process], seconds_max: float) -> None:
    deadline = time.monotonic() + seconds_max
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _runs(process: psutil.Process) -> bool:
    # One that only waits for its parent to take notice holds nothing any more.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _processes_in(directory: Path, names: frozenset[str]) -> list[psutil.Process]:
    place = str(directory.resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() in names and process.cwd() == place:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue  # not ours: ours are of this user, or this user is root
    return found
