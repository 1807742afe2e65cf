"""`loyalty verify-receipt`: what it says and how it ends, with a file and a key alone."""

import json
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from seals.receipt import encode_receipt
from seals.signing import Signer, fingerprint
from service.command_line.failing import CommandFailedError
from service.command_line.main import app
from tests.seals.building import SIGNER, Sealed, journal_of

RECEIPT: Final = encode_receipt(
    Sealed({"[b]17850": journal_of("[b]17850", 3)}).receipt("[b]17850", 2)
).decode()
KEY: Final = SIGNER.public_key.hex()
OTHER_KEY: Final = Signer.from_seed(bytes(32)).public_key.hex()


def check(path: Path, content: str, *options: str) -> Result:
    """The command on a file of this content."""
    file = path / "receipt.json"
    file.write_text(content, encoding="utf-8")
    return CliRunner().invoke(app, ["verify-receipt", str(file), *options])


def test_what_was_proven_is_shown_with_the_key(tmp_path: Path) -> None:
    shown = check(tmp_path, RECEIPT, "--public-key", KEY)
    assert shown.exit_code == 0
    for words in ("2 of member [b]17850", "order_settled", "o2", "3 points", KEY, "the trusted key"):
        assert words in " ".join(shown.output.split()), words


def test_without_a_key_it_says_what_is_left_to_compare(tmp_path: Path) -> None:
    shown = check(tmp_path, RECEIPT)
    assert shown.exit_code == 0
    assert fingerprint(SIGNER.public_key) in shown.output
    assert "Compare its fingerprint" in shown.output


def test_scripts_get_one_document(tmp_path: Path) -> None:
    outcome = json.loads(check(tmp_path, RECEIPT, "--public-key", KEY.upper(), "--json").output)
    assert (outcome["proven"], outcome["key_trusted"], outcome["problems"]) == (True, True, [])
    assert (outcome["member_id"], outcome["seq"], outcome["public_key"]) == ("[b]17850", 2, KEY)
    refused = check(tmp_path, RECEIPT.replace("o2", "o3"), "--json")
    assert refused.exit_code == 1
    outcome = json.loads(refused.output)
    assert (outcome["proven"], outcome["key_trusted"], len(outcome["problems"])) == (False, False, 1)


def test_a_receipt_is_read_from_standard_input() -> None:
    assert CliRunner().invoke(app, ["verify-receipt", "-"], input=RECEIPT).exit_code == 0
    assert CliRunner().invoke(app, ["verify-receipt", "-"], input=RECEIPT + " ").exit_code == 1


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (RECEIPT.replace("o2", "o3"), (), "not what was written"),
        (RECEIPT + "\n", (), "no receipt"),
        ("{}", (), "no receipt"),
        ("", (), "no receipt"),
        (RECEIPT, ("--public-key", OTHER_KEY), "another key"),
    ],
)
def test_what_is_not_proven_is_said_with_the_reason(
    tmp_path: Path, content: str, options: tuple[str, ...], words: str
) -> None:
    refused = check(tmp_path, content, *options)
    assert refused.exit_code == 1
    assert words in refused.stderr
    assert "not proven" in refused.stderr


@pytest.mark.parametrize("key", ["nonsense", "abcd", "{path}/receipt.json", "{path}"])
def test_a_key_that_is_none_is_named(tmp_path: Path, key: str) -> None:
    failed = check(tmp_path, RECEIPT, "--public-key", key.format(path=tmp_path))
    assert isinstance(failed.exception, CommandFailedError)
    assert str(failed.exception).startswith("--public-key")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    failed = CliRunner().invoke(app, ["verify-receipt", str(tmp_path / "none.json")])
    assert isinstance(failed.exception, CommandFailedError)
    assert "none.json" in str(failed.exception)
