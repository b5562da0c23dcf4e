"""The municipality's signature: Ed25519 (RFC 8032) over a file's bytes, in a file of its own beside it.

The signature is the 64 raw bytes, so that `openssl pkeyutl -verify -rawin` checks it without us.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.sortition.lottery.errors import LotteryError

SUFFIX = ".sig"
_MAKE_ONE = (
    "make one with: openssl genpkey -algorithm ed25519 -out key.pem, "
    "and its public half with: openssl pkey -in key.pem -pubout -out public.pem"
)


class KeyUnusableError(LotteryError):
    """The file is no key that can do this. The text says what it is instead, and how to make one."""


def sign(content: bytes, private_key: bytes) -> bytes:
    """The 64 bytes of the signature of `content`; `private_key` is an unencrypted PEM (PKCS #8).

    Raises KeyUnusableError.
    """
    try:
        key = load_pem_private_key(private_key, password=None)
    except TypeError as error:
        raise KeyUnusableError(
            "the key is encrypted: decrypt it first, with: openssl pkey -in key.pem -out open.pem"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusableError(f"the file is no private key in PEM form: {_MAKE_ONE}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusableError(f"the key is of another kind than Ed25519: {_MAKE_ONE}")
    return key.sign(content)


def verify(content: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether `signature` is that of `content` under a public key (PEM). Raises KeyUnusableError."""
    try:
        key = load_pem_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"PRIVATE KEY" in public_key:
            raise KeyUnusableError(
                "this is a private key: checking needs the public half, "
                "from: openssl pkey -in key.pem -pubout -out public.pem"
            ) from error
        raise KeyUnusableError(f"the file is no public key in PEM form: {_MAKE_ONE}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusableError(f"the key is of another kind than Ed25519: {_MAKE_ONE}")
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
