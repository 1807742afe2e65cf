"""Refunds: by the record of the order's own entry, in parts and in whole (domain: Points 7)."""

import msgspec
import pytest

from members.commands import AdjustPoints, HoldPoints, RefundOrder, SpendPoints
from members.decide import decide
from members.execute import Accepted, Repeated
from members.journal import Adjusted, Captured, Refunding, Restored, TakenBack
from members.rejections import (
    FieldInvalid,
    LineUnknown,
    OrderErased,
    OrderUnknown,
    RefundExceedsOrder,
    RefundIdReused,
    RequestIdReused,
)
from points.ledger import Leg
from points.order import OrderLine
from points.policies import NEVER
from points.refunding import LineRefunded, Refunded, RefundLine
from programs.document import PerAmount, Refunds
from tests.members.building import DAY_US, HOUR_US, MINUTE_US, changes_of, program, settle, utc
from tests.members.keeping import Kept
from tests.members.refunding import ENDS_US, NOW_US, RULES, bought, legs_of_taken, refund

# In whole and in parts


def test_a_whole_refund_takes_back_all_the_order_gave() -> None:
    member = bought()

    changes = member.done(refund(), RULES, NOW_US + DAY_US)

    assert (
        Refunding(1, 2_000, 2_000, 2_000, whole=True),
        TakenBack("base", 20, (Leg("available", "voided", 20, ENDS_US, 0),)),
    ) == changes
    entry = member.entries[-1]
    assert (entry.kind, entry.order_id, entry.balance.available) == ("order_refunded", "o1", 0)
    assert Refunded(2_000, whole=True) == member.orders["o1"].refunded


def test_parts_are_rounded_down_and_add_up_to_the_whole() -> None:
    """20 points for £20: a third is 6, two thirds are 13, and the last penny brings the rest."""
    member = bought()

    taken = []
    for number, amount_minor in enumerate((667, 667, 666)):
        refunding, *changes = member.done(
            refund(f"f{number}", amount_minor=amount_minor), RULES, NOW_US + number
        )
        assert isinstance(refunding, Refunding)
        taken.append(
            (
                refunding.refunded_minor,
                *(change.points for change in changes if isinstance(change, TakenBack)),
            )
        )

    assert taken == [(667, 6), (1_334, 7), (2_000, 7)]
    assert member.account.ledger.available == 0


def test_lines_come_back_by_the_piece_and_the_entry_says_which() -> None:
    member = bought()

    first, taken = member.done(refund("f1", lines=(RefundLine("a", 2),)), RULES, NOW_US)
    second, _ = member.done(refund("f2", lines=(RefundLine("a", 1), RefundLine("b", 1))), RULES, NOW_US)

    assert first == Refunding(1, 666, 666, 2_000, lines={"a": LineRefunded(2, 666)})
    assert TakenBack("base", 6, (Leg("available", "voided", 6, ENDS_US, 0),)) == taken
    assert second == Refunding(
        1,
        1_334,
        2_000,
        2_000,
        lines={"a": LineRefunded(1, 334), "b": LineRefunded(1, 1_000)},
        whole=True,
    )


def test_a_refund_too_small_to_take_a_point_is_an_entry_too() -> None:
    member = bought()

    assert (Refunding(1, 99, 99, 2_000),) == member.done(refund(amount_minor=99), RULES, NOW_US)


def test_each_rule_takes_back_its_own_and_rounds_on_its_own() -> None:
    """Half of 7 is 3, half of 5 is 2."""
    rules = program(
        rules=[
            PerAmount(kind="per_amount", id="seven", points=7, per_amount_minor=2_000),
            PerAmount(kind="per_amount", id="none", points=1, per_amount_minor=9_000),
            PerAmount(kind="per_amount", id="five", points=5, per_amount_minor=2_000),
        ]
    )
    member = Kept()
    member.done(settle(NOW_US, 2_000), rules, NOW_US)

    _, *taken = member.done(refund(amount_minor=1_000), rules, NOW_US)
    _, *rest = member.done(refund("rest"), rules, NOW_US)

    assert [(c.rule_id, c.points) for c in taken if isinstance(c, TakenBack)] == [("seven", 3), ("five", 2)]
    assert [(c.rule_id, c.points) for c in rest if isinstance(c, TakenBack)] == [("seven", 4), ("five", 3)]


# Spent points come back first


def test_spent_points_come_back_before_earned_ones_are_taken() -> None:
    member = bought(spend_points=6, points=8)

    changes = member.done(refund(), RULES, NOW_US + 1)

    assert (
        Refunding(2, 2_000, 2_000, 2_000, whole=True),
        Restored(6, (Leg("redeemed", "available", 6, NEVER, 8),)),
        TakenBack("base", 20, (Leg("available", "voided", 20, ENDS_US, 0),)),
    ) == changes
    assert (member.account.ledger.available, member.account.ledger.redeemed) == (8, 0)


