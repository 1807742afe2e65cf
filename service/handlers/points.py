"""What moves points without an order: spending, holds, adjustments, transfers."""

from loyalty.v1 import points_service_pb2 as messages

from service.application import Application
from service.handlers.outcomes import carry_out, entry_of_outcome
from service.points_translation import (
    adjust_points_of,
    adjust_points_response,
    capture_hold_of,
    capture_hold_response,
    hold_points_of,
    hold_points_response,
    release_hold_of,
    release_hold_response,
    spend_points_of,
    spend_points_response,
    transfer_points_of,
    transfer_points_response,
    void_points_of,
    void_points_response,
)


class PointsHandlers:
    """The RPCs that move points."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def spend_points(self, request: messages.SpendPointsRequest) -> messages.SpendPointsResponse:
        """Spend points."""
        return spend_points_response(await carry_out(self._application, request, spend_points_of(request)))

    async def hold_points(self, request: messages.HoldPointsRequest) -> messages.HoldPointsResponse:
        """Reserve points."""
        return hold_points_response(await carry_out(self._application, request, hold_points_of(request)))

    async def capture_hold(self, request: messages.CaptureHoldRequest) -> messages.CaptureHoldResponse:
        """Spend reserved points."""
        return capture_hold_response(await carry_out(self._application, request, capture_hold_of(request)))

    async def release_hold(self, request: messages.ReleaseHoldRequest) -> messages.ReleaseHoldResponse:
        """Give reserved points back."""
        return release_hold_response(await carry_out(self._application, request, release_hold_of(request)))

    async def adjust_points(self, request: messages.AdjustPointsRequest) -> messages.AdjustPointsResponse:
        """Give or take points by hand."""
        return adjust_points_response(await carry_out(self._application, request, adjust_points_of(request)))

    async def void_points(self, request: messages.VoidPointsRequest) -> messages.VoidPointsResponse:
        """Take points away for good."""
        return void_points_response(await carry_out(self._application, request, void_points_of(request)))

    async def transfer_points(
        self, request: messages.TransferPointsRequest
    ) -> messages.TransferPointsResponse:
        """Move points to another member: both sides or neither."""
        outcome = await self._application.lanes.transfer(
            request.program_id, request.member_id, transfer_points_of(request)
        )
        return transfer_points_response(entry_of_outcome(outcome))
