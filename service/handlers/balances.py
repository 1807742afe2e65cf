"""Balances: now from Redis where it can, and at times gone by from the journal."""

from loyalty.v1 import points_service_pb2 as messages
from loyalty.v1.balance_pb2 import Balance

from service.application import Application
from service.calls.errors import member_not_found, version_not_reached
from service.calls.refusal import FieldViolation, invalid
from service.entry_messages import balance_message
from service.translation import instant_of_message
from store.balance_value import KnownBalance
from store.entries import is_known
from store.history import FutureError, balance_as_effective, balance_as_known
from store.programs import live_program


class BalanceHandlers:
    """The RPCs about balances."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def get_balance(self, request: messages.GetBalanceRequest) -> messages.GetBalanceResponse:
        """A balance, now or at an earlier time."""
        if request.HasField("as_of_time") or request.HasField("as_of_effective_time"):
            known: KnownBalance | None = await self._past(request)
        else:
            known = await self._application.reads.get(
                request.program_id, request.member_id, request.min_version
            )
        if known is None:
            await live_program(self._application.database, request.program_id)
            raise member_not_found(request.program_id, request.member_id)
        if known.version < request.min_version:
            raise version_not_reached(request.min_version, known.version)
        return messages.GetBalanceResponse(balance=balance_message(known.balance, known.version))

    async def _past(self, request: messages.GetBalanceRequest) -> KnownBalance | None:
        """The balance at an earlier time; None where the member is not known."""
        recorded = request.HasField("as_of_time")
        field = "as_of_time" if recorded else "as_of_effective_time"
        if request.min_version or (recorded and request.HasField("as_of_effective_time")):
            text = "goes neither with min_version nor with another time"
            raise invalid([FieldViolation(field, text)])
        at_us = instant_of_message(field, request.as_of_time if recorded else request.as_of_effective_time)
        database = self._application.database
        if not await is_known(database, request.program_id, request.member_id):
            return None
        read = balance_as_known if recorded else balance_as_effective
        try:
            return await read(database, request.program_id, request.member_id, at_us)
        except FutureError as error:
            raise invalid([FieldViolation(field, str(error))]) from None

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
