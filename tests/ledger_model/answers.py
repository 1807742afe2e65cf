"""What the model answers: what a command did, or why it is refused."""

from dataclasses import dataclass

from tests.ledger_model.books import NaiveBalance


@dataclass(frozen=True)
class Done:
    """The command was carried out. The balance is the one right after it, as of its own time.

    `refundable_minor` is what is left of an order's money, and `paid_by` says which credits paid a spend:
    their origins, and how many points each.
    """

    balance: NaiveBalance
    earned: int = 0
    spent: int = 0
    released: int = 0
    refunded_minor: int = 0
    refundable_minor: int = 0
    restored: int = 0
    taken_back: int = 0
    debt_added: int = 0
    forgiven: int = 0
    voided: int = 0
    deadline_us: int = 0
    paid_by: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Refused:
    """The command is refused and changes nothing. `numbers`: what is required and available of points."""

    kind: str
    numbers: tuple[int, int] | None = None


Answer = Done | Refused
