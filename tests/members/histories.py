"""Random histories of a member, played on the domain and on the naive model side by side."""

from dataclasses import dataclass, field
from typing import Final

from hypothesis import strategies as st

from members.account import Account
from members.advance import advance, balance_at
from members.commands import Command, SettleOrder, digest_of
from members.execute import Accepted, Repeated, execute, recognise
from members.journal import Entry
from members.rejections import (
    MemberAlreadyEnrolled,
    OrderAlreadySettled,
    Rejection,
    RequestIdReused,
)
from points.policies import NEVER
from programs.document import PerAmount
from programs.program import Program
from tests.members.building import DAY_US, HOUR_US, MINUTE_US, NOBODY, SALT, enrol, program, settle, utc
from tests.members.naive_model import Answer, NaiveBalance, NaiveMember, Terms

# A week before summer time ends in London; in Beirut and Sao Paulo midnight is near such a change as well.
START_US: Final = utc("2018-10-21T12:00:00")
FAR_US: Final = 20_000 * DAY_US
ZONES: Final = ("Europe/London", "Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Asia/Beirut")


@dataclass(frozen=True)
class Wait:
    """Time goes by."""

    for_us: int


@dataclass(frozen=True)
class WaitForDue:
    """Time goes by until something falls due: to the instant itself, or to just before or after it."""

    plus_us: int


@dataclass(frozen=True)
class Place:
    """An order becomes known that was placed some time ago, or (negative) that lies ahead."""

    ago_us: int
    amount_minor: int
    currency_code: str = "GBP"


@dataclass(frozen=True)
class PlaceAgain:
    """An earlier order comes again: under its request id or another, and perhaps with another amount."""

    which: int
    new_request: bool
    more_minor: int


@dataclass(frozen=True)
class Enrol:
    """A person asks to join, under one of a few request ids."""

    number: int


@dataclass(frozen=True)
class ChangeTerms:
    """The operator applies another version of the program."""

    terms: Terms


@dataclass(frozen=True)
class Job:
    """The worker books what has fallen due."""


Step = Wait | WaitForDue | Place | PlaceAgain | Enrol | ChangeTerms | Job

awards: Final = st.sampled_from([((1, 100),), ((1, 100), (3, 700)), ((7, 3),), ((1, 100_000),)])


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Points expire or never do, wait or do not; those that do both post before they expire."""
    pending = draw(st.none() | st.integers(min_value=1, max_value=20))
    shortest = 1 if pending is None else pending + 1
    expiry = draw(st.none() | st.integers(min_value=shortest, max_value=shortest + 30))
    return Terms(draw(awards), expiry, pending, draw(st.sampled_from(ZONES)))


amounts: Final = st.sampled_from([0, 99, 100, 12_345]) | st.integers(min_value=0, max_value=100_000)
waits: Final = st.builds(Wait, st.sampled_from([1, MINUTE_US, HOUR_US, DAY_US, 7 * DAY_US, 40 * DAY_US]))
due_waits: Final = st.builds(WaitForDue, st.sampled_from([-1, 0, 1]))
agos: Final = st.sampled_from([0, 0, 0, 1, HOUR_US, DAY_US, 3 * DAY_US, 20 * DAY_US, 60 * DAY_US])
ahead: Final = st.sampled_from([-MINUTE_US, -5 * MINUTE_US, -5 * MINUTE_US - 1, -DAY_US])
places: Final = st.builds(Place, agos, amounts)
odd_places: Final = st.builds(Place, agos | ahead, amounts, st.sampled_from(["GBP", "GBP", "EUR"]))
again: Final = st.builds(PlaceAgain, st.integers(0, 5), st.booleans(), st.sampled_from([0, 0, 100]))
steps: Final = (
    places | odd_places | waits | due_waits | again | st.builds(Enrol, st.integers(0, 1)) | st.just(Job())
)
histories: Final = st.lists(steps, max_size=14)
changing_histories: Final = st.lists(steps | st.builds(ChangeTerms, terms()), max_size=14)
# Orders of points worth having, most of them of days whose points have posted or are gone by now.
old_places: Final = st.builds(
    Place, st.sampled_from([0, 5, 20, 30, 60, 90]).map(lambda days: days * DAY_US), st.just(100_000)
)
late_histories: Final = st.lists(old_places | waits | due_waits | st.just(Job()), min_size=3, max_size=10)


def program_of(terms_in_force: Terms, version: int) -> Program:
    """The program that says what the terms say."""
    return program(
        expiry_days=terms_in_force.expiry_days,
        pending_days=terms_in_force.pending_days,
        zone=terms_in_force.zone,
        rules=[
            PerAmount(kind="per_amount", id=f"r{place}", points=points, per_amount_minor=per_amount)
            for place, (points, per_amount) in enumerate(terms_in_force.awards)
        ],
        version=version,
    )


def answer_of(outcome: Accepted | Repeated | Rejection) -> Answer:
    """An outcome in the model's words."""
    match outcome:
        case Accepted():
            return "accepted"
        case Repeated():
            return "repeated"
        case RequestIdReused():
            return "request_id_reused"
        case OrderAlreadySettled():
            return "order_already_settled"
        case MemberAlreadyEnrolled():
            return "already_enrolled"
        case _:
            return "refused"


