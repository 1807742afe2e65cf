"""Which awards paid a spend, told from the numbers that movements took (domain: Points 5)."""

from collections import Counter
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    HoldPoints,
    RefundOrder,
    ReleaseHold,
    SpendPoints,
    TransferPoints,
    VoidPoints,
)
from members.sources import Source, joined_sources
from points.policies import NEVER, SLIDING
from programs.document import ExpiresWithoutActivity, PerAmount
from tests.members.building import A_POINT_A_POUND, DAY_US, HOUR_US, enrol, legs_of, program, settle, utc
from tests.members.keeping import Kept, transferred
from tests.members.tracing import sources_of

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
ENDS: Final = program(expiry_days=30)
STAYS: Final = program()


def paid(member: Kept) -> list[tuple[int, str, int]]:
    """Where the points of the latest entry came from: entry, order, points."""
    return [
        (source.seq, source.order_id, source.points)
        for source in sources_of(member.entries, member.account.version)
    ]


def three_orders() -> Kept:
    """Entries 1 to 3 gave 5 and 7 points that end in August, and 9 that stay."""
    member = Kept()
    member.done(settle(NOW_US, 500, order_id="a"), ENDS, NOW_US)
    member.done(settle(NOW_US + 1, 700, order_id="b"), ENDS, NOW_US + 1)
    member.done(settle(NOW_US + 2, 900, order_id="c"), STAYS, NOW_US + 2)
    return member


def test_a_spend_is_paid_by_the_awards_that_came_first_into_the_lots_it_took() -> None:
    member = three_orders()
    member.done(SpendPoints("s", 13), STAYS, NOW_US + 3)

    assert [
        Source(1, "a", "base", 5, ENDS_US),
        Source(2, "b", "base", 7, ENDS_US),
        Source(3, "c", "base", 1, NEVER),
    ] == sources_of(member.entries, 4)


def test_the_next_spend_goes_on_where_the_last_one_ended() -> None:
    member = three_orders()
    member.done(SpendPoints("s1", 3), STAYS, NOW_US + 3)
    first = paid(member)
    member.done(SpendPoints("s2", 4), STAYS, NOW_US + 3)

    assert (first, paid(member)) == ([(1, "a", 3)], [(1, "a", 2), (2, "b", 2)])


def test_each_rule_of_an_order_is_told_apart() -> None:
    rules = program(
        rules=[A_POINT_A_POUND, PerAmount(kind="per_amount", id="bonus", points=2, per_amount_minor=100)]
    )
    member = Kept()
    member.done(settle(NOW_US, 500), rules, NOW_US)
    member.done(SpendPoints("s", 7), rules, NOW_US)

    assert [Source(1, "o1", "base", 5, NEVER), Source(1, "o1", "bonus", 2, NEVER)] == sources_of(
        member.entries, 2
    )


def test_points_given_by_hand_have_an_entry_and_no_order_or_rule() -> None:
    member = Kept()
    member.done(enrol(), STAYS, NOW_US)
    member.done(AdjustPoints("a", 5, "sorry"), STAYS, NOW_US)
    member.done(SpendPoints("s", 5), STAYS, NOW_US)

    assert [Source(2, "", "", 5, NEVER)] == sources_of(member.entries, 3)


def test_waiting_points_keep_their_award_when_they_post() -> None:
    rules, late_us = program(pending_days=14), NOW_US + 20 * DAY_US
    member = Kept()
    member.done(settle(NOW_US, 500, order_id="a"), rules, NOW_US)
    member.done(settle(NOW_US, 700, order_id="b"), rules, NOW_US)
    member.done(SpendPoints("s", 6), rules, late_us)

    assert paid(member) == [(1, "a", 5), (2, "b", 1)]


