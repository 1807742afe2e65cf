"""The laws of domain.md on random histories through gRPC, with two workers, Redis and the real clock.

The clock of the service stands still for no test. So what is asked lies in the past, told in time order as an
import does, or it is asked now, at an hour of the day at which no day ends.
"""

import itertools
import time
from dataclasses import replace
from datetime import timedelta
from typing import Final

from hypothesis import given
from loyalty.client import LoyaltyClient

from tests.end_to_end.calls import verified
from tests.end_to_end.ledger_stage import INVALID, REASONS, GrpcStage
from tests.ledger_laws.running import law
from tests.ledger_model.answers import Answer, Refused
from tests.ledger_model.asks import Enrol, Reinstate, Settle, Suspend, Terms
from tests.ledger_model.days import DAY_US, EPOCH, HOUR_US, FixedDate, local_day, over_us
from tests.ledger_model.histories import ZONES, histories
from tests.ledger_model.scripts import Scene, Script
from tests.ledger_model.steps import (
    START_DAY,
    Again,
    Buy,
    Job,
    Meanwhile,
    RefundSome,
    SpendSome,
    Step,
    Wait,
    WaitForDue,
)
from tests.running_service import RunningService

Drawn = tuple[Terms, list[Step]]

HISTORIES: Final = 15
IMPORTED_DAYS: Final = 200
# A history and its calls are over long before.
CALM_US: Final = HOUR_US
_programs: Final = itertools.count(1)


def moved(terms: Terms, now_us: int, zones: list[str]) -> Terms:
    """The program at another time: a fixed date lies as near; in a place where the day does not end now."""
    zone = terms.zone if terms.zone in zones else zones[0]
    expiry = terms.expiry
    if isinstance(expiry, FixedDate):
        days = (EPOCH + timedelta(microseconds=now_us)).date() - START_DAY
        expiry = FixedDate(expiry.last_day + days)
    return replace(terms, zone=zone, expiry=expiry)


def calm_zones(now_us: int) -> list[str]:
    """Places where no day ends within the next hour."""
    return [zone for zone in ZONES if over_us(local_day(now_us, zone), zone) > now_us + CALM_US]


def live(drawn: Drawn, now_us: int) -> Script:
    """A history of commands of now, and of orders and refunds of earlier."""
    zones = calm_zones(now_us)
    script = Script(moved(drawn[0], now_us, zones), now_us)
    for step in drawn[1]:
        match step:
            case Wait() | WaitForDue() | Job():
                pass
            case Meanwhile():
                script.tell(Meanwhile(moved(step.terms, now_us, zones)))
            case SpendSome() if step.ttl_us is not None:
                script.tell(replace(step, ttl_us=max(step.ttl_us, DAY_US)))
            case Buy() | RefundSome():
                script.tell(replace(step, ago_us=max(step.ago_us, 0)))
            case _:
                script.tell(step)
    return script


def imported(drawn: Drawn, now_us: int) -> Script:
    """A history of orders and refunds, each told with its time, in time order."""
    start_us = now_us - IMPORTED_DAYS * DAY_US
    script = Script(moved(drawn[0], start_us, list(ZONES)), start_us)
    for step in drawn[1]:
        match step:
            case Wait() if script.now_us + step.for_us < now_us:
                script.tell(step)
            case WaitForDue():
                before_us = script.now_us
                script.tell(step)
                if script.now_us >= now_us:
                    script.now_us = before_us
            case Meanwhile():
                script.tell(Meanwhile(moved(step.terms, start_us, list(ZONES))))
            case Buy():
                script.tell(replace(step, ago_us=max(step.ago_us, 0)))
            case RefundSome():
                script.tell(replace(step, ago_us=max(step.ago_us, 1)))
            case Again() if script.told:
                script.tell(step)
            case _:
                pass
    return script


def agrees(scene: Scene, reason: str, answer: Answer | None) -> bool:
    """Whether an answer is the model's. What a response does not say is not compared."""
    expected = scene.answer
    if isinstance(expected, Refused):
        if expected.kind in INVALID:
            return reason == "INVALID"
        if (
            isinstance(answer, Refused)
            and expected.numbers is not None
            and answer.numbers != expected.numbers
        ):
            return False
        return reason in REASONS[expected.kind]
    if isinstance(scene.ask, Enrol | Suspend | Reinstate):
        return reason == ""
    assert expected is not None
    said = replace(expected, paid_by=(), deadline_us=0)
    if isinstance(scene.ask, Settle):
        said = replace(said, released=0)
    return answer == said


def play(stage: GrpcStage, script: Script, now_us: int) -> None:
    """Make the calls of a history and compare every answer, and every balance in the end."""
    for scene in script.scenes:
        assert scene.ask is not None
        stage.set_scene(scene)
        reason, answer = stage.ask(scene.member_id, scene.ask)
        assert agrees(scene, reason, answer), f"{scene.ask}: {scene.answer}; found {reason} {answer}"
    for member_id in script.world.members:
        assert script.world.balance_at(member_id, now_us) == stage.read(member_id)


def test_what_is_asked_now(service: RunningService) -> None:
    with LoyaltyClient(service.address, channels=4) as client:

        @given(histories)
        @law(HISTORIES)
        def is_as_told(drawn: Drawn) -> None:
            now_us = time.time_ns() // 1_000
            stage = GrpcStage(client, f"live-{next(_programs)}")
            play(stage, live(drawn, now_us), now_us)
            verified(client, stage.program_id)

        is_as_told()


def test_what_is_imported(service: RunningService) -> None:
    with LoyaltyClient(service.address, channels=4) as client:

        @given(histories)
        @law(HISTORIES)
        def is_as_told(drawn: Drawn) -> None:
            now_us = time.time_ns() // 1_000
            stage = GrpcStage(client, f"imported-{next(_programs)}")
            play(stage, imported(drawn, now_us), now_us)
            verified(client, stage.program_id)

        is_as_told()
