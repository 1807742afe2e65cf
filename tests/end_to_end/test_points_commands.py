"""The verbs of `loyalty` that move points, against the real service."""

from typing import Final

import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import order_pb2

from tests.end_to_end.calls import balance, entries, member, order_of, settle, settle_of, verified
from tests.end_to_end.commands import Done, assert_one_line, json_of, run_all, run_here, shown
from tests.running_service import RunningService, free_port, run_loyalty

MEMBER: Final = "17850"
OTHER: Final = "13047"
LINES: Final = (
    order_pb2.OrderLine(line_id="tea=1", sku="TEA", quantity=2, amount_minor=4_000),
    order_pb2.OrderLine(line_id="pot", sku="POT", quantity=1, amount_minor=6_000),
)
DECIDED_ON_THE_SPOT: Final = {"request_id", "dry_run"}


class Desk:
    """A program with two members, of 100 and 5 points, and a person at the command line of it."""

    def __init__(self, service: RunningService, client: LoyaltyClient, program_id: str) -> None:
        self.service, self.client, self.program_id = service, client, program_id
        settle(client, settle_of(program_id, MEMBER, order_of("A1", 10_000, lines=LINES)))
        settle(client, settle_of(program_id, OTHER, order_of("B1", 500)))

    def run(self, *command: str) -> Done:
        """Run a command on the program."""
        return run_here(*command, "--program", self.program_id, address=self.service.address)

    def json(self, *command: str) -> dict[str, object]:
        """What a command prints for scripts."""
        return json_of(self.run(*command, "--json"))

    def length(self) -> int:
        """How many entries both members have."""
        return sum(len(entries(self.client, self.program_id, one)) for one in (MEMBER, OTHER))


@pytest.fixture
def desk(service: RunningService, client: LoyaltyClient, program_id: str) -> Desk:
    return Desk(service, client, program_id)


def left(answer: dict[str, object], name: str = "available") -> object:
    """A number of the answer's balance."""
    found = answer["balance"]
    assert isinstance(found, dict)
    return found[name]


def test_points_are_spent_given_taken_moved_and_voided(desk: Desk) -> None:
    spent = desk.json("spend", MEMBER, "30", "--reason", "Voucher")
    assert (spent["spent_points"], left(spent), spent["seq"], spent["dry_run"]) == (30, 70, 2, False)
    given = desk.json("adjust", MEMBER, "5", "--reason", "Sorry")
    assert (left(given), given["seq"]) == (75, 3)
    taken = desk.json("adjust", MEMBER, "-10", "--reason", "Booked twice")
    assert (left(taken), taken["seq"]) == (65, 4)
    moved = desk.json("transfer", MEMBER, OTHER, "20")
    assert (left(moved), moved["seq"], moved["to_seq"]) == (45, 5, 2)
    voided = desk.json("void", MEMBER, "15", "--reason", "Fraud")
    assert (voided["voided_points"], left(voided)) == (15, 30)
    rest = desk.json("void", MEMBER, "--everything", "--reason", "Fraud")
    assert (rest["voided_points"], left(rest)) == (30, 0)

    journal = entries(desk.client, desk.program_id, MEMBER)
    assert [entry.note for entry in journal] == ["", "Voucher", "Sorry", "Booked twice", "", "Fraud", "Fraud"]
    assert journal[1].request_id == spent["request_id"]
    assert len({entry.request_id for entry in journal}) == 7, "a fresh request id each time"
    assert balance(desk.client, desk.program_id, OTHER).available == 25
    totals = verified(desk.client, desk.program_id).totals
    assert (totals.issued, totals.redeemed, totals.voided) == (110, 30, 55)


def test_points_are_held_and_captured_or_released(desk: Desk) -> None:
    held = desk.json("hold", MEMBER, "40", "--ttl", "15m")
    assert (left(held), left(held, "held"), held["hold_id"]) == (60, 40, held["request_id"])
    (change,) = entries(desk.client, desk.program_id, MEMBER)[1].changes
    effective = entries(desk.client, desk.program_id, MEMBER)[1].effective_time
    assert change.held.deadline_time.seconds - effective.seconds == 900
    captured = desk.json("capture", MEMBER, str(held["hold_id"]), "25")
    assert (captured["captured_points"], captured["released_points"], left(captured)) == (25, 15, 75)

    desk.json("hold", MEMBER, "10", "--ttl", "1d", "--request-id", "h2")
    assert desk.json("release", MEMBER, "h2")["released_points"] == 10
    desk.json("hold", MEMBER, "10", "--ttl", "2h", "--request-id", "h3")
    assert desk.json("capture", MEMBER, "h3")["captured_points"] == 10
    assert balance(desk.client, desk.program_id, MEMBER).available == 65
    verified(desk.client, desk.program_id)


