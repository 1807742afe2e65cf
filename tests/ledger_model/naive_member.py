"""A member of the naive model: what is remembered of it, and what a command does to it alone."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import floor
from typing import Final

from tests.ledger_model.answers import Answer, Done, Refused
from tests.ledger_model.asks import (
    Adjust,
    Ask,
    Capture,
    Enrol,
    Hold,
    Refund,
    Reinstate,
    Release,
    Settle,
    Spend,
    Suspend,
    Terms,
    Void,
)
from tests.ledger_model.parcels import Held, Points
from tests.ledger_model.parts import End, Parcel, by_end
from tests.ledger_model.refunding import Award, Settled, refund

POINTS_MAX: Final = 2**53 - 1
HOLDS_MAX: Final = 100


@dataclass
class NaiveMember:
    """A member, and all that was asked of it before. `state` is "unknown", "member" or "suspended"."""

    state: str = "unknown"
    points: Points = field(default_factory=Points)
    orders: dict[str, Settled] = field(default_factory=dict)
    given_a_day: Counter[date] = field(default_factory=Counter)
    requests: dict[str, tuple[object, Done]] = field(default_factory=dict)
    settled: dict[str, tuple[object, Done]] = field(default_factory=dict)
    refunded: dict[tuple[str, str], tuple[object, Done]] = field(default_factory=dict)
    resolved: dict[str, tuple[object, Done]] = field(default_factory=dict)


def decide(member: NaiveMember, ask: Ask, terms: Terms, as_of_us: int) -> Answer:
    """What a command that concerns one member does."""
    match ask:
        case Settle():
            return settle(member, ask, terms, as_of_us)
        case Enrol():
            return enrol(member)
        case Spend() | Hold():
            return spend_or_hold(member, ask, terms, as_of_us)
        case Capture() | Release():
            return resolve(member, ask, terms, as_of_us)
        case Refund():
            return undo(member, ask, terms, as_of_us)
        case Adjust():
            return adjust(member, ask, terms, as_of_us)
        case Void():
            return void(member, ask)
        case Suspend() | Reinstate():
            return change_state(member, ask)
    raise AssertionError(f"a transfer concerns two members: {ask}")


def came(points: Points) -> int:
    """All points that ever came to a member."""
    return points.counts["issued"] + points.counts["transferred_in"]


def origins(taken: list[Parcel]) -> tuple[tuple[str, int], ...]:
    """Which credits paid, and how many points each."""
    return tuple((parcel.origin, parcel.points) for parcel in taken)


def settle(member: NaiveMember, ask: Settle, terms: Terms, as_of_us: int) -> Answer:
    """An order: it joins who is not a member, what it spends is spent, then each rule gives its points."""
    points = member.points
    if ask.currency_code != "GBP":
        return Refused("field_invalid")
    if member.state == "suspended" and (ask.spend_points or ask.hold_id):
        return Refused("member_not_active")
    if member.state == "unknown":
        member.state = "member"
    sliding_was_us = points.sliding_us
    points.extend(terms, as_of_us)
    paid = pay(points, ask, sliding_was_us)
    if isinstance(paid, Refused):
        return paid
    spent, released = paid
    awards = []
    for place, (per, amount) in enumerate(terms.awards):
        given = 0 if member.state == "suspended" else floor(Fraction(ask.amount_minor * per, amount))
        if came(points) + given > POINTS_MAX:
            return Refused("points_limit_exceeded")
        debt_before = points.debt
        end, waited_us = points.earn(terms, given, as_of_us, f"{ask.order_id} rule {place}")
        awards.append(Award(given, as_of_us, end, waited_us, debt_before - points.debt))
    member.orders[ask.order_id] = Settled(ask, terms, spent, awards, as_of_us, points.told_late)
    return Done(
        points.balance(),
        earned=sum(award.points for award in awards),
        spent=sum(count for _, count in spent),
        released=released,
    )


def pay(points: Points, ask: Settle, sliding_was_us: int) -> tuple[list[tuple[End, int]], int] | Refused:
    """Spend the points that pay for an order; answers which, and how many of a hold went back."""
    if ask.hold_id:
        hold = points.holds.get(ask.hold_id)
        refused = hold_refused(hold, ask.spend_points)
        if hold is None or refused is not None:
            return refused or Refused("hold_unknown")
        held = sum(count for _, count in hold.parts)
        spent = points.capture(hold, ask.spend_points or held, sliding_was_us)
        return spent, held - sum(count for _, count in spent)
    if ask.spend_points > points.available():
        return Refused("insufficient_points", (ask.spend_points, points.available()))
    points.counts["redeemed"] += ask.spend_points
    return by_end(points.take(ask.spend_points)), 0


def hold_refused(hold: Held | None, wanted: int) -> Refused | None:
    """Why so many points of a hold cannot be spent."""
    if hold is None:
        return Refused("hold_unknown")
    if hold.state != "open":
        return Refused("hold_resolved")
    if wanted > sum(count for _, count in hold.parts):
        return Refused("capture_exceeds_hold")
    return None


def enrol(member: NaiveMember) -> Answer:
    """A person joins."""
    if member.state != "unknown":
        return Refused("already_enrolled")
    member.state = "member"
    return Done(member.points.balance())


def spend_or_hold(member: NaiveMember, ask: Spend | Hold, terms: Terms, now_us: int) -> Answer:
    """Points are spent or reserved, those that are gone first first (domain.md, Points 5 and 6)."""
    points = member.points
    if member.state == "suspended":
        return Refused("member_not_active")
    if ask.points > points.available():
        return Refused("insufficient_points", (ask.points, points.available()))
    if isinstance(ask, Hold) and len(points.open_holds()) >= HOLDS_MAX:
        return Refused("holds_limit_exceeded")
    points.extend(terms, now_us)
    if isinstance(ask, Hold):
        points.hold(ask.request_id, ask.points, now_us + ask.ttl_us)
        return Done(points.balance(), deadline_us=now_us + ask.ttl_us)
    taken = points.take(ask.points)
    points.counts["redeemed"] += ask.points
    return Done(points.balance(), spent=ask.points, paid_by=origins(taken))


def resolve(member: NaiveMember, ask: Capture | Release, terms: Terms, now_us: int) -> Answer:
    """A hold ends: its points are spent, or come back."""
    points, hold = member.points, member.points.holds.get(ask.hold_id)
    wanted = ask.points if isinstance(ask, Capture) else 0
    refused = hold_refused(hold, wanted)
    if isinstance(ask, Capture) and member.state == "suspended" and hold_refused(hold, 0) is None:
        return Refused("member_not_active")
    if hold is None or refused is not None:
        return refused or Refused("hold_unknown")
    held = sum(count for _, count in hold.parts)
    if isinstance(ask, Release):
        points.release(hold, "released")
        return Done(points.balance(), released=held)
    sliding_was_us = points.sliding_us
    points.extend(terms, now_us)
    spent = ask.points or held
    points.capture(hold, spent, sliding_was_us)
    return Done(points.balance(), spent=spent, released=held - spent)


def undo(member: NaiveMember, ask: Refund, terms: Terms, as_of_us: int) -> Answer:
    """An order is refunded."""
    settled = member.orders.get(ask.order_id)
    if settled is None:
        return Refused("order_unknown")
    if as_of_us < settled.settled_us:
        return Refused("field_invalid")
    undone = refund(member.points, settled, ask, as_of_us, terms.zone)
    if isinstance(undone, Refused):
        return undone
    return Done(
        member.points.balance(),
        refunded_minor=undone.refunded_minor,
        refundable_minor=settled.order.amount_minor - settled.refunded_minor,
        restored=undone.restored,
        taken_back=undone.taken_back,
        debt_added=undone.debt_added,
        forgiven=undone.forgiven,
    )


def adjust(member: NaiveMember, ask: Adjust, terms: Terms, now_us: int) -> Answer:
    """Points are given or taken by hand."""
    points = member.points
    if ask.delta > 0:
        if came(points) + ask.delta > POINTS_MAX:
            return Refused("points_limit_exceeded")
        points.counts["issued"] += ask.delta
        points.extend(terms, now_us)
        points.credit(points.end_of_earned(terms, now_us), ask.delta, f"adjusted {ask.request_id}")
        return Done(points.balance())
    if -ask.delta > points.available():
        return Refused("insufficient_points", (-ask.delta, points.available()))
    points.take(-ask.delta)
    points.counts["voided"] -= ask.delta
    return Done(points.balance())


def void(member: NaiveMember, ask: Void) -> Answer:
    """Points are taken away for good."""
    points = member.points
    if ask.points > points.available():
        return Refused("insufficient_points", (ask.points, points.available()))
    there = ask.points or points.available() + points.pending()
    if there == 0:
        return Refused("insufficient_points", (1, 0))
    if ask.points:
        points.take(ask.points)
    else:
        points.parcels, points.waiting = [], []
    points.counts["voided"] += there
    return Done(points.balance(), voided=there)


def change_state(member: NaiveMember, ask: Suspend | Reinstate) -> Answer:
    """A suspension begins or ends."""
    if isinstance(ask, Suspend):
        if member.state == "suspended":
            return Refused("member_already_suspended")
        member.state = "suspended"
    else:
        if member.state != "suspended":
            return Refused("member_not_suspended")
        member.state = "member"
    return Done(member.points.balance())
