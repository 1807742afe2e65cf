import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from loyalty.v1 import balance_pb2 as _balance_pb2
from loyalty.v1 import entry_pb2 as _entry_pb2
from loyalty.v1 import explanation_pb2 as _explanation_pb2
from loyalty.v1 import order_pb2 as _order_pb2
from loyalty.v1 import seal_pb2 as _seal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SettleOrderRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "order", "validate_only", "spend_points", "hold_id", "quote_id")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    SPEND_POINTS_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    QUOTE_ID_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    order: _order_pb2.Order
    validate_only: bool
    spend_points: int
    hold_id: str
    quote_id: str
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ..., validate_only: _Optional[bool] = ..., spend_points: _Optional[int] = ..., hold_id: _Optional[str] = ..., quote_id: _Optional[str] = ...) -> None: ...

class SettleOrderResponse(_message.Message):
    __slots__ = ("earned_points", "growth_delta", "tier_id", "balance", "seq", "spent_points", "spent_worth_minor")
    EARNED_POINTS_FIELD_NUMBER: _ClassVar[int]
    GROWTH_DELTA_FIELD_NUMBER: _ClassVar[int]
    TIER_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    SPENT_POINTS_FIELD_NUMBER: _ClassVar[int]
    SPENT_WORTH_MINOR_FIELD_NUMBER: _ClassVar[int]
    earned_points: int
    growth_delta: int
    tier_id: str
    balance: _balance_pb2.Balance
    seq: int
    spent_points: int
    spent_worth_minor: int
    def __init__(self, earned_points: _Optional[int] = ..., growth_delta: _Optional[int] = ..., tier_id: _Optional[str] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ..., spent_points: _Optional[int] = ..., spent_worth_minor: _Optional[int] = ...) -> None: ...

class QuoteOrderRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "order", "spend_points")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    SPEND_POINTS_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    order: _order_pb2.Order
    spend_points: int
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ..., spend_points: _Optional[int] = ...) -> None: ...

