"""Who signs openings, boards and receipts: Ed25519 (RFC 8032). Each kind of content has a label in front.

The label keeps a signature of one kind from passing for another; the content is canonical bytes.
"""

from __future__ import annotations

from enum import StrEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.deliberation.ballots.blind import EXPONENT, LEAST_BITS, PublicKey
from services.deliberation.ballots.errors import bad


class Label(StrEnum):
    """What is signed."""

    OPENING = "borgerting opening v1\n"
    BOARD = "borgerting board v1\n"
    RECEIPT = "borgerting ballot receipt v1\n"


def sign(label: Label, content: bytes, key: Ed25519PrivateKey) -> bytes:
    """The 64 bytes of the signature of label and content."""
    return key.sign(label.encode() + content)


def verify(label: Label, content: bytes, signature: bytes, public: bytes) -> bool:
    """Whether `signature` is that of label and content under the 32 bytes of a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, label.encode() + content)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_of(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public half."""
    return key.public_key().public_bytes_raw()


def private_from_pem(pem: bytes, name: str) -> Ed25519PrivateKey:
    """An unencrypted PEM (PKCS #8). Raises BadInput (PRIVATE_KEY_UNUSABLE); `name` is the file's."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise bad("PRIVATE_KEY_UNUSABLE", file=name) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise bad("PRIVATE_KEY_UNUSABLE", file=name)
    return key


def token_key_from_pem(pem: bytes, name: str) -> PublicKey:
    """A signer's public RSA key in PEM. Raises BadInput (TOKEN_KEY_FILE); `name` is the file's."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise bad("TOKEN_KEY_FILE", file=name) from None
    if not isinstance(key, RSAPublicKey) or key.public_numbers().e != EXPONENT or key.key_size < LEAST_BITS:
        raise bad("TOKEN_KEY_FILE", file=name)
    return PublicKey(key.public_numbers().n)
