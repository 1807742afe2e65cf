import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from loyalty.v1 import balance_pb2 as _balance_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MemberState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMBER_STATE_UNSPECIFIED: _ClassVar[MemberState]
    MEMBER_STATE_PROSPECT: _ClassVar[MemberState]
    MEMBER_STATE_MEMBER: _ClassVar[MemberState]
    MEMBER_STATE_SUSPENDED: _ClassVar[MemberState]
MEMBER_STATE_UNSPECIFIED: MemberState
MEMBER_STATE_PROSPECT: MemberState
MEMBER_STATE_MEMBER: MemberState
MEMBER_STATE_SUSPENDED: MemberState

class Member(_message.Message):
    __slots__ = ("program_id", "member_id", "state", "display_name", "join_time", "balance")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    JOIN_TIME_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    state: MemberState
    display_name: str
    join_time: _timestamp_pb2.Timestamp
    balance: _balance_pb2.Balance
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., state: _Optional[_Union[MemberState, str]] = ..., display_name: _Optional[str] = ..., join_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ...) -> None: ...
