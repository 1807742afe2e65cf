"""A member's points as parcels in plain lists, and how they move: domain.md, Points 3 to 6 and 9.

There are no lots with offsets and no totals: what is available is what the parcels hold, counted whenever it
is asked for. Of what has left (redeemed, expired, voided) there is a count only.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.ledger_model.asks import Terms
from tests.ledger_model.books import Books, NaiveBalance
from tests.ledger_model.days import Sliding, gone_us, posting_us
from tests.ledger_model.parts import (
    LONG_AFTER_US,
    NEVER,
    SLIDING,
    End,
    Parcel,
    by_end,
    in_line,
    split,
)


@dataclass
class Waiting:
    """Points that can be spent from an instant on."""

    posting_us: int
    end: End
    points: int


@dataclass
class Gone:
    """Points whose time was over, at which instant, and that no refund has taken back."""

    end: End
    gone_us: int
    points: int


@dataclass
class Held:
    """Reserved points: how many of which end, in the order in which they would have been spent.

    `state` is "open", "captured 5", "released" or "timed out".
    """

    hold_id: str
    parts: list[tuple[End, int]]
    deadline_us: int
    state: str = "open"


@dataclass
class Points:
    """Everything about a member's points. `booked_us` is the latest instant that was dealt with.

    `told_late`: what is asked now is of before that instant.
    """

    parcels: list[Parcel] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    holds: dict[str, Held] = field(default_factory=dict)
    debt: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    gone: list[Gone] = field(default_factory=list)
    sliding_us: int = 0
    booked_us: int = 0
    told_late: bool = False

    # What there is

    def available(self) -> int:
        """Points that can be spent."""
        return sum(parcel.points for parcel in self.parcels)

    def pending(self) -> int:
        """Points that wait."""
        return sum(waiting.points for waiting in self.waiting)

    def open_holds(self) -> list[Held]:
        """Holds that are not resolved."""
        return [hold for hold in self.holds.values() if hold.state == "open"]

    def held(self) -> int:
        """Points that are reserved."""
        return sum(points for hold in self.open_holds() for _, points in hold.parts)

    def books(self) -> Books:
        """Where all points are."""
        return Books(
            self.counts["issued"],
            self.counts["transferred_in"],
            self.available(),
            self.pending(),
            self.held(),
            self.debt,
            self.counts["redeemed"],
            self.counts["expired"],
            self.counts["voided"],
            self.counts["transferred_out"],
        )

    def balance(self) -> NaiveBalance:
        """What a reader sees as of `booked_us`."""
        ends = [self.gone_us(parcel.end) for parcel in self.parcels if parcel.end != NEVER]
        first_us = min(ends, default=None)
        first_points = sum(
            parcel.points
            for parcel in self.parcels
            if parcel.end != NEVER and self.gone_us(parcel.end) == first_us
        )
        return NaiveBalance(self.available(), self.pending(), self.held(), self.debt, first_us, first_points)

    # When they are gone

    def gone_us(self, end: End) -> int:
        """The instant at which points of this end are gone; long after everything for those that stay."""
        if end == "never":
            return LONG_AFTER_US
        return self.sliding_us if end == "sliding" else end

    def turn(self, end: End) -> tuple[int, bool]:
        """When points of this end are taken: sliding ones after others that end at that instant."""
        return self.gone_us(end), end == SLIDING

    def has_ended(self, end: End) -> bool:
        """Whether points of this end are gone by what was dealt with."""
        return self.gone_us(end) <= self.booked_us

    def extend(self, terms: Terms, activity_us: int) -> None:
        """An activity lets sliding points live longer, unless it is told too late for that."""
        if isinstance(terms.expiry, Sliding):
            extended_us = gone_us(terms.expiry, activity_us, terms.zone)
            assert extended_us is not None
            if extended_us > self.booked_us:
                self.sliding_us = max(self.sliding_us, extended_us)

    def end_of_earned(self, terms: Terms, earned_us: int) -> End:
        """When points that are earned at an instant will be gone.

        Where they slide and are told too late to live, that is the end which their own activity would give.
        """
        if isinstance(terms.expiry, Sliding) and not self.has_ended(SLIDING):
            return SLIDING
        end_us = gone_us(terms.expiry, earned_us, terms.zone)
        return NEVER if end_us is None else end_us

    # How they come

    def expire(self, end: End, points: int) -> None:
        """Points are gone because their time is over."""
        self.counts["expired"] += points
        self.gone.append(Gone(end, self.gone_us(end), points))

    def credit(self, end: End, points: int, origin: str) -> None:
        """Points come: gone at once where their end has passed, else to pay debt, else to be spent."""
        if self.has_ended(end):
            self.expire(end, points)
            return
        pays = min(points, self.debt)
        self.debt -= pays
        if points > pays:
            self.parcels.append(Parcel(end, points - pays, origin))

    def earn(self, terms: Terms, points: int, earned_us: int, origin: str) -> tuple[End, int | None]:
        """Points are issued by a rule; answers their end, and until when they wait (None: they do not)."""
        end = self.end_of_earned(terms, earned_us)
        waits_us = posting_us(terms.pending_days, earned_us, terms.zone)
        if waits_us is not None and waits_us <= self.booked_us:
            waits_us = None
        self.counts["issued"] += points
        if waits_us is None or self.has_ended(end):
            self.credit(end, points, origin)
            return end, None
        if points:
            self.waiting.append(Waiting(waits_us, end, points))
        return end, waits_us

    # How they go

    def take_from(self, parcels: list[Parcel], points: int) -> list[Parcel]:
        """Take points from these parcels, in this order; answers what was taken. There may be too few."""
        taken = []
        for parcel in parcels:
            part = min(parcel.points, points)
            if part:
                taken.append(Parcel(parcel.end, part, parcel.origin))
                parcel.points -= part
                points -= part
        self.parcels = [parcel for parcel in self.parcels if parcel.points]
        return taken

    def take(self, points: int) -> list[Parcel]:
        """Take points, those that are gone first first; of one end in the order they came."""
        return self.take_from(sorted(self.parcels, key=lambda parcel: self.turn(parcel.end)), points)

    def take_of(self, end: End, points: int) -> int:
        """Take points of one end, as many as there are; answers how many."""
        taken = self.take_from([parcel for parcel in self.parcels if parcel.end == end], points)
        return sum(parcel.points for parcel in taken)

    def take_waiting(self, posting: int, end: End, points: int) -> int:
        """Take points that wait for one instant and have one end, as many as there are; answers how many."""
        taken = 0
        for waiting in self.waiting:
            if (waiting.posting_us, waiting.end) == (posting, end):
                part = min(waiting.points, points - taken)
                waiting.points -= part
                taken += part
        self.waiting = [waiting for waiting in self.waiting if waiting.points]
        return taken

    def take_expired(self, end: End, since_us: int, points: int) -> int:
        """Take points of one end that are gone, as many as there are, the first gone first; answers how many.

        The sliding points end again and again: only what was gone after `since_us` counts.
        """
        taken = 0
        for gone in sorted(self.gone, key=lambda gone: gone.gone_us):
            if gone.end == end and (end != SLIDING or gone.gone_us > since_us):
                part = min(gone.points, points - taken)
                gone.points -= part
                taken += part
        self.counts["expired"] -= taken
        return taken

    # Holds

    def hold(self, hold_id: str, points: int, deadline_us: int) -> None:
        """Reserve points."""
        self.holds[hold_id] = Held(hold_id, by_end(self.take(points)), deadline_us)

    def release_parts(self, parts: list[tuple[End, int]], hold_id: str) -> None:
        """Reserved points come back."""
        for end, points in parts:
            self.credit(end, points, f"released {hold_id}")

    def capture(self, hold: Held, points: int, sliding_was_us: int) -> list[tuple[End, int]]:
        """Spend the first of the reserved points and give the rest back; answers which were spent.

        Sliding points that had ended before this very activity, at `sliding_was_us`, are gone: it comes too
        late for them.
        """
        spent, rest = split(hold.parts, points)
        hold.state = f"captured {points}"
        self.counts["redeemed"] += points
        for end, count in rest:
            if end == SLIDING and sliding_was_us <= self.booked_us:
                self.counts["expired"] += count
                self.gone.append(Gone(end, sliding_was_us, count))
            else:
                self.release_parts([(end, count)], hold.hold_id)
        return spent

    def release(self, hold: Held, state: str) -> None:
        """Give all reserved points back."""
        hold.state = state
        self.release_parts(hold.parts, hold.hold_id)

    # What time does

    def next_due(self) -> tuple[int, int, str] | None:
        """What time changes next: when, and what: postings first, then holds, then ends."""
        due = [(one.posting_us, 0, "") for one in self.waiting]
        due += [(hold.deadline_us, 1, hold.hold_id) for hold in self.open_holds()]
        due += [(self.gone_us(parcel.end), 2, "") for parcel in self.parcels if parcel.end != NEVER]
        return min(due, default=None)

    def pass_time(self, until_us: int) -> None:
        """Let everything happen that time brings up to an instant, that instant included, in time order."""
        while (due := self.next_due()) is not None and due[0] <= until_us:
            self.booked_us = max(self.booked_us, due[0])
            self.happen(*due)

    def happen(self, due_us: int, what: int, hold_id: str) -> None:
        """One thing that time brings."""
        if what == 0:
            first = min(self.waiting, key=lambda one: (one.posting_us, in_line(one.end)))
            self.waiting.remove(first)
            self.credit(first.end, first.points, "posted")
        elif what == 1:
            self.release(self.holds[hold_id], "timed out")
        else:
            gone = [one for one in self.parcels if one.end != NEVER and self.gone_us(one.end) == due_us]
            self.parcels = [parcel for parcel in self.parcels if parcel not in gone]
            for parcel in gone:
                self.expire(parcel.end, parcel.points)
