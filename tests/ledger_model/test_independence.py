"""The model shares no code with what it checks."""

import ast
import sys
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.glob("*.py"))
# What draws the histories and runs the tests is no part of the model.
OUTSIDE = {"hypothesis", "pytest"}


def imported_by(file: Path) -> set[str]:
    """Everything a file imports, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_it_imports_the_standard_library_and_itself(file: Path) -> None:
    strangers = {
        name
        for name in imported_by(file)
        if name.split(".")[0] not in sys.stdlib_module_names | OUTSIDE
        and not name.startswith("tests.ledger_model.")
    }
    assert strangers == set()
