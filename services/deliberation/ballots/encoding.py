"""One form for every published byte: canonical JSON, strict base64url, a Merkle tree over the entries.

Equal content has equal bytes and other bytes are refused, so a digest or signature covers what is written.
Sources: RFC 8785 (canonical JSON; here integers of at most 53 bits and no floats), RFC 4648 § 5 (base64url,
without padding, with the unused bits zero), RFC 9162 § 2.1 (Merkle tree).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from services.deliberation.ballots.errors import bad

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"
RandomBytes: TypeAlias = Callable[[int], bytes]
MOST_DIGITS = 16


def sha256(content: bytes) -> bytes:
    """SHA-256 (FIPS 180-4), 32 bytes."""
    return hashlib.sha256(content).digest()


def canonical(value: JSON) -> bytes:
    """The only bytes of `value`. Raises BadInput for what JSON here cannot hold (floats, lone surrogates)."""

    def ordered(value: JSON) -> JSON:
        if isinstance(value, dict):
            names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
            return {name: ordered(value[name]) for name in names}
        if isinstance(value, list):
            return [ordered(item) for item in value]
        if isinstance(value, int) and abs(value) >= 2**53:
            raise bad("NOT_CANONICAL")
        if not isinstance(value, str | int | None):
            raise bad("NOT_CANONICAL")
        return value

    try:
        return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise bad("NOT_CANONICAL") from None


def parse(content: bytes) -> Any:
    """The value that `content` is the canonical form of.

    Raises BadInput (NOT_CANONICAL) for everything else: doubled keys, other white space, trailing bytes,
    numbers that are no integers of 53 bits, other escapes.
    """

    def whole(text: str) -> int:
        if len(text.lstrip("-")) > MOST_DIGITS or not text.lstrip("-").isdigit():
            raise ValueError
        return int(text)

    try:
        # A doubled key is lost here and so missing from the bytes that are compared below.
        value = json.loads(content.decode(), parse_int=whole, parse_float=whole, parse_constant=whole)
        same = canonical(value) == content
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise bad("NOT_CANONICAL")
    return value


def to_base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str, length: int | None = None) -> bytes:
    """The bytes of strict base64url, `length` of them if given. Raises BadInput (NOT_BASE64URL)."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise bad("NOT_BASE64URL") from None
    # Written anew it must be the same: other alphabets, padding and set unused bits fall out here.
    if to_base64url(content) != text or (length is not None and len(content) != length):
        raise bad("NOT_BASE64URL")
    return content


def leaf(entry: bytes) -> bytes:
    """The hash of one entry, told apart from inner nodes by its first byte."""
    return sha256(b"\x00" + entry)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes in order; that of no leaves is SHA-256 of nothing (RFC 9162 § 2.1.1)."""
    if not leaves:
        return sha256(b"")
    level = list(leaves)
    # Pairing neighbours and carrying an odd last one up makes RFC 9162's tree: its left part is a power of 2.
    while len(level) > 1:
        pairs = [sha256(b"\x01" + a + b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]
