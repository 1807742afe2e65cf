"""The key that seals are signed with, in a file of its own: whoever can write the database must not have it.

The file is PEM. The private key (PKCS8) signs; public keys beside it are earlier ones, whose seals are still
trusted. A file with public keys only serves where seals are checked and not made.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from seals.signing import Signer
from service.settings import Settings

KEY_FILE_BYTES_MAX: Final = 64 * 1024
PRIVATE: Final = "PRIVATE KEY"
PUBLIC: Final = "PUBLIC KEY"

_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


class SealKeyError(Exception):
    """The key file cannot be used; the text names the setting, the file and what to do."""


@dataclass(frozen=True, slots=True)
class SealKeys:
    """What a process knows of keys: one to sign with, if it has one, and the public keys it trusts."""

    signer: Signer | None = None
    trusted: frozenset[bytes] = frozenset()


def load_seal_keys(settings: Settings) -> SealKeys:
    """The keys of the settings; none where no file is named and the database is not the service's own.

    The file of a private store is made where it is missing. Raises SealKeyError.
    """
    path = settings.seal_key_path
    if path is None:
        return SealKeys()
    try:
        if settings.seal_key_file is None:
            _make_if_missing(path)
        content = path.read_bytes()
    except FileNotFoundError:
        raise _unusable(
            path, "is not there; make it with `openssl genpkey -algorithm ed25519 -out FILE`"
        ) from None
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from None
    if len(content) > KEY_FILE_BYTES_MAX:
        raise _unusable(path, f"is longer than {KEY_FILE_BYTES_MAX} bytes")
    return _read(path, content)


def read_public_keys(content: bytes) -> frozenset[bytes]:
    """The public keys in a PEM text, those of private keys included. Raises ValueError saying why not."""
    return _keys(content).trusted


def _read(path: Path, content: bytes) -> SealKeys:
    try:
        return _keys(content)
    except ValueError as error:
        raise _unusable(path, str(error)) from None


def _keys(content: bytes) -> SealKeys:
    signer: Signer | None = None
    trusted: set[bytes] = set()
    for block in _BLOCK.finditer(content):
        kind = block[1].decode()
        try:
            if kind == PRIVATE:
                private = load_pem_private_key(block[0], password=None)
                if not isinstance(private, Ed25519PrivateKey) or signer is not None:
                    raise ValueError("must hold one private key at most, an Ed25519 one")
                signer = Signer(private)
                trusted.add(signer.public_key)
            elif kind == PUBLIC:
                public = load_pem_public_key(block[0])
                if not isinstance(public, Ed25519PublicKey):
                    raise ValueError("must hold Ed25519 keys only")
                trusted.add(public.public_bytes_raw())
            else:
                raise ValueError(f"holds a {kind}; a private key must be PKCS8 without a password")
        except (UnsupportedAlgorithm, TypeError) as error:
            raise ValueError(f"holds a key that cannot be read: {error}") from None
    if not trusted:
        raise ValueError("holds no key in PEM")
    return SealKeys(signer, frozenset(trusted))


def _make_if_missing(path: Path) -> None:
    """Make a key file that only its owner may read. Of several makers at once one wins, whole."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".seal-key-")  # 0600 by itself
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()


def _unusable(path: Path, what: str) -> SealKeyError:
    return SealKeyError(f"LOYALTY_SEAL_KEY_FILE={path}: {what}")
