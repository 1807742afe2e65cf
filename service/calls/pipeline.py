"""The way of every call, from bytes to answer: observed, bounded in time, read, validated, handled, and
refused in one form. It is put together once a method at the start, so a call pays for function calls only.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, NamedTuple, TypeAlias, TypeVar, cast

import grpc
import grpc.aio
import structlog
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpc_status import rpc_status

from service.calls.errors import refusal_of_error
from service.calls.refusal import CallRefused
from service.calls.validation import valid_request

# A check of the whole ledger takes long; it is still not endless.
STREAM_SECONDS_MAX: Final = 24 * 3_600

STOPPING_RETRY_SECONDS: Final = 0.2

log = structlog.get_logger()

RequestT = TypeVar("RequestT", bound=Message)


class Deadlines(NamedTuple):
    """How long a call may take, in seconds: where the client says nothing, and whatever it says."""

    default_seconds: float
    max_seconds: float


class CallsInFlight:
    """How many calls are being answered, and whether new ones are.

    A drain waits until those are answered; streams are told and end.
    """

    def __init__(self) -> None:
        self.count = 0
        self._drain = asyncio.Event()

    @property
    def draining(self) -> bool:
        """Whether the server is stopping."""
        return self._drain.is_set()

    def drain(self) -> None:
        """Take no more calls, and wake the streams."""
        self._drain.set()

    async def pause(self, seconds: float) -> None:
        """Wait that long. Raises CallRefused at once where the server is stopping."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._drain.wait()
        self.admit()

    def admit(self) -> None:
        """Let a call begin, or a stream go on. Raises CallRefused where the server is stopping."""
        if self.draining:
            raise stopping()


def stopping() -> CallRefused:
    """UNAVAILABLE for a call that another server has to answer."""
    return CallRefused(
        grpc.StatusCode.UNAVAILABLE,
        "STOPPING",
        "this server is stopping; repeat the call with the same request_id",
        retry_seconds=STOPPING_RETRY_SECONDS,
    )


def deadline_exceeded() -> CallRefused:
    """DEADLINE_EXCEEDED for a call that took as long as any may take."""
    return CallRefused(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
        "no answer in time; a write may have been made: repeat it with the same request_id",
    )


# Quoted: only the type stubs know that these take parameters.
MethodHandler: TypeAlias = "grpc.RpcMethodHandler[bytes, Message]"
Context = grpc.aio.ServicerContext[bytes, Message]
UnaryStage = Callable[[bytes, Context], Awaitable[Message]]


def unary_call(
    method: MethodDescriptor,
    request_type: type[RequestT],
    handler: Callable[[RequestT], Awaitable[Message]],
    deadlines: Deadlines,
    calls: CallsInFlight,
) -> "MethodHandler":
    """A method that answers one message."""
    staged = refusing(admitted(bounded(validated(request_type, handler), deadlines), calls), method.full_name)
    return grpc.unary_unary_rpc_method_handler(
        staged, request_deserializer=None, response_serializer=_serialize
    )


def stream_call(
    method: MethodDescriptor,
    request_type: type[RequestT],
    handler: Callable[[RequestT], AsyncGenerator[Message, None]],
    calls: CallsInFlight,
) -> "MethodHandler":
    """A method that answers a stream of messages."""

    async def answer(content: bytes, context: Context) -> AsyncGenerator[Message, None]:
        try:
            calls.admit()
            # Closed with the call: what the handler holds is given back when its caller is gone.
            async with (
                asyncio.timeout(STREAM_SECONDS_MAX),
                contextlib.aclosing(handler(valid_request(request_type, content))) as messages,
            ):
                async for message in messages:
                    yield message
        except TimeoutError:
            await _refuse(context, deadline_exceeded(), method.full_name)
        except Exception as error:  # noqa: BLE001 - every error becomes a status
            await _refuse(context, error, method.full_name)

    return grpc.unary_stream_rpc_method_handler(
        answer, request_deserializer=None, response_serializer=_serialize
    )


def refusing(inner: UnaryStage, method_name: str) -> UnaryStage:
    """Stage 1: whatever goes wrong inside becomes one status with its reason; defects go to the log."""

    async def call(content: bytes, context: Context) -> Message:
        try:
            return await inner(content, context)
        except Exception as error:
            await _refuse(context, error, method_name)
            raise AssertionError("abort raises") from error

    return call


def admitted(inner: UnaryStage, calls: CallsInFlight) -> UnaryStage:
    """Stage 2: a server that is stopping takes no new call, and finishes those it has."""

    async def call(content: bytes, context: Context) -> Message:
        calls.admit()
        calls.count += 1
        try:
            return await inner(content, context)
        finally:
            calls.count -= 1

    return call


def bounded(inner: UnaryStage, deadlines: Deadlines) -> UnaryStage:
    """Stage 3: a call has a deadline, the client's or ours. A command already under way is still finished."""

    async def call(content: bytes, context: Context) -> Message:
        # None where the client gave no deadline, which the type stubs do not know.
        seconds = cast("float | None", context.time_remaining())
        if seconds is not None and seconds <= deadlines.max_seconds:
            # gRPC itself ends the call then: a second timer would only cost.
            return await inner(content, context)
        try:
            async with asyncio.timeout(
                deadlines.default_seconds if seconds is None else deadlines.max_seconds
            ):
                return await inner(content, context)
        except TimeoutError:
            raise deadline_exceeded() from None

    return call


def validated(request_type: type[RequestT], handler: Callable[[RequestT], Awaitable[Message]]) -> UnaryStage:
    """Stage 4: the request is read and keeps the contract's rules before the handler sees it."""

    async def call(content: bytes, _context: Context) -> Message:
        return await handler(valid_request(request_type, content))

    return call


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


async def _refuse(context: Context, error: Exception, method_name: str) -> None:
    refusal = refusal_of_error(error)
    if refusal is None:
        log.error("call failed", method=method_name, exc_info=error)
        refusal = CallRefused(grpc.StatusCode.INTERNAL, "INTERNAL", "internal error; the log has it")
    elif refusal.code is grpc.StatusCode.UNAVAILABLE:
        log.warning("call refused", method=method_name, reason=refusal.reason, error=str(error))
    await context.abort_with_status(rpc_status.to_status(refusal.status()))
