"""Ed25519 signatures over statements."""

from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class Signer:
    """Signs statements with one private key, which it does not show."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key: Final = key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The signer of a private key of 32 bytes, as RFC 8032 has it."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, statement: str) -> bytes:
        """The signature, 64 bytes, over the statement's UTF-8."""
        return self._key.sign(statement.encode())


def signature_holds(public_key: bytes, statement: str, signature: bytes) -> bool:
    """Whether the owner of the key has signed this text. False for what is no key or no signature."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public_key: bytes) -> str:
    """A public key's name for people: SHA-256 of its 32 bytes, in hexadecimal."""
    return "SHA256:" + sha256(public_key).hexdigest()
