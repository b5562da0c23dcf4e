"""What people write: one line or several, tidied, and held to its limit."""

from __future__ import annotations

import unicodedata

from chassis.errors import FieldViolation
from chassis.writing import is_unprintable


def one_line(text: str) -> str:
    """Without blanks around it, with single ones inside; composed (NFC), so that equal words are equal."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def lines(text: str) -> str:
    """Without blanks around it; line ends as `\\n`, however the text came in; composed (NFC)."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", "\n".join(line.rstrip() for line in ends.split("\n")).strip())


def violations(field: str, text: str, limit: int, *, required: bool = False) -> list[FieldViolation]:
    """What is wrong with a tidied text; `limit` in characters. Control characters are no text."""
    if required and not text:
        return [FieldViolation(field, "TEXT_REQUIRED")]
    if len(text) > limit:
        metadata = {"limit": str(limit), "length": str(len(text))}
        return [FieldViolation(field, "TEXT_TOO_LONG", metadata)]
    if is_unprintable(text):
        return [FieldViolation(field, "TEXT_UNPRINTABLE")]
    return []
