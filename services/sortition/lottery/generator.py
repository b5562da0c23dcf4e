"""The generator that every draw uses: SHA-256 in counter mode, specified so that anyone can rebuild it.

    key      = SHA-256(UTF-8("borgerting generator v1\\n" + purpose + "\\n" + seed))
    block i  = SHA-256(key || i as 8 bytes, most significant first),  i = 0, 1, 2, …
    word j   = the j-th 8 bytes of block 0 || block 1 || …, read as an unsigned integer, high byte first
    below(n) = the next word w with w < 2**64 - (2**64 mod n), reduced modulo n (others are thrown away)
    shuffle  = for i from the last position down to 1: swap positions i and below(i + 1)

A purpose separates streams, so that one seed serves several uses without overlap. Not a library's
generator: those may change between versions, and a draw must be repeatable for decades.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_WORD = 1 << 64
_WORDS_PER_BLOCK = 4


class Generator:
    """A stream of uniform integers that depends on nothing but `seed` and `purpose`."""

    def __init__(self, seed: str, purpose: str) -> None:
        self._key = hashlib.sha256(f"borgerting generator v1\n{purpose}\n{seed}".encode()).digest()
        self._position = 0
        self._block = b""

    def word(self) -> int:
        """The next unsigned 64-bit integer of the stream."""
        index, offset = divmod(self._position, _WORDS_PER_BLOCK)
        if offset == 0:
            self._block = hashlib.sha256(self._key + index.to_bytes(8, "big")).digest()
        self._position += 1
        return int.from_bytes(self._block[offset * 8 : offset * 8 + 8], "big")

    def below(self, n: int) -> int:
        """A uniform integer in 0 … n - 1. Raises ValueError unless 1 <= n <= 2**64."""
        if not 1 <= n <= _WORD:
            raise ValueError(f"below({n}): n must be from 1 to 2**64")
        limit = _WORD - _WORD % n
        while True:
            word = self.word()
            if word < limit:
                return word % n

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """A new list with the items in uniformly random order (Fisher-Yates, from the end)."""
        result = list(items)
        for i in range(len(result) - 1, 0, -1):
            j = self.below(i + 1)
            result[i], result[j] = result[j], result[i]
        return result
