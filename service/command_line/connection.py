"""How commands reach the server, and what they say where it does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, cast

import grpc
import typer
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from loyalty.client import LoyaltyClient

from service.command_line.failing import CommandFailedError

CALL_SECONDS_MAX: Final = 30.0

ServerOption = Annotated[
    str, typer.Option("--server", envvar="LOYALTY_SERVER", help="Address of the service, host:port.")
]
ProgramOption = Annotated[str, typer.Option("--program", envvar="LOYALTY_PROGRAM", help="The program's id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of tables.")]

SERVER_DEFAULT: Final = "127.0.0.1:50051"
PROGRAM_DEFAULT: Final = "demo"


@contextmanager
def connected(server: str) -> Iterator[LoyaltyClient]:
    """A client; a refused call becomes CommandFailedError with what the service says, in one line."""
    with LoyaltyClient(server, channels=1) as client:
        try:
            yield client
        except grpc.RpcError as error:
            raise CommandFailedError(describe(error, server)) from error


def _call_of(error: grpc.RpcError) -> grpc.Call:
    """What a failed call knows of itself: the error a call raises is the call."""
    return cast("grpc.Call", cast("object", error))


def code_of(error: grpc.RpcError) -> grpc.StatusCode:
    """The status of a failed call."""
    return _call_of(error).code()


def reason_of(error: grpc.RpcError) -> str:
    """The reason a program can act on, such as MEMBER_NOT_FOUND; empty where there is none."""
    try:
        status = rpc_status.from_call(_call_of(error))
    except (ValueError, DecodeError):
        return ""
    info = error_details_pb2.ErrorInfo()
    if status is not None and any(detail.Unpack(info) for detail in status.details):
        return str(info.reason)
    return ""


def describe(error: grpc.RpcError, server: str) -> str:
    """What went wrong, in one line for a person."""
    code, details, reason = code_of(error), _call_of(error).details(), reason_of(error)
    if code is grpc.StatusCode.UNAVAILABLE and not reason:
        return f"no service answers at {server}; start one with `loyalty serve`, or name it with --server"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"{server} did not answer within {CALL_SECONDS_MAX:g} seconds"
    return f"{details or error} ({reason or code.name})"
