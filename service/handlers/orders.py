"""What a checkout asks: what points may pay, settle an order, refund it."""

from collections.abc import Sequence

from loyalty.v1 import points_service_pb2 as messages

from members.commands import Command
from members.journal import Entry
from points.money import QUOTE_LIFETIME_US, Quote, usable_points
from service.application import Application
from service.calls.refusal import FieldViolation, invalid
from service.entry_messages import balance_message, timestamp_of
from service.handlers.outcomes import carry_out, carry_out_each, status_of
from service.points_translation import refund_order_of, refund_order_response
from service.quotes import read_quote, write_quote
from service.translation import order_of, settle_order_of, settle_order_response
from store.programs import live_rules
from store.projection import known_balance


class OrderHandlers:
    """The RPCs about orders."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def quote_order(self, request: messages.QuoteOrderRequest) -> messages.QuoteOrderResponse:
        """What points may pay of an order that is about to be paid. Nothing is written."""
        rules = await live_rules(self._application.database, request.program_id)
        order = order_of(request.order)
        if order.currency_code != rules.document.currency_code:
            text = f"{order.currency_code!r} is not the program's, {rules.document.currency_code!r}"
            raise invalid([FieldViolation("order.currency_code", text)])
        seen = await self._application.reads.account_now(request.program_id, request.member_id)
        known = known_balance(*seen)
        # Who may not spend is offered nothing.
        spendable = known.balance.available if seen.account.state == "member" else 0
        policy = rules.document.policies.points_as_money
        usable = usable_points(policy, order.amount_minor, spendable, request.spend_points)
        deadline_us = seen.now_us + QUOTE_LIFETIME_US
        quote = Quote(
            order.order_id,
            usable.points,
            usable.worth_minor,
            order.amount_minor,
            deadline_us,
            rules.version,
            order.currency_code,
        )
        return messages.QuoteOrderResponse(
            quote_id=write_quote(quote, request.program_id, request.member_id, self._application.quote_key),
            usable_points=usable.points,
            usable_worth_minor=usable.worth_minor,
            payable_minor=order.amount_minor - usable.worth_minor,
            quote_expiry_time=timestamp_of(deadline_us),
            limited_by=usable.limited_by,
            balance=balance_message(known.balance, known.version),
        )

    async def settle_order(self, request: messages.SettleOrderRequest) -> messages.SettleOrderResponse:
        """One order, exactly once."""
        command = settle_order_of(request, self._quote_of(request))
        return settle_order_response(await carry_out(self._application, request, command))

    async def batch_settle_orders(
        self, request: messages.BatchSettleOrdersRequest
    ) -> messages.BatchSettleOrdersResponse:
        """Many orders, each on its own."""
        answers = await carry_out_each(self._application, request.requests, self._settling)
        return messages.BatchSettleOrdersResponse(results=_settled_results(answers))

    async def refund_order(self, request: messages.RefundOrderRequest) -> messages.RefundOrderResponse:
        """One refund, exactly once."""
        command = refund_order_of(request)
        return refund_order_response(await carry_out(self._application, request, command))

    async def batch_refund_orders(
        self, request: messages.BatchRefundOrdersRequest
    ) -> messages.BatchRefundOrdersResponse:
        """Many refunds, each on its own."""
        answers = await carry_out_each(self._application, request.requests, _refunding)
        return messages.BatchRefundOrdersResponse(results=_refunded_results(answers))

    def _settling(self, request: messages.SettleOrderRequest) -> tuple[str, str, Command]:
        return request.program_id, request.member_id, settle_order_of(request, self._quote_of(request))

    def _quote_of(self, request: messages.SettleOrderRequest) -> Quote | None:
        """The quote that a request takes up. Raises CallRefused where this member never got it."""
        if not request.quote_id:
            return None
        quote = read_quote(
            request.quote_id,
            request.program_id,
            request.member_id,
            request.order.order_id,
            self._application.quote_key,
        )
        if quote is None:
            text = "is no quote that QuoteOrder gave for this member"
            raise invalid([FieldViolation("quote_id", text)])
        return quote


def _refunding(request: messages.RefundOrderRequest) -> tuple[str, str, Command]:
    return request.program_id, request.member_id, refund_order_of(request)


def _settled_results(answers: Sequence[Entry | Exception]) -> list[messages.BatchSettleOrdersResult]:
    return [
        messages.BatchSettleOrdersResult(response=settle_order_response(answer))
        if isinstance(answer, Entry)
        else messages.BatchSettleOrdersResult(error=status_of(answer))
        for answer in answers
    ]


def _refunded_results(answers: Sequence[Entry | Exception]) -> list[messages.BatchRefundOrdersResult]:
    return [
        messages.BatchRefundOrdersResult(response=refund_order_response(answer))
        if isinstance(answer, Entry)
        else messages.BatchRefundOrdersResult(error=status_of(answer))
        for answer in answers
    ]
