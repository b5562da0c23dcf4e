"""Salted commitments: how each volunteer can check that they were in the pool, and nobody else can.

A person's commitment is SHA-256 over the canonical JSON of their opening (`opening`). The salt (128 bits)
keeps five answers from being guessed out of it; salts and random ids come fresh from `token_bytes` for each
draw, never from the seed, and are used nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.sortition.lottery import canonical

OPENING = "borgerting.receipt/1"
SALT_BYTES = 16
ID_LENGTH = 10
# Crockford's base 32: no I, L, O or U, so that an id can be read aloud and typed from paper.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Identity:
    """One person in one draw: an id that means nothing elsewhere, and the salt of their commitment (hex)."""

    random_id: str
    salt: str


def mint(ids: Sequence[str], token_bytes: Callable[[int], bytes]) -> dict[str, Identity]:
    """A fresh identity for each of the pool's `ids`; random ids are unique within the pool.

    `token_bytes(n)` gives n unpredictable bytes (`secrets.token_bytes` in earnest). Raises ValueError if it
    keeps repeating itself.
    """
    identities: dict[str, Identity] = {}
    taken: set[str] = set()
    for person in ids:
        for _ in range(16):
            # 256 is a multiple of 32, so the low five bits of each byte are uniform.
            random_id = "".join(_ALPHABET[byte & 31] for byte in token_bytes(ID_LENGTH))
            if random_id not in taken:
                break
        else:
            raise ValueError("the source of randomness repeats itself: no fresh random id in 16 attempts")
        taken.add(random_id)
        identities[person] = Identity(random_id, token_bytes(SALT_BYTES).hex())
    return identities


def opening(person: str, identity: Identity, values: Mapping[str, str]) -> bytes:
    """The bytes that a commitment is the SHA-256 of: own id, random id, salt, value per feature."""
    return canonical.write(
        {
            "id": person,
            "random_id": identity.random_id,
            "salt": identity.salt,
            "values": dict(values),
            "version": OPENING,
        }
    )


def commit(person: str, identity: Identity, values: Mapping[str, str]) -> str:
    """The commitment of one person, 64 hexadecimal digits."""
    return canonical.sha256(opening(person, identity, values))
