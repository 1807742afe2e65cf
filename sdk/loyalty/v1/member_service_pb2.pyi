from buf.validate import validate_pb2 as _validate_pb2
from loyalty.v1 import member_pb2 as _member_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnrolMemberRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "display_name", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    display_name: str
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., display_name: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class EnrolMemberResponse(_message.Message):
    __slots__ = ("member", "seq")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    member: _member_pb2.Member
    seq: int
    def __init__(self, member: _Optional[_Union[_member_pb2.Member, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class GetMemberRequest(_message.Message):
    __slots__ = ("program_id", "member_id")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ...) -> None: ...

class GetMemberResponse(_message.Message):
    __slots__ = ("member",)
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    member: _member_pb2.Member
    def __init__(self, member: _Optional[_Union[_member_pb2.Member, _Mapping]] = ...) -> None: ...

class SuspendMemberRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "reason", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    reason: str
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., reason: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class SuspendMemberResponse(_message.Message):
    __slots__ = ("seq",)
    SEQ_FIELD_NUMBER: _ClassVar[int]
    seq: int
    def __init__(self, seq: _Optional[int] = ...) -> None: ...

class ReinstateMemberRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "reason", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    reason: str
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., reason: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class ReinstateMemberResponse(_message.Message):
    __slots__ = ("seq",)
    SEQ_FIELD_NUMBER: _ClassVar[int]
    seq: int
    def __init__(self, seq: _Optional[int] = ...) -> None: ...
