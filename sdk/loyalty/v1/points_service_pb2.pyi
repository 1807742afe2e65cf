from buf.validate import validate_pb2 as _validate_pb2
from google.rpc import status_pb2 as _status_pb2
from loyalty.v1 import balance_pb2 as _balance_pb2
from loyalty.v1 import entry_pb2 as _entry_pb2
from loyalty.v1 import order_pb2 as _order_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SettleOrderRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "order", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    order: _order_pb2.Order
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class SettleOrderResponse(_message.Message):
    __slots__ = ("earned_points", "growth_delta", "tier_id", "balance", "seq")
    EARNED_POINTS_FIELD_NUMBER: _ClassVar[int]
    GROWTH_DELTA_FIELD_NUMBER: _ClassVar[int]
    TIER_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    earned_points: int
    growth_delta: int
    tier_id: str
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, earned_points: _Optional[int] = ..., growth_delta: _Optional[int] = ..., tier_id: _Optional[str] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class BatchSettleOrdersRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[SettleOrderRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[SettleOrderRequest, _Mapping]]] = ...) -> None: ...

class BatchSettleOrdersResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchSettleOrdersResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchSettleOrdersResult, _Mapping]]] = ...) -> None: ...

class BatchSettleOrdersResult(_message.Message):
    __slots__ = ("response", "error")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    response: SettleOrderResponse
    error: _status_pb2.Status
    def __init__(self, response: _Optional[_Union[SettleOrderResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetBalanceRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "min_version")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_VERSION_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    min_version: int
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., min_version: _Optional[int] = ...) -> None: ...

class GetBalanceResponse(_message.Message):
    __slots__ = ("balance",)
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    balance: _balance_pb2.Balance
    def __init__(self, balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ...) -> None: ...

class BatchGetBalancesRequest(_message.Message):
    __slots__ = ("program_id", "member_ids")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, program_id: _Optional[str] = ..., member_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class BatchGetBalancesResponse(_message.Message):
    __slots__ = ("balances",)
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    balances: _containers.RepeatedCompositeFieldContainer[MemberBalance]
    def __init__(self, balances: _Optional[_Iterable[_Union[MemberBalance, _Mapping]]] = ...) -> None: ...

class MemberBalance(_message.Message):
    __slots__ = ("member_id", "balance")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    balance: _balance_pb2.Balance
    def __init__(self, member_id: _Optional[str] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ...) -> None: ...

class ListEntriesRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "page_size", "page_token")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    page_size: int
    page_token: str
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_entry_pb2.Entry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_entry_pb2.Entry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class VerifyLedgerRequest(_message.Message):
    __slots__ = ("program_id",)
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    def __init__(self, program_id: _Optional[str] = ...) -> None: ...

class VerifyLedgerResponse(_message.Message):
    __slots__ = ("checked_members", "total_members", "checked_entries", "checked_cached_balances", "drifts", "totals", "complete", "cache_unavailable")
    CHECKED_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    CHECKED_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CHECKED_CACHED_BALANCES_FIELD_NUMBER: _ClassVar[int]
    DRIFTS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    CACHE_UNAVAILABLE_FIELD_NUMBER: _ClassVar[int]
    checked_members: int
    total_members: int
    checked_entries: int
    checked_cached_balances: int
    drifts: _containers.RepeatedCompositeFieldContainer[Drift]
    totals: LedgerTotals
    complete: bool
    cache_unavailable: bool
    def __init__(self, checked_members: _Optional[int] = ..., total_members: _Optional[int] = ..., checked_entries: _Optional[int] = ..., checked_cached_balances: _Optional[int] = ..., drifts: _Optional[_Iterable[_Union[Drift, _Mapping]]] = ..., totals: _Optional[_Union[LedgerTotals, _Mapping]] = ..., complete: _Optional[bool] = ..., cache_unavailable: _Optional[bool] = ...) -> None: ...

class LedgerTotals(_message.Message):
    __slots__ = ("issued", "available", "pending", "expired")
    ISSUED_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    issued: int
    available: int
    pending: int
    expired: int
    def __init__(self, issued: _Optional[int] = ..., available: _Optional[int] = ..., pending: _Optional[int] = ..., expired: _Optional[int] = ...) -> None: ...

class Drift(_message.Message):
    __slots__ = ("member_id", "seq", "reason", "detail")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    seq: int
    reason: str
    detail: str
    def __init__(self, member_id: _Optional[str] = ..., seq: _Optional[int] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...
