"""What a record says, as the few facts that its explanations need. Everything here anyone can recompute."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from services.sortition.lottery import verifier


class NotARecordError(ValueError):
    """The bytes are no record of a finished draw."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a feature: its target, and how many have it (`pool` is None where that stays hidden)."""

    feature: str
    value: str
    minimum: int
    maximum: int
    reason: str
    pool: int | None
    panel: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished draw. `chances` are everyone's under the published panels, lowest first; those whom hand
    excluded are among them with 0. `bound` is the best that the lowest chance of anyone who fits a panel
    could be, None without the audit file or for a method that proves none."""

    title: str
    mode: str
    method: str
    people: int
    seats: int
    panels: int
    number: int
    source: str
    text: str
    note: str
    announced: str
    included: int
    excluded: int
    per_address: int | None
    features: tuple[tuple[str, tuple[Cell, ...]], ...]
    chances: tuple[Fraction, ...]
    bound: Fraction | None
    digest: str

    @property
    def lowest(self) -> Fraction:
        """Of those who are on some of the panels."""
        return next(chance for chance in self.chances if chance)

    @property
    def highest(self) -> Fraction:
        return self.chances[-1]

    @property
    def median(self) -> Fraction:
        """Of those who are on some of the panels: half of them have at least this."""
        some = [chance for chance in self.chances if chance]
        return some[len(some) // 2]

    @property
    def nowhere(self) -> int:
        """How many are on none of the panels though nobody excluded them."""
        return sum(not chance for chance in self.chances) - self.excluded

    @property
    def hidden(self) -> bool:
        return any(cell.pool is None for _, cells in self.features for cell in cells)


def summarise(record: bytes, audit: bytes | None = None) -> Summary:
    """The facts of `record`, with the proved bound when its audit file is at hand.

    Raises NotARecordError if the verifier does not let the files pass: nothing false is explained.
    """
    report = verifier.verify(record, audit)
    if report.exit_code:
        raise NotARecordError((report.refused or [report.unreadable])[0])
    content: dict[str, Any] = _plain(json.loads(record))
    features: dict[str, list[Cell]] = {}
    for target in content["targets"]:
        feature, value = target["feature"], target["value"]
        features.setdefault(feature, []).append(
            Cell(
                feature,
                value,
                target["minimum"],
                target["maximum"],
                target["reason"],
                content["pool_counts"][feature][value],
                content["panel_counts"][feature][value],
            )
        )
    m = len(content["panels"])
    seats = Counter(member for panel in content["panels"] for member in panel)
    number = content["number"]
    return Summary(
        title=content["title"],
        mode=content["mode"]["name"],
        method=content["method"],
        people=content["pool"]["people"],
        seats=content["size"],
        panels=m,
        number=number["value"],
        source=number["source"],
        text=number.get("text", number.get("seed", "")),
        note=number["note"],
        announced=content["rule"]["announced"],
        included=content["pool"]["included"],
        excluded=content["pool"]["excluded"],
        per_address=content["per_address"],
        features=tuple((feature, tuple(cells)) for feature, cells in features.items()),
        chances=tuple(sorted(Fraction(seats[person], m) for person in content["commitments"])),
        bound=_bound(content["method"], audit),
        digest=content["digest"],
    )


def _plain(value: Any) -> Any:
    """The same without control and formatting characters: a title must not steer a terminal."""
    if isinstance(value, str):
        return "".join(letter for letter in value if unicodedata.category(letter) not in ("Cc", "Cf"))
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value


def _bound(method: str, audit: bytes | None) -> Fraction | None:
    """The lowest exact chance of those who fit a panel: the verifier found it proved."""
    if audit is None or method == "legacy":
        return None
    file = json.loads(audit)
    apart = {entry["type"] for entry in file["unreachable"]}
    return min(Fraction(text) for t, text in enumerate(file["lottery"]["chances"]) if t not in apart)
