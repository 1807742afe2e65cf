"""The generator: histories come to everything that matters, and the model keeps its own laws on them."""

from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings

from tests.ledger_model.answers import Done, Refused
from tests.ledger_model.asks import (
    Adjust,
    Capture,
    Hold,
    Refund,
    Release,
    Settle,
    Spend,
    Terms,
    Transfer,
    Void,
)
from tests.ledger_model.histories import histories
from tests.ledger_model.scripts import Script, told
from tests.ledger_model.steps import Step

FOUND: Final = settings(
    max_examples=1_500,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def answered(kind: str) -> Callable[[Script], bool]:
    return lambda script: any(
        isinstance(scene.answer, Refused) and scene.answer.kind == kind for scene in script.scenes
    )


def did(ask: type, done: Callable[[Done], bool] = lambda _: True) -> Callable[[Script], bool]:
    return lambda script: any(
        isinstance(scene.ask, ask) and isinstance(scene.answer, Done) and done(scene.answer)
        for scene in script.scenes
    )


REACHED: Final[dict[str, Callable[[Script], bool]]] = {
    kind: answered(kind)
    for kind in (
        "already_enrolled",
        "capture_exceeds_hold",
        "field_invalid",
        "hold_resolved",
        "hold_unknown",
        "insufficient_points",
        "line_unknown",
        "member_already_suspended",
        "member_not_active",
        "member_not_suspended",
        "member_unknown",
        "order_already_settled",
        "order_unknown",
        "points_limit_exceeded",
        "refund_exceeds_order",
        "refund_id_reused",
        "request_id_reused",
        "transfer_limit_exceeded",
    )
} | {
    "an order paid with points": did(Settle, lambda done: done.spent > 0 < done.earned),
    "an order paid with a part of a hold": did(Settle, lambda done: done.released > 0),
    "a spend": did(Spend),
    "a hold": did(Hold),
    "a capture of a part": did(Capture, lambda done: done.released > 0 < done.spent),
    "a release": did(Release),
    "points given": did(Adjust),
    "points voided": did(Void),
    "a transfer": did(Transfer),
    "a refund that restores": did(Refund, lambda done: done.restored > 0),
    "a refund that takes back": did(Refund, lambda done: done.taken_back > 0),
    "a refund of a part": did(Refund, lambda done: done.refundable_minor > 0 < done.taken_back),
    "a refund that is owed": did(Refund, lambda done: done.debt_added > 0),
    "a refund that is forgiven": did(Refund, lambda done: done.forgiven > 0),
    "debt that is paid": lambda script: any(
        before.after[one].books.debt > after.after[one].books.debt
        for before, after in zip(script.scenes, script.scenes[1:], strict=False)
        for one in before.after
    ),
    "points that expired": lambda script: any(
        seen.books.expired for scene in script.scenes for seen in scene.after.values()
    ),
    "a hold that ran out": lambda script: any(
        hold.state == "timed out"
        for one in script.world.members.values()
        for hold in one.points.holds.values()
    ),
}


def test_the_histories_come_to_what_matters() -> None:
    """A law that is only tried where nothing happens holds always."""
    missing = set(REACHED)

    @given(histories)
    @FOUND
    def look(drawn: tuple[Terms, list[Step]]) -> None:
        if missing:
            script = told(*drawn)
            missing.difference_update([what for what in missing if REACHED[what](script)])

    look()
    assert missing == set()


@given(histories)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_model_keeps_the_laws_of_the_books(drawn: tuple[Terms, list[Step]]) -> None:
    """Domain, Points 9 and 7: the books balance, over all members too; who owes has nothing."""
    for scene in told(*drawn).scenes:
        books = [seen.books for seen in scene.after.values()]
        assert all(one.balance() for one in books)
        assert all(min(vars(one).values()) >= 0 for one in books)
        assert all(one.debt == 0 or one.available == 0 for one in books)
        assert sum(one.transferred_in for one in books) == sum(one.transferred_out for one in books)
