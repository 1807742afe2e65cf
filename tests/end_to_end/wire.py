"""Messages written by hand, byte by byte, for what no generated stub would send."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import grpc
from loyalty.client import channel_options

from tests.end_to_end.calls import SECONDS_MAX

SETTLE_ORDER: Final = "/loyalty.v1.PointsService/SettleOrder"
BATCH_SETTLE_ORDERS: Final = "/loyalty.v1.PointsService/BatchSettleOrders"
BATCH_GET_BALANCES: Final = "/loyalty.v1.PointsService/BatchGetBalances"
VERIFY_LEDGER: Final = "/loyalty.v1.PointsService/VerifyLedger"
NOT_UTF8: Final = b"\xff\xfe"

Send = Callable[[str, bytes], bytes]


def varint(value: int) -> bytes:
    """A number of 0 or more in base 128, the lowest digits first."""
    content = bytearray()
    while value > 0x7F:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    content.append(value)
    return bytes(content)


def number(field: int, value: int) -> bytes:
    """A field of wire type 0."""
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes) -> bytes:
    """A field of wire type 2: a text, bytes or a message."""
    return varint(field << 3 | 2) + varint(len(content)) + content


@contextmanager
def sending(address: str) -> Iterator[Send]:
    """Calls that send and receive bytes as they are."""
    with grpc.insecure_channel(address, options=channel_options(retry=False)) as channel:

        def send(method: str, content: bytes) -> bytes:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
            return call(content, timeout=SECONDS_MAX)

        yield send
