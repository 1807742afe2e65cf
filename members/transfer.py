"""A transfer of points between two members of a program (domain: Points 11): both sides, or neither."""

from members.account import Account
from members.activity import as_of_us, extended, inactive
from members.commands import TransferPoints
from members.journal import Change, TransferredIn, TransferredOut
from members.rejections import (
    FieldInvalid,
    MemberUnknown,
    Rejection,
    TransferLimitExceeded,
)
from members.spending import insufficient
from points.civil_time import day_of
from points.ledger import LOTS_MAX, POINTS_MAX, lots_exceeded, move_all, take_legs
from points.transferring import given_that_day, parcels_of, receive_legs
from programs.program import Program

Sides = tuple[tuple[Change, ...], tuple[Change, ...]]


def decide_transfer(
    sender: Account, receiver: Account, command: TransferPoints, program: Program, effective_us: int
) -> Sides | Rejection:
    """What both members' entries change, or why the transfer is refused.

    Both accounts were advanced to `effective_us`, which is no earlier than what either has booked.
    """
    if sender.member_id == receiver.member_id:
        return FieldInvalid("to_member_id", "is the member who gives the points; name another one")
    for account in (sender, receiver):
        if account.version == 0:
            return MemberUnknown(account.member_id)
    refused = (
        inactive(sender)
        or inactive(receiver)
        or insufficient(sender.ledger, command.points)
        or _beyond_limits(sender, command, program, effective_us)
        or _too_many(receiver, command.points)
    )
    if refused:
        return refused
    ledger, extension = extended(sender, program, effective_us)
    sent = take_legs(ledger, "transfer", command.points)
    day = day_of(effective_us, program.zone).toordinal()
    received = receive_legs(receiver.ledger, parcels_of(ledger, sent), as_of_us(receiver, effective_us))
    if lots_exceeded(receiver.ledger, move_all(receiver.ledger, received)):
        return TransferLimitExceeded("lots_of_receiver_max", command.points, 0, LOTS_MAX)
    # Each side's entry takes the number after its latest one.
    to_seq = receiver.version + 1
    return (
        (*extension, TransferredOut(command.to_member_id, to_seq, command.points, day, sent)),
        (TransferredIn(sender.member_id, sender.version + 1, command.points, received),),
    )


def _beyond_limits(
    sender: Account, command: TransferPoints, program: Program, effective_us: int
) -> TransferLimitExceeded | None:
    limits = program.document.policies.transfers
    points = command.points
    if limits.points_a_transfer_max is not None and points > limits.points_a_transfer_max:
        return TransferLimitExceeded("points_a_transfer_max", points, 0, limits.points_a_transfer_max)
    used = given_that_day(sender.ledger, day_of(effective_us, program.zone).toordinal())
    if limits.points_a_day_max is not None and used + points > limits.points_a_day_max:
        return TransferLimitExceeded("points_a_day_max", points, used, limits.points_a_day_max)
    return None


def _too_many(receiver: Account, points: int) -> TransferLimitExceeded | None:
    """Why the receiver cannot take so many more. It does not say what the receiver has."""
    came = receiver.ledger.issued + receiver.ledger.transferred_in
    if came + points <= POINTS_MAX:
        return None
    return TransferLimitExceeded("points_of_receiver_max", points, 0, POINTS_MAX)
