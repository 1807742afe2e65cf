"""PointsService."""

from collections.abc import AsyncIterator
from typing import Final

from google.rpc import status_pb2
from loyalty.v1 import points_service_pb2 as messages
from loyalty.v1.balance_pb2 import Balance

from members.commands import Command
from members.journal import Entry
from service.application import VERIFICATIONS_MAX, Application
from service.calls.errors import (
    member_not_found,
    refusal_of_error,
    refusal_of_rejection,
    too_many_verifications,
    version_not_reached,
)
from service.calls.refusal import CallRefused, FieldViolation, invalid
from service.calls.validation import check_request
from service.translation import (
    balance_message,
    entry_message,
    settle_order_of,
    settle_order_response,
)
from store.entries import SEQ_MAX, entries_before
from store.programs import live_program
from store.tickets import Outcome
from store.verification import FoundDrift, Progress, verify_ledger

PAGE_SIZE_DEFAULT: Final = 50


def entry_or_refusal(outcome: Outcome) -> Entry | Exception:
    """The entry that answers a command, or what refuses it."""
    if isinstance(outcome, (Entry, Exception)):
        return outcome
    return refusal_of_rejection(outcome)


class PointsHandlers:
    """The points ledger's RPCs."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def settle_order(self, request: messages.SettleOrderRequest) -> messages.SettleOrderResponse:
        """One order, exactly once."""
        command = settle_order_of(request)
        outcome = await self._application.lanes.execute(request.program_id, request.member_id, command)
        answer = entry_or_refusal(outcome)
        if isinstance(answer, Exception):
            raise answer
        return settle_order_response(answer)

    async def batch_settle_orders(
        self, request: messages.BatchSettleOrdersRequest
    ) -> messages.BatchSettleOrdersResponse:
        """Many orders, each on its own."""
        answers: list[Entry | Exception | None] = [None] * len(request.requests)
        commands: list[tuple[str, str, Command]] = []
        places: list[int] = []
        for place, one in enumerate(request.requests):
            refusal = check_request(one)
            if refusal is None:
                try:
                    commands.append((one.program_id, one.member_id, settle_order_of(one)))
                    places.append(place)
                except CallRefused as refused:
                    refusal = refused
            answers[place] = refusal
        outcomes = await self._application.lanes.execute_many(commands)
        for place, outcome in zip(places, outcomes, strict=True):
            answers[place] = entry_or_refusal(outcome)
        return messages.BatchSettleOrdersResponse(results=[_batch_result(answer) for answer in answers])

    async def get_balance(self, request: messages.GetBalanceRequest) -> messages.GetBalanceResponse:
        """A balance, from Redis where it can."""
        known = await self._application.reads.get(request.program_id, request.member_id, request.min_version)
        if known is None:
            await live_program(self._application.database, request.program_id)
            raise member_not_found(request.program_id, request.member_id)
        if known.version < request.min_version:
            raise version_not_reached(request.min_version, known.version)
        return messages.GetBalanceResponse(balance=balance_message(known.balance, known.version))

    async def batch_get_balances(
        self, request: messages.BatchGetBalancesRequest
    ) -> messages.BatchGetBalancesResponse:
        """Many balances in one read."""
        known = await self._application.reads.get_many(
            [(request.program_id, member_id) for member_id in request.member_ids]
        )
        if not any(known):
            await live_program(self._application.database, request.program_id)
        balances: list[messages.MemberBalance] = []
        for member_id, one in zip(request.member_ids, known, strict=True):
            balance: Balance | None = None if one is None else balance_message(one.balance, one.version)
            balances.append(messages.MemberBalance(member_id=member_id, balance=balance))
        return messages.BatchGetBalancesResponse(balances=balances)

    async def list_entries(self, request: messages.ListEntriesRequest) -> messages.ListEntriesResponse:
        """A page of the journal. Its token is the sequence number to go on below."""
        before = _read_page_token(request.page_token)
        page_size = request.page_size or PAGE_SIZE_DEFAULT
        entries = await entries_before(
            self._application.database, request.program_id, request.member_id, before, page_size
        )
        if not entries and not request.page_token:
            await live_program(self._application.database, request.program_id)
            raise member_not_found(request.program_id, request.member_id)
        more = len(entries) == page_size and entries[-1].seq > 1
        return messages.ListEntriesResponse(
            entries=[entry_message(entry) for entry in entries],
            next_page_token=str(entries[-1].seq) if more else "",
        )

    async def verify_ledger(
        self, request: messages.VerifyLedgerRequest
    ) -> AsyncIterator[messages.VerifyLedgerResponse]:
        """The proof of the books, as it goes."""
        application = self._application
        if application.verifications.locked():
            raise too_many_verifications(VERIFICATIONS_MAX)
        async with application.verifications:
            await live_program(application.database, request.program_id)
            last: Progress | None = None
            async for progress in verify_ledger(application.database, application.cache, request.program_id):
                if last is not None:
                    yield _progress_message(last, complete=False)
                last = progress
            if last is not None:
                yield _progress_message(last, complete=True)


def _batch_result(answer: Entry | Exception | None) -> messages.BatchSettleOrdersResult:
    if isinstance(answer, Entry):
        return messages.BatchSettleOrdersResult(response=settle_order_response(answer))
    refusal = refusal_of_error(answer) if answer is not None else None
    if refusal is None:  # a defect, which the lane has logged
        return messages.BatchSettleOrdersResult(error=status_pb2.Status(code=13, message="internal error"))
    return messages.BatchSettleOrdersResult(error=refusal.status())


def _read_page_token(token: str) -> int:
    if not token:
        return SEQ_MAX
    if not (token.isascii() and token.isdigit() and int(token) <= SEQ_MAX):
        raise invalid([FieldViolation("page_token", "must be the next_page_token of an earlier answer")])
    return int(token)


def _progress_message(progress: Progress, *, complete: bool) -> messages.VerifyLedgerResponse:
    totals = progress.totals
    return messages.VerifyLedgerResponse(
        checked_members=progress.members,
        total_members=progress.total_members,
        checked_entries=progress.entries,
        checked_cached_balances=progress.cached_balances,
        drifts=[_drift_message(drift) for drift in progress.drifts],
        totals=messages.LedgerTotals(
            issued=totals.issued,
            available=totals.available,
            pending=totals.pending,
            expired=totals.expired,
        ),
        complete=complete,
        cache_unavailable=progress.cache_unavailable,
    )


def _drift_message(drift: FoundDrift) -> messages.Drift:
    return messages.Drift(member_id=drift.member_id, seq=drift.seq, reason=drift.reason, detail=drift.detail)
