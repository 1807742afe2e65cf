"""Histories on which the service and the model once parted are told again, in memory."""

import pytest

from tests.ledger_laws.comparing import first_difference
from tests.ledger_laws.domain_stage import DomainStage
from tests.ledger_laws.told_before import TOLD_BEFORE


@pytest.mark.parametrize("rule", list(TOLD_BEFORE))
def test_told_again(rule: str) -> None:
    assert first_difference(DomainStage(), *TOLD_BEFORE[rule]) == ""
