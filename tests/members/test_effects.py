"""What an entry changes beside the account: holds, what came back of orders, what expired of lots."""

from typing import Final

import pytest

from members.apply import follow
from members.commands import CaptureHold, Command, HoldPoints, RefundOrder, ReleaseHold, SpendPoints
from members.effects import (
    Effect,
    HoldPlaced,
    HoldResolved,
    LotExpired,
    OrderRefunded,
    effects_of,
    refunded_after,
)
from members.execute import Accepted
from members.journal import (
    Captured,
    Change,
    Earned,
    Expired,
    Held,
    Refunding,
    Released,
    Restored,
    Spent,
    TakenBack,
)
from points.ledger import Ledger, Leg
from points.order import OrderLine
from points.policies import NEVER, SLIDING
from points.refunding import LineRefunded, Refunded, RefundLine
from tests.members.building import DAY_US, HOUR_US, NOBODY, program, settle, utc
from tests.members.keeping import Kept

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)
SLID: Final = Ledger(sliding_end_us=70)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((Earned("base", 500, 5, 0, (Leg("issued", "available", 5, NEVER, 0),)),), ()),
        ((Spent(5, (Leg("available", "redeemed", 5, NEVER, 0),)),), ()),
        (
            (Held("h", 5, 99, (Leg("available", "held", 5, NEVER, 0),)),),
            (HoldPlaced("h", 7, 5, 99),),
        ),
        (
            (Captured("h", 5, (Leg("held", "redeemed", 5, NEVER, 0),)),),
            (HoldResolved("h", 7, "captured", 5),),
        ),
        # A capture that gives a rest back is one resolution.
        (
            (
                Captured("h", 3, (Leg("held", "redeemed", 3, NEVER, 0),)),
                Released("h", 2, (Leg("held", "available", 2, NEVER, 5),)),
            ),
            (HoldResolved("h", 7, "captured", 3),),
        ),
        (
            (Released("h", 2, (Leg("held", "available", 2, NEVER, 5),)),),
            (HoldResolved("h", 7, "released", 0),),
        ),
        (
            (Released("h", 2, (Leg("held", "available", 2, NEVER, 5),), timed_out=True),),
            (HoldResolved("h", 7, "timed_out", 0),),
        ),
        # Points that expire on their way back count for their lot.
        (
            (Released("h", 2, (Leg("held", "expired", 2, 50, 0),)),),
            (HoldResolved("h", 7, "released", 0), LotExpired(50, 2)),
        ),
        (
            (
                Captured("h", 3, (Leg("held", "redeemed", 3, 50, 0),)),
                Released("h", 2, (Leg("held", "expired", 2, 50, 0),)),
            ),
            (LotExpired(50, 2), HoldResolved("h", 7, "captured", 3)),
        ),
        ((Expired(5, (Leg("available", "expired", 5, 50, 0),)),), (LotExpired(50, 5),)),
        # The sliding lot is counted by the end it had, below zero.
        ((Expired(5, (Leg("available", "expired", 5, SLIDING, 0),)),), (LotExpired(-70, 5),)),
        (
            (Earned("base", 500, 5, 0, (Leg("issued", "expired", 5, 50, 0),)),),
            (LotExpired(50, 5),),
        ),
        (
            (Restored(5, (Leg("redeemed", "expired", 2, 50, 0), Leg("redeemed", "available", 3, 60, 0))),),
            (LotExpired(50, 2),),
        ),
        # What a refund takes back of expired points is expired no more, under the key it was found by.
        (
            (
                TakenBack(
                    "base", 5, (Leg("expired", "voided", 2, 50, 0), Leg("expired", "voided", 3, -70, 0))
                ),
            ),
            (LotExpired(50, -2), LotExpired(-70, -3)),
        ),
    ],
)
def test_an_entry_changes_what_stands_beside_the_account(
    changes: tuple[Change, ...], expected: tuple[Effect, ...]
) -> None:
    assert expected == effects_of(SLID, "o1", 7, changes)


