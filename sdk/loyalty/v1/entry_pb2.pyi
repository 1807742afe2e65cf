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

class LedgerAccount(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEDGER_ACCOUNT_UNSPECIFIED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_ISSUED: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_AVAILABLE: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_PENDING: _ClassVar[LedgerAccount]
    LEDGER_ACCOUNT_EXPIRED: _ClassVar[LedgerAccount]
ENTRY_KIND_UNSPECIFIED: EntryKind
ENTRY_KIND_MEMBER_ENROLLED: EntryKind
ENTRY_KIND_ORDER_SETTLED: EntryKind
ENTRY_KIND_FELL_DUE: EntryKind
LEDGER_ACCOUNT_UNSPECIFIED: LedgerAccount
LEDGER_ACCOUNT_ISSUED: LedgerAccount
LEDGER_ACCOUNT_AVAILABLE: LedgerAccount
LEDGER_ACCOUNT_PENDING: LedgerAccount
LEDGER_ACCOUNT_EXPIRED: LedgerAccount

class Entry(_message.Message):
    __slots__ = ("seq", "kind", "request_id", "order_id", "changes", "balance", "program_version", "effective_time", "recorded_time", "back_dated", "hash")
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
    def __init__(self, seq: _Optional[int] = ..., kind: _Optional[_Union[EntryKind, str]] = ..., request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., program_version: _Optional[int] = ..., effective_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., recorded_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., back_dated: _Optional[bool] = ..., hash: _Optional[bytes] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("joined", "earned", "posted", "expired", "legs")
    JOINED_FIELD_NUMBER: _ClassVar[int]
    EARNED_FIELD_NUMBER: _ClassVar[int]
    POSTED_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    joined: Joined
    earned: Earned
    posted: Posted
    expired: Expired
    legs: _containers.RepeatedCompositeFieldContainer[Leg]
    def __init__(self, joined: _Optional[_Union[Joined, _Mapping]] = ..., earned: _Optional[_Union[Earned, _Mapping]] = ..., posted: _Optional[_Union[Posted, _Mapping]] = ..., expired: _Optional[_Union[Expired, _Mapping]] = ..., legs: _Optional[_Iterable[_Union[Leg, _Mapping]]] = ...) -> None: ...

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

class Leg(_message.Message):
    __slots__ = ("from_account", "to_account", "points", "lot_expiry_time", "lot_offset")
    FROM_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TO_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    LOT_EXPIRY_TIME_FIELD_NUMBER: _ClassVar[int]
    LOT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    from_account: LedgerAccount
    to_account: LedgerAccount
    points: int
    lot_expiry_time: _timestamp_pb2.Timestamp
    lot_offset: int
    def __init__(self, from_account: _Optional[_Union[LedgerAccount, str]] = ..., to_account: _Optional[_Union[LedgerAccount, str]] = ..., points: _Optional[int] = ..., lot_expiry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lot_offset: _Optional[int] = ...) -> None: ...
