import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Seal(_message.Message):
    __slots__ = ("program_id", "number", "root", "previous_root", "members", "entries", "seal_time", "public_key", "signature", "statement")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ROOT_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    SEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    number: int
    root: bytes
    previous_root: bytes
    members: int
    entries: int
    seal_time: _timestamp_pb2.Timestamp
    public_key: bytes
    signature: bytes
    statement: str
    def __init__(self, program_id: _Optional[str] = ..., number: _Optional[int] = ..., root: _Optional[bytes] = ..., previous_root: _Optional[bytes] = ..., members: _Optional[int] = ..., entries: _Optional[int] = ..., seal_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., public_key: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., statement: _Optional[str] = ...) -> None: ...