def test_a_refund_says_of_which_order_how_much() -> None:
    change = Refunding(3, 100, 300, 900, "return-1")

    assert (OrderRefunded("o1", 7, "return-1", change),) == effects_of(SLID, "o1", 7, (change,))


def test_what_came_back_of_an_order_adds_up_line_by_line() -> None:
    before = Refunded(100, {"a": LineRefunded(1, 100)})
    change = Refunding(
        3, 250, 350, 900, lines={"a": LineRefunded(2, 200), "b": LineRefunded(1, 50)}, whole=False
    )

    after = refunded_after(before, change)

    assert Refunded(350, {"a": LineRefunded(3, 300), "b": LineRefunded(1, 50)}) == after
    assert Refunded(100, {"a": LineRefunded(1, 100)}) == before


def test_the_whole_stays_the_whole() -> None:
    assert Refunded(900, whole=True) == refunded_after(Refunded(100), Refunding(3, 800, 900, 900, whole=True))


def story() -> Kept:
    """A member of many effects: holds that are captured, released and run out, refunds, expiry."""
    member = Kept()
    lines = (OrderLine("a", 3, 1_000), OrderLine("b", 1, 500))
    steps: list[tuple[Command, int]] = [
        (settle(NOW_US, 1_500, lines=lines), NOW_US),
        (settle(NOW_US, 1_000, order_id="o2"), NOW_US),
        (HoldPoints("h1", 3, HOUR_US), NOW_US),
        (HoldPoints("h2", 3, HOUR_US), NOW_US),
        (HoldPoints("h3", 3, HOUR_US), NOW_US),
        (HoldPoints("h4", 3, 60 * DAY_US), NOW_US),
        (CaptureHold("c", "h1", 2), NOW_US + 1),
        (ReleaseHold("r", "h2"), NOW_US + 2),
        (RefundOrder("f1", "o1", "return", (RefundLine("a", 2),)), NOW_US + HOUR_US),
        (SpendPoints("s", 2), NOW_US + HOUR_US),
        (RefundOrder("f2", "o1"), ENDS_US + DAY_US),
        (RefundOrder("f3", "o2", amount_minor=100), ENDS_US + DAY_US),
    ]
    for command, now_us in steps:
        member.done(command, RULES, now_us)
    return member


def test_holds_of_a_story_end_as_they_did() -> None:
    holds = story().holds

    assert {hold_id: (hold.state, hold.captured_points) for hold_id, hold in holds.items()} == {
        "h1": ("captured", 2),
        "h2": ("released", 0),
        "h3": ("timed_out", 0),
        "h4": ("open", 0),
    }


def test_what_expired_and_was_not_taken_back_is_what_the_books_say() -> None:
    """25 points: 2 captured, 2 spent, 3 still held, 6 taken back while alive; 12 expired, then 9 and 1 of
    them were only reclassified.
    """
    member = story()

    ledger = member.account.ledger
    assert (ledger.issued, ledger.redeemed, ledger.held, ledger.voided, ledger.expired) == (25, 4, 3, 16, 2)
    assert member.expired == {ENDS_US: 2}


def test_effects_follow_from_the_journal_as_the_account_does() -> None:
    """The ledger check folds the journal again: the same effects, in the same order."""
    member, account, effects = story(), NOBODY, list[Effect]()
    for entry in member.entries:
        recorded = follow(account, entry)
        account = recorded.account
        effects += recorded.effects

    assert (member.account, member.effects) == (account, effects)


def test_an_accepted_command_tells_the_effects_of_what_fell_due_too() -> None:
    member = Kept()
    member.done(settle(NOW_US, 1_000), RULES, NOW_US)
    member.done(HoldPoints("h", 3, HOUR_US), RULES, NOW_US)

    outcome = member.outcome(SpendPoints("s", 1), program(), ENDS_US - 1)
    assert isinstance(outcome, Accepted)
    assert (HoldResolved("h", 3, "timed_out", 0),) == outcome.effects
