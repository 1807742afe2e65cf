"""A naive model of a member, written from domain.md and from nothing else.

It keeps one fact for each award: how many points, when they can be spent, when they are gone. A balance is
found by looking at every fact. There are no lots, no postings and no order in which things are booked, so a
mistake in those cannot be repeated here.

A back-dated order (domain, Points 10) is a fact like any other: its times count from when it was placed.
Where its points have ended by the time it becomes known, they were given and are gone at once; where their
return window is over, they can be spent at once.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Literal
from zoneinfo import ZoneInfo

Answer = Literal[
    "accepted", "repeated", "request_id_reused", "order_already_settled", "already_enrolled", "refused"
]
Award = tuple[int, int]
"""Points for an amount in minor units."""


@dataclass(frozen=True)
class Terms:
    """A program in four facts. Days of None: never expires, does not wait."""

    awards: tuple[Award, ...]
    expiry_days: int | None
    pending_days: int | None
    zone: str


@dataclass(frozen=True)
class Fact:
    """Points that were given. `spendable_us` and `gone_us` of None: at once, never."""

    points: int
    spendable_us: int | None
    gone_us: int | None


@dataclass(frozen=True)
class NaiveBalance:
    """What the facts give at an instant."""

    available: int
    pending: int
    expired: int
    next_expiry_us: int | None
    next_expiry_points: int
    next_change_us: int | None


def local_day(instant_us: int, zone: str) -> date:
    """The day on the wall of a place."""
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant_us))
        .astimezone(ZoneInfo(zone))
        .date()
    )


def over_us(last_day: date, zone: str) -> int:
    """The first instant at which the calendar on the wall shows a later day: found by halving."""
    days = last_day.toordinal() - date(1970, 1, 1).toordinal()
    before_us, after_us = (days - 1) * 86_400_000_000, (days + 3) * 86_400_000_000
    while after_us - before_us > 1:
        middle_us = (before_us + after_us) // 2
        if local_day(middle_us, zone) > last_day:
            after_us = middle_us
        else:
            before_us = middle_us
    return after_us


@dataclass
class NaiveMember:
    """A member as a list of facts, and what was asked of it before."""

    facts: list[Fact] = field(default_factory=list)
    requests: dict[str, object] = field(default_factory=dict)
    orders: dict[str, object] = field(default_factory=dict)
    joined: bool = False

    def settle(
        self,
        terms: Terms,
        request_id: str,
        order_id: str,
        placed_us: int,
        amount: int,
        currency: str,
        now_us: int,
    ) -> Answer:
        """An order that was placed, told now."""
        content = ("order", order_id, placed_us, amount, currency)
        if request_id in self.requests:
            return "repeated" if self.requests[request_id] == content else "request_id_reused"
        if order_id in self.orders:
            if self.orders[order_id] != content:
                return "order_already_settled"
            self.requests[request_id] = content
            return "repeated"
        if placed_us > now_us + 5 * 60 * 1_000_000 or currency != "GBP":
            return "refused"
        self.requests[request_id] = self.orders[order_id] = content
        self.joined = True
        day = local_day(min(placed_us, now_us), terms.zone)
        spendable_us = gone_us = None
        if terms.pending_days is not None:
            spendable_us = over_us(day + timedelta(days=terms.pending_days), terms.zone)
        if terms.expiry_days is not None:
            gone_us = over_us(day + timedelta(days=terms.expiry_days), terms.zone)
        for points, per_amount in terms.awards:
            self.facts.append(Fact(floor(Fraction(amount * points, per_amount)), spendable_us, gone_us))
        return "accepted"

    def enrol(self, request_id: str) -> Answer:
        """A person who wants to join."""
        if request_id in self.requests:
            return "repeated" if self.requests[request_id] == ("enrol",) else "request_id_reused"
        if self.joined:
            return "already_enrolled"
        self.requests[request_id] = ("enrol",)
        self.joined = True
        return "accepted"

    def issued(self) -> int:
        """All points that were ever given."""
        return sum(fact.points for fact in self.facts)

    def balance_at(self, instant_us: int) -> NaiveBalance:
        """What the facts that are known give at an instant."""
        facts = [fact for fact in self.facts if fact.points]
        gone = [fact for fact in facts if fact.gone_us is not None and instant_us >= fact.gone_us]
        rest = [fact for fact in facts if fact not in gone]
        waiting = [fact for fact in rest if fact.spendable_us is not None and instant_us < fact.spendable_us]
        there = [fact for fact in rest if fact not in waiting]
        ends = [fact.gone_us for fact in there if fact.gone_us is not None]
        posts = [fact.spendable_us for fact in waiting if fact.spendable_us is not None]
        first_end_us = min(ends, default=None)
        return NaiveBalance(
            sum(fact.points for fact in there),
            sum(fact.points for fact in waiting),
            sum(fact.points for fact in gone),
            first_end_us,
            sum(fact.points for fact in there if fact.gone_us is not None and fact.gone_us == first_end_us),
            min([*ends, *posts], default=None),
        )
