"""Points that go to another member with the expiry they have (domain: Points 11), and the sliding end."""

import msgspec

from points.ledger import Ledger, Leg, actual_end_us, credit_all_legs
from points.lots import BooksBrokenError
from points.policies import SLIDING


class Parcel(msgspec.Struct, frozen=True, array_like=True):
    """Points of one lot on their way to another member. A sliding lot's end stays where it is now."""

    end_us: int
    points: int


def parcels_of(ledger: Ledger, legs: tuple[Leg, ...]) -> tuple[Parcel, ...]:
    """What leaves a member: one parcel a lot. `ledger` is the sender's."""
    return tuple(Parcel(actual_end_us(ledger, leg.end_us), leg.points) for leg in legs)


def receive_legs(ledger: Ledger, parcels: tuple[Parcel, ...], as_of_us: int) -> tuple[Leg, ...]:
    """The movements that bring parcels to a member: debt first, the rest to the lot of the same end."""
    parts = [(parcel.end_us, parcel.points) for parcel in parcels]
    return credit_all_legs(ledger, "transfer", parts, as_of_us)


def given_that_day(ledger: Ledger, day: int) -> int:
    """How many points the member has given to others on a day of the program.

    Where its time zone was moved back over midnight, what was given on the next day counts still.
    """
    return ledger.transferred_that_day if ledger.transfer_day >= day else 0


def count_transfer(ledger: Ledger, day: int, points: int) -> Ledger:
    """Count points that were given on a day. What was given on an earlier day is forgotten."""
    return msgspec.structs.replace(
        ledger,
        transfer_day=max(day, ledger.transfer_day),
        transferred_that_day=given_that_day(ledger, day) + points,
    )


def extend_sliding(ledger: Ledger, end_us: int) -> Ledger:
    """Let the sliding lot live until an instant. It never becomes shorter."""
    if end_us <= ledger.sliding_end_us or end_us == SLIDING:
        raise BooksBrokenError(f"the sliding lot ends at {ledger.sliding_end_us}, later than {end_us}")
    return msgspec.structs.replace(ledger, sliding_end_us=end_us)
