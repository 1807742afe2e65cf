"""`loyalty entries`, `explain`, `balance` and `verify`: looking at the books, and putting them right."""

import asyncio
from typing import Final

import asyncpg
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import member_service_pb2 as member_messages
from loyalty.v1 import order_pb2, points_service_pb2

from store.database import as_asyncpg_url
from tests.end_to_end.calls import SECONDS_MAX, entries, order_of, settle, settle_of
from tests.end_to_end.commands import Done, assert_one_line, json_of, run_here, shown
from tests.running_service import DEMO, RunningService, run_loyalty, running_service

MEMBER: Final = "17850"
OTHER: Final = "13047"
LINES: Final = (order_pb2.OrderLine(line_id="tea", sku="TEA", quantity=4, amount_minor=4_000),)
TWO_RULES: Final = DEMO.replace(
    "# How points live",
    """\
    - id: big-basket
      kind: per_amount
      points: 1
      per_amount_minor: 5000

# How points live""",
)
# The seq of each entry of the story that the fixture tells.
AWARD, BIGGER, SPEND, HOLD, CAPTURE, REFUND, TRANSFER = range(1, 8)


Row = tuple[object, ...]


def _rows(messages: list[dict[str, object]], names: tuple[str, ...]) -> list[Row]:
    return [tuple(message[name] for name in names) for message in messages]


class Books:
    """A program whose member has done a bit of everything, and a person who looks at it."""

    def __init__(self, service: RunningService, program_id: str) -> None:
        self._service, self.program_id = service, program_id

    def look(self, *command: str) -> Done:
        return run_here(*command, "--program", self.program_id, address=self._service.address)

    def json(self, *command: str) -> dict[str, object]:
        return json_of(self.look(*command, "--json"))

    def explained(self, seq: int) -> tuple[list[Row], list[Row]]:
        """Where the points of an entry came from (entry, order, rule, points), and what it has to do with."""
        explanation = self.json("explain", MEMBER, str(seq))["explanation"]
        assert isinstance(explanation, dict)
        sources, related = ("seq", "order_id", "rule_id", "points"), ("member_id", "seq", "relation")
        return _rows(explanation["sources"], sources), _rows(explanation["related"], related)


@pytest.fixture(scope="module")
def books(service: RunningService, client: LoyaltyClient) -> Books:
    """40 points of A1 and 112 of A2, and what became of them."""
    program_id = service.apply_program(__name__, TWO_RULES)
    books = Books(service, program_id)
    settle(client, settle_of(program_id, MEMBER, order_of("A1", 4_000, lines=LINES)))
    settle(client, settle_of(program_id, MEMBER, order_of("A2", 11_000)))
    settle(client, settle_of(program_id, OTHER, order_of("B1", 100)))
    for command in (
        ("spend", MEMBER, "50", "--reason", "Voucher [bold] :tea: at the desk"),
        ("hold", MEMBER, "30", "--ttl", "1d", "--request-id", "h1"),
        ("capture", MEMBER, "h1", "20"),
        ("refund", MEMBER, "A1", "--line", "tea=1", "--refund-id", "R1"),
        ("transfer", MEMBER, OTHER, "7"),
        ("refund", MEMBER, "A2"),
        ("member", "suspend", MEMBER, "--reason", "Fraud check"),
        ("member", "reinstate", MEMBER, "--reason", "Passed"),
        ("adjust", MEMBER, "100", "--reason", "Sorry"),
        ("adjust", MEMBER, "-1", "--reason", "Counted wrong"),
        ("void", MEMBER, "2", "--reason", "Case 4711"),
    ):
        shown(books.look(*command))
    return books


def test_entries_fit_a_terminal_of_80_columns_and_say_what_each_change_did(
    service: RunningService, books: Books
) -> None:
    done = run_loyalty(
        "entries", MEMBER, "--program", books.program_id, address=service.address, COLUMNS="80"
    )
    text = shown(
        done,
        *("settled", "joined (open)", "+40", "base v1", "big-basket v1"),
        *("-50", "spent", "Voucher [bold]", ":tea:", "at the desk"),
        *("-30", "held: h1", "30 held", "captured: h1", "+10", "released: h1"),
        *("refund R1: 1,000 of", "-10", "taken back: base v1"),
        *("-7", f"to {OTHER}", "owed", "debt", "whole"),
        *("suspended", "“Fraud check”", "reinstated", "+100", "adjusted", "-1", "-2", "voided"),
    )
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "…" not in text, "nothing is cut off"
    assert f"from {MEMBER} #{TRANSFER}" in shown(books.look("entries", OTHER))


