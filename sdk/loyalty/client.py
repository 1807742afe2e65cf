"""A thin client: channels that reach every worker, retries that are safe, and one stub a service.

A server of several workers listens on one port, and one channel stays with one worker. So the client
opens several channels and takes them in turn.
"""

import itertools
import json
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import grpc
import grpc.aio

from loyalty.v1.member_service_pb2_grpc import MemberServiceStub
from loyalty.v1.points_service_pb2_grpc import PointsServiceStub
from loyalty.v1.program_service_pb2_grpc import ProgramServiceStub

if TYPE_CHECKING:  # the generated code has these types for checkers only
    from loyalty.v1.member_service_pb2_grpc import MemberServiceAsyncStub
    from loyalty.v1.points_service_pb2_grpc import PointsServiceAsyncStub
    from loyalty.v1.program_service_pb2_grpc import ProgramServiceAsyncStub

CHANNELS_DEFAULT: Final = 4
MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024

# Every write carries a request_id, so repeating it after UNAVAILABLE or an overload cannot apply it twice.
# The library backs off between 0.1 and 2 seconds.
RETRIES: Final = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
                },
            }
        ]
    }
)


def channel_options(*, retry: bool = True) -> list[tuple[str, str | int]]:
    """The options of a channel that reaches its own worker."""
    options: list[tuple[str, str | int]] = [
        # Without it, channels to one address share a connection, and so a worker.
        ("grpc.use_local_subchannel_pool", 1),
        # A server that was restarted is found again soon, not after a minute.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ]
    if retry:
        options.append(("grpc.service_config", RETRIES))
    else:
        options.append(("grpc.enable_retries", 0))
    return options


class AsyncLoyaltyClient:
    """The services of one server, for asyncio. Use it as an async context manager.

    `points`, `members` and `programs` hand out the stub of the next channel at each access.
    """

    def __init__(self, target: str, *, channels: int = CHANNELS_DEFAULT, retry: bool = True) -> None:
        self._channels: Sequence[grpc.aio.Channel] = [
            grpc.aio.insecure_channel(target, options=channel_options(retry=retry)) for _ in range(channels)
        ]
        self._points = itertools.cycle([PointsServiceStub(channel) for channel in self._channels])
        self._members = itertools.cycle([MemberServiceStub(channel) for channel in self._channels])
        self._programs = itertools.cycle([ProgramServiceStub(channel) for channel in self._channels])

    @property
    def points(self) -> "PointsServiceAsyncStub":
        """PointsService on the next channel."""
        return next(self._points)

    @property
    def members(self) -> "MemberServiceAsyncStub":
        """MemberService on the next channel."""
        return next(self._members)

    @property
    def programs(self) -> "ProgramServiceAsyncStub":
        """ProgramService on the next channel."""
        return next(self._programs)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._channels:
            await channel.close()


class LoyaltyClient:
    """The services of one server, for threads. Use it as a context manager."""

    def __init__(self, target: str, *, channels: int = CHANNELS_DEFAULT, retry: bool = True) -> None:
        self._channels = [
            grpc.insecure_channel(target, options=channel_options(retry=retry)) for _ in range(channels)
        ]
        self._points = itertools.cycle([PointsServiceStub(channel) for channel in self._channels])
        self._members = itertools.cycle([MemberServiceStub(channel) for channel in self._channels])
        self._programs = itertools.cycle([ProgramServiceStub(channel) for channel in self._channels])

    @property
    def points(self) -> PointsServiceStub:
        """PointsService on the next channel."""
        return next(self._points)

    @property
    def members(self) -> MemberServiceStub:
        """MemberService on the next channel."""
        return next(self._members)

    @property
    def programs(self) -> ProgramServiceStub:
        """ProgramService on the next channel."""
        return next(self._programs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._channels:
            channel.close()
