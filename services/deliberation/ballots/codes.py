"""Sealed one-time codes, drawn by hand in the room: the server knows only their hashes until one is cast."""

from __future__ import annotations

from services.deliberation.ballots.encoding import RandomBytes, sha256
from services.deliberation.ballots.errors import bad

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LENGTH = 20  # 100 bits: the hashes are public while a code is good, so none may be guessed out of its hash
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def mint_codes(number: int, random_bytes: RandomBytes) -> list[str]:
    """`number` fresh codes, to print, seal and draw. Keep none: whoever has a code can vote with it."""
    # 256 is a multiple of 32, so every letter is equally likely.
    return ["".join(ALPHABET[byte % 32] for byte in random_bytes(LENGTH)) for _ in range(number)]


def printed(code: str) -> str:
    """For people: groups of five, 7K3MQ-PX2AB-…"""
    return "-".join(code[i : i + 5] for i in range(0, LENGTH, 5))


def read_code(text: str) -> str:
    """A code as typed: small letters, blanks, hyphens, O for 0, I, L for 1. Raises BadInput (CODE_SHAPE)."""
    code = text.upper().translate(_READ_AS)
    if len(code) != LENGTH or any(letter not in ALPHABET for letter in code):
        raise bad("CODE_SHAPE", length=LENGTH)
    return code


def code_hash(ballot: str, code: str) -> str:
    """What the opening record publishes of a code: it is good for that ballot only. 64 hexadecimal digits."""
    return sha256(f"borgerting code v1\n{ballot}\n{code}".encode()).hex()