def seen_by_readers(account: Account, at_us: int) -> NaiveBalance:
    """What a reader sees at an instant, in the model's words. Expired is what else was issued."""
    balance, due_us = balance_at(account, at_us)
    expires = balance.next_expiry_us != NEVER
    return NaiveBalance(
        balance.available,
        balance.pending,
        account.ledger.issued - balance.available - balance.pending - balance.held + balance.debt,
        balance.next_expiry_us if expires else None,
        balance.next_expiry_points,
        due_us if due_us != NEVER else None,
    )


@dataclass
class Play:
    """A member and its model, and all that is remembered of both."""

    terms: Terms
    version: int = 1
    now_us: int = START_US
    account: Account = NOBODY
    model: NaiveMember = field(default_factory=NaiveMember)
    entries: list[Entry] = field(default_factory=list)
    by_request: dict[str, tuple[bytes, Entry]] = field(default_factory=dict)
    by_order: dict[str, Entry] = field(default_factory=dict)
    commands: list[SettleOrder] = field(default_factory=list)
    carried_out: list[tuple[Command, Entry]] = field(default_factory=list)
    answers: list[tuple[Answer, Answer]] = field(default_factory=list)

    def step(self, step: Step) -> None:
        """Let the next thing happen."""
        match step:
            case Wait():
                self.now_us += step.for_us
            case WaitForDue():
                due_us = self.model.balance_at(self.now_us).next_change_us
                if due_us is not None:
                    self.now_us = max(self.now_us, due_us + step.plus_us)
            case Place():
                number = len(self.commands)
                placed_us = self.now_us - step.ago_us
                command = settle(
                    placed_us, step.amount_minor, order_id=f"o{number}", currency_code=step.currency_code
                )
                self.commands.append(command)
                self._settle(command)
            case PlaceAgain() if self.commands:
                number = step.which % len(self.commands)
                first = self.commands[number]
                amount_minor = first.order.amount_minor + step.more_minor
                self._settle(
                    settle(
                        first.order.time_us,
                        amount_minor,
                        order_id=first.order.order_id,
                        request_id=f"again-{number}" if step.new_request else first.request_id,
                        currency_code=first.order.currency_code,
                    )
                )
            case PlaceAgain():
                pass
            case Enrol():
                self._carry_out(enrol(f"join-{step.number}"), self.model.enrol(f"join-{step.number}"))
            case ChangeTerms():
                self.terms, self.version = step.terms, self.version + 1
            case Job():
                for entry, account, _ in advance(self.account, self.now_us, self.version, self.now_us):
                    self.entries.append(entry)
                    self.account = account

    def _settle(self, command: SettleOrder) -> None:
        order = command.order
        expected = self.model.settle(
            self.terms,
            command.request_id,
            order.order_id,
            order.time_us,
            order.amount_minor,
            order.currency_code,
            self.now_us,
        )
        self._carry_out(command, expected)

    def outcome_of(self, command: Command) -> Accepted | Repeated | Rejection:
        """What a command would give now, as the lanes find it."""
        digest = digest_of(command, SALT)
        order_id = command.order.order_id if isinstance(command, SettleOrder) else ""
        earlier = recognise(
            command, digest, self.by_request.get(command.request_id), self.by_order.get(order_id)
        )
        if earlier is not None:
            return earlier
        return execute(self.account, command, digest, program_of(self.terms, self.version), self.now_us)

    def _carry_out(self, command: Command, expected: Answer) -> None:
        outcome = self.outcome_of(command)
        self.answers.append((expected, answer_of(outcome)))
        if isinstance(outcome, Accepted):
            entry = outcome.entries[-1]
            self.entries += outcome.entries
            self.account = outcome.account
            if isinstance(command, SettleOrder):
                self.by_order[command.order.order_id] = entry
        elif isinstance(outcome, Repeated):
            entry = outcome.entry
        else:
            return
        if command.request_id not in self.by_request:
            self.by_request[command.request_id] = (digest_of(command, SALT), entry)
            self.carried_out.append((command, entry))


def played(terms_in_force: Terms, history: list[Step]) -> Play:
    """A history, played to its end."""
    play = Play(terms_in_force)
    for step in history:
        play.step(step)
    return play
