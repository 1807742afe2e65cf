"""What stands beside the account for a command: an order as it was settled."""

from typing import Final

import pytest

from members.commands import HoldPoints
from members.journal import Earned
from members.records import order_of_record
from points.ledger import Leg
from points.order import Order, OrderLine, encode_order
from points.policies import NEVER
from points.refunding import NOTHING_REFUNDED
from programs.document import Refunds
from tests.members.building import A_POINT_A_POUND, HOUR_US, program, settle, utc
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")
ORDER: Final = Order("o1", NOW_US, "GBP", 500, (OrderLine("a", 1, 500),))


@pytest.mark.parametrize("content", [None, "", b"", "null", b"null"])
def test_an_order_whose_content_was_erased_has_none(content: str | bytes | None) -> None:
    assert order_of_record(content) is None


def test_an_order_comes_back_from_its_stored_content() -> None:
    content = encode_order(ORDER)

    assert order_of_record(content) == order_of_record(content.decode()) == ORDER


def test_a_settled_order_tells_what_its_rules_gave_and_which_points_paid() -> None:
    """Also those of a hold; the rest that was released did not pay."""
    rules = program(rules=[A_POINT_A_POUND], refunds=Refunds(on_shortfall="forgive"))
    member = Kept()
    member.done(settle(NOW_US, 1_000, order_id="old"), rules, NOW_US)
    member.done(HoldPoints("h", 8, HOUR_US), rules, NOW_US)
    member.done(settle(NOW_US, 500, hold_id="h", spend_points=3), rules, NOW_US)
    member.done(settle(NOW_US, 600, order_id="o2", spend_points=4), rules, NOW_US)

    by_hold, by_points = member.orders["o1"], member.orders["o2"]

    assert [Leg("held", "redeemed", 3, NEVER, 0)] == by_hold.spent
    assert [Leg("available", "redeemed", 4, NEVER, 8)] == by_points.spent
    assert [Earned("base", 500, 5, 0, (Leg("issued", "available", 5, NEVER, 15),))] == by_hold.awards
    assert (by_hold.refunded, by_hold.refunds.on_shortfall) == (NOTHING_REFUNDED, "forgive")
