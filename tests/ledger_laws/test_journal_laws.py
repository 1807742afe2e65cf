"""The laws of the journal on random histories: what the entries say, folded and counted by hand."""

from collections import Counter

from hypothesis import given

from members.account import Account
from members.apply import apply
from members.chain import chain_holds
from members.journal import Entry, TransferredIn, TransferredOut, decode_changes, legs_of
from points.ledger import Leg, law_broken
from tests.ledger_laws.domain_stage import PROGRAM_ID, DomainStage
from tests.ledger_laws.running import law
from tests.ledger_laws.test_domain_laws import Drawn, play, played
from tests.ledger_model.answers import Done
from tests.ledger_model.asks import Spend
from tests.ledger_model.histories import histories
from tests.ledger_model.scripts import told

POSTED = "posted"


def legs_in(entries: list[Entry]) -> list[Leg]:
    """All movements, in their order."""
    return [
        leg for entry in entries for change in decode_changes(entry.changes_json) for leg in legs_of(change)
    ]


@given(histories)
@law(100)
def test_folding_the_journal_gives_the_account(drawn: Drawn) -> None:
    """Architecture: fold(journal) = account; numbered without a gap, each chained to the one before."""
    for member_id, member in played(drawn).members.items():
        folded, previous_hash = Account(PROGRAM_ID, member_id), bytes(32)
        for place, entry in enumerate(member.entries, start=1):
            folded = apply(folded, entry)
            assert chain_holds(previous_hash, entry)
            assert place == entry.seq
            assert law_broken(folded.ledger) is None
            previous_hash = entry.hash
        assert member.account == folded


@given(histories)
@law(100)
def test_the_movements_make_the_books(drawn: Drawn) -> None:
    """Domain, Points 9: every account of the books is what went in, less what went out."""
    stage = played(drawn)
    in_and_out = Counter[str]()
    for member in stage.members.values():
        came, went = Counter[str](), Counter[str]()
        for leg in legs_in(member.entries):
            assert leg.points > 0
            went[leg.source] += leg.points
            came[leg.target] += leg.points
        ledger = member.account.ledger
        assert ledger.issued == went["issued"]
        assert ledger.debt == went["debt"] - came["debt"]
        assert (ledger.transferred_in, ledger.transferred_out) == (went["transfer"], came["transfer"])
        for name in ("available", "pending", "held", "redeemed", "expired", "voided"):
            assert getattr(ledger, name) == came[name] - went[name]
        in_and_out.update(came_in=went["transfer"], went_out=came["transfer"])
    assert in_and_out["came_in"] == in_and_out["went_out"]


@given(histories)
@law(100)
def test_both_sides_of_a_transfer_name_each_other(drawn: Drawn) -> None:
    """Domain, Points 11: both sides or neither."""
    stage = played(drawn)
    sent, received = set[tuple[str, str, int, int]](), set[tuple[str, str, int, int]]()
    for member_id, member in stage.members.items():
        for entry in member.entries:
            for change in decode_changes(entry.changes_json):
                if isinstance(change, TransferredOut):
                    sent.add((member_id, change.to_member_id, entry.seq, change.points))
                elif isinstance(change, TransferredIn):
                    received.add((change.from_member_id, member_id, change.from_seq, change.points))
    assert sent == received


@given(histories)
@law(100)
def test_no_number_of_a_lot_is_used_twice(drawn: Drawn) -> None:
    """Domain, Points 5: what comes into a lot, and what goes out of it, takes up the numbers where the one
    before it ended.
    """
    for member in played(drawn).members.values():
        came, gone = Counter[int](), Counter[int]()
        for leg in legs_in(member.entries):
            if leg.target == "available":
                assert came[leg.end_us] == leg.offset
                came[leg.end_us] += leg.points
            elif leg.source == "available":
                assert gone[leg.end_us] == leg.offset
                gone[leg.end_us] += leg.points
                assert gone[leg.end_us] <= came[leg.end_us]


@given(histories)
@law(150)
def test_the_numbers_tell_which_credit_paid_which_spend(drawn: Drawn) -> None:
    """Domain, Points 5: within a lot, first in, first out; so the offsets name the award that paid."""
    stage = DomainStage()
    for scene in told(*drawn).scenes:
        outcome = play(stage, scene)
        if isinstance(scene.ask, Spend) and isinstance(scene.answer, Done) and isinstance(outcome, Entry):
            journal = stage.members[scene.member_id].entries[: outcome.seq]
            assert merged([*scene.answer.paid_by]) == paid_by(journal)


def paid_by(journal: list[Entry]) -> list[tuple[str, int]]:
    """Which credits the last entry's spend took, by the numbers of the lots."""
    brought: dict[tuple[int, int], str] = {}
    for entry in journal[:-1]:
        for origin, leg in credits_of(entry):
            brought.update(
                ((leg.end_us, number), origin) for number in range(leg.offset, leg.offset + leg.points)
            )
    taken = [leg for leg in legs_in(journal[-1:]) if leg.source == "available"]
    numbers = [(leg.end_us, leg.offset + step) for leg in taken for step in range(leg.points)]
    return merged([(brought[number], 1) for number in numbers])


def credits_of(entry: Entry) -> list[tuple[str, Leg]]:
    """What an entry brought into lots, and what the model calls it."""
    brought: list[tuple[str, Leg]] = []
    awards = 0
    for change in decode_changes(entry.changes_json):
        kind = type(change).__name__
        origin = {
            "Earned": f"{entry.order_id} rule {awards}",
            "Posted": POSTED,
            "Released": f"released {getattr(change, 'hold_id', '')}",
            "Restored": f"restored {entry.order_id}",
            "Adjusted": f"adjusted {entry.request_id}",
            "TransferredIn": f"transfer {getattr(change, 'from_member_id', '')}",
        }.get(kind, "")
        awards += kind == "Earned"
        brought += [(origin, leg) for leg in legs_of(change) if leg.target == "available"]
    return brought


def merged(parts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Neighbours of one origin together."""
    together: list[tuple[str, int]] = []
    for origin, points in parts:
        if together and together[-1][0] == origin:
            together[-1] = (origin, together[-1][1] + points)
        else:
            together.append((origin, points))
    return together
