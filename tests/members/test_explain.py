"""Why an entry is what it is: sentences that say the numbers, and what they are made of."""

from typing import Final

import pytest

from members.commands import (
    AdjustPoints,
    CaptureHold,
    Command,
    HoldPoints,
    RefundOrder,
    ReinstateMember,
    ReleaseHold,
    SpendPoints,
    SuspendMember,
    TransferPoints,
    VoidPoints,
)
from members.explain import Explanation, Related, RuleExplained, explain
from members.sources import Source
from points.order import OrderLine
from points.policies import NEVER
from points.refunding import RefundLine
from programs.document import ExpiresWithoutActivity, PerAmount, PointsAsMoney, Refunds
from programs.program import Program
from tests.members.building import A_POINT_A_POUND, DAY_US, HOUR_US, enrol, program, settle, utc
from tests.members.keeping import Kept, transferred
from tests.members.tracing import sources_of

NOW_US: Final = utc("2024-07-10T12:00:00")
ENDS_US: Final = utc("2024-08-09T23:00:00")
RULES: Final = program(expiry_days=30)
WAITS: Final = program(expiry_days=30, pending_days=14)


def latest(member: Kept, rules: Program = RULES) -> Explanation:
    """The explanation of the latest entry, with its sources."""
    entry = member.entries[-1]
    return explain(entry, rules, sources_of(member.entries, entry.seq), [])


def said(member: Kept, rules: Program = RULES) -> list[str]:
    """What is said of the latest entry after the sentence about its time."""
    return list(latest(member, rules).sentences[1:])


def with_points() -> Kept:
    """Entries 1 and 2: 10 points that end in August, and 20 that stay."""
    member = Kept()
    member.done(settle(NOW_US, 1_000, order_id="a"), RULES, NOW_US)
    member.done(settle(NOW_US, 2_000, order_id="b"), program(), NOW_US)
    return member


# Earning


def test_the_first_order_made_a_member_and_its_points_have_a_last_day() -> None:
    member = Kept()
    member.done(settle(NOW_US, 1_099), RULES, NOW_US)

    assert latest(member) == Explanation(
        (
            "Decided by version 1 of program 'demo', as of 2024-07-10T12:00:00+00:00.",
            "The person became a member: the program is open to everybody.",
            "Rule 'base' gave 10 points.",
            "10 can be spent, until the end of 2024-08-09.",
        ),
        (RuleExplained("base", 10, 1_099, "1 × 1099 ÷ 100, rounded down: 1099 minor units were paid"),),
        (),
        (),
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (program(), "10 can be spent, without end."),
        (WAITS, "10 wait: they can be spent from 2024-07-25 on."),
        (
            program(expiry=ExpiresWithoutActivity(days=30)),
            "10 can be spent, as long as the member is active.",
        ),
    ],
)
def test_points_say_when_they_can_be_spent(rules: Program, expected: str) -> None:
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)

    assert said(member, rules)[-1] == expected


def test_rules_that_gave_nothing_are_told_with_the_reason() -> None:
    dear = PerAmount(kind="per_amount", id="dear", points=3, per_amount_minor=5_000)
    rules = program(rules=[A_POINT_A_POUND, dear])
    member = Kept()
    member.done(settle(NOW_US, 1_600), rules, NOW_US)

    assert latest(member, rules).rules == (
        RuleExplained("base", 16, 1_600, "1 × 1600 ÷ 100, rounded down: 1600 minor units were paid"),
        RuleExplained(
            "dear", 0, 1_600, "1600 minor units paid are too few: 3 × 1600 ÷ 5000, rounded down, is 0"
        ),
    )
    assert "Rule 'dear' gave nothing." in said(member, rules)


def test_a_suspended_member_is_told_what_was_not_given() -> None:
    member = with_points()
    member.done(SuspendMember("x", "fraud"), RULES, NOW_US)
    assert said(member) == ["The member was suspended."]
    member.done(settle(NOW_US, 700, order_id="c"), RULES, NOW_US)

    (rule,) = latest(member).rules
    assert rule == RuleExplained(
        "base", 0, 700, "the member was suspended, so the 7 points of 700 minor units paid were not given"
    )
    member.done(ReinstateMember("y", "fine"), RULES, NOW_US)
    assert said(member) == ["The member's suspension ended."]


def test_a_rule_of_the_version_that_the_entry_does_not_name_did_not_apply() -> None:
    """An entry is explained by the version that decided it; a forged one must not fail."""
    member = Kept()
    member.done(settle(NOW_US, 1_000), program(rules=[]), NOW_US)

    assert latest(member).rules == (RuleExplained("base", 0, 0, "it did not apply"),)


def test_only_an_order_has_rules() -> None:
    member = with_points()
    member.done(SpendPoints("s", 1), RULES, NOW_US)

    assert latest(member).rules == ()