def test_an_order_is_refunded_by_line_by_amount_and_whole(desk: Desk) -> None:
    line = desk.json("refund", MEMBER, "A1", "--line", "tea=1=1", "--refund-id", "R1")
    assert (line["refunded_amount_minor"], line["refundable_amount_minor"]) == (2_000, 8_000)
    assert (line["taken_back_points"], left(line)) == (20, 80)
    part = desk.json("refund", MEMBER, "A1", "--amount-minor", "1500")
    assert (part["refunded_amount_minor"], part["taken_back_points"], left(part)) == (1_500, 15, 65)
    desk.json("spend", MEMBER, "60")
    whole = shown(
        desk.run("refund", MEMBER, "A1"), "6,500 minor units", "left to refund", "of these owed now"
    )
    owed = next(line for line in whole.splitlines() if "of these owed now" in line)
    assert owed.split("│")[2].strip() == "60"
    assert member(desk.client, desk.program_id, MEMBER).balance.debt == 60
    totals = verified(desk.client, desk.program_id).totals
    assert (totals.voided, totals.debt, totals.redeemed) == (100, 60, 60)


def test_a_member_is_suspended_and_reinstated(desk: Desk) -> None:
    desk.json("hold", MEMBER, "10", "--ttl", "1d")
    assert desk.json("member", "suspend", MEMBER, "--reason", "Case 4711")["seq"] == 3
    suspended = "suspended: earns and spends nothing"
    shown(desk.run("member", "show", MEMBER), suspended, "90 points", "held")
    assert_one_line(desk.run("spend", MEMBER, "1"), MEMBER, "suspended", "MEMBER_SUSPENDED")
    shown(desk.run("member", "reinstate", MEMBER, "--reason", "Case closed"), "Reinstated", "4")
    assert suspended not in shown(desk.run("member", "show", MEMBER))
    assert left(desk.json("spend", MEMBER, "1")) == 89


def test_the_same_request_id_again_answers_the_same_and_writes_once(desk: Desk) -> None:
    writes: list[tuple[str, ...]] = [
        ("spend", MEMBER, "10"),
        ("adjust", MEMBER, "-3", "--reason", "x"),
        ("void", MEMBER, "2", "--reason", "x"),
        ("hold", MEMBER, "20", "--ttl", "15m"),
        ("capture", MEMBER, "r3", "5"),
        ("transfer", MEMBER, OTHER, "4"),
        ("refund", MEMBER, "A1", "--line", "pot=1"),
        ("member", "suspend", MEMBER, "--reason", "x"),
        ("member", "reinstate", MEMBER, "--reason", "x"),
    ]
    first = [desk.json(*write, "--request-id", f"r{place}") for place, write in enumerate(writes)]
    length = desk.length()
    assert length == 2 + len(writes) + 1, "the transfer has two sides"
    again = [desk.json(*write, "--request-id", f"r{place}") for place, write in enumerate(writes)]
    assert again == first
    assert desk.length() == length
    assert_one_line(desk.run("spend", MEMBER, "11", "--request-id", "r0"), "r0", "REQUEST_ID_REUSED")
    verified(desk.client, desk.program_id)


def test_a_dry_run_says_what_would_be_and_writes_nothing(desk: Desk) -> None:
    desk.json("hold", MEMBER, "20", "--ttl", "1d", "--request-id", "h1")
    desk.json("member", "suspend", OTHER, "--reason", "x")
    length = desk.length()
    would_be: dict[tuple[str, ...], tuple[str, ...]] = {
        ("spend", MEMBER, "10"): ("Points spent", "70 points"),
        ("adjust", MEMBER, "-3", "--reason", "x"): ("Points adjusted by -3", "77 points"),
        ("void", MEMBER, "--everything", "--reason", "x"): ("Points voided", "80", "0 points"),
        ("hold", MEMBER, "30", "--ttl", "15m"): ("Points reserved", "50 points", "UTC"),
        ("capture", MEMBER, "h1", "5"): ("Hold captured", "95 points"),
        ("release", MEMBER, "h1"): ("Hold released", "100 points"),
        ("refund", MEMBER, "A1", "--line", "pot=1"): ("Refund of order A1", "6,000 minor units", "20 points"),
        ("member", "suspend", MEMBER, "--reason", "x"): ("Suspended",),
        ("member", "reinstate", OTHER, "--reason", "x"): ("Reinstated",),
    }
    commands = [(*command, "--dry-run", "--program", desk.program_id) for command in would_be]
    for done, words in zip(run_all(commands, desk.service.address), would_be.values(), strict=True):
        shown(done, "nothing is written", desk.program_id, *words)
    assert desk.length() == length

    tried = desk.json("spend", MEMBER, "10", "--dry-run")
    done_then = desk.json("spend", MEMBER, "10")
    assert (tried["dry_run"], done_then["dry_run"]) == (True, False)
    assert {name: tried[name] for name in tried.keys() - DECIDED_ON_THE_SPOT} == {
        name: done_then[name] for name in done_then.keys() - DECIDED_ON_THE_SPOT
    }
    desk.json("member", "reinstate", OTHER, "--reason", "x")
    before = desk.length()
    shown(desk.run("transfer", MEMBER, OTHER, "4", "--dry-run"), "nothing is written", f"member {OTHER}")
    assert desk.length() == before


