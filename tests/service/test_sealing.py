"""The periodic sealing: whose key it signs with, what it writes outside the database, and what it refuses."""

import asyncio
import stat
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from seals.export import ExportInvalidError, read_export
from seals.signing import Signer
from service.seal_files import SealDirectory, seal_file_name, write_seal_file
from service.seal_keys import SealKeyError, SealKeys, load_seal_keys, read_public_keys
from service.sealing import load_signer, seal_programs
from service.settings import Settings
from store.programs import apply_program
from store.seals import seals_above
from tests.running_service import DEMO
from tests.store.opened import PROGRAM, Opened, opened, settle

SIGNER: Final = Signer.from_seed(bytes(range(32)))
ELSEWHERE: Final = "postgresql://elsewhere/d"


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LOYALTY_{name.upper()}", raising=False)


def names(directory: Path) -> list[str]:
    """The names of a directory's files."""
    return sorted(path.name for path in directory.iterdir())


def private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def keys_of(path: Path, content: bytes) -> SealKeys:
    path.write_bytes(content)
    return load_seal_keys(Settings.load({"seal_key_file": path, "database_url": ELSEWHERE}))


def test_a_private_store_gets_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = Settings.load({"data_dir": tmp_path / "data"})
    first = load_seal_keys(settings)

    path = tmp_path / "data" / "seal-key.pem"
    assert settings.seal_key_path == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.signer is not None
    assert first.trusted == load_seal_keys(settings).trusted == {first.signer.public_key}
    assert names(path.parent) == ["seal-key.pem"]


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    settings = Settings.load({"data_dir": tmp_path})
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_seal_keys(settings).trusted, range(8)))

    assert len(set(keys)) == 1


def test_on_a_database_of_ones_own_nothing_is_sealed_without_a_key(tmp_path: Path) -> None:
    settings = Settings.load({"database_url": ELSEWHERE, "data_dir": tmp_path})

    assert (settings.seal_key_path, settings.seal_export_path) == (None, None)
    assert load_seal_keys(settings) == SealKeys()
    assert load_signer(settings) is None
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_signs_with_its_private_key_and_trusts_the_public_ones(tmp_path: Path) -> None:
    new, old, older = (Ed25519PrivateKey.generate() for _ in range(3))
    keys = keys_of(
        tmp_path / "keys.pem", b"# ours\n" + private_pem(new) + public_pem(old) + public_pem(older)
    )

    assert keys.signer is not None
    assert keys.signer.public_key == new.public_key().public_bytes_raw()
    assert keys.trusted == {key.public_key().public_bytes_raw() for key in (new, old, older)}
    only_public = keys_of(tmp_path / "keys.pem", public_pem(old))
    assert only_public == SealKeys(None, frozenset({old.public_key().public_bytes_raw()}))
    assert read_public_keys(private_pem(new)) == {new.public_key().public_bytes_raw()}


ED25519: Final = Ed25519PrivateKey.generate()
OTHER_KIND: Final = generate_private_key(SECP256R1())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no key"),
        (b"garbage", "no key"),
        (private_pem(ED25519) + private_pem(Ed25519PrivateKey.generate()), "one private key"),
        (OTHER_KIND.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "Ed25519"),
        (
            OTHER_KIND.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "Ed25519",
        ),
        (
            ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
            "without a password",
        ),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ""),
        (b"x" * 100_000, "longer than"),
    ],
)
def test_a_file_that_is_no_key_is_refused_by_its_name(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "keys.pem"
    with pytest.raises(SealKeyError) as refused:
        keys_of(path, content)
    assert f"LOYALTY_SEAL_KEY_FILE={path}" in str(refused.value)
    assert words in str(refused.value)


def test_a_key_file_that_was_named_is_not_made(tmp_path: Path) -> None:
    settings = Settings.load({"seal_key_file": tmp_path / "none.pem", "data_dir": tmp_path})
    with pytest.raises(SealKeyError, match="openssl genpkey"):
        load_seal_keys(settings)


@pytest.mark.parametrize(
    "program_id", ["demo", "a/../b", "..", "会员 计划", "x" * 128, "/" * 128, "a-1.json"]
)
def test_every_program_has_files_of_its_own(tmp_path: Path, program_id: str) -> None:
    """Whatever an id looks like, its file stands in the directory, and under no other program's name."""
    for number in (1, 2, 10):
        assert write_seal_file(tmp_path, program_id, number, b"seal")
    files = SealDirectory(tmp_path)

    assert files.newest(program_id) == 10
    assert files.newest("another") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        seal_file_name(program_id, number) for number in (1, 2, 10)
    )


