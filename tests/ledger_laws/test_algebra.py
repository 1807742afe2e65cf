"""Laws about what adds up and what commutes: refunds in parts, orders and spends in any order."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.ledger_laws.domain_stage import DomainStage
from tests.ledger_laws.running import law
from tests.ledger_laws.test_domain_laws import Drawn, play, played
from tests.ledger_laws.translating import answer_of
from tests.ledger_model.answers import Answer, Done
from tests.ledger_model.asks import Ask, Refund, Settle, Spend
from tests.ledger_model.histories import histories, seeds
from tests.ledger_model.scripts import Scene, Script, told


def asked(stage: DomainStage, script: Script, member_id: str, ask: Ask) -> Answer:
    """What is answered after a history."""
    scene = Scene(script.now_us, script.version, script.terms, member_id, ask, None, {})
    return answer_of(stage.ask(scene, ask))


def refundable(script: Script) -> list[tuple[str, Settle, int]]:
    """Orders of which something is left, whose members cannot be refused for want of points."""
    return [
        (member_id, settled.order, settled.order.amount_minor - settled.refunded_minor)
        for member_id, member in script.world.members.items()
        for settled in member.orders.values()
        if not settled.whole and settled.terms.on_shortfall != "reject" and settled.order.amount_minor
    ]


@given(histories, seeds)
@law(120)
def test_refunds_in_parts_add_up_to_the_whole(drawn: Drawn, seed: int) -> None:
    """Domain, Points 7: money, restored and taken back points of the parts are those of the whole; and with
    debt for what is missing, so are the books.
    """
    script, random = told(*drawn), Random(seed)
    for member_id, order, left in refundable(script)[:3]:
        settled = script.world.members[member_id].orders[order.order_id]
        at_once, in_parts = played(drawn), played(drawn)
        whole = asked(at_once, script, member_id, Refund("whole", order.order_id))
        cuts = sorted(random.sample(range(1, left), min(3, left - 1))) if left > 1 else []
        parts = [
            asked(
                in_parts, script, member_id, Refund(f"part {place}", order.order_id, amount_minor=to - since)
            )
            for place, (since, to) in enumerate(zip([0, *cuts], [*cuts, left], strict=True))
        ]
        assert isinstance(whole, Done)
        done = [part for part in parts if isinstance(part, Done)]
        assert len(done) == len(parts)
        assert (whole.refunded_minor, whole.restored, whole.taken_back + whole.forgiven) == (
            sum(part.refunded_minor for part in done),
            sum(part.restored for part in done),
            sum(part.taken_back + part.forgiven for part in done),
        )
        assert done[-1].refundable_minor == 0 == whole.refundable_minor
        if settled.terms.on_shortfall == "debt":
            one, other = (stage.members[member_id].account.ledger for stage in (at_once, in_parts))
            assert (one.voided, one.redeemed) == (other.voided, other.redeemed)
            assert one.available - one.debt + one.pending + one.expired == (
                other.available - other.debt + other.pending + other.expired
            )


def ends_of(drawn: Drawn, script: Script, asks: list[Ask]) -> list[object]:
    """What there is after commands in one order or another, where all of them are carried out."""
    ends: list[object] = []
    for arrived in (asks, asks[::-1], asks[1:] + asks[:1]):
        stage = played(drawn)
        answers = [asked(stage, script, "ann", ask) for ask in arrived]
        if all(isinstance(answer, Done) for answer in answers):
            lots = stage.members["ann"].account.ledger.lots
            balance = stage.read("ann", script.now_us)
            ends.append((balance, {lot.end_us: lot.points for lot in lots if lot.points}))
    return ends


@given(histories, st.lists(st.integers(0, 100_000), min_size=2, max_size=4))
@law(150)
def test_orders_of_one_instant_commute(drawn: Drawn, amounts: list[int]) -> None:
    """Points of one day join one lot (domain, vocabulary): in whatever order they are told."""
    script = told(*drawn)
    now_us = script.now_us
    ends = ends_of(
        drawn, script, [Settle(f"x{n}", f"x{n}", now_us, amount) for n, amount in enumerate(amounts)]
    )
    # None is refused, unless somebody has as many points as there may be.
    assert len(ends) == 3 or script.world.members["ann"].points.counts["issued"] > 2**52
    assert ends[:1] * len(ends) == ends


@given(histories, st.lists(st.integers(1, 40), min_size=2, max_size=4))
@law(150)
def test_spends_of_one_instant_commute(drawn: Drawn, spends: list[int]) -> None:
    """What is spent is what ends first: in whatever order, where there are points for all of them."""
    ends = ends_of(drawn, told(*drawn), [Spend(f"y{n}", points) for n, points in enumerate(spends)])
    assert ends[:1] * len(ends) == ends
    assert len(ends) in {0, 3}


@given(histories)
@law(150)
def test_what_one_member_does_is_nothing_to_another(drawn: Drawn) -> None:
    """Members share nothing: without the others' commands, a member is answered alike, transfers apart."""
    together, alone = DomainStage(), DomainStage()
    strangers = {"bob", "cat"}
    scenes = [
        scene for scene in told(*drawn).scenes if scene.ask is None or not hasattr(scene.ask, "to_member_id")
    ]
    for scene in scenes:
        play(together, scene)
        if scene.member_id not in strangers:
            play(alone, scene)
    first, second = together.members.get("ann"), alone.members.get("ann")
    # Where all of hers were refused, nobody knows her, in either.
    assert (first is None) == (second is None)
    assert first is None or second is None or first.account == second.account
