"""A seal as it is kept outside the database: a small JSON document."""

from typing import Final

import msgspec

from seals.receipt import HexHash, HexSignature
from seals.signing import signature_holds
from seals.statement import Statement, StatementInvalidError, read_statement

EXPORT_FORMAT: Final = "loyalty exported seal 1"


class ExportInvalidError(ValueError):
    """The bytes are no exported seal; the error says why."""


class ExportedSeal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text that was signed, by which key, and the signature."""

    format: str
    statement: str
    public_key: HexHash
    signature: HexSignature


_decoder: Final = msgspec.json.Decoder(ExportedSeal)


def encode_export(statement: str, signature: bytes) -> bytes:
    """The document of a seal. Raises StatementInvalidError."""
    public_key = read_statement(statement).public_key
    seal = ExportedSeal(EXPORT_FORMAT, statement, public_key.hex(), signature.hex())
    return msgspec.json.format(msgspec.json.encode(seal), indent=2) + b"\n"


def read_export(content: bytes) -> Statement:
    """What an exported seal says, if its signature holds by the key it names. Raises ExportInvalidError."""
    try:
        seal = _decoder.decode(content)
        statement = read_statement(seal.statement)
    except (msgspec.MsgspecError, UnicodeDecodeError, StatementInvalidError) as error:
        raise ExportInvalidError(str(error)) from None
    if seal.format != EXPORT_FORMAT:
        raise ExportInvalidError(f"format: must be {EXPORT_FORMAT!r}")
    if seal.public_key != statement.public_key.hex():
        raise ExportInvalidError("public_key: is not the one that the statement names")
    if not signature_holds(statement.public_key, seal.statement, bytes.fromhex(seal.signature)):
        raise ExportInvalidError("signature: is not one over the statement")
    return statement
