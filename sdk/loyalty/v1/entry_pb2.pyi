import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from loyalty.v1 import balance_pb2 as _balance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EntryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTRY_KIND_UNSPECIFIED: _ClassVar[EntryKind]
    ENTRY_KIND_MEMBER_ENROLLED: _ClassVar[EntryKind]
    ENTRY_KIND_ORDER_SETTLED: _ClassVar[EntryKind]
    ENTRY_KIND_FELL_DUE: _ClassVar[EntryKind]
    ENTRY_KIND_POINTS_SPENT: _ClassVar[EntryKind]
    ENTRY_KIND_POINTS_HELD: _ClassVar[EntryKind]
    ENTRY_KIND_HOLD_CAPTURED: _ClassVar[EntryKind]
    ENTRY_KIND_HOLD_RELEASED: _ClassVar[EntryKind]
    ENTRY_KIND_ORDER_REFUNDED: _ClassVar[EntryKind]
    ENTRY_KIND_POINTS_ADJUSTED: _ClassVar[EntryKind]
    ENTRY_KIND_POINTS_VOIDED: _ClassVar[EntryKind]
    ENTRY_KIND_TRANSFER_SENT: _ClassVar[EntryKind]
    ENTRY_KIND_TRANSFER_RECEIVED: _ClassVar[EntryKind]
    ENTRY_KIND_MEMBER_SUSPENDED: _ClassVar[EntryKind]
    ENTRY_KIND_MEMBER_REINSTATED: _ClassVar[EntryKind]

