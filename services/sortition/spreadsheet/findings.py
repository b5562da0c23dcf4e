"""What is wrong with the input: one typed finding per error, without words and without personal data.

A finding quotes only what stands in id, feature and target columns, never a name or an address. Its words,
Danish and English, come from the catalogue under its reason (`words.describe`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LONGEST_QUOTE = 80


class File(StrEnum):
    """Which input a finding is about; REQUEST is what was asked beside the files (size, limits)."""

    RESPONDENTS = "respondents"
    TARGETS = "targets"
    INCLUDE = "include"
    EXCLUDE = "exclude"
    POPULATION = "population"
    COUNTS = "counts"
    CROSS = "cross"
    REGISTER = "register"
    TOTALS = "totals"
    RATES = "rates"
    EARLIER = "earlier"
    TYPES = "types"
    REPLIES = "replies"
    CURVE = "curve"
    PANEL = "panel"
    DROPPED = "dropped"
    CANDIDATES = "candidates"
    PARTICIPATION = "participation"
    REQUEST = "request"


class Reason(StrEnum):
    """Stable reasons; each has `finding.<REASON>` (what) and `finding.<REASON>.cure` in the catalogue."""

    MISSING_FILE = "MISSING_FILE"
    UNREADABLE_FILE = "UNREADABLE_FILE"
    EMPTY_FILE = "EMPTY_FILE"
    BINARY_FILE = "BINARY_FILE"
    UNDECODABLE_FILE = "UNDECODABLE_FILE"
    BROKEN_WORKBOOK = "BROKEN_WORKBOOK"
    LOCKED_WORKBOOK = "LOCKED_WORKBOOK"
    LARGE_WORKBOOK = "LARGE_WORKBOOK"
    NO_ROWS = "NO_ROWS"
    UNCLOSED_QUOTE = "UNCLOSED_QUOTE"
    TOO_MANY_CELLS = "TOO_MANY_CELLS"
    TOO_FEW_CELLS = "TOO_FEW_CELLS"
    MISSING_COLUMN = "MISSING_COLUMN"
    MISSING_ADDRESS_COLUMN = "MISSING_ADDRESS_COLUMN"
    DUPLICATE_COLUMN = "DUPLICATE_COLUMN"
    UNKNOWN_COLUMN = "UNKNOWN_COLUMN"
    FEATURE_IS_ID = "FEATURE_IS_ID"
    EMPTY_ID = "EMPTY_ID"
    DUPLICATE_ID = "DUPLICATE_ID"
    EMPTY_VALUE = "EMPTY_VALUE"
    UNKNOWN_VALUE = "UNKNOWN_VALUE"
    EMPTY_FEATURE = "EMPTY_FEATURE"
    EMPTY_TARGET_VALUE = "EMPTY_TARGET_VALUE"
    DUPLICATE_VALUE = "DUPLICATE_VALUE"
    EMPTY_COUNT = "EMPTY_COUNT"
    COUNT_NOT_A_NUMBER = "COUNT_NOT_A_NUMBER"
    COUNT_NEGATIVE = "COUNT_NEGATIVE"
    COUNT_FRACTION = "COUNT_FRACTION"
    COUNT_TOO_LARGE = "COUNT_TOO_LARGE"
    RATE_NOT_A_SHARE = "RATE_NOT_A_SHARE"
    TYPE_TWICE = "TYPE_TWICE"
    VALUE_NOT_TARGETED = "VALUE_NOT_TARGETED"
    MIN_OVER_MAX = "MIN_OVER_MAX"
    MIN_FLEX_OVER_MIN = "MIN_FLEX_OVER_MIN"
    MAX_FLEX_UNDER_MAX = "MAX_FLEX_UNDER_MAX"
    SIZE_NOT_POSITIVE = "SIZE_NOT_POSITIVE"
    SIZE_OVER_POOL = "SIZE_OVER_POOL"
    MINIMA_OVER_SIZE = "MINIMA_OVER_SIZE"
    PER_ADDRESS_NOT_POSITIVE = "PER_ADDRESS_NOT_POSITIVE"
    PER_ADDRESS_WITHOUT_ADDRESS = "PER_ADDRESS_WITHOUT_ADDRESS"
    PANELS_NOT_POSITIVE = "PANELS_NOT_POSITIVE"
    SEED_EMPTY = "SEED_EMPTY"
    OUT_NOT_EMPTY = "OUT_NOT_EMPTY"
    OUT_NOT_WRITABLE = "OUT_NOT_WRITABLE"
    KEY_UNUSABLE = "KEY_UNUSABLE"
    PUBLIC_KEY_UNUSABLE = "PUBLIC_KEY_UNUSABLE"
    UNKNOWN_ID = "UNKNOWN_ID"
    INCLUDED_AND_EXCLUDED = "INCLUDED_AND_EXCLUDED"
    INCLUDED_OVER_SIZE = "INCLUDED_OVER_SIZE"


# A finding with one of these says that nothing else could be read from the file.
FILE_REASONS = frozenset(
    {
        Reason.MISSING_FILE,
        Reason.UNREADABLE_FILE,
        Reason.EMPTY_FILE,
        Reason.BINARY_FILE,
        Reason.UNDECODABLE_FILE,
        Reason.BROKEN_WORKBOOK,
        Reason.LOCKED_WORKBOOK,
        Reason.LARGE_WORKBOOK,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One error and its place.

    `row` is the row as a spreadsheet program numbers it (the header is usually 1), None for the whole file.
    `column` is the header's name. `found` is what stands in the cell, shortened; `id` the row's id where it
    has one. `sizes` are the figures compared, by the name they have in the words. `choices` are what would
    have been accepted, the nearest first.
    """

    reason: Reason
    file: File
    row: int | None = None
    column: str = ""
    found: str = ""
    id: str = ""
    sizes: tuple[tuple[str, int], ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """Every error of an input, in the order of files and rows; never empty when returned as a refusal."""

    items: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class UnreadableInputError(Exception):
    """A whole file could not be read: carries its one finding. Raised and caught inside this package."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def quote(text: str) -> str:
    """The text as a finding may carry it: one line, printable, at most 80 characters."""
    if text.isprintable() and len(text) <= LONGEST_QUOTE:
        return text
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= LONGEST_QUOTE else clean[: LONGEST_QUOTE - 1] + "…"
