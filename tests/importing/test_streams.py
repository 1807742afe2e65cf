"""In which stream and round an event is sent."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.importing.matching import Refund, RefundedLine
from service.importing.orders import Order
from service.importing.streams import Event, in_time_order, partition, rounds


def order(order_id: str, time_us: int, member_id: str = "m1") -> Order:
    return Order(order_id, member_id, time_us, 100, (2,))


def refund(order_id: str, time_us: int, member_id: str = "m1") -> Refund:
    return Refund(f"C{order_id}", order_id, member_id, time_us, (RefundedLine("1", 1),), (1,))


def test_at_one_instant_orders_come_before_refunds() -> None:
    first, second, back = order("1", 5), order("2", 5), refund("1", 5)

    assert in_time_order([first, second], [back, refund("1", 4)]) == [refund("1", 4), first, second, back]


def test_a_member_keeps_to_one_stream() -> None:
    events: list[Event] = [order(str(number), number, f"m{number % 50}") for number in range(500)]

    parts = partition(events, 4)

    assert sum(len(part) for part in parts) == 500
    members = [{event.member_id for event in part} for part in parts]
    assert sum(len(part) for part in members) == 50
    assert all(members)


def test_rounds_are_as_many_as_one_members_changes_and_not_as_many_as_all_members_have() -> None:
    events = [
        event
        for number in range(100)
        for event in (order("1", 1, f"m{number}"), refund("1", 2, f"m{number}"), order("2", 3, f"m{number}"))
    ]

    assert [len(part) for part in rounds(events)] == [100, 100, 100]


def test_events_of_one_kind_are_one_round() -> None:
    events: list[Event] = [order(str(number), number) for number in range(5)]

    assert rounds(events) == [events]
    assert rounds([]) == []
    assert rounds([refund("1", 1)]) == [[refund("1", 1)]]


kinds = st.lists(st.tuples(st.sampled_from(["m1", "m2", "m3"]), st.booleans()), max_size=30)


@given(kinds)
def test_a_round_has_one_kind_and_members_keep_their_order(history: list[tuple[str, bool]]) -> None:
    events: list[Event] = [
        (refund if is_refund else order)(str(number), number, member_id)
        for number, (member_id, is_refund) in enumerate(history)
    ]

    parts = rounds(events)

    assert all(len({type(event) for event in part}) == 1 for part in parts)
    assert all(type(before[0]) is not type(after[0]) for before, after in pairwise(parts))
    for member_id in ("m1", "m2", "m3"):
        sent = [event for part in parts for event in part if event.member_id == member_id]
        assert sent == [event for event in events if event.member_id == member_id]