def test_a_refund_takes_waiting_points_of_its_own_order() -> None:
    """So the points that post are the other order's, though it came later."""
    rules = program(pending_days=14)
    member = Kept()
    member.done(settle(NOW_US, 500, order_id="a"), rules, NOW_US)
    member.done(settle(NOW_US, 700, order_id="b"), rules, NOW_US)
    member.done(RefundOrder("f", "b"), rules, NOW_US)

    assert paid(member) == [(2, "b", 7)]
    member.done(SpendPoints("s", 5), rules, NOW_US + 20 * DAY_US)
    assert paid(member) == [(1, "a", 5)]


def test_where_an_orders_own_waiting_points_are_gone_others_of_their_lot_are_taken() -> None:
    """Its own 5 were voided by hand; of the 7 that wait with the same end since, 5 are taken back."""
    rules = program(pending_days=14)
    member = Kept()
    member.done(settle(NOW_US, 500, order_id="a"), rules, NOW_US)
    member.done(VoidPoints("v", 0, "x"), rules, NOW_US)
    member.done(settle(NOW_US, 700, order_id="b"), rules, NOW_US)
    member.done(RefundOrder("f", "a"), rules, NOW_US)

    assert paid(member) == [(3, "b", 5)]


def test_a_captured_hold_is_paid_by_what_it_held_and_a_rest_goes_to_the_tail() -> None:
    member = three_orders()
    member.done(HoldPoints("h", 8, HOUR_US), STAYS, NOW_US + 3)
    member.done(CaptureHold("c", "h", 6), STAYS, NOW_US + 4)
    # The capture moved 6 points that were spent, and 2 that went back.
    assert paid(member) == [(1, "a", 5), (2, "b", 3)]

    member.done(SpendPoints("s", 6), STAYS, NOW_US + 5)
    assert paid(member) == [(2, "b", 6)]
    member.done(SpendPoints("s2", 1), STAYS, NOW_US + 5)
    assert paid(member) == [(3, "c", 1)]


def test_two_holds_keep_their_points_apart() -> None:
    member = three_orders()
    member.done(HoldPoints("h1", 5, HOUR_US), STAYS, NOW_US + 3)
    member.done(HoldPoints("h2", 7, HOUR_US), STAYS, NOW_US + 3)
    member.done(CaptureHold("c", "h2", 7), STAYS, NOW_US + 4)
    assert paid(member) == [(2, "b", 7)]
    member.done(ReleaseHold("r", "h1"), STAYS, NOW_US + 5)
    member.done(SpendPoints("s", 5), STAYS, NOW_US + 6)

    assert paid(member) == [(1, "a", 5)]


def test_restored_points_are_the_ones_that_were_taken_last() -> None:
    member = three_orders()
    member.done(settle(NOW_US + 3, 80, order_id="d", spend_points=13), STAYS, NOW_US + 3)
    member.done(RefundOrder("f", "d", amount_minor=20), STAYS, NOW_US + 4)

    # A quarter of 13 is 3: the one of order c, and two of order b.
    assert paid(member) == [(3, "c", 1), (2, "b", 2)]


def test_restored_points_pay_again() -> None:
    member = Kept()
    member.done(settle(NOW_US, 500, order_id="a"), ENDS, NOW_US)
    member.done(settle(NOW_US, 0, order_id="d", spend_points=5), ENDS, NOW_US)
    member.done(RefundOrder("f", "d"), ENDS, NOW_US)
    member.done(SpendPoints("s", 5), ENDS, NOW_US)

    assert paid(member) == [(1, "a", 5)]


def test_voided_and_expired_points_pay_nothing_any_more() -> None:
    member = three_orders()
    member.done(VoidPoints("v", 2, "x"), STAYS, NOW_US + 3)
    assert paid(member) == [(1, "a", 2)]
    member.done(SpendPoints("s", 4), STAYS, ENDS_US)

    assert paid(member) == [(3, "c", 4)]


def test_expired_points_that_a_refund_takes_back_are_told() -> None:
    member = three_orders()
    member.done(RefundOrder("f", "a"), STAYS, ENDS_US)

    assert paid(member) == [(1, "a", 5)]


