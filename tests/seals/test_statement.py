"""The statement that is signed: one text for one content, and no other way to write it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seals.signing import Signer, fingerprint, signature_holds
from seals.statement import NUMBER_MAX, Statement, StatementInvalidError, read_statement, statement_text

STATEMENT = Statement(
    program_id="demo",
    number=7,
    root=bytes(range(32)),
    previous_root=bytes(32),
    heads_digest=bytes(range(1, 33)),
    members=12,
    entries=345,
    time_us=1_764_590_400_000_000,
    public_key=bytes(range(2, 34)),
)
TEXT = """loyalty seal 1
program_id: demo
number: 7
root: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
previous_root: 0000000000000000000000000000000000000000000000000000000000000000
heads_digest: 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
members: 12
entries: 345
time_us: 1764590400000000
public_key: 02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021
"""
HASHES = st.binary(min_size=32, max_size=32)
NUMBERS = st.integers(0, NUMBER_MAX)
PROGRAM_IDS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=128)


def test_the_text_that_is_signed() -> None:
    """The format may not change: signatures were made over it."""
    assert statement_text(STATEMENT) == TEXT
    assert read_statement(TEXT) == STATEMENT


@given(st.builds(Statement, PROGRAM_IDS, NUMBERS, HASHES, HASHES, HASHES, NUMBERS, NUMBERS, NUMBERS, HASHES))
def test_a_statement_is_read_as_it_was_written(statement: Statement) -> None:
    assert read_statement(statement_text(statement)) == statement


@given(st.integers(0, len(TEXT) - 1), st.characters(exclude_categories=["Cs"]))
def test_no_two_texts_say_the_same(place: int, character: str) -> None:
    """A character that is replaced gives another statement or none."""
    text = TEXT[:place] + character + TEXT[place + 1 :]
    try:
        read = read_statement(text)
    except StatementInvalidError:
        return
    assert (read == STATEMENT) == (text == TEXT)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("loyalty seal 1", "loyalty seal 2", "line 1"),
        ("number: 7\n", "", "10 lines"),
        ("\nnumber: 7", "\nnumber: 07", "number"),
        ("\nnumber: 7", "\nnumber: -7", "number"),
        ("members: 12", f"members: {NUMBER_MAX + 1}", "members"),
        ("members: 12", "members: ١٢", "members"),
        ("members: 12", "members:12", "line 7"),
        ("root: 00", "root: 0A", "64 hexadecimal"),
        ("program_id: demo", "program_id: ", "program_id"),
        ("2021\n", "2021", "line feed"),
        ("2021\n", "2021\n\n", "line feed"),
    ],
)
def test_what_is_no_statement_is_refused_by_its_line(before: str, after: str, words: str) -> None:
    with pytest.raises(StatementInvalidError, match=words):
        read_statement(TEXT.replace(before, after, 1))


def test_a_program_cannot_add_a_line() -> None:
    """A line feed in an id would let it say something else of itself."""
    with pytest.raises(StatementInvalidError):
        statement_text(msgspec.structs.replace(STATEMENT, program_id="demo\nnumber: 8"))


def test_a_signature_is_that_of_the_standard() -> None:
    """RFC 8032, test 1 has this key; OpenSSL and others give the same signature."""
    signer = Signer.from_seed(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )

    assert signer.public_key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer.sign("").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


def test_only_the_owner_of_the_key_signs_and_only_what_was_signed() -> None:
    signer, other = Signer.from_seed(bytes(32)), Signer.from_seed(bytes(31) + b"\x01")
    signature = signer.sign(TEXT)

    assert signature_holds(signer.public_key, TEXT, signature)
    assert not signature_holds(other.public_key, TEXT, signature)
    assert not signature_holds(signer.public_key, TEXT + " ", signature)
    assert not signature_holds(signer.public_key, TEXT, signature[:-1])
    assert not signature_holds(b"short", TEXT, signature)
    assert fingerprint(signer.public_key) != fingerprint(other.public_key)