def test_restored_points_can_be_what_is_taken_back() -> None:
    """All points were spent since: what comes back pays for what is taken."""
    member = bought(spend_points=6, points=8)
    member.done(SpendPoints("s", 22), RULES, NOW_US)

    changes = member.done(refund(), RULES, NOW_US + 1)

    assert (
        TakenBack(
            "base",
            20,
            (Leg("available", "voided", 6, NEVER, 8), Leg("debt", "voided", 14, NEVER, 0)),
            0,
            14,
        )
        == changes[2]
    )
    assert (member.account.ledger.available, member.account.ledger.debt) == (0, 14)


def test_spent_points_come_back_in_parts_the_last_ones_first() -> None:
    """10 points paid: 4 that end in August and 6 that stay. Half of them are 5, all of which stay."""
    member = Kept()
    member.done(settle(NOW_US, 400, order_id="ends"), RULES, NOW_US)
    member.done(settle(NOW_US, 600, order_id="stays"), program(), NOW_US)
    member.done(settle(NOW_US, 2_000, spend_points=10), program(), NOW_US)

    half = member.done(refund("f1", amount_minor=1_000), RULES, NOW_US)[1]
    rest = member.done(refund("f2"), RULES, NOW_US)[1]

    assert Restored(5, (Leg("redeemed", "available", 5, NEVER, 26),)) == half
    assert (
        Restored(5, (Leg("redeemed", "available", 1, NEVER, 31), Leg("redeemed", "available", 4, ENDS_US, 4)))
        == rest
    )


def test_restored_to_a_lot_that_has_passed_they_expire_at_once() -> None:
    member = Kept()
    member.done(settle(NOW_US, 400, order_id="ends"), RULES, NOW_US)
    member.done(settle(NOW_US, 2_000, spend_points=4), program(), NOW_US)

    changes = member.done(refund(), RULES, ENDS_US)

    assert Restored(4, (Leg("redeemed", "expired", 4, ENDS_US, 0),)) == changes[1]
    assert member.account.ledger.expired == 4


def test_the_program_may_give_restored_points_a_grace() -> None:
    """By the version that settled the order: 7 days after 10 August, London time."""
    grace = program(refunds=Refunds(restore_grace_days=7))
    member = Kept()
    member.done(settle(NOW_US, 400, order_id="ends"), RULES, NOW_US)
    member.done(settle(NOW_US, 2_000, spend_points=4), grace, NOW_US)

    changes = member.done(refund(), RULES, ENDS_US)

    assert Restored(4, (Leg("redeemed", "available", 4, utc("2024-08-17T23:00:00"), 0),)) == changes[1]


def test_points_of_a_hold_that_paid_come_back_too() -> None:
    member = Kept()
    member.done(settle(NOW_US, 800, order_id="old"), program(), NOW_US)
    member.done(HoldPoints("h", 8, HOUR_US), RULES, NOW_US)
    assert Captured("h", 6, (Leg("held", "redeemed", 6, NEVER, 0),)) in member.done(
        settle(NOW_US, 2_000, hold_id="h", spend_points=6), RULES, NOW_US
    )

    changes = member.done(refund(), RULES, NOW_US)

    assert Restored(6, (Leg("redeemed", "available", 6, NEVER, 10),)) == changes[1]


def test_where_nothing_was_paid_in_money_pieces_tell_the_share() -> None:
    """9 points paid four pieces: two of them bring 4 back, all of them 9."""
    member = Kept()
    member.done(settle(NOW_US, 900, order_id="old"), program(), NOW_US)
    lines = (OrderLine("a", 3, 0), OrderLine("b", 1, 0))
    member.done(settle(NOW_US, 0, lines=lines, spend_points=9), program(), NOW_US)

    half = member.done(refund("f1", lines=(RefundLine("a", 2),)), RULES, NOW_US)
    rest = member.done(refund("f2", lines=(RefundLine("a", 1), RefundLine("b", 1))), RULES, NOW_US)

    assert [change.points for change in (half[1], rest[1]) if isinstance(change, Restored)] == [4, 5]
    assert member.account.ledger.available == 9


# What cannot be refunded


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (refund(order_id="never"), OrderUnknown("never")),
        (refund(amount_minor=2_001), RefundExceedsOrder("o1", "", 2_001, 2_000)),
        (refund(lines=(RefundLine("a", 4),)), RefundExceedsOrder("o1", "a", 4, 3)),
        (refund(lines=(RefundLine("a", 1), RefundLine("z", 1))), LineUnknown("o1", "z", 1)),
    ],
)
def test_a_refund_of_what_was_not_bought_is_refused(command: RefundOrder, expected: object) -> None:
    assert expected == bought().outcome(command, RULES, NOW_US)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (refund(), RefundExceedsOrder("o1", "", 0, 0)),
        (refund(amount_minor=1), RefundExceedsOrder("o1", "", 1, 0)),
        (refund(lines=(RefundLine("a", 1),)), RefundExceedsOrder("o1", "a", 1, 0)),
    ],
)
def test_what_is_back_does_not_come_back_again(command: RefundOrder, expected: object) -> None:
    member = bought()
    member.done(refund("whole"), RULES, NOW_US)

    assert expected == member.outcome(command, RULES, NOW_US)


