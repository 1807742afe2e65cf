"""A history on a stage beside the model: where they first part, and the shortest history that shows it."""

from dataclasses import replace
from typing import Protocol

from tests.ledger_laws.translating import answer_of
from tests.ledger_model.answers import Answer, Done
from tests.ledger_model.asks import Ask, Terms
from tests.ledger_model.scripts import Scene, Seen, told
from tests.ledger_model.steps import Step


class Stage(Protocol):
    """Where scenes are played."""

    def ask(self, scene: Scene, ask: Ask, validate_only: bool = False) -> object:
        """The outcome of what is asked."""

    def book(self, scene: Scene) -> None:
        """The worker books what has fallen due."""

    def seen(self, now_us: int) -> dict[str, Seen]:
        """What is to be seen of each member."""


def shown(answer: Answer | None) -> Answer | None:
    """An answer without what no answer of the service says."""
    return replace(answer, paid_by=()) if isinstance(answer, Done) else answer


def first_difference(stage: Stage, terms: Terms, history: list[Step]) -> str:
    """The first scene after which the stage and the model differ, in words; empty where there is none."""
    for scene in told(terms, history).scenes:
        if scene.ask is None:
            stage.book(scene)
        else:
            answer = answer_of(stage.ask(scene, scene.ask))
            if answer != shown(scene.answer):
                return (
                    f"{scene.ask} of {scene.member_id}:\n  the model answers {scene.answer}\n  found {answer}"
                )
        seen = stage.seen(scene.now_us)
        if seen != scene.after:
            return f"after {scene.ask}:\n  the model has {scene.after}\n  found {seen}"
    return ""
