"""A random history worked out by the model: what exactly is asked, and what must be answered and seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tests.ledger_model.answers import Answer
from tests.ledger_model.asks import (
    Adjust,
    Ask,
    Capture,
    Enrol,
    Hold,
    Line,
    Refund,
    Reinstate,
    Release,
    Settle,
    Spend,
    Suspend,
    Terms,
    Transfer,
    Void,
)
from tests.ledger_model.books import Books, NaiveBalance
from tests.ledger_model.naive_world import NaiveWorld
from tests.ledger_model.steps import (
    MEMBERS,
    START_US,
    Again,
    Buy,
    Change,
    Give,
    Job,
    Meanwhile,
    RefundSome,
    ResolveHold,
    Size,
    SpendSome,
    Status,
    Step,
    Wait,
    WaitForDue,
)

NOBODY: Final = "nobody"
# A step whose `which` is this or more takes what it finds, whether or not it fits.
MISFITS_FROM: Final = 3

Telling = Buy | SpendSome | ResolveHold | RefundSome | Change | Give | Status
"""Steps of which each asks something of a member."""


@dataclass(frozen=True)
class Seen:
    """What is to be seen of a member at an instant: by readers, and in the books as they are written."""

    balance: NaiveBalance
    books: Books


@dataclass(frozen=True)
class Scene:
    """What happens at one instant under one version of the program: something is asked, or the worker books.

    `answer` must be answered, and `after` be seen then, of each member.
    """

    now_us: int
    version: int
    terms: Terms
    member_id: str
    ask: Ask | None
    answer: Answer | None
    after: dict[str, Seen]


@dataclass
class Script:
    """A history as it is told."""

    terms: Terms
    now_us: int = START_US
    version: int = 1
    world: NaiveWorld = field(default_factory=NaiveWorld)
    scenes: list[Scene] = field(default_factory=list)
    told: list[tuple[str, Ask]] = field(default_factory=list)

    def tell(self, step: Step) -> None:
        """Let the next thing happen."""
        match step:
            case Wait():
                self.now_us += step.for_us
            case WaitForDue():
                self._wait_for_due(step.plus_us)
            case Meanwhile():
                self.terms, self.version = step.terms, self.version + 1
            case Job():
                for member_id in MEMBERS:
                    self.world.book(member_id, self.now_us)
                self._scene("", None, None)
            case Again() if self.told:
                self._ask(*self._again(step))
            case Again():
                pass
            case _:
                member_id = self._actor(step)
                self._ask(member_id, self._concrete(member_id, step))

    def _ask(self, member_id: str, ask: Ask) -> None:
        self.told.append((member_id, ask))
        answer = self.world.ask(member_id, ask, self.terms, self.now_us)
        self._scene(member_id, ask, answer)

    def _scene(self, member_id: str, ask: Ask | None, answer: Answer | None) -> None:
        after = {
            one: Seen(self.world.balance_at(one, self.now_us), self.world.member(one).points.books())
            for one in self.world.members
        }
        self.scenes.append(Scene(self.now_us, self.version, self.terms, member_id, ask, answer, after))

    def _wait_for_due(self, plus_us: int) -> None:
        due = [self.world.next_change_us(member_id, self.now_us) for member_id in MEMBERS]
        first_us = min((due_us for due_us in due if due_us is not None), default=None)
        if first_us is not None:
            self.now_us = max(self.now_us, first_us + plus_us)

    def _request_id(self, member_id: str) -> str:
        """Each member counts its own, so that members use the same ids: their scope is the member."""
        return f"r{sum(1 for one, _ in self.told if one == member_id)}"

    def _actor(self, step: Telling) -> str:
        """Who acts: mostly somebody who can, so that histories do not consist of refusals."""
        member_id = MEMBERS[step.who]
        match step:
            case ResolveHold(which=0 | 1 | 2) | Buy(hold=0):
                able = [one for one in MEMBERS if self.world.points_at(one, self.now_us).open_holds()]
            case RefundSome(which=0 | 1 | 2):
                able = [one for one in MEMBERS if self._refundable(one)]
            case SpendSome(size=size) | Give(size=size) | Buy(pays=Size() as size) if size.plus <= 0:
                able = [one for one in MEMBERS if self.world.points_at(one, self.now_us).available()]
            case _:
                able = []
        return member_id if member_id in able or not able else able[step.who % len(able)]

    def _refundable(self, member_id: str) -> list[Settle]:
        return [one.order for one in self.world.member(member_id).orders.values() if not one.whole]

    def _again(self, step: Again) -> tuple[str, Ask]:
        member_id, ask = self.told[step.which % len(self.told)]
        if step.changed:
            ask = changed(ask)
        if step.new_request:
            ask = replace(ask, request_id=f"again-{self._request_id(member_id)}")
        return member_id, ask

    def _concrete(self, member_id: str, step: Telling) -> Ask:
        request_id = self._request_id(member_id)
        available = self.world.points_at(member_id, self.now_us).available()
        match step:
            case Buy():
                return self._order(request_id, member_id, step, available)
            case SpendSome():
                points = step.size.of(available)
                return (
                    Spend(request_id, points)
                    if step.ttl_us is None
                    else Hold(request_id, points, step.ttl_us)
                )
            case ResolveHold():
                return self._resolution(request_id, member_id, step)
            case RefundSome():
                return self._refund(request_id, member_id, step)
            case Change():
                return change(request_id, step, available)
            case Give():
                return Transfer(request_id, (*MEMBERS, NOBODY)[step.whom], step.size.of(available))
            case Status():
                return status(request_id, step)

    def _resolution(self, request_id: str, member_id: str, step: ResolveHold) -> Capture | Release:
        hold_id = self._hold_id(member_id, step.which)
        if step.release:
            return Release(request_id, hold_id)
        held = self._held(member_id, hold_id)
        return Capture(request_id, hold_id, step.size.of(held) if step.size is not None else 0)

    def _order(self, request_id: str, member_id: str, step: Buy, available: int) -> Settle:
        lines = tuple(Line(f"l{place}", pieces, amount) for place, (pieces, amount) in enumerate(step.lines))
        hold_id = self._hold_id(member_id, step.hold) if step.hold is not None else ""
        if hold_id == "never" and step.hold == 0:
            hold_id = ""
        there = self._held(member_id, hold_id) if hold_id else available
        return Settle(
            request_id,
            f"order-{request_id}",
            self.now_us - step.ago_us,
            max(step.amount_minor, sum(line.amount_minor for line in lines)) if step.amount_minor else 0,
            tuple(
                replace(line, amount_minor=line.amount_minor if step.amount_minor else 0) for line in lines
            ),
            step.currency_code,
            step.pays.of(there) if step.pays is not None else 0,
            hold_id,
        )

    def _refund(self, request_id: str, member_id: str, step: RefundSome) -> Refund:
        orders = self._refundable(member_id)
        if step.which >= MISFITS_FROM:
            orders = [one.order for one in self.world.member(member_id).orders.values()]
        order = orders[-1 - step.which % len(orders)] if orders else None
        order_id = order.order_id if order is not None else "never"
        time_us = self.now_us - step.ago_us if step.ago_us else 0
        refund_id = step.refund_id
        if order is None or step.how == "all" or (step.how == "lines" and not order.lines):
            return Refund(request_id, order_id, refund_id, time_us=time_us)
        if step.how == "amount":
            amount = step.size.of(order.amount_minor)
            return Refund(request_id, order_id, refund_id, amount_minor=amount, time_us=time_us)
        line = order.lines[step.which % len(order.lines)]
        line_id = "unknown" if step.which >= MISFITS_FROM else line.line_id
        lines = ((line_id, step.size.of(line.quantity)),)
        return Refund(request_id, order_id, refund_id, lines, time_us=time_us)

    def _hold_id(self, member_id: str, which: int) -> str:
        holds = [
            hold.hold_id
            for hold in self.world.points_at(member_id, self.now_us).holds.values()
            if hold.state == "open" or which >= MISFITS_FROM
        ]
        return holds[-1 - which % len(holds)] if holds else "never"

    def _held(self, member_id: str, hold_id: str) -> int:
        hold = self.world.member(member_id).points.holds.get(hold_id)
        return sum(points for _, points in hold.parts) if hold is not None else 0


def status(request_id: str, step: Status) -> Enrol | Suspend | Reinstate:
    """A person joins, or a suspension begins or ends."""
    match step.what:
        case "enrol":
            return Enrol(request_id)
        case "suspend":
            return Suspend(request_id)
        case "reinstate":
            return Reinstate(request_id)


def change(request_id: str, step: Change, available: int) -> Adjust | Void:
    """Points are given or taken by hand."""
    if step.give:
        return Adjust(request_id, step.give)
    points = step.size.of(available)
    if step.void:
        return Void(request_id, 0 if step.everything else points)
    return Adjust(request_id, -points)


def changed(ask: Ask) -> Ask:
    """Another content, of the same order, hold or refund where there is one."""
    match ask:
        case Settle():
            return replace(ask, amount_minor=ask.amount_minor + 1)
        case Refund(lines=()):
            return replace(ask, amount_minor=ask.amount_minor + 1)
        case Refund():
            return replace(ask, lines=(*ask.lines, ("l9", 1)))
        case Spend() | Hold() | Transfer() | Capture() | Void():
            return replace(ask, points=ask.points + 1)
        case Adjust():
            return replace(ask, delta=ask.delta + (1 if ask.delta > 0 else -1))
        case Release():
            return Capture(ask.request_id, ask.hold_id)
        case Enrol():
            return Suspend(ask.request_id)
        case Suspend():
            return Reinstate(ask.request_id)
        case Reinstate():
            return Suspend(ask.request_id)


def told(terms: Terms, history: Sequence[Step]) -> Script:
    """A history, told to its end."""
    script = Script(terms)
    for step in history:
        script.tell(step)
    return script
