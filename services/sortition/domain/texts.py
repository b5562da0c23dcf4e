"""Texts that people write, held to their limits."""

from __future__ import annotations

from chassis.errors import FieldViolation
from chassis.writing import is_unprintable


def faults(field: str, text: str, limit: int, *, required: bool = False) -> list[FieldViolation]:
    """What is wrong with a trimmed text of at most `limit` characters."""
    if required and not text:
        return [FieldViolation(field, "REQUIRED")]
    if len(text) > limit:
        return [FieldViolation(field, "TOO_LONG", {"limit": str(limit)})]
    if is_unprintable(text):
        return [FieldViolation(field, "TEXT_UNPRINTABLE")]
    return []