def test_an_order_whose_content_was_erased_is_not_refunded() -> None:
    member = bought()
    member.orders["o1"] = msgspec.structs.replace(member.orders["o1"], content=None)

    assert OrderErased("o1") == member.outcome(refund(), RULES, NOW_US)


def test_records_of_another_order_are_none_of_this_one() -> None:
    member = bought()

    assert OrderUnknown("o2") == decide(
        member.account, refund(order_id="o2"), RULES, NOW_US, member.records(refund())
    )


# Repeats (domain, Points 8)


def test_a_refund_id_names_one_refund_of_its_order() -> None:
    member = bought()
    first = refund("f1", refund_id="return-1", amount_minor=500)
    member.done(first, RULES, NOW_US)
    entry = member.entries[-1]

    assert Repeated(entry, known=True) == member.outcome(first, RULES, NOW_US)
    again = refund("f2", refund_id="return-1", amount_minor=500)
    assert Repeated(entry, known=False) == member.outcome(again, RULES, NOW_US)
    other = refund("f2", refund_id="return-1", amount_minor=501)
    assert RefundIdReused("o1", "return-1", 2) == member.outcome(other, RULES, NOW_US)
    assert RequestIdReused("f1", 2) == member.outcome(refund("f1"), RULES, NOW_US)
    assert isinstance(
        member.outcome(refund("f2", refund_id="return-2", amount_minor=500), RULES, NOW_US), Accepted
    )
    assert (member.orders["o1"].refunded.amount_minor, len(member.entries)) == (500, 2)


def test_refunds_without_an_id_are_each_their_own() -> None:
    member = bought()
    for number in range(4):
        member.done(refund(f"f{number}", amount_minor=500), RULES, NOW_US)

    assert member.orders["o1"].refunded.whole


# Its time


@pytest.mark.parametrize(
    ("time_us", "effective_us"),
    [(0, NOW_US + DAY_US), (NOW_US + 5, NOW_US + 5), (NOW_US + DAY_US + MINUTE_US, NOW_US + DAY_US)],
)
def test_a_refund_is_decided_as_of_its_time_or_now(time_us: int, effective_us: int) -> None:
    member = bought()

    member.done(refund(time_us=time_us), RULES, NOW_US + DAY_US)

    entry = member.entries[-1]
    assert (effective_us, NOW_US + DAY_US) == (entry.effective_us, entry.recorded_us)


def test_a_refund_that_lies_ahead_is_refused_with_its_field() -> None:
    refused = bought().outcome(refund(time_us=NOW_US + 5 * MINUTE_US + 1), RULES, NOW_US)

    assert isinstance(refused, FieldInvalid)
    assert refused.field == "refund_time"


def test_nothing_comes_back_before_it_was_bought() -> None:
    member = bought()

    refused = member.outcome(refund(time_us=NOW_US - 1), RULES, NOW_US + DAY_US)

    assert isinstance(refused, FieldInvalid)
    assert (refused.field, "2024-07-10T12:00:00" in refused.message) == ("refund_time", True)
    assert isinstance(member.outcome(refund(time_us=NOW_US), RULES, NOW_US + DAY_US), Accepted)


def test_a_back_dated_refund_is_decided_on_the_books_as_they_are() -> None:
    """The points had expired by the time the refund became known; that is not undone."""
    member = bought()
    member.done(AdjustPoints("gift", 7, "x"), program(), ENDS_US + DAY_US)

    _, taken = member.done(refund(time_us=NOW_US + DAY_US), RULES, ENDS_US + DAY_US)

    assert (Leg("expired", "voided", 20, ENDS_US, 0),) == legs_of_taken(taken)
    assert member.entries[-1].back_dated


def test_what_a_refund_changes_adds_up_in_the_books() -> None:
    """A gift since, and a refund in three parts: what the order gave and took is undone, nothing else."""
    member = bought(spend_points=6, points=8)
    gift = member.done(AdjustPoints("gift", 3, "x"), program(), NOW_US)
    for number, amount_minor in enumerate((700, 700, 0)):
        member.done(refund(f"f{number}", amount_minor=amount_minor), RULES, NOW_US)

    assert isinstance(gift[0], Adjusted)
    ledger = member.account.ledger
    assert (ledger.available, ledger.redeemed, ledger.voided, ledger.debt) == (11, 0, 20, 0)
    assert (
        sum(
            change.points
            for entry in member.entries
            for change in changes_of(entry)
            if isinstance(change, Restored)
        )
        == 6
    )
