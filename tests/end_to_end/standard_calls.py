"""The calls that every gRPC service answers: health and reflection. Their packages' stubs are not typed."""

from collections.abc import Sequence

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from tests.end_to_end.calls import SECONDS_MAX

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def health_of(channel: grpc.Channel, service_name: str) -> int:
    """A service's health; the server's where the name is empty."""
    check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(CHECK)
    request = health_pb2.HealthCheckRequest(service=service_name)
    answer = check(request.SerializeToString(), timeout=SECONDS_MAX)
    return int(health_pb2.HealthCheckResponse.FromString(answer).status)


async def watch_health(channel: grpc.aio.Channel, seen: list[int]) -> grpc.StatusCode:
    """Follow the server's health, noting each change, until the stream ends; how it ended."""
    watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(WATCH)
    try:
        async for answer in watch(health_pb2.HealthCheckRequest().SerializeToString()):
            status = int(health_pb2.HealthCheckResponse.FromString(answer).status)
            seen.append(status)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def reflected_services(channel: grpc.Channel) -> Sequence[str]:
    """The services that a client without the contract finds."""
    reflect: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(REFLECTION)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = reflect(iter([request.SerializeToString()]), timeout=SECONDS_MAX)
    response = reflection_pb2.ServerReflectionResponse.FromString(answer)
    return [str(service.name) for service in response.list_services_response.service]
