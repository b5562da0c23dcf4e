"""Targets: how many members of the panel may have one value of one feature."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.errors import FieldViolation
from services.sortition.domain.texts import faults

MAX_TARGETS = 500
MAX_TEXT = 100
MAX_REASON = 500
MAX_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """`minimum` and `maximum` are counts of people, both included.

    `min_flex` and `max_flex` are the lowest minimum and the highest maximum that may be proposed when the
    targets cannot be met (None: that side is open). `reason` says why the value is drawn above its share on
    purpose; it is published.
    """

    feature: str
    value: str
    minimum: int
    maximum: int
    min_flex: int | None = None
    max_flex: int | None = None
    reason: str = ""


def features_of(targets: Sequence[Target]) -> tuple[str, ...]:
    """The features in the order in which they first stand."""
    return tuple(dict.fromkeys(target.feature for target in targets))


def normalised(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Texts as spreadsheets' cells are compared: outer blanks stripped, Unicode composed."""
    return tuple(
        Target(
            _clean(target.feature),
            _clean(target.value),
            target.minimum,
            target.maximum,
            target.min_flex,
            target.max_flex,
            target.reason.strip(),
        )
        for target in targets
    )


def violations(targets: Sequence[Target], field: str = "targets") -> list[FieldViolation]:
    """Everything that is wrong with the targets themselves, each at its place (`targets[3].maximum`).

    Whether they can be met together, and by whom, is the lottery's question, not this one's.
    """
    found: list[FieldViolation] = []
    if len(targets) > MAX_TARGETS:
        found.append(FieldViolation(field, "TOO_MANY_TARGETS", {"limit": str(MAX_TARGETS)}))
    seen: set[tuple[str, str]] = set()
    for index, target in enumerate(targets):
        found += _violations_of(target, f"{field}[{index}]", seen)
        seen.add((target.feature, target.value))
    return found


def _violations_of(target: Target, path: str, seen: set[tuple[str, str]]) -> list[FieldViolation]:
    found = faults(f"{path}.feature", target.feature, MAX_TEXT, required=True)
    found += faults(f"{path}.value", target.value, MAX_TEXT, required=True)
    if (target.feature, target.value) in seen:
        found.append(FieldViolation(f"{path}.value", "VALUE_TWICE"))
    found += faults(f"{path}.reason", target.reason, MAX_REASON)
    counts_fine = True
    for name, count in (("minimum", target.minimum), ("maximum", target.maximum)):
        if not 0 <= count <= MAX_COUNT:
            found.append(FieldViolation(f"{path}.{name}", "COUNT_OUT_OF_RANGE", {"limit": str(MAX_COUNT)}))
            counts_fine = False
    if counts_fine and target.minimum > target.maximum:
        sizes = {"minimum": str(target.minimum), "maximum": str(target.maximum)}
        found.append(FieldViolation(f"{path}.maximum", "MINIMUM_OVER_MAXIMUM", sizes))
    if target.min_flex is not None and not 0 <= target.min_flex <= target.minimum:
        found.append(FieldViolation(f"{path}.min_flex", "MIN_FLEX_OVER_MINIMUM"))
    if target.max_flex is not None and not target.maximum <= target.max_flex <= MAX_COUNT:
        found.append(FieldViolation(f"{path}.max_flex", "MAX_FLEX_UNDER_MAXIMUM"))
    return found


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())
