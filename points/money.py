"""Points as money at the till: what they are worth, and how many an order takes (domain: Points 12)."""

from typing import Final, Literal, NamedTuple

import msgspec

from points.civil_time import MINUTE_US
from programs.document import AMOUNT_MINOR_MAX, PointsAsMoney

QUOTE_LIFETIME_US: Final = 30 * MINUTE_US

LimitedBy = Literal[
    "NOT_OFFERED", "BELOW_MINIMUM", "SHARE_LIMIT", "AMOUNT_LIMIT", "ALL_AVAILABLE", "AS_ASKED"
]


class Quote(msgspec.Struct, frozen=True, array_like=True):
    """What was quoted for an order: so many points for so much of its gross amount, until an instant."""

    order_id: str
    points: int
    worth_minor: int
    gross_minor: int
    deadline_us: int
    program_version: int
    currency_code: str


class Usable(NamedTuple):
    """How many points an order takes, what they are worth, and what limits them."""

    points: int
    worth_minor: int
    limited_by: LimitedBy


class SpendNotAllowed(msgspec.Struct, frozen=True):
    """The program does not take so many points for this order. `limit` belongs to the rule named."""

    rule: Literal["minimum_points", "step_points", "share_max_percent", "amount_minor_max"]
    points: int
    worth_minor: int
    limit: int


def worth_minor(policy: PointsAsMoney, points: int) -> int:
    """What points pay, in minor units, rounded down."""
    return points * policy.amount_minor // policy.points


def usable_points(policy: PointsAsMoney | None, gross_minor: int, available: int, asked: int) -> Usable:
    """The points that may pay a part of an order: no more than are available, than are asked for (0: as many
    as possible), than the program's share and amount allow; and no more than their worth needs.
    """
    if policy is None:
        return Usable(0, 0, "NOT_OFFERED")
    limits: list[tuple[int, LimitedBy]] = [(available, "ALL_AVAILABLE")]
    if asked:
        limits.append((asked, "AS_ASKED"))
    limits.append((_points_within(policy, gross_minor * policy.share_max_percent // 100), "SHARE_LIMIT"))
    if policy.amount_minor_max is not None:
        limits.append((_points_within(policy, policy.amount_minor_max), "AMOUNT_LIMIT"))
    most, limited_by = min(limits, key=lambda limit: limit[0])
    worth = worth_minor(policy, most - most % policy.step_points)
    # The fewest points, in whole steps, that are worth as much: the others would be given for nothing.
    needed = -(-worth * policy.points // policy.amount_minor)
    points = max(-(-needed // policy.step_points), -(-policy.minimum_points // policy.step_points))
    points *= policy.step_points
    if not worth or points > most:
        return Usable(
            0, 0, "BELOW_MINIMUM" if most < max(policy.minimum_points, policy.step_points) else limited_by
        )
    return Usable(points, worth_minor(policy, points), limited_by)


def _points_within(policy: PointsAsMoney, amount_minor: int) -> int:
    """The most points that are not worth more than an amount."""
    return ((amount_minor + 1) * policy.points - 1) // policy.amount_minor


def spend_refused(policy: PointsAsMoney, points: int, paid_minor: int) -> SpendNotAllowed | None:
    """Why so many points may not pay a part of an order of which the rest was paid; None where they may."""
    worth = worth_minor(policy, points)
    if worth > AMOUNT_MINOR_MAX:
        return SpendNotAllowed("amount_minor_max", points, worth, AMOUNT_MINOR_MAX)
    if points < policy.minimum_points:
        return SpendNotAllowed("minimum_points", points, worth, policy.minimum_points)
    if points % policy.step_points:
        return SpendNotAllowed("step_points", points, worth, policy.step_points)
    share_minor = (paid_minor + worth) * policy.share_max_percent // 100
    if worth > share_minor:
        return SpendNotAllowed("share_max_percent", points, worth, policy.share_max_percent)
    if policy.amount_minor_max is not None and worth > policy.amount_minor_max:
        return SpendNotAllowed("amount_minor_max", points, worth, policy.amount_minor_max)
    return None
