"""The mutation check: break a law in a copy of the project, and see its tests fail.

`make mutants` runs all of them; `python tools/mutants.py --only NAME` one. A mutant survives where its tests
still pass; one whose text is no longer there, or whose tests cannot even be collected, is an error. Either
fails the check. The checkout itself is never touched.
"""

import argparse
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.mutant import Mutant  # noqa: E402 - found where this file lies, however it is started
from tools.mutants_of_members import MUTANTS as OF_MEMBERS  # noqa: E402
from tools.mutants_of_points import MUTANTS as OF_POINTS  # noqa: E402
from tools.mutants_of_store import MUTANTS as OF_STORE  # noqa: E402

MUTANTS: Final = (*OF_POINTS, *OF_MEMBERS, *OF_STORE)
COPIES_MAX: Final = 2
SECONDS_A_MUTANT_MAX: Final = 400
SECONDS_UNBROKEN_MAX: Final = 1_200
NOT_COPIED: Final = (
    ".git",
    ".venv",
    ".loyalty",
    ".hypothesis",
    ".*_cache",
    "__pycache__",
    "*.pyc",
    "build",
    "dist",
)
PASSED, FAILED = 0, 1
OUTPUT_LINES_MAX: Final = 15
WIDTH_OF_FILES: Final = 140


class Result(NamedTuple):
    """What became of a mutant: killed, hung (killed by its time), survived, or an error."""

    mutant: Mutant
    verdict: str
    seconds: float
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether the tests noticed it."""
        return self.verdict in {"killed", "hung"}


def run_tests(
    copy: Path, tests: Sequence[str], seconds_max: float = SECONDS_A_MUTANT_MAX
) -> tuple[int | None, str]:
    """Run tests in a copy; pytest's exit code (None: out of time) and the end of what it said."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests]
    # Without bytecode files: a change within one second and of one length would be taken for no change.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "LOYALTY_LAW_SHRINK": "0"}
    environment.pop("LOYALTY_LAW_HISTORIES", None)
    try:
        done = subprocess.run(  # noqa: S603 - our own tests
            command,
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds_max,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"no end within {seconds_max} seconds"
    return done.returncode, "\n".join((done.stdout + done.stderr).splitlines()[-OUTPUT_LINES_MAX:])


def try_mutant(copy: Path, mutant: Mutant) -> Result:
    """Break the law in the copy, run its tests, and mend the copy again."""
    started = time.monotonic()
    target = copy / mutant.file
    original = target.read_text(encoding="utf-8")
    if original.count(mutant.old) != 1:
        return Result(mutant, "error", 0, f"its text stands {original.count(mutant.old)} times in the file")
    changed = original.replace(mutant.old, mutant.new)
    try:
        compile(changed, mutant.file, "exec")
        target.write_text(changed, encoding="utf-8")
        code, output = run_tests(copy, mutant.tests)
    except SyntaxError as error:
        return Result(mutant, "error", 0, f"the mutant is no Python: {error}")
    finally:
        target.write_text(original, encoding="utf-8")
    seconds = time.monotonic() - started
    if code == PASSED:
        return Result(mutant, "survived", seconds)
    if code is None:
        return Result(mutant, "hung", seconds, output)
    if code == FAILED:
        return Result(mutant, "killed", seconds)
    return Result(mutant, "error", seconds, f"pytest ended with {code}:\n{output}")


def make_copy(folder: Path) -> Path:
    """A copy of the project to break."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
    return folder


def check(mutants: Sequence[Mutant], console: Console) -> list[Result]:
    """Try all mutants, a few at a time, each copy with one mutant at a time."""
    with tempfile.TemporaryDirectory(prefix="loyalty-mutants-", ignore_cleanup_errors=True) as folder:
        copies: queue.Queue[Path] = queue.Queue()
        # Embedded servers run as another user where this runs as root: let it read the copy.
        Path(folder).chmod(0o755)
        for number in range(COPIES_MAX):
            copies.put(make_copy(Path(folder) / f"copy{number}"))
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        console.print(f"{len(mutants)} mutants; first the unbroken project must pass {len(tests)} tests …")
        copy = copies.get()
        code, output = run_tests(copy, tests, SECONDS_UNBROKEN_MAX)
        copies.put(copy)
        if code != PASSED:
            console.print(f"[red]Tests fail without any mutant:[/red]\n{output}", highlight=False)
            raise SystemExit(2)

        def run(mutant: Mutant) -> Result:
            mine = copies.get()
            try:
                result = try_mutant(mine, mutant)
            finally:
                copies.put(mine)
            console.print(f"{result.verdict:>9}  {mutant.name}", style="" if result.good else "red")
            return result

        with ThreadPoolExecutor(COPIES_MAX) as pool:
            return list(pool.map(run, mutants))


def show(results: Sequence[Result], console: Console) -> None:
    """The table, and what went wrong."""
    table = Table("law", "mutant", "verdict", "s")
    for result in sorted(results, key=lambda result: (result.mutant.law, result.mutant.name)):
        mutant = result.mutant
        verdict = result.verdict if result.good else f"[red]{result.verdict}[/red]"
        table.add_row(mutant.law, mutant.name, verdict, f"{result.seconds:.0f}")
    console.print(table)
    for result in results:
        if result.detail and not result.good:
            console.print(f"{result.mutant.name}: {result.detail}", highlight=False)


def main() -> int:
    """Run the check; 1 where a mutant is not killed, 2 where nothing can be said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant; may be repeated")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    chosen = parser.parse_args()
    console = Console(stderr=bool(chosen.json), width=None if sys.stdout.isatty() else WIDTH_OF_FILES)
    names = [mutant.name for mutant in MUTANTS]
    unknown = sorted(set(chosen.only or ()) - set(names))
    if unknown or len(set(names)) != len(names):
        console.print(f"no such mutant: {', '.join(unknown)}" if unknown else "two mutants have one name")
        return 2
    mutants = [mutant for mutant in MUTANTS if not chosen.only or mutant.name in chosen.only]
    if chosen.list:
        for mutant in mutants:
            console.print(f"{mutant.name}: {mutant.law} ({mutant.file})", highlight=False)
        return 0
    results = check(mutants, console)
    if chosen.json:
        rows = [
            {
                "name": result.mutant.name,
                "law": result.mutant.law,
                "file": result.mutant.file,
                "verdict": result.verdict,
                "seconds": round(result.seconds, 1),
                "detail": result.detail,
            }
            for result in results
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    show(results, console)
    bad = [result for result in results if not result.good]
    console.print(f"{len(results) - len(bad)} of {len(results)} mutants killed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