def test_entries_are_chosen_by_kind_order_and_time(books: Books) -> None:
    def seqs(*options: str) -> list[object]:
        found = books.json("entries", MEMBER, *options)["entries"]
        assert isinstance(found, list)
        return [entry["seq"] for entry in found]

    everything = seqs()
    assert everything == list(range(13, 0, -1))
    assert seqs("--kind", "spent", "--kind", "captured") == [CAPTURE, SPEND]
    assert seqs("--order", "A1") == [REFUND, AWARD]
    assert seqs("--order", "A1", "--kind", "refunded") == [REFUND]
    # The orders are of noon on 1 December 2025, everything else is of now.
    assert seqs("--until", "2025-12-01") == [BIGGER, AWARD]
    assert seqs("--until", "2025-12-01T12:00:00Z") == []
    assert seqs("--since", "2025-12-01", "--until", "2025-12-01T14:00:00.000001+02:00") == [BIGGER, AWARD]
    assert seqs("--since", "2025-12-02") == everything[:-2]
    assert seqs("--limit", "2") == everything[:2]
    assert seqs("--kind", "spent", "--limit", "1") == [SPEND]
    shown(books.look("entries", MEMBER, "--limit", "2"), "There are more", "--limit 10")

    assert_one_line(
        books.look("entries", MEMBER, "--since", "last week"), "--since 'last week'", "2026-01-31"
    )
    assert_one_line(books.look("entries", MEMBER, "--until", "2025-11-31"), "--until '2025-11-31'")
    assert_one_line(
        books.look("entries", MEMBER, "--since", "2026-01-02", "--until", "2026-01-01"), "end_time"
    )
    unknown = books.look("entries", MEMBER, "--kind", "stolen")
    assert (unknown.returncode, "stolen" in unknown.stderr) == (2, True)


def test_an_award_is_explained_by_the_rules_that_applied_and_those_that_did_not(books: Books) -> None:
    explanation = books.json("explain", MEMBER, str(AWARD))["explanation"]
    assert isinstance(explanation, dict)
    assert [(rule["rule_id"], rule["applied"], rule["points"]) for rule in explanation["rules"]] == [
        ("base", True, 40),
        ("big-basket", False, 0),
    ]
    assert explanation["sources"] == []
    shown(
        books.look("explain", MEMBER, str(AWARD)),
        *(f"Entry {AWARD}", f"{MEMBER} of {books.program_id}", "settled", "A1", "40 points"),
        *("big-basket", "no", "too few", "issued", "available", "without end, from no. 0"),
        f"entry {REFUND} refunds the order",
    )


def test_a_spend_is_explained_by_the_awards_that_paid_it(books: Books) -> None:
    """The oldest points first: all 40 of A1, then 10 of A2's first rule."""
    sources, related = books.explained(SPEND)
    assert sources == [(AWARD, "A1", "base", 40), (BIGGER, "A2", "base", 10)]
    assert related == []
    shown(
        books.look("explain", MEMBER, str(SPEND)),
        *("spent", "Voucher [bold] :tea: at the desk", "Where the points came from", "A2", "redeemed"),
    )


def test_a_capture_is_explained_by_its_hold(books: Books) -> None:
    sources, related = books.explained(CAPTURE)
    assert sources == [(BIGGER, "A2", "base", 30)], "20 that were spent, and 10 that went back"
    assert related == [(MEMBER, HOLD, "places_hold")]
    shown(
        books.look("explain", MEMBER, str(CAPTURE)),
        *("captured", "held", "redeemed", "20", "released", "10", f"entry {HOLD} placed the hold"),
    )
    assert books.explained(HOLD)[1] == [(MEMBER, CAPTURE, "resolves_hold")]


def test_a_refund_is_explained_by_the_order_it_undoes(books: Books) -> None:
    """A quarter of A1: 10 of its 40 points, taken from the points that the member still had."""
    sources, related = books.explained(REFUND)
    assert sources == [(BIGGER, "A2", "base", 10)]
    assert related == [(MEMBER, AWARD, "settles")]
    shown(
        books.look("explain", MEMBER, str(REFUND)),
        *("refunded", "A1", "1000 of 4000", "taken back", "voided", f"entry {AWARD} settled the order"),
    )


def test_a_transfer_is_explained_by_its_other_side(books: Books) -> None:
    sources, related = books.explained(TRANSFER)
    assert sources == [(BIGGER, "A2", "base", 7)]
    assert related == [(OTHER, 2, "other_side")]
    shown(
        books.look("explain", MEMBER, str(TRANSFER)),
        *("sent", "transferred out", "transfer", f"entry 2 of member {OTHER} is the other side"),
    )
    assert_one_line(books.look("explain", MEMBER, "99"), MEMBER, "99", "ENTRY_NOT_FOUND")
    assert_one_line(books.look("explain", "nobody", "1"), "nobody", "ENTRY_NOT_FOUND")


