"""The mutation check can be run: each mutant's text stands in the code just once, and changes it."""

import pytest

from tests.running_service import ROOT
from tools.mutant import Mutant
from tools.mutants import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_mutant_changes_one_place(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.old != mutant.new
