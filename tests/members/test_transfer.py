"""Transfers: both sides or neither, each lot with its expiry, within limits (domain: Points 11)."""

from datetime import date
from typing import Final

import msgspec
import pytest

from members.account import Account, MemberState
from members.commands import AdjustPoints, HoldPoints, RefundOrder, SpendPoints, TransferPoints, digest_of
from members.execute import BothAccepted, Repeated, recognise
from members.journal import Extended, TransferredIn, TransferredOut
from members.rejections import (
    FieldInvalid,
    InsufficientPoints,
    MemberNotActive,
    MemberUnknown,
    RequestIdReused,
    TransferLimitExceeded,
)
from points.ledger import LOTS_MAX, POINTS_MAX, Ledger, Leg
from points.lots import Lot
from points.policies import NEVER, SLIDING
from programs.document import ExpiresWithoutActivity, Transfers
from programs.program import Program
from tests.members.building import DAY_US, HOUR_US, SALT, changes_of, enrol, program, settle, utc
from tests.members.keeping import Kept, transferred

NOW_US: Final = utc("2024-07-10T12:00:00")
TODAY: Final = date(2024, 7, 10).toordinal()
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)


def give(points: int, request_id: str = "t", to: str = "m2") -> TransferPoints:
    return TransferPoints(request_id, to, points)


def two_members() -> tuple[Kept, Kept]:
    """Ann has 10 points that end in August and 20 that stay; Ben is a member without any."""
    ann, ben = Kept("m1"), Kept("m2")
    ann.done(settle(NOW_US, 1_000), RULES, NOW_US)
    ann.done(settle(NOW_US, 2_000, order_id="o2"), program(), NOW_US)
    ben.done(enrol(), RULES, NOW_US)
    return ann, ben


def refused(points: int, rules: Program = RULES, now_us: int = NOW_US) -> object:
    return transferred(*two_members(), give(points), rules, now_us)


# Both sides


def test_points_go_with_the_expiry_they_have_those_that_expire_first_first() -> None:
    ann, ben = two_members()

    result = transferred(ann, ben, give(12), RULES, NOW_US + 1)

    assert isinstance(result, BothAccepted)
    (sent,), (received,) = changes_of(ann.entries[-1]), changes_of(ben.entries[-1])
    assert (
        TransferredOut(
            "m2",
            2,
            12,
            TODAY,
            (Leg("available", "transfer", 10, ENDS_US, 0), Leg("available", "transfer", 2, NEVER, 0)),
        )
        == sent
    )
    assert (
        TransferredIn(
            "m1",
            3,
            12,
            (Leg("transfer", "available", 10, ENDS_US, 0), Leg("transfer", "available", 2, NEVER, 0)),
        )
        == received
    )
    assert (ann.account.ledger.available, ann.account.ledger.transferred_out) == (18, 12)
    assert (ben.account.ledger.available, ben.account.ledger.transferred_in) == (12, 12)


def test_each_side_has_an_entry_that_names_the_other() -> None:
    ann, ben = two_members()
    transferred(ann, ben, give(12), RULES, NOW_US + 1)

    sent, received = ann.entries[-1], ben.entries[-1]

    assert ("transfer_sent", "t", digest_of(give(12), SALT)) == (sent.kind, sent.request_id, sent.digest)
    assert (received.kind, received.request_id, received.digest) == ("transfer_received", "", b"")
    assert (sent.seq, received.seq, sent.effective_us, received.effective_us) == (
        3,
        2,
        NOW_US + 1,
        NOW_US + 1,
    )


def test_what_fell_due_is_booked_on_both_sides_first_and_the_numbers_follow() -> None:
    ann, ben = two_members()
    ben.done(settle(NOW_US, 500, order_id="b"), RULES, NOW_US)

    transferred(ann, ben, give(5), RULES, ENDS_US)

    assert [entry.kind for entry in ann.entries[-2:]] == ["fell_due", "transfer_sent"]
    assert [entry.kind for entry in ben.entries[-2:]] == ["fell_due", "transfer_received"]
    (sent,), (received,) = changes_of(ann.entries[-1]), changes_of(ben.entries[-1])
    assert isinstance(sent, TransferredOut)
    assert isinstance(received, TransferredIn)
    assert (ben.entries[-1].seq, ann.entries[-1].seq) == (sent.to_seq, received.from_seq)


