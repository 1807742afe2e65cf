"""Points as money at the till: what is quoted is honoured, and nothing else passes for a quote."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import asyncpg
import grpc
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages

from points.money import Quote
from service.quotes import QUOTE_KEY_NAME, write_quote
from tests.end_to_end.asking import Member, do
from tests.end_to_end.calls import balance, order_of, refused, verified
from tests.end_to_end.private_stores import PrivatePostgres
from tests.end_to_end.scenes import amounts, change_program, document_with, settle_points
from tests.end_to_end.shop import assert_names
from tests.running_service import RunningService

# A penny a point; at least 100, in steps of 50, for at most half of an order and at most 20 pounds.
MONEY: Final = {
    "points": 1,
    "amount_minor": 1,
    "minimum_points": 100,
    "step_points": 50,
    "share_max_percent": 50,
    "amount_minor_max": 2_000,
}
QUOTE_SECONDS: Final = 30 * 60
POINTS: Final = 1_000
NO_QUOTE: Final = "is no quote that QuoteOrder gave for this member"


@pytest.fixture
def owner(service: RunningService, client: LoyaltyClient, request: pytest.FixtureRequest) -> Member:
    """A member with 1,000 points in a program that takes points as money."""
    member = Member(service.apply_program(request.node.nodeid, document_with(points_as_money=MONEY)))
    settle_points(client, member, "A1", POINTS, -1)
    return member


def quoted(
    client: LoyaltyClient, owner: Member, gross_minor: int, asked: int = 0
) -> tuple[int, int, int, str]:
    """Usable points, what they are worth, what is left to pay, and what limits them."""
    answer = do(client.points.QuoteOrder, owner.quote(order_of("B1", gross_minor), asked))
    return answer.usable_points, answer.usable_worth_minor, answer.payable_minor, answer.limited_by


def settling(
    owner: Member, quote: messages.QuoteOrderResponse | str, amount_minor: int
) -> messages.SettleOrderRequest:
    """Settle order B1 by a quote."""
    quote_id = quote if isinstance(quote, str) else quote.quote_id
    return owner.settle(order_of("B1", amount_minor), quote_id=quote_id)


def failed(client: LoyaltyClient, request: messages.SettleOrderRequest) -> tuple[str, dict[str, str]]:
    """Reason and numbers of a settlement that must be refused, with nothing written."""
    before = verified(client, request.program_id)
    refusal = refused(lambda: do(client.points.SettleOrder, request))
    assert refusal.code is grpc.StatusCode.FAILED_PRECONDITION
    after = verified(client, request.program_id)
    assert (before.checked_entries, before.totals) == (after.checked_entries, after.totals)
    return refusal.reason, refusal.metadata


def test_a_quote_keeps_every_limit_and_says_which_one_holds(client: LoyaltyClient, owner: Member) -> None:
    assert quoted(client, owner, 5_000) == (1_000, 1_000, 4_000, "ALL_AVAILABLE")
    assert quoted(client, owner, 5_000, 320) == (300, 300, 4_700, "AS_ASKED")
    assert quoted(client, owner, 1_000) == (500, 500, 500, "SHARE_LIMIT")
    assert quoted(client, owner, 899) == (400, 400, 499, "SHARE_LIMIT")
    assert quoted(client, owner, 5_000, 99) == (0, 0, 5_000, "BELOW_MINIMUM")
    assert quoted(client, owner, 0) == (0, 0, 0, "BELOW_MINIMUM")
    do(client.points.AdjustPoints, owner.adjust(5_000))
    assert quoted(client, owner, 100_000) == (2_000, 2_000, 98_000, "AMOUNT_LIMIT")
    # Whoever has too few, or none, or is not known yet.
    do(client.points.AdjustPoints, owner.adjust(-5_901, "adjust-2"))
    assert quoted(client, owner, 5_000) == (0, 0, 5_000, "BELOW_MINIMUM")
    assert quoted(client, Member(owner.program_id, "nobody"), 5_000) == (0, 0, 5_000, "BELOW_MINIMUM")
    assert verified(client, owner.program_id).checked_members == 1


def test_without_a_price_no_points_are_taken_as_money(
    client: LoyaltyClient, service: RunningService, request: pytest.FixtureRequest
) -> None:
    owner = Member(service.apply_program(request.node.nodeid, document_with()))
    settle_points(client, owner, "A1", POINTS, -1)
    assert quoted(client, owner, 5_000) == (0, 0, 5_000, "NOT_OFFERED")
    # The checkout may know what they are worth.
    answer = do(client.points.SettleOrder, owner.settle(order_of("B1", 4_000), spend_points=7))
    assert (answer.spent_points, answer.spent_worth_minor) == (7, 0)


def test_a_suspended_member_is_offered_nothing(client: LoyaltyClient, owner: Member) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000)))
    do(client.members.SuspendMember, owner.suspend())
    assert quoted(client, owner, 5_000)[:3] == (0, 0, 5_000)
    assert failed(client, settling(owner, quote, 4_000)) == ("MEMBER_SUSPENDED", {"member_id": "17850"})


def test_what_was_quoted_is_taken_and_earns_on_the_money_really_paid(
    client: LoyaltyClient, owner: Member
) -> None:
    now = datetime.now(UTC).timestamp()
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000)))
    assert abs(quote.quote_expiry_time.seconds - now - QUOTE_SECONDS) < 60
    assert amounts(quote.balance) == (POINTS, 0, 0, 0)
    request = settling(owner, quote, 4_000)
    answer = do(client.points.SettleOrder, request)
    assert (answer.spent_points, answer.spent_worth_minor, answer.earned_points) == (1_000, 1_000, 40)
    assert amounts(answer.balance) == (40, 0, 0, 0)
    # Repeated, it is answered the same, although these points are not there any more.
    assert answer == do(client.points.SettleOrder, request)
    # A refund gives back what was spent, in proportion.
    refund = do(client.points.RefundOrder, owner.refund("B1", amount_minor=1_000))
    assert (refund.restored_points, refund.taken_back_points) == (250, 10)


def test_a_quote_is_honoured_after_the_program_changed(client: LoyaltyClient, owner: Member) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000)))
    dear = document_with(points_as_money={"points": 10, "amount_minor": 1})
    change_program(client, owner.program_id, dear, "change-1")
    assert quoted(client, owner, 5_000) == (1_000, 100, 4_900, "ALL_AVAILABLE")
    trial = settling(owner, quote, 4_000)
    trial.validate_only = True
    tried = do(client.points.SettleOrder, trial)
    answer = do(client.points.SettleOrder, settling(owner, quote, 4_000))
    assert tried == answer
    assert (answer.spent_points, answer.spent_worth_minor) == (1_000, 1_000)


def test_a_quote_is_honoured_after_the_program_stopped_taking_points(
    client: LoyaltyClient, owner: Member
) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000), 200))
    change_program(client, owner.program_id, document_with())
    answer = do(client.points.SettleOrder, settling(owner, quote, 4_800))
    assert (answer.spent_points, answer.spent_worth_minor) == (200, 200)


def test_an_order_that_is_not_the_quoted_one_is_refused_with_both_numbers(
    client: LoyaltyClient, owner: Member
) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000)))
    for amount_minor in (3_999, 4_001, 5_000, 0):
        expected = {"field": "amount_minor", "quoted": "4000", "found": str(amount_minor)}
        assert failed(client, settling(owner, quote, amount_minor)) == ("QUOTE_MISMATCH", expected)
    other = owner.settle(order_of("B2", 4_000), quote_id=quote.quote_id)
    reason, metadata = failed(client, other)
    assert (reason, metadata["field"], metadata["found"]) == ("QUOTE_MISMATCH", "order_id", "B2")
    for points in (1, 999):
        more = settling(owner, quote, 4_000)
        more.spend_points = points
        expected = {"field": "spend_points", "quoted": "1000", "found": str(points)}
        assert failed(client, more) == ("QUOTE_MISMATCH", expected)
    # Points that are gone meanwhile are not there to be spent.
    do(client.points.SpendPoints, owner.spend(1))
    expected = {"required": "1000", "available": "999", "missing": "1"}
    assert failed(client, settling(owner, quote, 4_000)) == ("INSUFFICIENT_POINTS", expected)


def wrong_tokens(quote_id: str) -> Iterator[str]:
    for place in range(len(quote_id)):
        yield quote_id[:place] + ("A" if quote_id[place] != "A" else "B") + quote_id[place + 1 :]
    yield quote_id[:-1]
    yield quote_id[1:]
    yield quote_id + "A"
    yield quote_id * 2
    yield "B1"
    yield "=" * 8
    yield "é"
    yield " "


def test_a_changed_quote_is_none(client: LoyaltyClient, owner: Member) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000)))
    before = verified(client, owner.program_id).checked_entries
    for token in wrong_tokens(quote.quote_id):
        assert token != quote.quote_id
        request = settling(owner, token, 4_000)
        assert_names(refused(lambda r=request: do(client.points.SettleOrder, r)), "quote_id", NO_QUOTE)  # type: ignore[misc]  # bound now
    assert before == verified(client, owner.program_id).checked_entries
    assert do(client.points.SettleOrder, settling(owner, quote, 4_000)).spent_points == 1_000


def test_a_quote_of_another_member_or_another_program_is_none(
    client: LoyaltyClient, service: RunningService, owner: Member, request: pytest.FixtureRequest
) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000)))
    elsewhere = service.apply_program(f"{request.node.nodeid}-2", document_with(points_as_money=MONEY))
    for stranger in (Member(owner.program_id, "17851"), Member(elsewhere, "17850")):
        settle_points(client, stranger, "A1", POINTS, -1)
        call = settling(stranger, quote, 4_000)
        assert_names(refused(lambda c=call: do(client.points.SettleOrder, c)), "quote_id", NO_QUOTE)  # type: ignore[misc]  # bound now
        assert balance(client, stranger.program_id, stranger.member_id).available == POINTS


async def test_a_quote_is_kept_until_its_time_is_over(
    hurt_service: RunningService, hurt_postgres: PrivatePostgres, request: pytest.FixtureRequest
) -> None:
    program_id = hurt_service.apply_program(request.node.nodeid, document_with(points_as_money=MONEY))
    owner = Member(program_id)
    connection = await asyncpg.connect(hurt_postgres.url.replace("+asyncpg", ""))
    try:
        key = await connection.fetchval("SELECT key FROM service_key WHERE name = $1", QUOTE_KEY_NAME)
    finally:
        await connection.close()
    now_seconds = int(datetime.now(UTC).timestamp())

    def quote_until(seconds: int) -> str:
        """What QuoteOrder gave half an hour before that."""
        return write_quote(
            Quote("B1", 1_000, 1_000, 5_000, seconds * 10**6, 1, "GBP"), program_id, "17850", key
        )

    with LoyaltyClient(hurt_service.address, channels=1, retry=False) as client:
        settle_points(client, owner, "A1", POINTS, -1)
        expired = settling(owner, quote_until(now_seconds), 4_000)
        expired.order.order_time.seconds = now_seconds
        deadline = datetime.fromtimestamp(now_seconds, UTC).isoformat()
        assert failed(client, expired) == ("QUOTE_EXPIRED", {"quote_expiry_time": deadline})
        good = settling(owner, quote_until(now_seconds + QUOTE_SECONDS), 4_000)
        good.order.order_time.seconds = now_seconds
        assert do(client.points.SettleOrder, good).spent_points == 1_000


def test_a_quote_may_be_held_until_the_order_is_paid(client: LoyaltyClient, owner: Member) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000), 600))
    do(client.points.HoldPoints, owner.hold(700))
    # Others spend meanwhile what is not held.
    do(client.points.SpendPoints, owner.spend(300))
    request = settling(owner, quote, 4_400)
    request.hold_id = "hold"
    answer = do(client.points.SettleOrder, request)
    assert (answer.spent_points, answer.spent_worth_minor, answer.earned_points) == (600, 600, 44)
    assert amounts(answer.balance) == (100 + 44, 0, 0, 0), "what the order does not take of it is released"
    assert answer == do(client.points.SettleOrder, request)


def test_a_hold_of_fewer_points_than_were_quoted_is_refused(client: LoyaltyClient, owner: Member) -> None:
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000), 600))
    do(client.points.HoldPoints, owner.hold(599))
    request = settling(owner, quote, 4_400)
    request.hold_id = "hold"
    expected = {"hold_id": "hold", "requested": "600", "held": "599"}
    assert failed(client, request) == ("CAPTURE_EXCEEDS_HOLD", expected)


def test_a_quote_of_no_points_takes_none_of_a_hold(client: LoyaltyClient, owner: Member) -> None:
    do(client.points.HoldPoints, owner.hold(POINTS))
    quote = do(client.points.QuoteOrder, owner.quote(order_of("B1", 5_000)))
    assert (quote.usable_points, quote.payable_minor) == (0, 5_000)
    request = settling(owner, quote, 5_000)
    request.hold_id = "hold"
    reason, metadata = failed(client, request)
    assert (reason, metadata) == (
        "QUOTE_MISMATCH",
        {"field": "hold_id", "quoted": "nothing", "found": "hold"},
    )


def test_points_without_a_quote_keep_the_program_s_rules(client: LoyaltyClient, owner: Member) -> None:
    def allowed(points: int, paid_minor: int) -> tuple[str, dict[str, str]]:
        return failed(client, owner.settle(order_of("B1", paid_minor), spend_points=points))

    def broken(rule: str, points: int, limit: int) -> tuple[str, dict[str, str]]:
        numbers = {"rule": rule, "points": str(points), "worth_minor": str(points), "limit": str(limit)}
        return "SPEND_NOT_ALLOWED", numbers

    assert allowed(50, 5_000) == broken("minimum_points", 50, 100)
    assert allowed(120, 5_000) == broken("step_points", 120, 50)
    assert allowed(300, 299) == broken("share_max_percent", 300, 50)
    do(client.points.AdjustPoints, owner.adjust(5_000))
    assert allowed(2_050, 100_000) == broken("amount_minor_max", 2_050, 2_000)
    do(client.points.HoldPoints, owner.hold(130))
    held = owner.settle(order_of("B1", 5_000), hold_id="hold")
    assert failed(client, held) == broken("step_points", 130, 50)
    answer = do(client.points.SettleOrder, owner.settle(order_of("B1", 300), spend_points=300))
    assert (answer.spent_points, answer.spent_worth_minor) == (300, 300)
