"""The laws of domain.md on random histories, in memory: answers, readers and books are the naive model's."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given

from members.advance import balance_at
from tests.ledger_laws.comparing import first_difference
from tests.ledger_laws.domain_stage import DomainStage
from tests.ledger_laws.running import law
from tests.ledger_laws.translating import answer_of, balance_of
from tests.ledger_model.answers import Refused
from tests.ledger_model.asks import Refund, Settle, Terms
from tests.ledger_model.days import DAY_US
from tests.ledger_model.histories import histories
from tests.ledger_model.scripts import Scene, told
from tests.ledger_model.steps import Step

Drawn = tuple[Terms, list[Step]]


def play(stage: DomainStage, scene: Scene) -> object:
    """Let a scene happen; the outcome of what was asked."""
    if scene.ask is None:
        stage.book(scene)
        return None
    return stage.ask(scene, scene.ask)


def played(drawn: Drawn) -> DomainStage:
    """A history, played to its end."""
    stage = DomainStage()
    for scene in told(*drawn).scenes:
        play(stage, scene)
    return stage


def is_late(scene: Scene) -> bool:
    """Whether what is asked lies in the past."""
    return isinstance(scene.ask, Settle | Refund) and 0 < scene.ask.time_us < scene.now_us


def everything(stage: DomainStage) -> bytes:
    """All that a member is and has, in one text."""
    return msgspec.json.encode(
        {
            member_id: (
                member.account,
                member.entries,
                sorted(member.by_request),
                member.repeats,
                member.holds,
                sorted(member.expired_changes.items()),
                {order_id: settled.refunded for order_id, settled in member.settled.items()},
            )
            for member_id, member in stage.members.items()
            if member.account.version
        }
    )


@given(histories)
@law(400)
def test_every_answer_reader_and_book_is_the_models(drawn: Drawn) -> None:
    """Domain, Points 1 to 11: what is answered, seen, and written in the books, at every step."""
    difference = first_difference(DomainStage(), *drawn)
    if difference:
        pytest.fail(difference)


@given(histories)
@law(150)
def test_readers_see_what_the_model_sees_at_every_instant_at_which_time_changes_something(
    drawn: Drawn,
) -> None:
    """Domain, Points 3, 4 and 6: to the microsecond, from now until nothing changes any more."""
    script, stage = told(*drawn), played(drawn)
    for member_id, member in stage.members.items():
        at_us = script.now_us
        while (due_us := script.world.next_change_us(member_id, at_us)) is not None:
            for instant_us in (due_us - 1, due_us, due_us + 1):
                expected = script.world.balance_at(member_id, instant_us)
                assert expected == balance_of(balance_at(member.account, instant_us)[0])
            at_us = due_us


@given(histories)
@law(150)
def test_a_trial_answers_as_the_command_would_and_changes_nothing(drawn: Drawn) -> None:
    """The contract: validate_only, same code path, same answer, nothing written."""
    stage = DomainStage()
    for scene in told(*drawn).scenes:
        if scene.ask is not None:
            before = everything(stage)
            tried = stage.ask(scene, scene.ask, validate_only=True)
            assert before == everything(stage)
            assert tried == stage.ask(scene, scene.ask)
        else:
            stage.book(scene)


@given(histories)
@law(150)
def test_a_refusal_changes_nothing(drawn: Drawn) -> None:
    """Domain, Points 8: refused, it is as if it had never been asked."""
    stage = DomainStage()
    for scene in told(*drawn).scenes:
        before = everything(stage)
        outcome = play(stage, scene)
        if scene.ask is not None and isinstance(answer_of(outcome), Refused):
            assert before == everything(stage)


@given(histories)
@law(150)
def test_whatever_was_carried_out_is_answered_the_same_for_ever(drawn: Drawn) -> None:
    """Domain, Points 8: much later, under another program, and an order under another request id, too."""
    stage, first = DomainStage(), list[tuple[Scene, object]]()
    for scene in told(*drawn).scenes:
        outcome = play(stage, scene)
        if not isinstance(scene.answer, Refused) and scene.ask is not None:
            first.append((scene, outcome))
    before = everything(stage)
    for scene, outcome in first:
        ask = scene.ask
        assert ask is not None
        later = replace(scene, now_us=scene.now_us + 500 * DAY_US, terms=Terms(), version=99)
        assert outcome == stage.ask(later, ask)
        if isinstance(ask, Settle) or (isinstance(ask, Refund) and ask.refund_id):
            assert outcome == stage.ask(later, replace(ask, request_id="never used"), validate_only=True)
    assert before == everything(stage)


@given(histories)
@law(150)
def test_nothing_depends_on_when_the_worker_ran(drawn: Drawn) -> None:
    """Architecture: the worker only persists what every reader counts. Told in time, that is: a late order
    meets the books as they are (domain, Points 10).
    """
    busy, idle = DomainStage(), DomainStage()
    for scene in told(*drawn).scenes:
        if scene.ask is None or is_late(scene):
            continue
        busy.book(scene)
        assert answer_of(idle.ask(scene, scene.ask)) == answer_of(busy.ask(scene, scene.ask))
        busy.book(scene)
        for member_id in idle.members:
            assert idle.read(member_id, scene.now_us) == busy.read(member_id, scene.now_us)
