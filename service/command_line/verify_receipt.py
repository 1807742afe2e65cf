"""`loyalty verify-receipt`: a receipt is checked with its file and a public key, and nothing else."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from seals.receipt import (
    RECEIPT_BYTES_MAX,
    Receipt,
    ReceiptInvalidError,
    check_receipt,
    decode_receipt,
    entry_fields,
)
from seals.signing import KEY_BYTES, fingerprint
from seals.statement import read_statement
from service.command_line.connection import JsonOption
from service.command_line.failing import CommandFailedError
from service.command_line.output import Plain, console, error_console, print_json
from service.seal_keys import KEY_FILE_BYTES_MAX, read_public_keys

_HEX_KEY: Final = re.compile(rf"[0-9a-fA-F]{{{2 * KEY_BYTES}}}")


def verify_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt; - reads standard input.")],
    public_key: Annotated[
        str | None,
        typer.Option(
            "--public-key",
            metavar="FILE|HEX",
            help="The key that seals are signed with: a PEM file, or 64 hexadecimal digits.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a receipt without the service and its database. Exit code 1 where it does not hold, and why.

    Without --public-key it shows only that the receipt fits the key that it names: compare the fingerprint.

    Example: loyalty verify-receipt receipt.json --public-key seal-key.pub
    """
    trusted = None if public_key is None else _keys(public_key)
    receipt, problems = _check(_read(file), trusted)
    if as_json:
        print_json(_plain(receipt, problems, trusted is not None))
    elif receipt is not None and not problems:
        _print(receipt, trusted is not None)
    else:
        for problem in problems:
            error_console.print("[red]not proven:[/red]", escape(problem), soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def _check(content: bytes, trusted: frozenset[bytes] | None) -> tuple[Receipt | None, list[str]]:
    try:
        receipt = decode_receipt(content)
    except ReceiptInvalidError as error:
        return None, [f"it is no receipt: {error}"]
    if trusted is None:
        return receipt, check_receipt(receipt, None)
    # With several trusted keys the one that the receipt names is taken, if it is one of them.
    named = bytes.fromhex(receipt.seal.public_key)
    return receipt, check_receipt(receipt, named if named in trusted else min(trusted))


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(RECEIPT_BYTES_MAX + 1)
        with file.open("rb") as stream:
            return stream.read(RECEIPT_BYTES_MAX + 1)
    except OSError as error:
        raise CommandFailedError(f"{file}: {error.strerror}") from None


def _keys(given: str) -> frozenset[bytes]:
    """The public keys of the option."""
    if _HEX_KEY.fullmatch(given):
        return frozenset({bytes.fromhex(given)})
    try:
        with Path(given).open("rb") as stream:
            return read_public_keys(stream.read(KEY_FILE_BYTES_MAX))
    except OSError as error:
        raise CommandFailedError(
            f"--public-key {given}: {error.strerror}; give a PEM file or {2 * KEY_BYTES} hexadecimal digits"
        ) from None
    except ValueError as error:
        raise CommandFailedError(f"--public-key {given}: {error}") from None


def _plain(receipt: Receipt | None, problems: list[str], trusted: bool) -> dict[str, Plain]:
    """The outcome for scripts."""
    reasons: list[Plain] = [*problems]
    outcome: dict[str, Plain] = {"proven": not problems, "problems": reasons, "key_trusted": trusted}
    if receipt is None or problems:
        return outcome
    statement = read_statement(receipt.seal.statement)
    fields: Plain = msgspec.to_builtins(entry_fields(receipt))
    changes: Plain = msgspec.json.decode(receipt.entry.changes)
    return outcome | {
        "program_id": receipt.program_id,
        "member_id": receipt.member_id,
        "seq": receipt.seq,
        "fields": fields,
        "changes": changes,
        "seal_number": statement.number,
        "seal_time": _time(statement.time_us),
        "root": statement.root.hex(),
        "public_key": statement.public_key.hex(),
        "fingerprint": fingerprint(statement.public_key),
    }


def _print(receipt: Receipt, trusted: bool) -> None:
    fields = entry_fields(receipt)
    statement = read_statement(receipt.seal.statement)
    table = Table(title="Proven", show_header=False)
    rows = (
        ("entry", f"{receipt.seq} of member {receipt.member_id} of {receipt.program_id}"),
        ("what", fields.kind),
        ("order", fields.order_id),
        ("effective", _time(fields.effective_us)),
        ("recorded", _time(fields.recorded_us)),
        ("available after it", f"{fields.balance.available:,} points"),
        ("changes", receipt.entry.changes),
        ("seal", f"{statement.number} of {_time(statement.time_us)}"),
        ("sealed with it", f"{statement.entries:,} entries of {statement.members:,} members"),
    )
    for name, value in rows:
        if value:
            table.add_row(name, escape(value))
    console.print(table)
    # Not in the table: in a narrow one they would be broken into pieces that cannot be copied.
    console.print(f"Key {statement.public_key.hex()}", soft_wrap=True)
    console.print(f"Its fingerprint {fingerprint(statement.public_key)}", soft_wrap=True)
    if trusted:
        console.print("[green]The entry stands under a seal signed with the trusted key.[/green]")
    else:
        console.print(
            "[yellow]The entry stands under a seal signed with the key above. Compare its fingerprint with"
            " one you trust, or name that key with --public-key.[/yellow]",
            soft_wrap=True,
        )


def _time(instant_us: int) -> str:
    seconds, micros = divmod(instant_us, 1_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    except (OverflowError, ValueError, OSError):  # a receipt that nobody trusted may say anything
        return f"{instant_us} µs"
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
