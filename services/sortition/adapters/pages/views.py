"""From the use cases' answers to what a page shows: charts, shares with their bases, findings in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from chassis.text import Catalogue
from chassis.web.charts import Histogram, RangeChart, RangeRow, histogram
from chassis.web.formats import Formats
from services.sortition.app.views import CellError, PublishedDraw, Representation
from services.sortition.domain.target import Target

T = TypeVar("T")

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def by_feature(items: Iterable[T], feature: Callable[[T], str]) -> dict[str, list[T]]:
    """Items under their feature, features and items in the order in which they first stand."""
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(feature(item), []).append(item)
    return groups


def span(low: int, high: int) -> str:
    """A target's counts: '18–19', or '18' when both ends are one."""
    return str(low) if low == high else f"{low}–{high}"


@dataclass(frozen=True, slots=True)
class Line:
    """One value with its target and its counts by series (None: suppressed, not to be shown)."""

    target: Target
    counts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One value's line in the table; `counts` are (count, share) in words, series by series."""

    feature: str
    value: str
    target: str
    target_share: str
    counts: Sequence[tuple[str, str]]
    reason: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """Target, pool and panel per feature, as charts and as one table; how many targets the panel meets."""

    charts: Sequence[RangeChart]
    rows: Sequence[Row]
    met: int
    of: int


class Comparison:
    """Draws `lines` of a panel of `size`; `bases` gives each series' total."""

    def __init__(
        self,
        lines: Sequence[Line],
        size: int,
        bases: Mapping[str, int],
        words: Catalogue,
        f: Formats,
    ) -> None:
        self._lines = lines
        self._size = size
        self._bases = bases
        self._words = words
        self._f = f

    def likeness(self, judged: str) -> Likeness:
        """`judged` is the series that is held to the targets."""
        counted = [(line, line.counts.get(judged)) for line in self._lines]
        known = [(line.target, count) for line, count in counted if count is not None]
        return Likeness(
            charts=[
                RangeChart(
                    feature,
                    [self._marks(line) for line in lines],
                    ticks=[self._f.percent(tick, 0) for tick in TICKS],
                )
                for feature, lines in by_feature(self._lines, lambda line: line.target.feature).items()
            ],
            rows=[self._row(line) for line in self._lines],
            met=sum(target.minimum <= count <= target.maximum for target, count in known),
            of=len(known),
        )

    def _marks(self, line: Line) -> RangeRow:
        dots = {
            series: count / self._bases[series]
            for series, count in line.counts.items()
            if count is not None and self._bases[series]
        }
        told = [self._words.text("chart.target_is", share=self._target_share(line))]
        told += [
            self._words.text(f"chart.series_{series}", share=self._f.percent(share, 0))
            for series, share in dots.items()
        ]
        size = self._size or 1
        return RangeRow(
            line.target.value,
            line.target.minimum / size,
            line.target.maximum / size,
            dots,
            f"{line.target.value}: {self._f.listing(told)}.",
        )

    def _row(self, line: Line) -> Row:
        cells = [
            (self._words.text("chart.suppressed"), "")
            if count is None
            else (self._f.number(count), self._f.share(count, self._bases[series]))
            for series, count in line.counts.items()
        ]
        target = line.target
        return Row(
            target.feature,
            target.value,
            span(target.minimum, target.maximum),
            self._target_share(line),
            cells,
            target.reason,
        )

    def _target_share(self, line: Line) -> str:
        low = self._f.share(line.target.minimum, self._size)
        high = self._f.share(line.target.maximum, self._size)
        return high if low == high else f"{low} – {high}"


def published_likeness(draw: PublishedDraw, words: Catalogue, f: Formats) -> Likeness:
    """Of a public draw; before the number is drawn the panel's dots are not there yet."""
    drawn = any(value.panel is not None for value in draw.values)
    lines = []
    for value in draw.values:
        counts: dict[str, int | None] = {"pool": value.pool}
        if drawn:
            counts["panel"] = value.panel
        lines.append(Line(value.target, counts))
    bases = {"pool": draw.pool_size, "panel": draw.size}
    return Comparison(lines, draw.size, bases, words, f).likeness("panel")


def selection_likeness(shown: Representation, size: int, words: Catalogue, f: Formats) -> Likeness:
    """Of a selection of `size` seats for the secretariat; with those who accepted, once anybody has."""
    lines = []
    for value in shown.values:
        counts: dict[str, int | None] = {"pool": value.pool}
        if shown.panel_size:
            counts["panel"] = value.drawn
        if shown.accepted_size:
            counts["accepted"] = value.accepted
        lines.append(Line(value.target, counts))
    bases = {"pool": shown.pool_size, "panel": shown.panel_size, "accepted": shown.accepted_size}
    # The targets were set for the panel drawn: while people are still being asked, those who have accepted
    # are too few to be held to them.
    return Comparison(lines, size, bases, words, f).likeness("panel")


@dataclass(frozen=True, slots=True)
class Chances:
    """How people's chances spread, and the finding in a sentence."""

    chart: Histogram
    sentence: str
    people: int
    lowest: str
    highest: str
    optimal: str


def chances(draw: PublishedDraw, words: Catalogue, f: Formats) -> Chances | None:
    """None when the draw tells no chances."""
    groups = [(group.panels / draw.panels, group.people) for group in draw.chances]
    if not groups:
        return None
    best = float(Fraction(draw.optimal_lowest)) if draw.optimal_lowest else None
    top = max(chance for chance, _ in groups)
    # Finer steps on a long axis: most people stand at its low end.
    bins = 40 if top > 0.5 else 20
    chart = histogram(groups, bins=bins, marks={} if best is None else {"optimum": best})
    most = max(chart.bars, key=lambda bar: bar.count)
    lowest, highest = f.percent(draw.lowest_chance), f.percent(draw.highest_chance)
    sentence = words.text(
        "chances.sentence",
        lowest=lowest,
        highest=highest,
        start=f.percent(most.start),
        end=f.percent(most.end),
        people=f.number(most.count),
        all=f.number(sum(people for _, people in groups)),
    )
    return Chances(
        chart,
        sentence,
        sum(people for _, people in groups),
        lowest,
        highest,
        "" if best is None else f.percent(best),
    )


@dataclass(frozen=True, slots=True)
class CellLine:
    """A wrong cell as the table of errors shows it; `message` says what is wrong and what helps."""

    row: int
    column: str
    found: str
    message: str


def cell_lines(errors: Iterable[CellError]) -> list[CellLine]:
    return [CellLine(e.row, e.column, e.found, f"{e.what} {e.cure}".strip()) for e in errors]


# In the order in which a reader wants them.
FILE_KINDS = {
    "record.json": "record",
    "commitment.json": "commitment",
    "verifier.py": "verifier",
    "record.json.sig": "record_signature",
    "commitment.json.sig": "commitment_signature",
    "key.pem": "key",
    "audit.json": "audit",
    "receipts.csv": "receipts",
    "chances.csv": "chances",
    "panels.csv": "panels",
    "panel.csv": "panel",
    "remaining.csv": "remaining",
    "report.html": "report",
}


@dataclass(frozen=True, slots=True)
class FileLine:
    filename: str
    size_bytes: int
    kind: str
    public: bool


def file_kind(filename: str) -> str:
    """Which words explain the file."""
    return FILE_KINDS.get(filename, "other")
