"""Texts that people write: trimmed, and every fault of a form at once."""

from __future__ import annotations

from chassis.errors import FieldViolation
from chassis.writing import is_unprintable

MAX_PHONE = 40


def line(text: str) -> str:
    """On one line, without doubled spaces."""
    return " ".join(text.split())


def faults(field: str, text: str, limit: int, *, required: bool = True) -> list[FieldViolation]:
    """What is wrong with a trimmed text of at most `limit` characters."""
    if required and not text:
        return [FieldViolation(field, "REQUIRED")]
    if len(text) > limit:
        return [FieldViolation(field, "TOO_LONG", {"limit": str(limit)})]
    if is_unprintable(text):
        return [FieldViolation(field, "TEXT_UNPRINTABLE")]
    return []


def phone_faults(field: str, phone: str) -> list[FieldViolation]:
    """A telephone number as people write it: digits, spaces and `+()-./`, 3 digits or more."""
    found = faults(field, phone, MAX_PHONE)
    if found:
        return found
    digits = sum(sign.isdigit() for sign in phone)
    if digits < 3 or any(not (sign.isascii() and (sign.isdigit() or sign in " +()-./")) for sign in phone):
        return [FieldViolation(field, "PHONE_INVALID")]
    return []
