"""Ties are broken by lots that a seed fixes: the same on every platform, whatever the order of the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def lot(seed: str, purpose: str, *ids: str) -> bytes:
    """The lot of a name, 32 bytes, lower first: SHA-256 of the parts, each preceded by its length in bytes.

    `purpose` keeps the uses of a seed apart. Ids that differ never share a lot in practice.
    """
    digest = hashlib.sha256()
    for part in ("borgerting match v1", purpose, seed, *ids):
        content = part.encode()
        digest.update(len(content).to_bytes(4, "big") + content)
    return digest.digest()


def drawn(seed: str, purpose: str, ids: Iterable[str]) -> list[str]:
    """The ids in the order of their lots."""
    return sorted(ids, key=lambda each: (lot(seed, purpose, each), each))
