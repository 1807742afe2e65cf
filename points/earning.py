"""How many points an order earns (domain: Points 2)."""

from typing import NamedTuple

from points.order import Order
from programs.document import PerAmount


class Award(NamedTuple):
    """What one rule gives: points, and the amount in minor units it looked at."""

    rule_id: str
    base_amount_minor: int
    points: int


def awards_for_order(rules: tuple[PerAmount, ...], order: Order) -> list[Award]:
    """What each rule gives, in the document's order. A rule that gives nothing is listed with 0 points."""
    return [
        Award(rule.id, order.amount_minor, order.amount_minor * rule.points // rule.per_amount_minor)
        for rule in rules
    ]
