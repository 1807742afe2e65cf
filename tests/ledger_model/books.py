"""What the model shows of a member's points: the balance a reader sees, and the books."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NaiveBalance:
    """What a reader sees at an instant."""

    available: int
    pending: int
    held: int
    debt: int
    next_expiry_us: int | None
    next_expiry_points: int


@dataclass(frozen=True)
class Books:
    """Where all points of a member are (domain.md, Points 9)."""

    issued: int
    transferred_in: int
    available: int
    pending: int
    held: int
    debt: int
    redeemed: int
    expired: int
    voided: int
    transferred_out: int

    def balance(self) -> bool:
        """Whether what came is what there is and what went."""
        there = self.available + self.pending + self.held
        went = self.redeemed + self.expired + self.voided + self.transferred_out
        return self.issued + self.transferred_in == there + went - self.debt
