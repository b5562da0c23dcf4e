"""Randomness from a seed that is the same on every platform and in every version of Python.

A stream is MT19937 (Matsumoto and Nishimura 1998), initialised by array with the eight 32-bit words, lowest
first, of the SHA-256 of "borgerting groups v1\\n" + purpose + "\\n" + seed (UTF-8), read big-endian.
Only `random()` is used, 53 bits a call (`genrand_res53`), which Python promises to keep; whole numbers are
floor(n · random()), exact in IEEE arithmetic. The bias of at most n / 2**53 is without meaning to a search.
"""

from __future__ import annotations

import hashlib
import random
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """One stream; a `purpose` keeps the uses of a seed apart."""

    def __init__(self, seed: str, purpose: str) -> None:
        digest = hashlib.sha256(f"borgerting groups v1\n{purpose}\n{seed}".encode()).digest()
        self.random = random.Random(int.from_bytes(digest, "big")).random  # noqa: S311 - a search, no draw

    def below(self, n: int) -> int:
        """A number from 0 … n - 1."""
        return int(self.random() * n)

    def shuffle(self, items: list[T]) -> None:
        """Puts the items in random order, in place (Fisher-Yates, from the end)."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