def test_it_happens_no_earlier_than_what_either_has_recorded() -> None:
    ann, ben = two_members()
    ben.done(AdjustPoints("a", 1, "x"), RULES, NOW_US + DAY_US)

    transferred(ann, ben, give(5), RULES, NOW_US)

    assert {NOW_US + DAY_US} == {ann.entries[-1].effective_us, ben.entries[-1].effective_us}


def test_what_comes_pays_the_receivers_debt_first() -> None:
    ann, ben = two_members()
    ben.done(settle(NOW_US, 500), RULES, NOW_US)
    ben.done(SpendPoints("s", 5), RULES, NOW_US)
    ben.done(RefundOrder("f", "o1"), RULES, NOW_US)

    transferred(ann, ben, give(12), RULES, NOW_US)

    assert (ben.account.ledger.debt, ben.account.ledger.available) == (0, 7)
    assert [
        (leg.target, leg.points, leg.end_us)
        for change in changes_of(ben.entries[-1])
        if isinstance(change, TransferredIn)
        for leg in change.legs
    ] == [("debt", 5, ENDS_US), ("available", 5, ENDS_US), ("available", 2, NEVER)]


def test_sliding_points_stop_sliding_and_giving_is_an_activity_of_the_giver() -> None:
    """They end with the receiver when they would have ended with the sender."""
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    ann, ben = Kept("m1"), Kept("m2")
    ann.done(settle(NOW_US, 1_000), rules, NOW_US)
    ben.done(settle(NOW_US, 500), rules, NOW_US)

    transferred(ann, ben, give(4), rules, NOW_US + 5 * DAY_US)

    end_us = ENDS_US + 5 * DAY_US
    assert Extended(end_us) == changes_of(ann.entries[-1])[0]
    assert (ann.account.ledger.sliding_end_us, ben.account.ledger.sliding_end_us) == (end_us, ENDS_US)
    assert (Lot(end_us, 4, 0), Lot(SLIDING, 5, 0)) == ben.account.ledger.lots


# Limits


@pytest.mark.parametrize(("points", "allowed"), [(11, True), (12, False)])
def test_no_more_than_the_program_allows_at_once(points: int, allowed: bool) -> None:
    rules = program(transfers=Transfers(points_a_transfer_max=11))
    expected = TransferLimitExceeded("points_a_transfer_max", points, 0, 11)

    assert allowed == isinstance(refused(points, rules), BothAccepted)
    assert allowed or expected == refused(points, rules)


def test_no_more_than_the_program_allows_a_day() -> None:
    """The program's day: 10 July in London is over at 23:00 UTC."""
    rules = program(transfers=Transfers(points_a_day_max=11))
    ann, ben = two_members()
    transferred(ann, ben, give(7, "t1"), rules, NOW_US)

    assert TransferLimitExceeded("points_a_day_max", 5, 7, 11) == transferred(
        ann, ben, give(5, "t2"), rules, NOW_US + 11 * HOUR_US - 1
    )
    transferred(ann, ben, give(4, "t2"), rules, NOW_US + 11 * HOUR_US - 1)
    assert TransferLimitExceeded("points_a_day_max", 1, 11, 11) == transferred(
        ann, ben, give(1, "t3"), rules, NOW_US + 11 * HOUR_US - 1
    )
    assert isinstance(transferred(ann, ben, give(11, "t3"), rules, NOW_US + 11 * HOUR_US), BothAccepted)


def test_what_a_member_receives_counts_for_no_limit() -> None:
    rules = program(transfers=Transfers(points_a_day_max=11))
    ann, ben = two_members()
    transferred(ann, ben, give(11, "t1"), rules, NOW_US)

    back = transferred(ben, ann, give(11, "t2", "m1"), rules, NOW_US)

    assert isinstance(back, BothAccepted)


