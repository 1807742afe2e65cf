"""An order, as the rules see it."""

from typing import Final

import msgspec

ORDER_LINES_MAX: Final = 10_000


class OrderLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: what was bought, how many pieces, and the money paid for all of them in minor units."""

    line_id: str
    quantity: int
    amount_minor: int
    sku: str = ""
    category: str = ""


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """A paid order. Amounts are in minor units of `currency_code`; `time_us` is microseconds since 1970, UTC.

    A field added later must have a default: defaults are left out of the written form, so the digest of an
    order that does not use it stays what it was.
    """

    order_id: str
    time_us: int
    currency_code: str
    amount_minor: int
    lines: tuple[OrderLine, ...] = ()
    channel: str = ""
    attributes: dict[str, str] = {}


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(Order)


def encode_order(order: Order) -> bytes:
    """The order's one written form, in JSON: it is stored, and digests are taken of it."""
    return _encoder.encode(order)


def decode_order(content: bytes | str) -> Order:
    """The order of a written form."""
    return _decoder.decode(content)
