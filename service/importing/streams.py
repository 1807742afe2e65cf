"""In which stream and in which round an event is sent: a member's events in time order, in large batches.

Orders and refunds go in batches of their own, and a member's refund must wait for the answers to the orders
before it. Members do not depend on each other. So a stream goes in rounds: first the orders of each member up
to their first refund, then the refunds of each up to the next order, and so on. There are as many rounds as
one member has changes between the two, not as many as all members have together.
"""

from collections.abc import Iterable, Sequence
from zlib import crc32

from service.importing.matching import Refund
from service.importing.orders import Order

Event = Order | Refund


def in_time_order(orders: Iterable[Order], refunds: Iterable[Refund]) -> list[Event]:
    """All events. At one instant orders come first: a return may be of goods that were just bought."""
    return sorted((*orders, *refunds), key=_moment)


def _moment(event: Event) -> tuple[int, bool, int]:
    return event.time_us, isinstance(event, Refund), event.line_numbers[0]


def partition(events: Iterable[Event], streams: int) -> list[list[Event]]:
    """The events of each stream. All of a member are in one, in the order given."""
    parts: list[list[Event]] = [[] for _ in range(streams)]
    for event in events:
        parts[crc32(event.member_id.encode()) % streams].append(event)
    return parts


def rounds(events: Iterable[Event]) -> list[Sequence[Event]]:
    """The rounds of one stream: orders, refunds, orders … A member's events keep the order given."""
    parts: list[list[Event]] = []
    member_round: dict[str, int] = {}
    for event in events:
        number = member_round.get(event.member_id, 0)
        is_refund_round = number % 2 == 1
        if is_refund_round != isinstance(event, Refund):
            number += 1
        member_round[event.member_id] = number
        while len(parts) <= number:
            parts.append([])
        parts[number].append(event)
    return [part for part in parts if part]
