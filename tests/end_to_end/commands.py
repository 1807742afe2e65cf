"""Running the program `loyalty`, and what every command keeps: one line of error, one document of JSON."""

import io
import json
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from typing import Final
from unittest.mock import patch

from service.command_line.main import main
from service.command_line.output import console, error_console
from tests.running_service import run_loyalty

Done = subprocess.CompletedProcess[str]

AT_ONCE_MAX: Final = 3
# What is printed does not depend on the terminal that the tests run in.
COLUMNS: Final = 160


def run_all(
    commands: Sequence[tuple[str, ...]], address: str | None = None, **environment: str
) -> list[Done]:
    """Run commands a few at a time."""
    with ThreadPoolExecutor(AT_ONCE_MAX) as pool:
        return list(pool.map(lambda command: run_loyalty(*command, address=address, **environment), commands))


def run_here(*arguments: str, address: str) -> Done:
    """Run a command that calls the service within this process, which spares it a second of starting."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    console.width = error_console.width = COLUMNS
    with (
        patch("sys.argv", ["loyalty", *arguments]),
        patch.dict("os.environ", {"LOYALTY_SERVER": address}),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(arguments, code, output.getvalue(), errors.getvalue())


def assert_one_line(done: Done, *words: str) -> None:
    """The command failed, and says why in one line on standard error."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("error: ")
    assert [word for word in words if word not in done.stderr] == [], done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def json_of(done: Done) -> dict[str, object]:
    """The one JSON document that a command printed, and nothing else."""
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    content = json.loads(done.stdout)
    assert isinstance(content, dict)
    return content


def shown(done: Done, *words: str) -> str:
    """What a command that succeeded printed for people; the words must be in it."""
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert [word for word in words if word not in done.stdout] == [], done.stdout
    return done.stdout