class QuoteOrderResponse(_message.Message):
    __slots__ = ("quote_id", "usable_points", "usable_worth_minor", "payable_minor", "discount_minor", "quote_expiry_time", "limited_by", "balance")
    QUOTE_ID_FIELD_NUMBER: _ClassVar[int]
    USABLE_POINTS_FIELD_NUMBER: _ClassVar[int]
    USABLE_WORTH_MINOR_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    QUOTE_EXPIRY_TIME_FIELD_NUMBER: _ClassVar[int]
    LIMITED_BY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    quote_id: str
    usable_points: int
    usable_worth_minor: int
    payable_minor: int
    discount_minor: int
    quote_expiry_time: _timestamp_pb2.Timestamp
    limited_by: str
    balance: _balance_pb2.Balance
    def __init__(self, quote_id: _Optional[str] = ..., usable_points: _Optional[int] = ..., usable_worth_minor: _Optional[int] = ..., payable_minor: _Optional[int] = ..., discount_minor: _Optional[int] = ..., quote_expiry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., limited_by: _Optional[str] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("program_id", "member_id", "min_version", "as_of_time", "as_of_effective_time")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_VERSION_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    AS_OF_EFFECTIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    min_version: int
    as_of_time: _timestamp_pb2.Timestamp
    as_of_effective_time: _timestamp_pb2.Timestamp
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., min_version: _Optional[int] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of_effective_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("program_id", "member_id", "page_size", "page_token", "kinds", "order_id", "start_time", "end_time")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    page_size: int
    page_token: str
    kinds: _containers.RepeatedScalarFieldContainer[_entry_pb2.EntryKind]
    order_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[_entry_pb2.EntryKind, str]]] = ..., order_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_entry_pb2.Entry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_entry_pb2.Entry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class VerifyLedgerRequest(_message.Message):
    __slots__ = ("program_id", "repair")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    repair: bool
    def __init__(self, program_id: _Optional[str] = ..., repair: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("issued", "available", "pending", "expired", "held", "redeemed", "voided", "debt", "transferred_in", "transferred_out")
    ISSUED_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    REDEEMED_FIELD_NUMBER: _ClassVar[int]
    VOIDED_FIELD_NUMBER: _ClassVar[int]
    DEBT_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_IN_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_OUT_FIELD_NUMBER: _ClassVar[int]
    issued: int
    available: int
    pending: int
    expired: int
    held: int
    redeemed: int
    voided: int
    debt: int
    transferred_in: int
    transferred_out: int
    def __init__(self, issued: _Optional[int] = ..., available: _Optional[int] = ..., pending: _Optional[int] = ..., expired: _Optional[int] = ..., held: _Optional[int] = ..., redeemed: _Optional[int] = ..., voided: _Optional[int] = ..., debt: _Optional[int] = ..., transferred_in: _Optional[int] = ..., transferred_out: _Optional[int] = ...) -> None: ...

class Drift(_message.Message):
    __slots__ = ("member_id", "seq", "reason", "detail", "repaired")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    REPAIRED_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    seq: int
    reason: str
    detail: str
    repaired: bool
    def __init__(self, member_id: _Optional[str] = ..., seq: _Optional[int] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., repaired: _Optional[bool] = ...) -> None: ...

class RefundLine(_message.Message):
    __slots__ = ("line_id", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class RefundOrderRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "order_id", "refund_id", "lines", "amount_minor", "validate_only", "refund_time")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REFUND_TIME_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    order_id: str
    refund_id: str
    lines: _containers.RepeatedCompositeFieldContainer[RefundLine]
    amount_minor: int
    validate_only: bool
    refund_time: _timestamp_pb2.Timestamp
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., refund_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[RefundLine, _Mapping]]] = ..., amount_minor: _Optional[int] = ..., validate_only: _Optional[bool] = ..., refund_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RefundOrderResponse(_message.Message):
    __slots__ = ("refunded_amount_minor", "refundable_amount_minor", "restored_points", "taken_back_points", "debt_points", "forgiven_points", "balance", "seq")
    REFUNDED_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    REFUNDABLE_AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    RESTORED_POINTS_FIELD_NUMBER: _ClassVar[int]
    TAKEN_BACK_POINTS_FIELD_NUMBER: _ClassVar[int]
    DEBT_POINTS_FIELD_NUMBER: _ClassVar[int]
    FORGIVEN_POINTS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    refunded_amount_minor: int
    refundable_amount_minor: int
    restored_points: int
    taken_back_points: int
    debt_points: int
    forgiven_points: int
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, refunded_amount_minor: _Optional[int] = ..., refundable_amount_minor: _Optional[int] = ..., restored_points: _Optional[int] = ..., taken_back_points: _Optional[int] = ..., debt_points: _Optional[int] = ..., forgiven_points: _Optional[int] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class BatchRefundOrdersRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RefundOrderRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[RefundOrderRequest, _Mapping]]] = ...) -> None: ...

class BatchRefundOrdersResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchRefundOrdersResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchRefundOrdersResult, _Mapping]]] = ...) -> None: ...

