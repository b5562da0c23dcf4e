"""A finding in words: where it is, what is wrong, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from services.sortition.words import Words

from .findings import File, Finding, Reason

__all__ = ["Described", "Words", "describe"]


@dataclass(frozen=True, slots=True)
class Described:
    """`place` (file, row, column, id; empty for the request), `what` is wrong, and the `cure`."""

    place: str
    what: str
    cure: str

    @property
    def sentence(self) -> str:
        return f"{self.what} {self.cure}"

    @property
    def line(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


def describe(finding: Finding, words: Words) -> Described:
    """The finding in the language of `words`."""
    parts = [words(f"finding.file.{finding.file.value}")]
    if finding.row is not None:
        parts.append(words("finding.place.row", row=str(finding.row)))
    if finding.column and finding.file is not File.REQUEST and finding.reason not in _COLUMN_IN_WORDS:
        parts.append(words("finding.place.column", column=finding.column))
    if finding.id and finding.id != finding.found:
        parts.append(words("finding.place.id", id=finding.id))
    place = "" if finding.file is File.REQUEST else ", ".join(parts)
    values: dict[str, str | int] = {
        "column": finding.column,
        "found": finding.found,
        "choices": ", ".join(f"“{choice}”" for choice in finding.choices),
        "nearest": finding.choices[0] if finding.choices else "",
        "row": str(finding.row or ""),
        **dict(finding.sizes),
    }
    for name in ("first", "other"):
        if name in values:
            # A row's number, which spreadsheets write without a thousands separator.
            values[name] = str(values[name])
    key = f"finding.{finding.reason.value}"
    cure = words(f"{key}.cure", **values)
    if finding.choices and words.has(f"{key}.choices"):
        cure = f"{cure} {words(f'{key}.choices', **values)}"
    return Described(place, words(key, **values), cure)


_COLUMN_IN_WORDS = frozenset({Reason.MISSING_COLUMN, Reason.MISSING_ADDRESS_COLUMN})
