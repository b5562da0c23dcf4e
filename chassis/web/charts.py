"""Where a chart's marks stand, in percent of its width. The templates draw them as SVG without a viewBox.

A scaled viewBox shrinks labels to 6 px on a phone; with positions in percent and sizes in pixels nothing
shrinks, and no inline style is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal


def position(value: float, low: float = 0.0, high: float = 1.0) -> str:
    """`value` on an axis from low to high, as an SVG percentage held within it: 0.5 -> '50%'."""
    if high <= low:
        return "0%"
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True, slots=True)
class RangeRow:
    """One value of a feature: the target as shares from `low` to `high`, dots by series name.

    `sentence` says in words what the row shows; `cells` are the table's columns beside the label.
    """

    label: str
    low: float
    high: float
    dots: Mapping[str, float]
    sentence: str
    cells: Sequence[str] = ()
    note: str = ""

    @property
    def start(self) -> str:
        return position(self.low)

    @property
    def width(self) -> str:
        """At least a sliver: a target of exactly one share must be seen."""
        return position(max(self.high - self.low, 0.008))

    def at(self, series: str) -> str | None:
        value = self.dots.get(series)
        return None if value is None else position(value)


@dataclass(frozen=True, slots=True)
class RangeChart:
    """A feature: its rows, and the highest share the axis shows (a round one)."""

    title: str
    rows: Sequence[RangeRow]
    columns: Sequence[str] = ()
    ticks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """From `start` to `end` on the axis, `count` people; height relative to the tallest bar."""

    start: float
    end: float
    count: int
    x: str
    width: str
    height: str
    y: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """How values spread. `marks` are (name, value, position) of what to point out, e.g. the optimum."""

    bars: Sequence[Bar]
    low: float
    high: float
    marks: Sequence[tuple[str, float, str]] = field(default_factory=tuple)

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)


def histogram(
    values: Sequence[tuple[float, int]],
    *,
    low: float = 0.0,
    high: float | None = None,
    bins: int = 20,
    marks: Mapping[str, float] | None = None,
) -> Histogram:
    """(value, how many) pairs, in `bins` equal steps from `low` to `high` (default: a round number over all).

    Everything counted is in exactly one bar: a value on an edge belongs to the bar that starts there, the
    highest to the last. Raises ValueError for values outside the axis.
    """
    top = high if high is not None else round_up(max((value for value, _ in values), default=1.0))
    if any(value < low or value > top for value, _ in values):
        raise ValueError("a value lies outside the histogram's axis")
    step = (top - low) / bins
    counts = [0] * bins
    for value, count in values:
        # The slack keeps a value that is meant to be an edge (0.3 of steps of 0.1) on its own side of it.
        counts[min(int((value - low) / step + 1e-9), bins - 1)] += count
    tallest = max(counts, default=0) or 1
    bars = []
    for index, count in enumerate(counts):
        start, end = low + index * step, low + (index + 1) * step
        bars.append(
            Bar(
                start,
                end,
                count,
                x=position(start, low, top),
                width=position(step, 0, top - low),
                height=position(count, 0, tallest),
                y=position(tallest - count, 0, tallest),
            )
        )
    named = tuple((name, value, position(value, low, top)) for name, value in (marks or {}).items())
    return Histogram(tuple(bars), low, top, named)


def round_up(value: float) -> float:
    """The next round number at or above a positive share, at most 1: a calm end of an axis."""
    # Below the smallest number of full precision an axis has no room for steps: that is nothing.
    if value >= 1.0 or value < sys.float_info.min:
        return 1.0
    exact = Decimal(repr(value))
    for factor in ("1", "2", "2.5", "3", "4", "5", "6", "8"):
        candidate = Decimal(factor).scaleb(exact.adjusted())
        if candidate >= exact:
            return float(candidate)
    return float(Decimal(1).scaleb(exact.adjusted() + 1))