class BatchRefundOrdersResult(_message.Message):
    __slots__ = ("response", "error")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    response: RefundOrderResponse
    error: _status_pb2.Status
    def __init__(self, response: _Optional[_Union[RefundOrderResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class HoldPointsRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "points", "ttl", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    points: int
    ttl: _duration_pb2.Duration
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., points: _Optional[int] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class HoldPointsResponse(_message.Message):
    __slots__ = ("hold_id", "deadline_time", "balance", "seq")
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_TIME_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    hold_id: str
    deadline_time: _timestamp_pb2.Timestamp
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, hold_id: _Optional[str] = ..., deadline_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class CaptureHoldRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "hold_id", "points", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    hold_id: str
    points: int
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., hold_id: _Optional[str] = ..., points: _Optional[int] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class CaptureHoldResponse(_message.Message):
    __slots__ = ("captured_points", "released_points", "balance", "seq")
    CAPTURED_POINTS_FIELD_NUMBER: _ClassVar[int]
    RELEASED_POINTS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    captured_points: int
    released_points: int
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, captured_points: _Optional[int] = ..., released_points: _Optional[int] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class ReleaseHoldRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "hold_id", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    hold_id: str
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., hold_id: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class ReleaseHoldResponse(_message.Message):
    __slots__ = ("released_points", "balance", "seq")
    RELEASED_POINTS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    released_points: int
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, released_points: _Optional[int] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class SpendPointsRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "points", "reason", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    points: int
    reason: str
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., points: _Optional[int] = ..., reason: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class SpendPointsResponse(_message.Message):
    __slots__ = ("spent_points", "balance", "seq")
    SPENT_POINTS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    spent_points: int
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, spent_points: _Optional[int] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class AdjustPointsRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "delta", "reason", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    delta: int
    reason: str
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., delta: _Optional[int] = ..., reason: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class AdjustPointsResponse(_message.Message):
    __slots__ = ("balance", "seq")
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class VoidPointsRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "points", "everything", "reason", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    EVERYTHING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    points: int
    everything: bool
    reason: str
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., points: _Optional[int] = ..., everything: _Optional[bool] = ..., reason: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class VoidPointsResponse(_message.Message):
    __slots__ = ("voided_points", "balance", "seq")
    VOIDED_POINTS_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    voided_points: int
    balance: _balance_pb2.Balance
    seq: int
    def __init__(self, voided_points: _Optional[int] = ..., balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class TransferPointsRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "request_id", "to_member_id", "points", "validate_only")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TO_MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    request_id: str
    to_member_id: str
    points: int
    validate_only: bool
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., request_id: _Optional[str] = ..., to_member_id: _Optional[str] = ..., points: _Optional[int] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class TransferPointsResponse(_message.Message):
    __slots__ = ("balance", "seq", "to_seq")
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TO_SEQ_FIELD_NUMBER: _ClassVar[int]
    balance: _balance_pb2.Balance
    seq: int
    to_seq: int
    def __init__(self, balance: _Optional[_Union[_balance_pb2.Balance, _Mapping]] = ..., seq: _Optional[int] = ..., to_seq: _Optional[int] = ...) -> None: ...

class ExplainEntryRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "seq")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    seq: int
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class ExplainEntryResponse(_message.Message):
    __slots__ = ("entry", "explanation")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    entry: _entry_pb2.Entry
    explanation: _explanation_pb2.Explanation
    def __init__(self, entry: _Optional[_Union[_entry_pb2.Entry, _Mapping]] = ..., explanation: _Optional[_Union[_explanation_pb2.Explanation, _Mapping]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("program_id", "cursor", "until_now")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    UNTIL_NOW_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    cursor: str
    until_now: bool
    def __init__(self, program_id: _Optional[str] = ..., cursor: _Optional[str] = ..., until_now: _Optional[bool] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("entries", "cursor")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[WatchedEntry]
    cursor: str
    def __init__(self, entries: _Optional[_Iterable[_Union[WatchedEntry, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class WatchedEntry(_message.Message):
    __slots__ = ("member_id", "entry")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    entry: _entry_pb2.Entry
    def __init__(self, member_id: _Optional[str] = ..., entry: _Optional[_Union[_entry_pb2.Entry, _Mapping]] = ...) -> None: ...

class ListSealsRequest(_message.Message):
    __slots__ = ("program_id", "page_size", "page_token")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    page_size: int
    page_token: str
    def __init__(self, program_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSealsResponse(_message.Message):
    __slots__ = ("seals", "next_page_token")
    SEALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    seals: _containers.RepeatedCompositeFieldContainer[_seal_pb2.Seal]
    next_page_token: str
    def __init__(self, seals: _Optional[_Iterable[_Union[_seal_pb2.Seal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetReceiptRequest(_message.Message):
    __slots__ = ("program_id", "member_id", "seq")
    PROGRAM_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    program_id: str
    member_id: str
    seq: int
    def __init__(self, program_id: _Optional[str] = ..., member_id: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class GetReceiptResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: str
    def __init__(self, receipt: _Optional[str] = ...) -> None: ...
