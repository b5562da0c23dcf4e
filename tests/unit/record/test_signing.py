"""Ed25519 signatures: those of the standard, and every unusable key told from a false signature."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sortition.lottery.signing import KeyUnusableError, sign, verify

# RFC 8032, section 7.1, test 2.
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
EXPECTED = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
KEY = Ed25519PrivateKey.from_private_bytes(SECRET)


def private(key: object = KEY, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def public(key: object = KEY) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_the_signature_is_the_standards():
    assert sign(b"\x72", private()) == EXPECTED
    assert verify(b"\x72", EXPECTED, public())


@settings(deadline=None)
@given(st.binary(), st.integers(0, 511))
def test_a_changed_bit_anywhere_is_refused(content, bit):
    signature = bytearray(sign(content, private()))
    assert verify(content, bytes(signature), public())
    assert not verify(content + b"\n", bytes(signature), public())
    signature[bit // 8] ^= 1 << bit % 8
    assert not verify(content, bytes(signature), public())


@pytest.mark.parametrize("signature", [b"", b"short", EXPECTED + b"\n"])
def test_a_signature_of_another_length_is_refused(signature):
    assert not verify(b"\x72", signature, public())


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (private(encryption=BestAvailableEncryption(b"secret")), "encrypted"),
        (private(ec.generate_private_key(ec.SECP256R1())), "another kind"),
        (public(), "no private key"),
        (b"", "no private key"),
        (b"\xff\x00", "no private key"),
    ],
)
def test_a_key_that_cannot_sign_is_an_error_that_helps(key, says):
    with pytest.raises(KeyUnusableError, match=says) as caught:
        sign(b"", key)
    assert "openssl" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (private(), "private key"),
        (public(ec.generate_private_key(ec.SECP256R1())), "another kind"),
        (b"", "no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key"),
    ],
)
def test_a_key_that_cannot_check_is_an_error_that_helps(key, says):
    with pytest.raises(KeyUnusableError, match=says) as caught:
        verify(b"", EXPECTED, key)
    assert "openssl" in str(caught.value)
