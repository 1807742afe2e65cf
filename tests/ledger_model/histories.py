"""Random histories, from a seed: every kind of step, every policy, in all combinations.

Hypothesis draws the seed and the length. Drawn step by step, the rare combinations that matter (a refund of a
late order whose points slid away) would hardly come up; and a failure still shrinks to a short history.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final, TypeVar

from hypothesis import strategies as st

from tests.ledger_model.asks import Terms
from tests.ledger_model.days import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    Days,
    EndOfMonth,
    EndOfYear,
    FixedDate,
    Months,
    Never,
    Policy,
    Sliding,
)
from tests.ledger_model.steps import (
    START_DAY,
    Again,
    Buy,
    Change,
    Give,
    How,
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

ZONES: Final = ("Europe/London", "Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Asia/Beirut")
AWARDS: Final = (
    ((1, 100),),
    ((1, 100),),
    ((1, 100), (3, 700)),
    ((7, 3),),
    ((1, 100_000), (1, 50)),
    (),
)
KINDS_MIN: Final = 4
STEPS_MAX: Final = 30

Thing = TypeVar("Thing")


@dataclass
class Dice:
    """Chance, from a seed."""

    random: Random

    def one(self, things: Sequence[Thing]) -> Thing:
        """One of these."""
        return self.random.choice(things)

    def chance(self, percent: int) -> bool:
        """Whether something happens that happens so often."""
        return self.random.randrange(100) < percent

    def number(self, least: int, most: int) -> int:
        """A whole number."""
        return self.random.randint(least, most)

    # Programs

    def policy(self) -> Policy:
        """When points end."""
        days = self.number(1, 40)
        near = START_DAY + timedelta(days=self.number(-30, 60))
        return self.one(
            list[Policy](
                (
                    Never(),
                    Days(days),
                    Months(self.number(1, 2)),
                    EndOfMonth(self.number(0, 2)),
                    EndOfYear(self.number(0, 1)),
                    FixedDate(near),
                    Sliding(days),
                    Sliding(days),
                )
            )
        )

    def terms(self) -> Terms:
        """A program. Points that wait for some days and live for some days live longer than they wait."""
        expiry = self.policy()
        waits_max = expiry.days - 1 if isinstance(expiry, Days | Sliding) else 20
        return Terms(
            awards=self.one(AWARDS),
            expiry=expiry,
            pending_days=self.number(1, waits_max) if waits_max and self.chance(35) else None,
            zone=self.one(ZONES),
            on_shortfall=self.one(("debt", "debt", "forgive", "reject")),
            restore_grace_days=5 if self.chance(30) else 0,
            points_a_transfer_max=300 if self.chance(20) else None,
        )

    # Steps

    def who(self) -> int:
        """A member, mostly the first one."""
        return self.one((0, 0, 0, 0, 0, 1, 1, 1, 2))

    def which(self) -> int:
        """The latest, or the one before, or whatever fits not."""
        return self.one((0, 0, 0, 1, 1, 2, 3))

    def size(self) -> Size:
        """A part of what there is, or all, or one more."""
        return Size(self.one((0, 1, 2, 3, 4, 4)), self.one((0, 0, 0, -1, 1)))

    def ago_us(self) -> int:
        """How late something is told; ahead where below zero."""
        if self.chance(60):
            return 0
        return self.one(
            (
                1,
                HOUR_US,
                DAY_US,
                5 * DAY_US,
                20 * DAY_US,
                60 * DAY_US,
                -MINUTE_US,
                -5 * MINUTE_US,
                -5 * MINUTE_US - 1,
            )
        )

    def amount(self) -> int:
        """What an order costs."""
        return self.one((0, 99, 100, 12_345, self.number(0, 100_000), self.number(0, 100_000)))

    def plain_order(self) -> Step:
        """An order of now."""
        return Buy(self.who(), 0, self.amount())

    def late_order(self) -> Step:
        """An order of some weeks ago."""
        return Buy(self.who(), self.number(10, 90) * DAY_US, self.amount())

    def order(self) -> Step:
        """An order with whatever an order can have."""
        lines = [(self.number(1, 7), self.one((0, 1, 1_000, 2_500))) for _ in range(self.number(0, 2))]
        return Buy(
            self.who(),
            self.ago_us(),
            self.amount(),
            tuple(lines),
            self.size() if self.chance(60) else None,
            self.one((0, 0, 0, 1)) if self.chance(40) else None,
            "EUR" if self.chance(4) else "GBP",
        )

    def wait(self) -> Step:
        """Time goes by."""
        return Wait(self.one((1, HOUR_US, DAY_US, DAY_US, 7 * DAY_US, 40 * DAY_US)))

    def due_wait(self) -> Step:
        """Time goes by until something happens."""
        return WaitForDue(self.one((-1, 0, 0, 1)))

    def spend(self) -> Step:
        """Points are spent."""
        return SpendSome(self.who(), self.size())

    def hold(self) -> Step:
        """Points are reserved, or no longer."""
        if self.chance(50):
            ttl_us = self.one((SECOND_US, HOUR_US, DAY_US, 10 * DAY_US, 31 * DAY_US))
            return SpendSome(self.who(), self.size(), ttl_us)
        size = self.size() if self.chance(60) else None
        return ResolveHold(self.who(), self.which(), self.chance(35), size)

    def refund(self) -> Step:
        """An order comes back."""
        how = self.one(list[How](("lines", "lines", "amount", "amount", "all")))
        refund_id = self.one(("", "", "a", "b"))
        return RefundSome(self.who(), self.which(), how, self.size(), refund_id, self.ago_us())

    def change(self) -> Step:
        """Points are given or taken by hand."""
        give = self.one((0, 0, 0, 1, 50, 50, 2**53 - 1 if self.chance(20) else 2))
        return Change(self.who(), give, self.size(), self.chance(50), self.chance(40))

    def gift(self) -> Step:
        """Points go to another member."""
        return Give(self.who(), self.one((0, 0, 1, 1, 1, 2, 2, 3)), self.size())

    def status(self) -> Step:
        """A person joins, or a suspension begins or ends."""
        return Status(self.who(), self.one(("enrol", "suspend", "reinstate", "reinstate")))

    def repeat(self) -> Step:
        """Something comes again."""
        return Again(self.number(0, 30), self.chance(50), self.chance(35))

    def version(self) -> Step:
        """Another program."""
        return Meanwhile(self.terms())

    def job(self) -> Step:
        """The worker."""
        return Job()


_KINDS: Final[tuple[Callable[[Dice], Step], ...]] = (
    Dice.plain_order,
    Dice.late_order,
    Dice.order,
    Dice.wait,
    Dice.due_wait,
    Dice.spend,
    Dice.hold,
    Dice.refund,
    Dice.change,
    Dice.gift,
    Dice.status,
    Dice.repeat,
    Dice.version,
    Dice.job,
)


def history_of(seed: int, length: int) -> tuple[Terms, list[Step]]:
    """A program and a history of a few kinds of steps, so that those kinds meet each other often.

    Two members have points to begin with. Half of the programs never change their time zone, and of these
    some limit what may be given a day.
    """
    dice = Dice(Random(seed))
    kinds = dice.random.sample(_KINDS, dice.number(KINDS_MIN, len(_KINDS)))
    first = dice.terms()
    opening: list[Step] = [
        Buy(0, dice.ago_us() if dice.chance(30) else 0, dice.number(10_000, 100_000)),
        Buy(1, 0, dice.number(10_000, 100_000)),
    ]
    if dice.chance(50):
        opening.append(Change(0, dice.one((5, 500)), Size(1, 0), void=False, everything=False))
    steps = [dice.one(kinds)(dice) for _ in range(STEPS_MAX)][:length]
    if dice.chance(50):
        limit = 400 if dice.chance(50) else None
        first = replace(first, points_a_day_max=limit)
        steps = [in_one_zone(step, first) for step in steps]
    return first, [*opening, *steps]


def in_one_zone(step: Step, first: Terms) -> Step:
    """The step, where it changes the program without another zone or limit a day."""
    if isinstance(step, Meanwhile):
        return Meanwhile(replace(step.terms, zone=first.zone, points_a_day_max=first.points_a_day_max))
    return step


seeds: Final = st.integers(min_value=0, max_value=2**64 - 1)
histories: Final = st.builds(history_of, seeds, st.integers(0, STEPS_MAX).map(lambda less: STEPS_MAX - less))
