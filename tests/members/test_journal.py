"""The written form of changes: every kind, to the letter. It is stored and hashed, so it may not change."""

from typing import Final, get_args

import msgspec
import pytest

from members.journal import (
    Adjusted,
    Captured,
    Change,
    Earned,
    Expired,
    Extended,
    Held,
    Joined,
    Posted,
    Refunding,
    Reinstated,
    Released,
    Restored,
    Spent,
    Suspended,
    TakenBack,
    TransferredIn,
    TransferredOut,
    Voided,
    decode_changes,
    encode_changes,
    legs_of,
)
from points.ledger import Leg
from points.policies import NEVER, SLIDING
from points.refunding import LineRefunded

WRITTEN: Final[list[tuple[Change, str]]] = [
    (Joined("open"), '{"change":"joined","condition":"open"}'),
    (Joined("request"), '{"change":"joined","condition":"request"}'),
    (
        Earned("base", 99, 0),
        '{"change":"earned","rule_id":"base","base_amount_minor":99,"points":0}',
    ),
    (
        Earned("base", 500, 5, 7, (Leg("issued", "pending", 5, NEVER, 0, 7),)),
        '{"change":"earned","rule_id":"base","base_amount_minor":500,"points":5,"posting_us":7,'
        '"legs":[["issued","pending",5,0,0,7]]}',
    ),
    (
        Earned("base", 500, 5, 0, (Leg("issued", "expired", 5, 9, 0),)),
        '{"change":"earned","rule_id":"base","base_amount_minor":500,"points":5,'
        '"legs":[["issued","expired",5,9,0,0]]}',
    ),
    (
        Posted(5, 7, (Leg("pending", "available", 5, 9, 0, 7),)),
        '{"change":"posted","points":5,"posting_us":7,"legs":[["pending","available",5,9,0,7]]}',
    ),
    (
        Expired(5, (Leg("available", "expired", 5, 9, 0),)),
        '{"change":"expired","points":5,"legs":[["available","expired",5,9,0,0]]}',
    ),
    (
        Spent(5, (Leg("available", "redeemed", 5, SLIDING, 0),)),
        '{"change":"spent","points":5,"legs":[["available","redeemed",5,-1,0,0]]}',
    ),
    (
        Spent(5, (Leg("available", "redeemed", 5, 9, 0),), 50),
        '{"change":"spent","points":5,"legs":[["available","redeemed",5,9,0,0]],"worth_minor":50}',
    ),
    (
        Held("h", 5, 99, (Leg("available", "held", 5, 9, 0),)),
        '{"change":"held","hold_id":"h","points":5,"deadline_us":99,"legs":[["available","held",5,9,0,0]]}',
    ),
    (
        Captured("h", 5, (Leg("held", "redeemed", 5, 9, 0),), 50),
        '{"change":"captured","hold_id":"h","points":5,"legs":[["held","redeemed",5,9,0,0]],"worth_minor":50}',
    ),
    (
        Released("h", 5, (Leg("held", "available", 5, 9, 3),)),
        '{"change":"released","hold_id":"h","points":5,"legs":[["held","available",5,9,3,0]]}',
    ),
    (
        Released("h", 5, (Leg("held", "expired", 5, 9, 0),), timed_out=True),
        '{"change":"released","hold_id":"h","points":5,"legs":[["held","expired",5,9,0,0]],"timed_out":true}',
    ),
    (
        Refunding(1, 5, 5, 9),
        '{"change":"refunded","settled_seq":1,"amount_minor":5,"refunded_minor":5,"paid_minor":9}',
    ),
    (
        Refunding(1, 4, 9, 9, "back", {"a": LineRefunded(1, 4)}, whole=True),
        '{"change":"refunded","settled_seq":1,"amount_minor":4,"refunded_minor":9,"paid_minor":9,'
        '"refund_id":"back","lines":{"a":[1,4]},"whole":true}',
    ),
    (
        Restored(5, (Leg("redeemed", "available", 5, 9, 0),)),
        '{"change":"restored","points":5,"legs":[["redeemed","available",5,9,0,0]]}',
    ),
    (
        TakenBack("base", 5, (), 5),
        '{"change":"taken_back","rule_id":"base","points":5,"forgiven_points":5}',
    ),
    (
        TakenBack("base", 5, (Leg("debt", "voided", 5, NEVER, 0),), 0, 5),
        '{"change":"taken_back","rule_id":"base","points":5,"legs":[["debt","voided",5,0,0,0]],"debt_points":5}',
    ),
    (
        Adjusted(-5, (Leg("available", "voided", 5, 9, 0),)),
        '{"change":"adjusted","delta":-5,"legs":[["available","voided",5,9,0,0]]}',
    ),
    (
        Voided(5, (Leg("pending", "voided", 5, 9, 0, 7),)),
        '{"change":"voided","points":5,"legs":[["pending","voided",5,9,0,7]]}',
    ),
    (
        TransferredOut("m2", 3, 5, 738_000, (Leg("available", "transfer", 5, 9, 0),)),
        '{"change":"transferred_out","to_member_id":"m2","to_seq":3,"points":5,"day":738000,'
        '"legs":[["available","transfer",5,9,0,0]]}',
    ),
    (
        TransferredIn("m2", 3, 5, (Leg("transfer", "available", 5, 9, 0),)),
        '{"change":"transferred_in","from_member_id":"m2","from_seq":3,"points":5,'
        '"legs":[["transfer","available",5,9,0,0]]}',
    ),
    (Extended(99), '{"change":"extended","end_us":99}'),
    (Suspended(), '{"change":"suspended"}'),
    (Reinstated(), '{"change":"reinstated"}'),
]


def test_every_kind_of_change_is_tried() -> None:
    assert set(get_args(Change)) == {type(change) for change, _ in WRITTEN}


@pytest.mark.parametrize(("change", "text"), WRITTEN)
def test_a_change_has_one_written_form(change: Change, text: str) -> None:
    """A hash that was ever written would be wrong if it changed."""
    assert f"[{text}]".encode() == encode_changes((change,))


@pytest.mark.parametrize(("change", "text"), WRITTEN)
def test_changes_come_back_from_their_text_as_they_were(change: Change, text: str) -> None:
    assert (change,) == decode_changes(f"[{text}]")
    assert (change, change) == decode_changes(encode_changes((change, change)))


def test_what_was_written_before_points_could_wait_under_a_name_is_read() -> None:
    """A movement of five fields, as the previous release wrote it."""
    text = '[{"change":"expired","points":5,"legs":[["available","expired",5,9,0]]}]'

    assert (Expired(5, (Leg("available", "expired", 5, 9, 0),)),) == decode_changes(text)


@pytest.mark.parametrize(
    "text",
    [
        '[{"change":"spent","points":5}]',
        '[{"change":"unheard_of"}]',
        '[{"points":5}]',
        '[{"change":"spent","points":5,"legs":[["available","redeemed",5,9]]}]',
        '[{"change":"spent","points":5,"legs":[["available","nowhere",5,9,0]]}]',
        '[{"change":"joined","condition":"perhaps"}]',
        "[",
    ],
)
def test_what_is_no_change_is_not_read(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_changes(text)


@pytest.mark.parametrize(("change", "text"), WRITTEN)
def test_the_movements_of_a_change_are_its_legs(change: Change, text: str) -> None:
    assert ('"legs"' in text) == bool(legs_of(change))
    assert tuple(getattr(change, "legs", ())) == legs_of(change)
