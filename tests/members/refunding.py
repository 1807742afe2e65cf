"""A member who bought something and brings it back."""

from typing import Final

import msgspec

from members.commands import RefundOrder
from members.journal import TakenBack
from points.ledger import Leg
from points.order import OrderLine
from tests.members.building import program, settle, utc
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)
LINES: Final = (OrderLine("a", 3, 1_000), OrderLine("b", 1, 1_000))


def bought(*, amount_minor: int = 2_000, spend_points: int = 0, points: int = 0) -> Kept:
    """A member with points that stay, who bought something for £20, with 20 points that end in August."""
    member = Kept()
    if points:
        member.done(settle(NOW_US, points * 100, order_id="old"), program(), NOW_US)
    member.done(settle(NOW_US, amount_minor, lines=LINES, spend_points=spend_points), RULES, NOW_US)
    return member


def refund(request_id: str = "f", **content: object) -> RefundOrder:
    """A refund of the order `o1`; of all that is left of it unless told otherwise."""
    return msgspec.structs.replace(RefundOrder(request_id, "o1"), **content)


def legs_of_taken(change: object) -> tuple[Leg, ...]:
    """The movements by which a refund took points back."""
    assert isinstance(change, TakenBack)
    return change.legs