def test_a_late_order_says_that_it_is_late_and_what_became_of_its_points() -> None:
    member = Kept()
    today_us = NOW_US + 100 * DAY_US
    member.done(settle(today_us, 100), RULES, today_us)
    member.done(settle(NOW_US, 700, order_id="late"), RULES, today_us)

    assert latest(member).sentences == (
        "Decided by version 1 of program 'demo', as of 2024-07-10T12:00:00+00:00. It became known at "
        "2024-10-18T12:00:00+00:00, after something later had been booked; what had expired by then stays "
        "expired.",
        "Rule 'base' gave 7 points.",
        "7 expired as they came: their last day was over.",
    )


# What else happens


def test_joining_by_request() -> None:
    member = Kept()
    member.done(enrol(), RULES, NOW_US)

    assert said(member) == ["The person became a member by request."]


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (
            [SpendPoints("s", 12, "cup")],
            [
                "12 points were spent, those that expire first first.",
                "The points came from entry 1 (order 'a'): 10, entry 2 (order 'b'): 2.",
            ],
        ),
        (
            [HoldPoints("h", 12, HOUR_US)],
            [
                "12 points were reserved until 2024-07-10T13:00:00+00:00.",
                "The points came from entry 1 (order 'a'): 10, entry 2 (order 'b'): 2.",
            ],
        ),
        (
            [HoldPoints("h", 12, HOUR_US), CaptureHold("c", "h", 11)],
            [
                "11 points of hold 'h' were spent.",
                "Hold 'h' gave 1 points back.",
                "1 can be spent, without end.",
                "The points came from entry 1 (order 'a'): 10, entry 2 (order 'b'): 2.",
            ],
        ),
        (
            [HoldPoints("h", 12, HOUR_US), ReleaseHold("r", "h")],
            [
                "Hold 'h' gave 12 points back.",
                "10 can be spent, until the end of 2024-08-09.",
                "2 can be spent, without end.",
                "The points came from entry 1 (order 'a'): 10, entry 2 (order 'b'): 2.",
            ],
        ),
        (
            [AdjustPoints("a", 5, "sorry")],
            ["Somebody gave 5 points by hand.", "5 can be spent, until the end of 2024-08-09."],
        ),
        (
            [AdjustPoints("a", -5, "oops")],
            ["Somebody took 5 points by hand.", "The points came from entry 1 (order 'a'): 5."],
        ),
        (
            [VoidPoints("v", 0, "fraud")],
            [
                "30 points were taken away for good.",
                "The points came from entry 1 (order 'a'): 10, entry 2 (order 'b'): 20.",
            ],
        ),
    ],
)
def test_what_was_done_is_said_with_its_numbers(commands: list[Command], expected: list[str]) -> None:
    member = with_points()
    for command in commands:
        member.done(command, RULES, NOW_US)

    assert expected == said(member)


def test_points_at_the_till_are_said_with_their_worth() -> None:
    rules = program(points_as_money=PointsAsMoney(points=10, amount_minor=100))
    member = with_points()
    member.done(settle(NOW_US, 99, order_id="d", spend_points=12), rules, NOW_US)

    assert said(member, rules) == [
        "12 points were spent, worth 120 minor units, those that expire first first.",
        "Rule 'base' gave nothing.",
        "The points that were spent came from entry 1 (order 'a'): 10, entry 2 (order 'b'): 2.",
    ]
    member.done(HoldPoints("h", 12, HOUR_US), rules, NOW_US)
    member.done(settle(NOW_US, 99, order_id="e", hold_id="h"), rules, NOW_US)
    assert said(member, rules)[0] == "12 points of hold 'h' were spent, worth 120 minor units."


def test_what_fell_due_is_said() -> None:
    member = Kept()
    member.done(settle(NOW_US, 1_000), WAITS, NOW_US)
    member.done(SuspendMember("x", "y"), WAITS, NOW_US + 100 * DAY_US)
    posted, expired = member.entries[1:3]

    sources = [sources_of(member.entries, seq) for seq in (2, 3)]
    assert explain(posted, WAITS, sources[0], []).sentences[1:] == (
        "The wait of 10 points is over.",
        "10 can be spent, until the end of 2024-08-09.",
        "The points came from entry 1 (order 'o1'): 10.",
    )
    assert explain(expired, WAITS, sources[1], []).sentences[1:] == (
        "10 points were not used in time and expired.",
        "The points came from entry 1 (order 'o1'): 10.",
    )


def test_a_hold_that_ran_out_says_so() -> None:
    member = with_points()
    member.done(HoldPoints("h", 4, HOUR_US), RULES, NOW_US)
    member.done(SuspendMember("x", "y"), RULES, ENDS_US)
    ran_out = member.entries[3]

    assert explain(ran_out, RULES, [], []).sentences[1:] == (
        "Hold 'h' ran out and gave 4 points back.",
        "4 can be spent, until the end of 2024-08-09.",
    )


def test_released_after_its_day_it_says_what_expired() -> None:
    member = with_points()
    member.done(HoldPoints("h", 4, 60 * DAY_US), RULES, NOW_US)
    member.done(ReleaseHold("r", "h"), RULES, ENDS_US)

    assert said(member)[:2] == [
        "Hold 'h' gave 4 points back.",
        "4 expired as they came: their last day was over.",
    ]


