"""Slots: where a member lives must never change."""

from store.slots import SLOTS, slot_of


def test_slots_are_what_they_have_always_been() -> None:
    """Rows lie under these numbers: a change here would lose members. Written down once, by hand."""
    assert slot_of("demo", "17850") == 578
    assert slot_of("demo", "m1") == 912
    assert slot_of("店", "会员一") == 645


def test_program_and_member_do_not_run_into_each_other() -> None:
    """The same letters, split elsewhere, are another member."""
    slots = {slot_of("a" * n, "a" * (200 - n)) for n in range(1, 200)}
    assert len(slots) > 150


def test_members_spread_over_all_slots() -> None:
    """With 100 members a slot on average, none is empty and none has three times its share."""
    counts = [0] * SLOTS
    for number in range(100 * SLOTS):
        counts[slot_of("demo", str(number))] += 1
    assert min(counts) > 0
    assert max(counts) < 300