def test_a_program_may_forbid_transfers() -> None:
    rules = program(transfers=Transfers(points_a_transfer_max=0))

    assert TransferLimitExceeded("points_a_transfer_max", 1, 0, 0) == refused(1, rules)


def test_held_and_missing_points_are_not_given() -> None:
    assert InsufficientPoints(31, 30) == refused(31)
    ann, ben = two_members()
    ann.done(HoldPoints("h", 1, HOUR_US), RULES, NOW_US)
    assert InsufficientPoints(30, 29) == transferred(ann, ben, give(30), RULES, NOW_US)
    assert InsufficientPoints(21, 20) == refused(21, RULES, ENDS_US)


def receiver_of(ledger: Ledger) -> Kept:
    return Kept("m2", Account("demo", "m2", 1, "member", 1, ledger))


@pytest.mark.parametrize("came", ["issued", "transferred_in"])
def test_a_receiver_has_no_more_points_than_anybody_may_have(came: str) -> None:
    ann, _ = two_members()
    full = Ledger(available=POINTS_MAX - 10, lots=(Lot(NEVER, POINTS_MAX - 10, 0),))
    ben = receiver_of(msgspec.structs.replace(full, **{came: POINTS_MAX - 10}))

    # What the receiver has is not told.
    assert TransferLimitExceeded("points_of_receiver_max", 11, 0, POINTS_MAX) == transferred(
        ann, ben, give(11), RULES, NOW_US
    )
    assert isinstance(transferred(ann, ben, give(10), RULES, NOW_US), BothAccepted)


@pytest.mark.parametrize(
    ("lots", "points", "allowed"),
    [
        (LOTS_MAX - 1, 10, True),
        (LOTS_MAX, 10, False),
        # 12 points come in two lots.
        (LOTS_MAX - 2, 12, True),
        (LOTS_MAX - 1, 12, False),
    ],
)
def test_a_receiver_has_no_more_lots_than_anybody_may_have(lots: int, points: int, allowed: bool) -> None:
    ann, _ = two_members()
    ends = tuple(Lot(NOW_US + (day + 90) * DAY_US, 1, 0) for day in range(lots))
    ben = receiver_of(Ledger(available=lots, issued=lots, lots=ends))

    result = transferred(ann, ben, give(points), RULES, NOW_US)

    assert allowed == isinstance(result, BothAccepted)
    assert allowed or result == TransferLimitExceeded("lots_of_receiver_max", points, 0, 8_000)
    assert len(ben.account.ledger.lots) <= LOTS_MAX


# Who may


def test_nobody_gives_to_themselves() -> None:
    ann, _ = two_members()

    result = transferred(ann, ann, give(1, to="m1"), RULES, NOW_US)

    assert isinstance(result, FieldInvalid)
    assert result.field == "to_member_id"


def test_both_must_be_known() -> None:
    ann, ben = two_members()

    assert MemberUnknown("m2") == transferred(ann, Kept("m2"), give(1), RULES, NOW_US)
    assert MemberUnknown("m1") == transferred(Kept("m1"), ben, give(1), RULES, NOW_US)


@pytest.mark.parametrize("who", ["m1", "m2"])
@pytest.mark.parametrize("state", ["prospect", "suspended"])
def test_both_must_be_active_members(who: str, state: MemberState) -> None:
    ann, ben = two_members()
    one = ann if who == "m1" else ben
    one.account = msgspec.structs.replace(one.account, state=state)

    assert MemberNotActive(who, state) == transferred(ann, ben, give(1), RULES, NOW_US)


def test_a_refused_transfer_changes_neither() -> None:
    ann, ben = two_members()
    before = ann.account, ben.account

    transferred(ann, ben, give(31), RULES, ENDS_US)

    assert before == (ann.account, ben.account)


def test_a_repeated_transfer_is_recognised_on_the_senders_side() -> None:
    ann, ben = two_members()
    transferred(ann, ben, give(12), RULES, NOW_US)
    known = ann.by_request["t"]

    assert Repeated(known[1], known=True) == recognise(give(12), digest_of(give(12), SALT), known)
    for other in (give(13), give(12, to="m3")):
        assert RequestIdReused("t", 3) == recognise(other, digest_of(other, SALT), known)