# Refunds


def test_a_refund_says_what_came_back_and_what_it_undid() -> None:
    """21 points for £21, paid with 6 more; a third comes back, by two pieces of a line."""
    member = with_points()
    lines = (OrderLine("a", 3, 1_050), OrderLine("b", 1, 1_050))
    member.done(settle(NOW_US, 2_100, order_id="c", lines=lines, spend_points=6), program(), NOW_US)
    member.done(RefundOrder("f", "c", "", (RefundLine("a", 2),)), RULES, NOW_US)

    assert said(member)[:4] == [
        "Entry 3 is undone by 700 minor units; 700 of 2100 have come back so far (this time 2 of line 'a').",
        "2 points that had paid the order came back.",
        "2 can be spent, until the end of 2024-08-09.",
        "7 points of rule 'base' were taken back: 7 that were available.",
    ]
    member.done(RefundOrder("g", "c"), RULES, NOW_US)
    assert said(member)[0] == (
        "Entry 3 is undone by 1400 minor units; 2100 of 2100 have come back so far: the whole order."
    )


@pytest.mark.parametrize(
    ("on_shortfall", "expected"),
    [
        ("debt", "1 that still waited, 2 that were available, 17 that are owed now"),
        ("forgive", "1 that still waited, 2 that were available, 17 that were missing and let go"),
    ],
)
def test_what_was_taken_from_where_is_said(on_shortfall: str, expected: str) -> None:
    """Of 20 waiting points 19 were voided by hand; 2 others are there."""
    policy = Refunds(on_shortfall="debt") if on_shortfall == "debt" else Refunds(on_shortfall="forgive")
    rules = program(pending_days=14, refunds=policy)
    member = Kept()
    member.done(settle(NOW_US, 2_000), rules, NOW_US)
    member.done(VoidPoints("v", 0, "x"), rules, NOW_US)
    member.done(settle(NOW_US, 100, order_id="other"), rules, NOW_US)
    member.done(AdjustPoints("a", 2, "x"), rules, NOW_US)
    member.done(RefundOrder("f", "o1"), rules, NOW_US)

    assert f"20 points of rule 'base' were taken back: {expected}." in said(member, rules)


def test_expired_points_that_are_taken_back_are_said_to_have_expired() -> None:
    member = with_points()
    member.done(RefundOrder("f", "a"), RULES, ENDS_US)

    assert "10 points of rule 'base' were taken back: 10 that had expired already." in said(member)


def test_points_that_pay_a_debt_say_so() -> None:
    member = Kept()
    member.done(settle(NOW_US, 1_000), program(), NOW_US)
    member.done(SpendPoints("s", 10), program(), NOW_US)
    member.done(RefundOrder("f", "o1"), program(), NOW_US)
    member.done(settle(NOW_US, 1_200, order_id="c"), program(), NOW_US)

    assert said(member, program()) == [
        "Rule 'base' gave 12 points.",
        "10 paid points that were owed.",
        "2 can be spent, without end.",
    ]


# Transfers and activities


def test_both_sides_of_a_transfer_name_the_other() -> None:
    ann, ben = with_points(), Kept("m2")
    ben.done(enrol(), RULES, NOW_US)
    transferred(ann, ben, TransferPoints("t", "m2", 12), RULES, NOW_US)

    assert said(ann)[0] == "12 points went to member 'm2', with the expiry they have."
    assert said(ben) == [
        "12 points came from member 'm1'.",
        "10 can be spent, until the end of 2024-08-09.",
        "2 can be spent, without end.",
    ]


def test_an_activity_says_until_when_points_live_on() -> None:
    rules = program(expiry=ExpiresWithoutActivity(days=30))
    member = Kept()
    member.done(settle(NOW_US, 1_000), rules, NOW_US)

    assert "With this activity, points live on until the end of 2024-08-09." in said(member, rules)


# What else belongs to it


def test_related_entries_and_sources_are_handed_on() -> None:
    member = with_points()
    related = [Related("m1", 1, "settles"), Related("m2", 9, "other_side")]
    sources = [Source(1, "a", "base", 5, NEVER)]

    explanation = explain(member.entries[0], RULES, sources, related)

    assert (tuple(sources), tuple(related)) == (explanation.sources, explanation.related)


@pytest.mark.parametrize(("count", "tail"), [(5, "entry 5: 1."), (6, "entry 5: 1 and 1 more.")])
def test_many_sources_are_counted_and_not_all_named(count: int, tail: str) -> None:
    member = with_points()
    member.done(SpendPoints("s", 1), RULES, NOW_US)
    sources = [Source(seq, "", "base", 1, NEVER) for seq in range(1, count + 1)]

    last = explain(member.entries[-1], RULES, sources, []).sentences[-1]

    assert last.endswith(tail)
    assert len(explain(member.entries[-1], RULES, sources, []).sources) == count