class LedgerAccount(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEDGER_ACCOUNT_UNSPECIFIED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_ISSUED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_AVAILABLE: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_PENDING: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_EXPIRED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_HELD: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_REDEEMED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_VOIDED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_DEBT: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_TRANSFER: _ClassVar[LedgerAccount]
ENTRY_KIND_UNSPECIFIED: EntryKind
ENTRY_KIND_MEMBER_ENROLLED: EntryKind
ENTRY_KIND_ORDER_SETTLED: EntryKind
ENTRY_KIND_FELL_DUE: EntryKind
ENTRY_KIND_POINTS_SPENT: EntryKind
ENTRY_KIND_POINTS_HELD: EntryKind
ENTRY_KIND_HOLD_CAPTURED: EntryKind
ENTRY_KIND_HOLD_RELEASED: EntryKind
ENTRY_KIND_ORDER_REFUNDED: EntryKind
ENTRY_KIND_POINTS_ADJUSTED: EntryKind
ENTRY_KIND_POINTS_VOIDED: EntryKind
ENTRY_KIND_TRANSFER_SENT: EntryKind
ENTRY_KIND_TRANSFER_RECEIVED: EntryKind
ENTRY_KIND_MEMBER_SUSPENDED: EntryKind
ENTRY_KIND_MEMBER_REINSTATED: EntryKind
LEDGER_ACCOUNT_UNSPECIFIED: LedgerAccount
LEDGER_ACCOUNT_ISSUED: LedgerAccount
LEDGER_ACCOUNT_AVAILABLE: LedgerAccount
LEDGER_ACCOUNT_PENDING: LedgerAccount
LEDGER_ACCOUNT_EXPIRED: LedgerAccount
LEDGER_ACCOUNT_HELD: LedgerAccount
LEDGER_ACCOUNT_REDEEMED: LedgerAccount
LEDGER_ACCOUNT_VOIDED: LedgerAccount
LEDGER_ACCOUNT_DEBT: LedgerAccount
LEDGER_ACCOUNT_TRANSFER: LedgerAccount

class Entry(_message.Message):
    __slots__ = ("seq", "kind", "request_id", "order_id", "changes", "balance", "program_version", "effective_time", "recorded_time", "back_dated", "hash", "note")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_VERSION_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    RECORDED_TIME_FIELD_NUMBER: _ClassVar[int]
    BACK_DATED_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    seq: int
    kind: EntryKind
    request_id: str
    order_id: str
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    balance: _balance_pb2.Balance
    program_version: int
    effective_time: _timestamp_pb2.Timestamp
    recorded_time: _timestamp_pb2.Timestamp
    back_dated: bool
    hash: bytes
    note: str
    def __init__(self, seq: _Optional[int] = ..., kind: _Optional[_Union[EntryKind, str]] = ..., request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., program_version: _Optional[int] = ..., effective_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., recorded_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., back_dated: _Optional[bool] = ..., hash: _Optional[bytes] = ..., note: _Optional[str] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("joined", "earned", "posted", "expired", "spent", "held", "captured", "released", "refunded", "restored", "taken_back", "adjusted", "voided", "transferred_out", "transferred_in", "extended", "suspended", "reinstated", "legs")
    JOINED_FIELD_NUMBER: _ClassVar[int]
    EARNED_FIELD_NUMBER: _ClassVar[int]
    POSTED_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    SPENT_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_FIELD_NUMBER: _ClassVar[int]
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_FIELD_NUMBER: _ClassVar[int]
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    TAKEN_BACK_FIELD_NUMBER: _ClassVar[int]
    ADJUSTED_FIELD_NUMBER: _ClassVar[int]
    VOIDED_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_OUT_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_IN_FIELD_NUMBER: _ClassVar[int]
    EXTENDED_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    REINSTATED_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    joined: Joined
    earned: Earned
    posted: Posted
    expired: Expired
    spent: Spent
    held: Held
    captured: Captured
    released: Released
    refunded: Refunded
    restored: Restored
    taken_back: TakenBack
    adjusted: Adjusted
    voided: Voided
    transferred_out: TransferredOut
    transferred_in: TransferredIn
    extended: Extended
    suspended: Suspended
    reinstated: Reinstated
    legs: _containers.RepeatedCompositeFieldContainer[Leg]
    def __init__(self, joined: _Optional[_Union[Joined, _Mapping]] = ..., earned: _Optional[_Union[Earned, _Mapping]] = ..., posted: _Optional[_Union[Posted, _Mapping]] = ..., expired: _Optional[_Union[Expired, _Mapping]] = ..., spent: _Optional[_Union[Spent, _Mapping]] = ..., held: _Optional[_Union[Held, _Mapping]] = ..., captured: _Optional[_Union[Captured, _Mapping]] = ..., released: _Optional[_Union[Released, _Mapping]] = ..., refunded: _Optional[_Union[Refunded, _Mapping]] = ..., restored: _Optional[_Union[Restored, _Mapping]] = ..., taken_back: _Optional[_Union[TakenBack, _Mapping]] = ..., adjusted: _Optional[_Union[Adjusted, _Mapping]] = ..., voided: _Optional[_Union[Voided, _Mapping]] = ..., transferred_out: _Optional[_Union[TransferredOut, _Mapping]] = ..., transferred_in: _Optional[_Union[TransferredIn, _Mapping]] = ..., extended: _Optional[_Union[Extended, _Mapping]] = ..., suspended: _Optional[_Union[Suspended, _Mapping]] = ..., reinstated: _Optional[_Union[Reinstated, _Mapping]] = ..., legs: _Optional[_Iterable[_Union[Leg, _Mapping]]] = ...) -> None: ...

class Joined(_message.Message):
    __slots__ = ("condition",)
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    condition: str
    def __init__(self, condition: _Optional[str] = ...) -> None: ...

class Earned(_message.Message):
    __slots__ = ("rule_id", "base_amount_minor", "points", "posting_time")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    BASE_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    POSTING_TIME_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    base_amount_minor: int
    points: int
    posting_time: _timestamp_pb2.Timestamp
    def __init__(self, rule_id: _Optional[str] = ..., base_amount_minor: _Optional[int] = ..., points: _Optional[int] = ..., posting_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Posted(_message.Message):
    __slots__ = ("points",)
    POINTS_FIELD_NUMBER: _ClassVar[int]
    points: int
    def __init__(self, points: _Optional[int] = ...) -> None: ...

class Expired(_message.Message):
    __slots__ = ("points",)
    POINTS_FIELD_NUMBER: _ClassVar[int]
    points: int
    def __init__(self, points: _Optional[int] = ...) -> None: ...

class Spent(_message.Message):
    __slots__ = ("points", "worth_minor")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    WORTH_MINOR_FIELD_NUMBER: _ClassVar[int]
    points: int
    worth_minor: int
    def __init__(self, points: _Optional[int] = ..., worth_minor: _Optional[int] = ...) -> None: ...

class Held(_message.Message):
    __slots__ = ("hold_id", "points", "deadline_time")
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_TIME_FIELD_NUMBER: _ClassVar[int]
    hold_id: str
    points: int
    deadline_time: _timestamp_pb2.Timestamp
    def __init__(self, hold_id: _Optional[str] = ..., points: _Optional[int] = ..., deadline_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Captured(_message.Message):
    __slots__ = ("hold_id", "points", "worth_minor")
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    WORTH_MINOR_FIELD_NUMBER: _ClassVar[int]
    hold_id: str
    points: int
    worth_minor: int
    def __init__(self, hold_id: _Optional[str] = ..., points: _Optional[int] = ..., worth_minor: _Optional[int] = ...) -> None: ...

class Released(_message.Message):
    __slots__ = ("hold_id", "points", "timed_out")
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    TIMED_OUT_FIELD_NUMBER: _ClassVar[int]
    hold_id: str
    points: int
    timed_out: bool
    def __init__(self, hold_id: _Optional[str] = ..., points: _Optional[int] = ..., timed_out: _Optional[bool] = ...) -> None: ...

class Refunded(_message.Message):
    __slots__ = ("refund_id", "settled_seq", "amount_minor", "refunded_minor", "paid_minor", "lines", "whole")
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLED_SEQ_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_MINOR_FIELD_NUMBER: _ClassVar[int]
    PAID_MINOR_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    refund_id: str
    settled_seq: int
    amount_minor: int
    refunded_minor: int
    paid_minor: int
    lines: _containers.RepeatedCompositeFieldContainer[RefundedLine]
    whole: bool
    def __init__(self, refund_id: _Optional[str] = ..., settled_seq: _Optional[int] = ..., amount_minor: _Optional[int] = ..., refunded_minor: _Optional[int] = ..., paid_minor: _Optional[int] = ..., lines: _Optional[_Iterable[_Union[RefundedLine, _Mapping]]] = ..., whole: _Optional[bool] = ...) -> None: ...

class RefundedLine(_message.Message):
    __slots__ = ("line_id", "quantity", "amount_minor")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    amount_minor: int
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class Restored(_message.Message):
    __slots__ = ("points",)
    POINTS_FIELD_NUMBER: _ClassVar[int]
    points: int
    def __init__(self, points: _Optional[int] = ...) -> None: ...

class TakenBack(_message.Message):
    __slots__ = ("rule_id", "points", "forgiven_points", "debt_points")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    FORGIVEN_POINTS_FIELD_NUMBER: _ClassVar[int]
    DEBT_POINTS_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    points: int
    forgiven_points: int
    debt_points: int
    def __init__(self, rule_id: _Optional[str] = ..., points: _Optional[int] = ..., forgiven_points: _Optional[int] = ..., debt_points: _Optional[int] = ...) -> None: ...

class Adjusted(_message.Message):
    __slots__ = ("delta",)
    DELTA_FIELD_NUMBER: _ClassVar[int]
    delta: int
    def __init__(self, delta: _Optional[int] = ...) -> None: ...

class Voided(_message.Message):
    __slots__ = ("points",)
    POINTS_FIELD_NUMBER: _ClassVar[int]
    points: int
    def __init__(self, points: _Optional[int] = ...) -> None: ...

class TransferredOut(_message.Message):
    __slots__ = ("to_member_id", "points")
    TO_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    to_member_id: str
    points: int
    def __init__(self, to_member_id: _Optional[str] = ..., points: _Optional[int] = ...) -> None: ...

class TransferredIn(_message.Message):
    __slots__ = ("from_member_id", "from_seq", "points")
    FROM_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQ_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    from_member_id: str
    from_seq: int
    points: int
    def __init__(self, from_member_id: _Optional[str] = ..., from_seq: _Optional[int] = ..., points: _Optional[int] = ...) -> None: ...

class Extended(_message.Message):
    __slots__ = ("expiry_time",)
    EXPIRY_TIME_FIELD_NUMBER: _ClassVar[int]
    expiry_time: _timestamp_pb2.Timestamp
    def __init__(self, expiry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Suspended(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Reinstated(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Leg(_message.Message):
    __slots__ = ("from_account", "to_account", "points", "lot_expiry_time", "lot_offset", "lot_sliding", "posting_time")
    FROM_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TO_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    LOT_EXPIRY_TIME_FIELD_NUMBER: _ClassVar[int]
    LOT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    LOT_SLIDING_FIELD_NUMBER: _ClassVar[int]
    POSTING_TIME_FIELD_NUMBER: _ClassVar[int]
    from_account: LedgerAccount
    to_account: LedgerAccount
    points: int
    lot_expiry_time: _timestamp_pb2.Timestamp
    lot_offset: int
    lot_sliding: bool
    posting_time: _timestamp_pb2.Timestamp
    def __init__(self, from_account: _Optional[_Union[LedgerAccount, str]] = ..., to_account: _Optional[_Union[LedgerAccount, str]] = ..., points: _Optional[int] = ..., lot_expiry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lot_offset: _Optional[int] = ..., lot_sliding: _Optional[bool] = ..., posting_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
