"""RSA blind signatures, RFC 9474, variant RSABSSA-SHA384-PSS-Randomized: the signer never sees what it signs.

Client: `prepare`, `blind`, `finalize`. Signer: `blind_sign`. Anyone: `verify`, which is plain RSA-PSS.
Messages and signatures are bytes, `modulus_len` of them where the RFC says so; randomness is handed in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import gmpy2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from services.deliberation.ballots.encoding import RandomBytes
from services.deliberation.ballots.errors import bad, refused

BITS = 3072  # of a fresh modulus: 128 bits of security (NIST SP 800-57)
LEAST_BITS, MOST_BITS = 2048, 8192
EXPONENT = 65537
PREFIX = 32
_HASH, _SALT = 48, 48  # SHA-384 and the salt as long as it


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA modulus of whole bytes; the exponent is 65537. Raises BadInput (TOKEN_KEY_UNUSABLE)."""

    n: int

    def __post_init__(self) -> None:
        bits = self.n.bit_length()
        if not LEAST_BITS <= bits <= MOST_BITS or bits % 8 or self.n % 2 == 0:
            raise bad("TOKEN_KEY_UNUSABLE", least=LEAST_BITS)

    @property
    def size(self) -> int:
        """`modulus_len` of the RFC, in bytes."""
        return self.n.bit_length() // 8


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A signer's key for one question. It is dropped when the ballot closes (see `signer`)."""

    public: PublicKey
    d: int

    @classmethod
    def generate(cls, bits: int = BITS) -> PrivateKey:
        """A fresh key from the operating system's randomness, by `cryptography`."""
        return cls.of(rsa.generate_private_key(EXPONENT, bits))

    @classmethod
    def of(cls, key: rsa.RSAPrivateKey) -> PrivateKey:
        """From a key of `cryptography`. Raises BadInput for another exponent than 65537."""
        numbers = key.private_numbers()
        if numbers.public_numbers.e != EXPONENT:
            raise bad("TOKEN_KEY_UNUSABLE", least=LEAST_BITS)
        return cls(PublicKey(numbers.public_numbers.n), numbers.d)


def prepare(message: bytes, random_bytes: RandomBytes) -> bytes:
    """`input_msg`: the message behind 32 random bytes (RFC 9474 § 4.1, PrepareRandomize)."""
    return random_bytes(PREFIX) + message


def blind(key: PublicKey, input_msg: bytes, random_bytes: RandomBytes) -> tuple[bytes, int]:
    """`blinded_msg` for the signer, and `inv`, which the client keeps (RFC 9474 § 4.2)."""
    n = key.n
    m = int.from_bytes(_emsa_pss_encode(input_msg, n.bit_length() - 1, random_bytes(_SALT)))
    if gmpy2.gcd(m, n) != 1:
        raise refused("TOKEN_KEY_BROKEN")
    r = _unit(n, random_bytes)
    return _bytes(m * gmpy2.powmod(r, EXPONENT, n) % n, key), int(gmpy2.invert(r, n))


def blind_sign(key: PrivateKey, blinded_msg: bytes, random_bytes: RandomBytes) -> bytes:
    """`blind_sig` (RFC 9474 § 4.3), whatever stands in the blinded message.

    The exponentiation is in constant time and of a base that is multiplied by a fresh r^e first, so that its
    duration tells nothing of the key; s^e = m is checked before s leaves, since one faulty s can give the key
    away. Raises BadInput (BLINDED_MESSAGE) for a message of another size or not under the modulus, Refused
    (SIGNING_FAILED) for a fault.
    """
    n = key.public.n
    m = int.from_bytes(blinded_msg)
    if len(blinded_msg) != key.public.size or m >= n:
        raise bad("BLINDED_MESSAGE", size=key.public.size)
    r = _unit(n, random_bytes)
    blinded_base = m * gmpy2.powmod(r, EXPONENT, n) % n
    s = gmpy2.powmod_sec(blinded_base, key.d, n) * gmpy2.invert(r, n) % n
    if gmpy2.powmod(s, EXPONENT, n) != m:
        raise refused("SIGNING_FAILED")
    return _bytes(s, key.public)


def finalize(key: PublicKey, input_msg: bytes, blind_sig: bytes, inv: int) -> bytes:
    """The signature of `input_msg`, unblinded and checked (RFC 9474 § 4.4).

    Raises Refused (SIGNATURE_INVALID).
    """
    if len(blind_sig) != key.size:
        raise refused("SIGNATURE_INVALID")
    signature = _bytes(int.from_bytes(blind_sig) * gmpy2.mpz(inv) % key.n, key)
    if not verify(key, input_msg, signature):
        raise refused("SIGNATURE_INVALID")
    return signature


def verify(key: PublicKey, input_msg: bytes, signature: bytes) -> bool:
    """Whether it is an RSA-PSS signature (RFC 8017 § 8.1.2; SHA-384, salt of 48 bytes), by `cryptography`."""
    public = rsa.RSAPublicNumbers(EXPONENT, key.n).public_key()
    try:
        public.verify(
            signature, input_msg, padding.PSS(padding.MGF1(hashes.SHA384()), _SALT), hashes.SHA384()
        )
    except InvalidSignature:
        return False
    return True


def _emsa_pss_encode(message: bytes, bits: int, salt: bytes) -> bytes:
    """RFC 8017 § 9.1.1."""
    length = (bits + 7) // 8
    digest = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    data = (b"\x01" + salt).rjust(length - _HASH - 1, b"\x00")
    mask = _mgf1(digest, len(data))
    masked = bytearray(a ^ b for a, b in zip(data, mask, strict=True))
    masked[0] &= 0xFF >> (8 * length - bits)
    return bytes(masked) + digest + b"\xbc"


def _mgf1(seed: bytes, length: int) -> bytes:
    """RFC 8017 § B.2.1, with SHA-384."""
    blocks = (hashlib.sha384(seed + i.to_bytes(4)).digest() for i in range(-(-length // _HASH)))
    return b"".join(blocks)[:length]


def _unit(n: int, random_bytes: RandomBytes) -> int:
    """A uniform r in [1, n) with an inverse, by trying again (RFC 9474's random_integer_uniform)."""
    while True:
        r = int.from_bytes(random_bytes(n.bit_length() // 8))
        if 1 <= r < n and gmpy2.gcd(r, n) == 1:
            return r


def _bytes(value: object, key: PublicKey) -> bytes:
    return int(value).to_bytes(key.size)  # type: ignore[call-overload, no-any-return]
