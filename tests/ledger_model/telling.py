"""Short ways to tell the model a story by hand."""

from dataclasses import dataclass, field
from typing import Final

from tests.ledger_model.answers import Answer, Done, Refused
from tests.ledger_model.asks import Ask, Line, Settle, Terms
from tests.ledger_model.books import Books, NaiveBalance
from tests.ledger_model.days import DAY_US, utc
from tests.ledger_model.naive_world import NaiveWorld

# 1 March 2024, noon in London.
NOON_US: Final = utc("2024-03-01T12:00:00")


@dataclass
class Story:
    """A member "ann" (and others) of a program, told step by step; each order earns a point a pound."""

    terms: Terms = field(default_factory=Terms)
    now_us: int = NOON_US
    world: NaiveWorld = field(default_factory=NaiveWorld)

    def ask(self, ask: Ask, member_id: str = "ann") -> Answer:
        """Whatever is answered."""
        return self.world.ask(member_id, ask, self.terms, self.now_us)

    def done(self, ask: Ask, member_id: str = "ann") -> Done:
        """The answer to a command that must be carried out."""
        answer = self.ask(ask, member_id)
        assert isinstance(answer, Done), answer
        return answer

    def refused(self, ask: Ask, member_id: str = "ann") -> Refused:
        """The answer to a command that must be refused."""
        answer = self.ask(ask, member_id)
        assert isinstance(answer, Refused), answer
        return answer

    def buys(
        self,
        order_id: str,
        pounds: int,
        member_id: str = "ann",
        *,
        ago_us: int = 0,
        lines: tuple[Line, ...] = (),
        spend_points: int = 0,
        hold_id: str = "",
    ) -> Done:
        """An order that must be settled."""
        order = Settle(
            f"r-{order_id}",
            order_id,
            self.now_us - ago_us,
            pounds * 100,
            lines,
            spend_points=spend_points,
            hold_id=hold_id,
        )
        return self.done(order, member_id)

    def waits(self, days: int) -> None:
        """Days go by."""
        self.now_us += days * DAY_US

    def balance(self, member_id: str = "ann") -> NaiveBalance:
        """What a reader sees now."""
        return self.world.balance_at(member_id, self.now_us)

    def counts(self, member_id: str = "ann") -> tuple[int, int, int, int]:
        """What a reader sees now: available, pending, held, debt."""
        balance = self.balance(member_id)
        return balance.available, balance.pending, balance.held, balance.debt

    def books(self, member_id: str = "ann") -> Books:
        """The books now; they must balance."""
        books = self.world.books_at(member_id, self.now_us)
        assert books.balance(), books
        return books
