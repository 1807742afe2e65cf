import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Explanation(_message.Message):
    __slots__ = ("sentences", "rules", "sources", "related")
    SENTENCES_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    RELATED_FIELD_NUMBER: _ClassVar[int]
    sentences: _containers.RepeatedScalarFieldContainer[str]
    rules: _containers.RepeatedCompositeFieldContainer[RuleExplanation]
    sources: _containers.RepeatedCompositeFieldContainer[PointsSource]
    related: _containers.RepeatedCompositeFieldContainer[RelatedEntry]
    def __init__(self, sentences: _Optional[_Iterable[str]] = ..., rules: _Optional[_Iterable[_Union[RuleExplanation, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[PointsSource, _Mapping]]] = ..., related: _Optional[_Iterable[_Union[RelatedEntry, _Mapping]]] = ...) -> None: ...

class RuleExplanation(_message.Message):
    __slots__ = ("rule_id", "applied", "points", "base_amount_minor", "reason")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    BASE_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    applied: bool
    points: int
    base_amount_minor: int
    reason: str
    def __init__(self, rule_id: _Optional[str] = ..., applied: _Optional[bool] = ..., points: _Optional[int] = ..., base_amount_minor: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class PointsSource(_message.Message):
    __slots__ = ("seq", "order_id", "rule_id", "points", "lot_expiry_time")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    LOT_EXPIRY_TIME_FIELD_NUMBER: _ClassVar[int]
    seq: int
    order_id: str
    rule_id: str
    points: int
    lot_expiry_time: _timestamp_pb2.Timestamp
    def __init__(self, seq: _Optional[int] = ..., order_id: _Optional[str] = ..., rule_id: _Optional[str] = ..., points: _Optional[int] = ..., lot_expiry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RelatedEntry(_message.Message):
    __slots__ = ("member_id", "seq", "relation")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    seq: int
    relation: str
    def __init__(self, member_id: _Optional[str] = ..., seq: _Optional[int] = ..., relation: _Optional[str] = ...) -> None: ...
