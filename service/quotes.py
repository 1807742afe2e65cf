"""Quotes as tokens: what was quoted, sealed with the installation's key, so that nothing is stored for one.

A customer looks at a basket often and buys seldom. So a quote costs no write; SettleOrder reads it back, and
whoever changes a byte of it, or takes it to another member, has no quote.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b
from typing import Final

import msgspec

from points.money import Quote

QUOTE_KEY_NAME: Final = "quote"
SEAL_BYTES: Final = 16
# An order id of 128 characters of four bytes each does not fit; its digest does.
ORDER_DIGEST_BYTES: Final = 16

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[bytes, int, int, int, int, int, str])


def write_quote(quote: Quote, program_id: str, member_id: str, key: bytes) -> str:
    """The token of a quote for a member."""
    content = _encoder.encode(
        (
            _digest(quote.order_id),
            quote.points,
            quote.worth_minor,
            quote.gross_minor,
            quote.deadline_us,
            quote.program_version,
            quote.currency_code,
        )
    )
    return _written(content + _seal(content, program_id, member_id, key))


def read_quote(token: str, program_id: str, member_id: str, order_id: str, key: bytes) -> Quote | None:
    """The quote of a token; None where this installation gave this member no such quote.

    A quote for another order keeps an order id that is not the order's, so that the refusal can say so.
    """
    try:
        raw = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        if _written(raw) != token:
            return None  # another spelling of the same bytes
        content, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
        if not hmac.compare_digest(seal, _seal(content, program_id, member_id, key)):
            return None
        digest, points, worth_minor, gross_minor, deadline_us, version, currency = _decoder.decode(content)
    except (Base64Error, ValueError, msgspec.MsgspecError):
        return None
    known_order_id = order_id if hmac.compare_digest(digest, _digest(order_id)) else "another order"
    return Quote(known_order_id, points, worth_minor, gross_minor, deadline_us, version, currency)


def _written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _digest(order_id: str) -> bytes:
    return blake2b(order_id.encode(), digest_size=ORDER_DIGEST_BYTES).digest()


def _seal(content: bytes, program_id: str, member_id: str, key: bytes) -> bytes:
    bound = b"%d:%b:%b\n" % (len(program_id.encode()), program_id.encode(), member_id.encode())
    return blake2b(bound + content, key=key, digest_size=SEAL_BYTES).digest()
