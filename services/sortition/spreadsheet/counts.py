"""A count of people from a cell: a whole number, not negative, however the program stored it."""

from __future__ import annotations

import re

from . import normal
from .findings import Reason

LARGEST = 1_000_000_000

# '12.0' and '12,00' are how programs export the count 12. '1.000' is not: in Danish it means a thousand.
_WHOLE = re.compile(r"[0-9]+(?:[.,]0{1,2})?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_MINUS_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{HYPHEN}": "-"})


def parse(cell: str) -> int | Reason:
    """The count in the cell, or why it is none (EMPTY_COUNT, COUNT_NOT_A_NUMBER, COUNT_NEGATIVE, …)."""
    text = normal.value(cell).translate(_MINUS_SIGNS)
    if not text:
        return Reason.EMPTY_COUNT
    if _WHOLE.fullmatch(text):
        digits = re.split("[.,]", text)[0].lstrip("0") or "0"
        return int(digits) if len(digits) <= 9 else Reason.COUNT_TOO_LARGE
    if not _NUMBER.fullmatch(text):
        return Reason.COUNT_NOT_A_NUMBER
    if text.startswith("-"):
        return Reason.COUNT_NEGATIVE
    return Reason.COUNT_FRACTION if re.search("[.,]", text) else Reason.COUNT_NOT_A_NUMBER
