"""The books: a member's entries, why they are what they are, and the proof that all of it is right."""

from collections.abc import AsyncGenerator
from typing import Final

from loyalty.v1 import explanation_pb2
from loyalty.v1 import points_service_pb2 as messages

from members.explain import Explanation
from service.application import VERIFICATIONS_MAX, Application
from service.calls.errors import member_not_found, too_many_verifications
from service.calls.refusal import FieldViolation, invalid
from service.entry_messages import KINDS_BY_NUMBER, entry_message, timestamp_of
from service.translation import instant_of_message
from store.drifts import FoundDrift
from store.entries import SEQ_MAX, TIME_US_MAX, EntryFilter, EntryUnknownError, entries_before, is_known
from store.explaining import explain_entry
from store.programs import live_program
from store.verification import Progress, verify_ledger

PAGE_SIZE_DEFAULT: Final = 50


class BookHandlers:
    """The RPCs about the journal."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def list_entries(self, request: messages.ListEntriesRequest) -> messages.ListEntriesResponse:
        """A page of the journal. Its token is the sequence number to go on below."""
        before = _read_page_token(request.page_token)
        page_size = request.page_size or PAGE_SIZE_DEFAULT
        database = self._application.database
        found = await entries_before(
            database, request.program_id, request.member_id, before, page_size + 1, _filter_of(request)
        )
        if (
            not found
            and not request.page_token
            and not await is_known(database, request.program_id, request.member_id)
        ):
            await live_program(database, request.program_id)
            raise member_not_found(request.program_id, request.member_id)
        # One more was asked for than is shown, so that the last page is known to be it.
        shown = found[:page_size]
        return messages.ListEntriesResponse(
            entries=[entry_message(entry, note) for entry, note in shown],
            next_page_token=str(shown[-1].entry.seq) if len(found) > page_size else "",
        )

    async def explain_entry(self, request: messages.ExplainEntryRequest) -> messages.ExplainEntryResponse:
        """Why an entry is what it is."""
        database = self._application.database
        try:
            async with self._application.explanations:
                explained = await explain_entry(database, request.program_id, request.member_id, request.seq)
        except EntryUnknownError:
            await live_program(database, request.program_id)
            raise
        return messages.ExplainEntryResponse(
            entry=entry_message(explained.entry, explained.note),
            explanation=_explanation_message(explained.explanation),
        )

    async def verify_ledger(
        self, request: messages.VerifyLedgerRequest
    ) -> AsyncGenerator[messages.VerifyLedgerResponse, None]:
        """The proof of the books, as it goes."""
        application = self._application
        if application.verifications.locked():
            raise too_many_verifications(VERIFICATIONS_MAX)
        async with application.verifications:
            await live_program(application.database, request.program_id)
            last: Progress | None = None
            async for progress in verify_ledger(
                application.database,
                application.cache,
                request.program_id,
                repair=request.repair,
                trusted_keys=application.seal_keys,
            ):
                if last is not None:
                    yield _progress_message(last, complete=False)
                last = progress
            if last is not None:
                yield _progress_message(last, complete=True)


def _read_page_token(token: str) -> int:
    if not token:
        return SEQ_MAX
    if not (token.isascii() and token.isdigit() and int(token) <= SEQ_MAX):
        raise invalid([FieldViolation("page_token", "must be the next_page_token of an earlier answer")])
    return int(token)


def _filter_of(request: messages.ListEntriesRequest) -> EntryFilter:
    start_us, end_us = 0, TIME_US_MAX
    if request.HasField("start_time"):
        start_us = instant_of_message("start_time", request.start_time)
    if request.HasField("end_time"):
        end_us = instant_of_message("end_time", request.end_time)
    if start_us >= end_us:
        raise invalid([FieldViolation("end_time", "must be after start_time")])
    return EntryFilter(
        tuple(KINDS_BY_NUMBER[int(kind)] for kind in request.kinds), request.order_id, start_us, end_us
    )


def _explanation_message(explanation: Explanation) -> explanation_pb2.Explanation:
    return explanation_pb2.Explanation(
        sentences=explanation.sentences,
        rules=[
            explanation_pb2.RuleExplanation(
                rule_id=rule.rule_id,
                applied=rule.points > 0,
                points=rule.points,
                base_amount_minor=rule.base_amount_minor,
                reason=rule.reason,
            )
            for rule in explanation.rules
        ],
        sources=[
            explanation_pb2.PointsSource(
                seq=source.seq,
                order_id=source.order_id,
                rule_id=source.rule_id,
                points=source.points,
                lot_expiry_time=timestamp_of(source.end_us) if source.end_us > 0 else None,
            )
            for source in explanation.sources
        ],
        related=[
            explanation_pb2.RelatedEntry(member_id=one.member_id, seq=one.seq, relation=one.relation)
            for one in explanation.related
        ],
    )


def _progress_message(progress: Progress, *, complete: bool) -> messages.VerifyLedgerResponse:
    return messages.VerifyLedgerResponse(
        checked_members=progress.members,
        total_members=progress.total_members,
        checked_entries=progress.entries,
        checked_cached_balances=progress.cached_balances,
        drifts=[_drift_message(drift) for drift in progress.drifts],
        totals=messages.LedgerTotals(**progress.totals._asdict()),
        complete=complete,
        cache_unavailable=progress.cache_unavailable,
    )


def _drift_message(drift: FoundDrift) -> messages.Drift:
    return messages.Drift(
        member_id=drift.member_id,
        seq=drift.seq,
        reason=drift.reason,
        detail=drift.detail,
        repaired=drift.repaired,
    )