def test_what_is_refused_is_said_in_one_line_with_the_numbers(desk: Desk) -> None:
    desk.json("hold", MEMBER, "10", "--ttl", "1d", "--request-id", "open")
    desk.json("hold", MEMBER, "10", "--ttl", "1d", "--request-id", "gone")
    desk.json("capture", MEMBER, "gone", "4")
    length = desk.length()
    missing = ("500 points are needed, 86 are available", "INSUFFICIENT_POINTS")
    refusals: dict[tuple[str, ...], tuple[str, ...]] = {
        ("spend", MEMBER, "500"): missing,
        ("hold", MEMBER, "500", "--ttl", "15m"): missing,
        ("adjust", MEMBER, "-500", "--reason", "x"): missing,
        ("void", MEMBER, "500", "--reason", "x"): missing,
        ("transfer", MEMBER, OTHER, "500"): missing,
        ("spend", "nobody", "1"): ("nobody", "MEMBER_NOT_FOUND"),
        ("transfer", MEMBER, "nobody", "1"): ("nobody", "MEMBER_NOT_FOUND"),
        ("transfer", MEMBER, MEMBER, "1"): ("to_member_id",),
        ("capture", MEMBER, "gone"): ("gone", "captured with 4 points", "HOLD_RESOLVED"),
        ("release", MEMBER, "gone"): ("gone", "captured with 4 points", "HOLD_RESOLVED"),
        ("capture", MEMBER, "open", "11"): ("11 points", "10", "open", "CAPTURE_EXCEEDS_HOLD"),
        ("release", MEMBER, "none"): ("none", "HOLD_NOT_FOUND"),
        ("refund", MEMBER, "none"): ("none", "ORDER_NOT_FOUND"),
        ("refund", MEMBER, "A1", "--line", "cup=1"): ("cup", "A1"),
        ("refund", MEMBER, "A1", "--line", "pot=2"): ("2 pieces", "'pot'", "1 are left"),
        ("refund", MEMBER, "A1", "--amount-minor", "10001"): ("10001", "10000 are left", "REFUND_EXCEEDS"),
        ("refund", MEMBER, "A1", "--line", "pot=1", "--amount-minor", "5"): ("not both",),
        ("refund", MEMBER, "A1", "--line", "pot"): ("--line 'pot'", "ID=QTY"),
        ("refund", MEMBER, "A1", "--line", "pot=0"): ("--line 'pot=0'", "ID=QTY"),
        ("void", MEMBER, "5", "--everything", "--reason", "x"): ("one of them",),
        ("void", MEMBER, "--reason", "x"): ("points or everything",),
        ("hold", MEMBER, "5", "--ttl", "soon"): ("--ttl 'soon'", "15m"),
        ("hold", MEMBER, "5", "--ttl", "40d"): ("ttl", "2678400s"),
        ("member", "reinstate", MEMBER, "--reason", "x"): (MEMBER, "MEMBER_NOT_SUSPENDED"),
        ("adjust", MEMBER, "5", "--reason", ""): ("reason",),
        ("spend", MEMBER, "5", "--request-id", "x" * 129): ("request_id", "128"),
    }  # fmt: skip
    for command, words in refusals.items():
        done = desk.run(*command)
        assert_one_line(done, *words)
        assert done.stdout == ""
    assert desk.length() == length


def test_what_cannot_be_meant_is_refused_before_anything_is_asked(desk: Desk) -> None:
    length = desk.length()
    wrong: dict[tuple[str, ...], str] = {
        ("spend", MEMBER, "0"): "POINTS",
        ("spend", MEMBER, "-5"): "-5",
        ("adjust", MEMBER, "5"): "--reason",
        ("adjust", MEMBER, "5", "--reason", "x", "--dry-rum"): "--dry-rum",
        ("adjust", MEMBER, "5.5", "--reason", "x"): "DELTA",
        ("refund", MEMBER, "A1", "--amount-minor", "0"): "--amount-minor",
        ("hold", MEMBER, "5"): "--ttl",
        ("member", "suspend", MEMBER): "--reason",
    }
    for command, word in wrong.items():
        done = desk.run(*command)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert word in done.stderr
    assert desk.length() == length


def test_a_write_without_an_answer_says_how_to_repeat_it() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    commands = [("spend", MEMBER, "5"), ("spend", MEMBER, "5", "--request-id", "mine")]
    fresh, given = run_all(commands, nobody)
    assert_one_line(fresh, nobody, "repeat it with --request-id cli-")
    assert_one_line(given, nobody, "repeat it with --request-id mine")
    tried = run_loyalty("spend", MEMBER, "5", "--dry-run", address=nobody)
    assert_one_line(tried, nobody)
    assert "repeat" not in tried.stderr