def test_an_exported_seal_is_never_written_over(tmp_path: Path) -> None:
    assert write_seal_file(tmp_path, "demo", 1, b"one")
    assert not write_seal_file(tmp_path, "demo", 1, b"one")
    with pytest.raises(FileExistsError):
        write_seal_file(tmp_path, "demo", 1, b"other")
    assert (tmp_path / "demo-1.json").read_bytes() == b"one"


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[Opened]:
    """An open store with one entry."""
    async with opened(database_url) as store:
        await store.settled("m1", settle("o1"))
        yield store


async def test_every_program_that_changed_is_sealed_and_exported(store: Opened, tmp_path: Path) -> None:
    directory = tmp_path / "made" / "when needed"
    await apply_program(
        store.database, "second", DEMO.replace("program_id: demo", "program_id: second"), 0, "test:second"
    )
    assert await seal_programs(store.database, SIGNER, directory) == 1
    await store.lanes.execute("second", "m1", settle("o1"))
    assert await seal_programs(store.database, SIGNER, directory) == 1
    assert await seal_programs(store.database, SIGNER, directory) == 0

    assert names(directory) == ["demo-1.json", "second-1.json"]
    (signed,) = await seals_above(store.database, PROGRAM, 0, 9)
    assert read_export((directory / "demo-1.json").read_bytes()) == signed.read()


async def test_what_was_not_exported_when_it_was_sealed_is_later(store: Opened, tmp_path: Path) -> None:
    for number in range(2, 5):
        await seal_programs(store.database, SIGNER, None)
        await store.settled("m1", settle(f"o{number}"))
    assert await seal_programs(store.database, SIGNER, tmp_path) == 1

    assert names(tmp_path) == [f"demo-{number}.json" for number in range(1, 5)]


async def test_a_directory_that_cannot_be_written_does_not_stop_the_sealing(
    store: Opened, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")

    assert await seal_programs(store.database, SIGNER, in_the_way / "seals") == 1
    assert len(await seals_above(store.database, PROGRAM, 0, 9)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM seal",
        "DELETE FROM seal WHERE number = 2",
        "UPDATE seal SET signature = sha512(signature) WHERE number = 2",
    ],
)
async def test_seals_that_are_not_as_they_were_exported_get_no_successor(
    store: Opened, tmp_path: Path, statement: str
) -> None:
    """Else whoever rewrites the history and takes out its seals would be given new ones by the real key."""
    await seal_programs(store.database, SIGNER, tmp_path)
    await store.settled("m1", settle("o2"))
    await seal_programs(store.database, SIGNER, tmp_path)
    await store.sql(statement)
    before = await store.sql("SELECT * FROM seal")
    await store.settled("m1", settle("o3"))

    assert await seal_programs(store.database, SIGNER, tmp_path) == 0
    assert await store.sql("SELECT * FROM seal") == before
    assert names(tmp_path) == ["demo-1.json", "demo-2.json"]


async def test_many_processes_side_by_side_seal_everything_once(store: Opened, tmp_path: Path) -> None:
    for number in range(2, 8):
        await store.settled("m1", settle(f"o{number}"))
        made = await asyncio.gather(*(seal_programs(store.database, SIGNER, tmp_path) for _ in range(4)))
        assert sum(made) <= 1
    await seal_programs(store.database, SIGNER, tmp_path)
    seals = await seals_above(store.database, PROGRAM, 0, 99)

    assert seals[-1].read().entries == 7
    for signed in seals:
        number = signed.read().number
        assert read_export((tmp_path / f"demo-{number}.json").read_bytes()) == signed.read()


async def test_an_exported_seal_is_checked_with_what_stands_in_it(store: Opened, tmp_path: Path) -> None:
    await seal_programs(store.database, SIGNER, tmp_path)
    content = (tmp_path / "demo-1.json").read_bytes()

    for before, after in (
        (b"members: 1", b"members: 2"),
        (b'"signature": "', b'"signature": "0'),
        (b"exported seal 1", b"exported seal 2"),
        (SIGNER.public_key.hex().encode(), bytes(32).hex().encode()),
    ):
        assert before in content
        with pytest.raises(ExportInvalidError):
            read_export(content.replace(before, after, 1))
