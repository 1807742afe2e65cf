"""The laws of domain.md on random histories, through the store on a real Postgres."""

import asyncio
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger_laws.running import law
from tests.ledger_laws.store_stage import play, stages
from tests.ledger_laws.told_before import TOLD_BEFORE
from tests.ledger_model.asks import Terms
from tests.ledger_model.histories import histories
from tests.ledger_model.scripts import told
from tests.ledger_model.steps import Step

HISTORIES: Final = 60


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("rule", list(TOLD_BEFORE))
async def test_told_again(database_url: str, rule: str, together: bool) -> None:
    """Histories on which the service and the model once parted, each command alone or in batches."""
    async with stages(database_url) as new_stage:
        stage = new_stage()
        await play(stage, told(*TOLD_BEFORE[rule]).scenes, together)
        assert await stage.drifts() == []


def test_the_store_keeps_the_laws(database_url: str) -> None:
    """Every answer, trial, reader and repeat is the model's, in batches or alone, whenever the worker books;
    in the end the journals fold to the accounts, and the check of the books finds nothing.
    """
    with asyncio.Runner() as runner:
        opening = stages(database_url)
        new_stage = runner.run(opening.__aenter__())

        @given(histories, st.booleans())
        @law(HISTORIES)
        def histories_are_as_told(drawn: tuple[Terms, list[Step]], together: bool) -> None:
            async def look() -> None:
                stage = new_stage()
                await play(stage, told(*drawn).scenes, together)
                assert await stage.drifts() == []
                await stage.replay()
                assert await stage.drifts() == []

            runner.run(look())

        try:
            histories_are_as_told()
        finally:
            runner.run(opening.__aexit__(None, None, None))
