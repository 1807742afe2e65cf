"""The naive model: members of a program and what is answered to whatever is asked of them.

Written from domain.md, with the standard library only. A command is carried out on the members themselves,
and a copy from before comes back where it is refused or only tried: so a refusal changes nothing, and neither
does a trial. What time brings is found anew whenever somebody looks.
"""

import pickle
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from tests.ledger_model.answers import Answer, Done, Refused
from tests.ledger_model.asks import Ask, Capture, Enrol, Refund, Release, Settle, Terms, Transfer
from tests.ledger_model.books import Books, NaiveBalance
from tests.ledger_model.days import MINUTE_US, local_day
from tests.ledger_model.naive_member import POINTS_MAX, NaiveMember, came, decide, origins
from tests.ledger_model.parcels import Points
from tests.ledger_model.parts import SLIDING

Copied = TypeVar("Copied")
AHEAD_US_MAX: Final = 5 * MINUTE_US


@dataclass
class NaiveWorld:
    """The members of a program. `now_us` never goes back."""

    members: dict[str, NaiveMember] = field(default_factory=dict)

    def member(self, member_id: str) -> NaiveMember:
        """A member, or the person who may become one."""
        return self.members.get(member_id, NaiveMember())

    def ask(self, member_id: str, ask: Ask, terms: Terms, now_us: int, trial: bool = False) -> Answer:
        """Answer a command; a trial is answered alike and changes nothing."""
        before = copy_of(self.members)
        answer = self.answer(member_id, ask, terms, now_us)
        if trial or isinstance(answer, Refused):
            self.members = before
        return answer

    def answer(self, member_id: str, ask: Ask, terms: Terms, now_us: int) -> Answer:
        """Answer a command, and remember the answer."""
        member = self.members.setdefault(member_id, NaiveMember())
        content = replace(ask, request_id="")
        earlier = recognise(member, ask, content)
        if earlier is None:
            earlier = self.carry_out(member_id, member, ask, terms, now_us)
            if isinstance(earlier, Done):
                remember(member, ask, content, earlier)
        if isinstance(earlier, Done):
            member.requests.setdefault(ask.request_id, (content, earlier))
        return earlier

    def carry_out(self, member_id: str, member: NaiveMember, ask: Ask, terms: Terms, now_us: int) -> Answer:
        """Answer a command that was not carried out before."""
        told_us = now_us
        if isinstance(ask, Transfer) and ask.to_member_id == member_id:
            return Refused("field_invalid")
        if isinstance(ask, Settle) or (isinstance(ask, Refund) and ask.time_us):
            told_us = ask.time_us
        if told_us > now_us + AHEAD_US_MAX:
            return Refused("field_invalid")
        as_of_us = min(told_us, now_us)
        if member.state == "unknown" and not isinstance(ask, Settle | Enrol):
            return Refused("member_unknown")
        member.points.told_late = as_of_us < member.points.booked_us
        member.points.pass_time(as_of_us)
        member.points.booked_us = max(member.points.booked_us, as_of_us)
        if isinstance(ask, Transfer):
            return self.transfer(member_id, member, ask, terms, as_of_us)
        return decide(member, ask, terms, as_of_us)

    def transfer(
        self, member_id: str, member: NaiveMember, ask: Transfer, terms: Terms, now_us: int
    ) -> Answer:
        """Points go to another member, with the end they have (domain.md, Points 11)."""
        receiver = self.members.get(ask.to_member_id)
        if receiver is None or receiver.state == "unknown":
            return Refused("member_unknown")
        if "suspended" in (member.state, receiver.state):
            return Refused("member_not_active")
        giving, getting = member.points, receiver.points
        getting.pass_time(now_us)
        getting.booked_us = max(getting.booked_us, now_us)
        if ask.points > giving.available():
            return Refused("insufficient_points", (ask.points, giving.available()))
        # A day that comes again, because the zone has changed, is counted with the one after it.
        day = max([local_day(now_us, terms.zone), *member.given_a_day])
        most, most_a_day = terms.points_a_transfer_max, terms.points_a_day_max
        if most is not None and ask.points > most:
            return Refused("transfer_limit_exceeded")
        if most_a_day is not None and member.given_a_day[day] + ask.points > most_a_day:
            return Refused("transfer_limit_exceeded")
        if came(getting) + ask.points > POINTS_MAX:
            return Refused("transfer_limit_exceeded")
        giving.extend(terms, now_us)
        taken = giving.take(ask.points)
        member.given_a_day[day] += ask.points
        giving.counts["transferred_out"] += ask.points
        getting.counts["transferred_in"] += ask.points
        for parcel in taken:
            end = giving.sliding_us if parcel.end == SLIDING else parcel.end
            getting.credit(end, parcel.points, f"transfer {member_id}")
        return Done(giving.balance(), spent=ask.points, paid_by=origins(taken))

    # What readers see

    def balance_at(self, member_id: str, at_us: int) -> NaiveBalance:
        """What a reader sees at an instant."""
        return self.points_at(member_id, at_us).balance()

    def points_at(self, member_id: str, at_us: int) -> Points:
        """A member's points, as time will have left them at an instant."""
        points = copy_of(self.member(member_id).points)
        points.pass_time(at_us)
        return points

    def books_at(self, member_id: str, at_us: int) -> Books:
        """Where all points of a member are at an instant."""
        return self.points_at(member_id, at_us).books()

    def next_change_us(self, member_id: str, at_us: int) -> int | None:
        """The next instant after this one at which time changes a member's points."""
        due = self.points_at(member_id, at_us).next_due()
        return None if due is None else due[0]

    def book(self, member_id: str, now_us: int) -> None:
        """The worker writes down what time has brought."""
        if member_id in self.members:
            self.members[member_id].points.pass_time(now_us)


def copy_of(what: Copied) -> Copied:
    """A copy that shares nothing with the original; several times faster than deepcopy."""
    copy: Copied = pickle.loads(pickle.dumps(what))  # noqa: S301 - our own bytes
    return copy


def recognise(member: NaiveMember, ask: Ask, content: object) -> Answer | None:
    """Whether the command was carried out before, and what it is answered then (domain.md, Points 6 to 8)."""
    if ask.request_id in member.requests:
        first, answer = member.requests[ask.request_id]
        return answer if first == content else Refused("request_id_reused")
    if isinstance(ask, Settle) and ask.order_id in member.settled:
        first, answer = member.settled[ask.order_id]
        return answer if first == content else Refused("order_already_settled")
    if isinstance(ask, Refund) and ask.refund_id and (ask.order_id, ask.refund_id) in member.refunded:
        first, answer = member.refunded[ask.order_id, ask.refund_id]
        return answer if first == content else Refused("refund_id_reused")
    if isinstance(ask, Capture | Release) and ask.hold_id in member.resolved:
        first, answer = member.resolved[ask.hold_id]
        return answer if first == resolution(member, ask) else None
    return None


def resolution(member: NaiveMember, ask: Capture | Release) -> object:
    """How a hold is resolved: what makes two resolutions the same."""
    if isinstance(ask, Release):
        return "released"
    return ask.points or sum(points for _, points in member.points.holds[ask.hold_id].parts)


def remember(member: NaiveMember, ask: Ask, content: object, answer: Done) -> None:
    """What else than the request id tells that it comes again."""
    if isinstance(ask, Settle):
        member.settled[ask.order_id] = (content, answer)
    elif isinstance(ask, Refund) and ask.refund_id:
        member.refunded[ask.order_id, ask.refund_id] = (content, answer)
    elif isinstance(ask, Capture | Release):
        member.resolved[ask.hold_id] = (resolution(member, ask), answer)
