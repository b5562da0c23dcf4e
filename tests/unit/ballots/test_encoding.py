"""One form per content: canonical JSON, base64url, the Merkle tree; and the recount's own arithmetic."""

from __future__ import annotations

import hashlib
import secrets

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.deliberation.ballots import encoding, recount
from services.deliberation.ballots.errors import BadInput

texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(values)
def test_canonical_bytes_are_those_of_another_implementation(value: encoding.JSON) -> None:
    content = encoding.canonical(value)
    assert content == rfc8785.dumps(value)  # type: ignore[arg-type]
    assert encoding.parse(content) == value


@pytest.mark.parametrize("value", [1.0, 2**53, -(2**53), "\ud800", {"\ud800": 1}, float("nan")])
def test_what_canonical_json_cannot_hold(value: object) -> None:
    with pytest.raises(BadInput, match="NOT_CANONICAL"):
        encoding.canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b"[1]\n",
        b"1.0",
        b"01",
        b"-0",
        b"1e2",
        b"NaN",
        b"Infinity",
        b'"\\u0041"',
        b'"\xff"',
        b"9007199254740992",
        b"[" * 100000,
        b"",
        b"1" * 5000,
        b"\xef\xbb\xbf1",
    ],
)
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="NOT_CANONICAL"):
        encoding.parse(content)
    with pytest.raises(ValueError):  # noqa: PT011 - any kind of it
        recount.read(content)


@given(st.binary(max_size=80))
def test_base64url_and_back(content: bytes) -> None:
    text = encoding.to_base64url(content)
    assert encoding.from_base64url(text) == content
    assert recount.is_base64(text, len(content)) == (content != b"")


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "AA\n", " AA", "A+8A", "A/8A", "ÆØÅA", "AAA=", "AA-é"])
def test_other_base64_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="NOT_BASE64URL"):
        encoding.from_base64url(text)
    assert not recount.is_base64(text, *range(100))


def test_base64url_of_another_length_is_refused() -> None:
    with pytest.raises(BadInput, match="NOT_BASE64URL"):
        encoding.from_base64url("AAAA", 2)
    assert not recount.is_base64("AAAA", 2)


def rfc_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 § 2.1.1 word for word: split at the largest power of two under n."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + rfc_root(leaves[:k]) + rfc_root(leaves[k:])).digest()


@pytest.mark.parametrize("size", [*range(34), 100, 129])
def test_the_tree_is_the_rfcs(size: int) -> None:
    leaves = [encoding.leaf(bytes([i])) for i in range(size)]
    root = encoding.merkle_root(leaves)
    assert root == rfc_root(leaves) == recount.merkle_root(leaves)
    for index in range(size):
        other = [*leaves[:index], encoding.leaf(b"other"), *leaves[index + 1 :]]
        assert encoding.merkle_root(other) != root
        assert encoding.merkle_root([*leaves[:index], *leaves[index + 1 :]]) != root


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_the_recounts_ed25519_agrees_with_the_library(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert recount.ed25519(public, message, signature)
    assert not recount.ed25519(public, message + b"x", signature)
    order = recount.L
    s = int.from_bytes(signature[32:], "little")
    # The same s plus the order would do in the equation: it must be refused, or a byte could change unseen.
    assert not recount.ed25519(public, message, signature[:32] + (s + order).to_bytes(32, "little"))


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_points_and_scalars_that_are_none_are_refused_alike(public: bytes, signature: bytes) -> None:
    assert recount.ed25519(public, b"m", signature) == library(public, b"m", signature)


@pytest.mark.parametrize("y", [0, 1, 2, recount.P - 1, recount.P, recount.P + 1, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_odd_points(y: int, sign: int) -> None:
    public = (y % 2**255 | sign << 255).to_bytes(32, "little")
    assert recount.ed25519(public, b"m", bytes(64)) in (False, library(public, b"m", bytes(64)))


def library(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


RSA = rsa.generate_private_key(65537, 2048)
N = RSA.public_key().public_numbers().n


def pss(message: bytes, salt: int = 48, hash_: hashes.HashAlgorithm | None = None) -> bytes:
    algorithm = hash_ or hashes.SHA384()
    return RSA.sign(message, padding.PSS(padding.MGF1(algorithm), salt), algorithm)


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 2047))
def test_the_recounts_rsa_pss_agrees_with_the_library(message: bytes, bit: int) -> None:
    signature = pss(message)
    assert recount.rsa_pss(N, message, signature)
    assert not recount.rsa_pss(N, message + b"x", signature)
    flipped = int.from_bytes(signature) ^ 1 << bit
    assert not recount.rsa_pss(N, message, flipped.to_bytes(256))


def test_other_paddings_and_sizes_are_refused() -> None:
    assert not recount.rsa_pss(N, b"m", pss(b"m", salt=32))
    assert not recount.rsa_pss(N, b"m", pss(b"m", salt=0))
    assert not recount.rsa_pss(N, b"m", pss(b"m", hash_=hashes.SHA256()))
    assert not recount.rsa_pss(N, b"m", RSA.sign(b"m", padding.PKCS1v15(), hashes.SHA384()))
    signature = pss(b"m")
    assert not recount.rsa_pss(N, b"m", signature[:-1])
    assert not recount.rsa_pss(N, b"m", b"\0" + signature)
    assert not recount.rsa_pss(N, b"m", b"\xff" * 256)
    assert not recount.rsa_pss(N, b"m", secrets.token_bytes(256))
