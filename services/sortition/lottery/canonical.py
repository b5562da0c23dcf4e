"""Canonical bytes of the published files: JSON after RFC 8785, so that equal content has equal bytes.

Numbers are integers of at most 53 bits; rationals are text "p/q" in lowest terms. No float is ever written,
so nothing depends on how a language prints one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

import rfc8785

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"


def write(value: JSON) -> bytes:
    """The canonical bytes of `value`. Raises ValueError for integers beyond 53 bits, lone surrogates."""
    return rfc8785.dumps(value)


def assemble(parts: Mapping[str, bytes]) -> bytes:
    """The canonical bytes of the object whose members' canonical bytes are `parts` (each written once)."""
    names = sorted(parts, key=lambda name: name.encode("utf-16-be"))
    return b"{" + b",".join(write(name) + b":" + parts[name] for name in names) + b"}"


def sha256(content: bytes) -> str:
    """SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def rational(value: Fraction) -> str:
    """`value` as "p/q" in lowest terms with q >= 1; zero is "0/1"."""
    return f"{value.numerator}/{value.denominator}"