def test_sliding_points_are_told_like_any_others() -> None:
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 500, order_id="a"), rules, NOW_US)
    member.done(SpendPoints("s", 2), rules, NOW_US + DAY_US)
    assert [Source(1, "a", "base", 2, SLIDING)] == sources_of(member.entries, 2)
    member.done(RefundOrder("f", "a"), rules, NOW_US + 90 * DAY_US)

    # 3 had expired; 2 are owed, which come from nowhere.
    assert paid(member) == [(1, "a", 3)]


def test_points_that_came_from_another_member_are_of_the_entry_that_brought_them() -> None:
    ann, ben = three_orders(), Kept("m2")
    ben.done(enrol(), STAYS, NOW_US)
    transferred(ann, ben, TransferPoints("t", "m2", 6), STAYS, NOW_US + 3)
    assert paid(ann) == [(1, "a", 5), (2, "b", 1)]
    ben.done(SpendPoints("s", 4), STAYS, NOW_US + 4)

    assert paid(ben) == [(2, "", 4)]


def test_an_entry_that_is_not_there_has_no_sources() -> None:
    with pytest.raises(LookupError, match="entry 9"):
        sources_of(three_orders().entries, 9)


def test_the_same_source_is_told_once_in_the_order_it_came() -> None:
    one, other = Source(1, "a", "base", 2, NEVER), Source(2, "b", "base", 3, NEVER)

    assert [Source(1, "a", "base", 6, NEVER), other] == joined_sources([one, other, one._replace(points=4)])


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("order"), st.integers(1, 30)),
            st.tuples(st.just("ending order"), st.integers(1, 30)),
            st.tuples(st.just("spend"), st.integers(1, 40)),
            st.tuples(st.just("hold"), st.integers(1, 20)),
            st.tuples(st.just("capture"), st.integers(0, 20)),
            st.tuples(st.just("release"), st.integers(0, 3)),
            st.tuples(st.just("refund"), st.integers(0, 4_000)),
            st.tuples(st.just("paid order"), st.integers(1, 40)),
        ),
        max_size=12,
    )
)
def test_every_point_that_moves_has_a_source_and_none_pays_more_than_it_had(
    steps: list[tuple[str, int]],
) -> None:
    """For every entry: as many points as its legs move. Over all: no award is spent beyond what it gave."""
    member, now_us = Kept(), NOW_US
    for number, (what, value) in enumerate(steps):
        now_us += HOUR_US
        order = settle(now_us, value * 100, order_id=f"o{number}")
        held = sorted(member.holds)
        commands: dict[str, Command] = {
            "order": order,
            "ending order": order,
            "spend": SpendPoints(f"r{number}", value),
            "hold": HoldPoints(f"r{number}", value, 5 * HOUR_US),
            "capture": CaptureHold(f"r{number}", held[value % len(held)] if held else "", value),
            "release": ReleaseHold(f"r{number}", held[value % len(held)] if held else ""),
            "refund": RefundOrder(f"r{number}", f"o{value % (number + 1)}", amount_minor=value),
            "paid order": settle(now_us, 2_000, order_id=f"o{number}", spend_points=value),
        }
        member.tried(commands[what], ENDS if what == "ending order" else STAYS, now_us)

    given_points: Counter[int] = Counter()
    spent_points: Counter[int] = Counter()
    for entry in member.entries:
        sources = sources_of(member.entries, entry.seq)
        moved = legs_of(entry)
        if all(leg.source in {"available", "held", "pending", "redeemed", "expired"} for leg in moved):
            assert sum(leg.points for leg in moved) == sum(source.points for source in sources)
        given_points[entry.seq] += sum(leg.points for leg in moved if leg.source == "issued")
        if entry.kind == "points_spent":
            for source in sources:
                spent_points[source.seq] += source.points
    assert all(points <= given_points[seq] for seq, points in spent_points.items())
