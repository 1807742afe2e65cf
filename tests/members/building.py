"""Programs, orders and commands for the tests, and a member to try them on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from members.account import Account
from members.commands import Command, EnrolMember, SettleOrder, digest_of
from members.execute import Accepted, execute
from members.journal import Change, Entry, decode_changes
from points.ledger import Ledger, Leg, credit_legs, move_all
from points.money import Quote
from points.order import Order, OrderLine, encode_order
from points.policies import NEVER
from programs.document import (
    Document,
    Earning,
    Enrolment,
    ExpiresAfterDays,
    Expiry,
    NeverExpires,
    NotPending,
    PendingDays,
    PerAmount,
    PointsAsMoney,
    Policies,
    Refunds,
    Transfers,
)
from programs.program import Program, put_in_force

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_US: Final = 60_000_000
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
SALT: Final = b"0123456789abcdef"
A_POINT_A_POUND: Final = PerAmount(kind="per_amount", id="base", points=1, per_amount_minor=100)
NOBODY: Final = Account("demo", "m1")
OWED: Final = Refunds()
UNLIMITED: Final = Transfers()


def utc(text: str) -> int:
    """The instant of a time in UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def program(
    *,
    expiry_days: int | None = None,
    pending_days: int | None = None,
    zone: str = "Europe/London",
    rules: Sequence[PerAmount] = (A_POINT_A_POUND,),
    version: int = 1,
    expiry: Expiry | None = None,
    refunds: Refunds = OWED,
    transfers: Transfers = UNLIMITED,
    points_as_money: PointsAsMoney | None = None,
) -> Program:
    """A program in pounds; without days or a policy points never expire, or do not wait."""
    if expiry is None:
        expiry = NeverExpires() if expiry_days is None else ExpiresAfterDays(days=expiry_days)
    policies = Policies(
        expiry=expiry,
        pending=NotPending() if pending_days is None else PendingDays(days=pending_days),
        refunds=refunds,
        transfers=transfers,
        points_as_money=points_as_money,
    )
    document = Document(
        schema_version=1,
        program_id="demo",
        currency_code="GBP",
        time_zone=zone,
        enrolment=Enrolment(open=True),
        earning=Earning(rules=tuple(rules)),
        policies=policies,
    )
    return put_in_force(document, version)


def settle(
    time_us: int,
    amount_minor: int = 500,
    *,
    order_id: str = "o1",
    request_id: str = "",
    currency_code: str = "GBP",
    validate_only: bool = False,
    lines: tuple[OrderLine, ...] = (),
    spend_points: int = 0,
    hold_id: str = "",
    quote: Quote | None = None,
) -> SettleOrder:
    """The command that settles an order; its request id is the order's unless given."""
    order = Order(order_id, time_us, currency_code, amount_minor, lines)
    return SettleOrder(
        request_id or f"r-{order_id}",
        order,
        encode_order(order),
        validate_only,
        spend_points,
        hold_id,
        quote,
    )


def enrol(request_id: str = "join", display_name: str = "") -> EnrolMember:
    """The command that makes a person a member."""
    return EnrolMember(request_id, display_name)


def member_with(*lots: tuple[int, int], ledger: Ledger | None = None, now_us: int = 0) -> Account:
    """A member who joined long ago, with lots of (end, points)."""
    ledger = ledger or Ledger()
    for end_us, points in lots or ((NEVER, 0),):
        ledger = move_all(ledger, credit_legs(ledger, "issued", points, end_us, 0))
    return Account("demo", "m1", 1, "member", 1, ledger, now_us, now_us)


def accepted(account: Account, command: Command, rules: Program, now_us: int) -> Accepted:
    """What an accepted command gives."""
    result = execute(account, command, digest_of(command, SALT), rules, now_us)
    assert isinstance(result, Accepted), result
    return result


def after(account: Account, command: Command, rules: Program, now_us: int) -> Account:
    """The account after an accepted command."""
    return accepted(account, command, rules, now_us).account


def changes_of(entry: Entry) -> tuple[Change, ...]:
    """What an entry changed."""
    return decode_changes(entry.changes_json)


def legs_of(entry: Entry) -> list[Leg]:
    """The movements of an entry."""
    return [leg for change in changes_of(entry) for leg in getattr(change, "legs", ())]