def test_a_balance_is_shown_now_and_at_times_gone_by(books: Books, client: LoyaltyClient) -> None:
    def available(*options: str) -> object:
        return books.json("balance", MEMBER, *options)["available"]

    now = entries(client, books.program_id, MEMBER)[-1].balance
    assert available() == now.available
    shown(books.look("balance", MEMBER), f"{MEMBER} of {books.program_id}", f"{now.available} points", "13")
    # Nothing was known in November; both orders are effective at noon on 1 December.
    assert available("--as-of", "2025-11-30") == available("--as-of-effective", "2025-11-30") == 0
    assert available("--as-of-effective", "2025-12-01") == 40 + 112
    assert available("--as-of-effective", "2025-12-01T11:59:59Z") == 0
    assert available("--as-of", "2025-12-02") == 0, "what came to be known later was not known then"
    shown(books.look("balance", MEMBER, "--as-of", "2025-12-02"), "as of", "2025-12-02", "0 points")

    assert_one_line(books.look("balance", MEMBER, "--as-of", "2099-01-01"), "as_of_time", "2099-01-01")
    assert_one_line(
        books.look("balance", MEMBER, "--as-of", "2025-12-01", "--as-of-effective", "2025-12-01"),
        "as_of_time",
    )
    assert_one_line(books.look("balance", "nobody"), "nobody", "MEMBER_NOT_FOUND")


def test_what_a_member_has_beside_available_points_is_shown(
    service: RunningService, client: LoyaltyClient, program_id: str
) -> None:
    settle(client, settle_of(program_id, MEMBER, order_of("A1", 3_000)))
    client.points.HoldPoints(
        points_service_pb2.HoldPointsRequest(
            program_id=program_id, member_id=MEMBER, request_id="h", points=10, ttl={"seconds": 900}
        ),
        timeout=SECONDS_MAX,
    )
    client.points.RefundOrder(
        points_service_pb2.RefundOrderRequest(
            program_id=program_id, member_id=MEMBER, request_id="r", order_id="A1"
        ),
        timeout=SECONDS_MAX,
    )
    client.members.SuspendMember(
        member_messages.SuspendMemberRequest(
            program_id=program_id, member_id=MEMBER, request_id="s", reason="Case 4711"
        ),
        timeout=SECONDS_MAX,
    )
    text = shown(run_here("member", "show", MEMBER, "--program", program_id, address=service.address))
    rows = {
        cells[1].strip(): cells[2].strip() for line in text.splitlines() if len(cells := line.split("│")) > 2
    }
    assert rows["state"] == "suspended: earns and spends nothing"
    assert (rows["available"], rows["held"], rows["debt"]) == ("0 points", "10", "10")


def test_verify_shows_both_sides_of_the_books(books: Books, client: LoyaltyClient) -> None:
    text = shown(books.look("verify"), "points redeemed", "points transferred out", "drifts")
    issued = 40 + 112 + 1 + 100
    assert f"issued + transferred in = {issued + 7}" in text
    assert f"transferred out − debt = {issued + 7}" in text, "the debt of 47 was paid by what was given"
    assert "The books prove themselves" in text


async def test_verify_repairs_what_follows_from_the_journal_and_says_what_is_left(
    database_url: str, redis_url: str
) -> None:
    plain_url = as_asyncpg_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain_url.render_as_string(hide_password=False))
    try:
        with running_service(database_url=database_url, redis_url=redis_url, workers=1) as service:
            program_id = await asyncio.to_thread(_two_members, service)

            def verify(*options: str) -> Done:
                return run_here("verify", *options, "--program", program_id, address=service.address)

            await connection.execute(
                "UPDATE account SET available = available + 1 WHERE member_id = $1", MEMBER
            )
            found = await asyncio.to_thread(verify)
            assert (found.returncode, "prove themselves" in found.stdout) == (1, False)
            assert f"ACCOUNT_DIFFERS member {MEMBER}" in found.stdout
            repaired = await asyncio.to_thread(verify, "--repair")
            shown(repaired, f"repaired ACCOUNT_DIFFERS member {MEMBER}", "All that was found is repaired")
            assert json_of(await asyncio.to_thread(verify, "--json"))["drifts"] == []

            await connection.execute(
                "UPDATE account SET available = available + 1 WHERE member_id = $1", MEMBER
            )
            await connection.execute("UPDATE journal SET request_id = 'forged' WHERE member_id = $1", OTHER)
            left = await asyncio.to_thread(verify, "--repair")
            assert (left.returncode, "All that was found is repaired" in left.stdout) == (1, False)
            assert f"repaired ACCOUNT_DIFFERS member {MEMBER}" in left.stdout
            assert f"\nHASH_BROKEN member {OTHER} entry 1" in left.stdout
            again = await asyncio.to_thread(verify)
            assert (again.returncode, MEMBER in again.stdout, OTHER in again.stdout) == (1, False, True)
    finally:
        await connection.close()


def _two_members(service: RunningService) -> str:
    """A program with two members; answers its id."""
    program_id = service.apply_program("repaired")
    with LoyaltyClient(service.address, channels=1) as client:
        for member_id in (MEMBER, OTHER):
            settle(client, settle_of(program_id, member_id, order_of("A1", 1_000)))
    return program_id
