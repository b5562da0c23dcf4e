"""From an exact lottery to m equally likely panels, so that one public number decides.

The idea is Flanigan, Kehne and Procaccia's ('Fair sortition made transparent', NeurIPS 2021); the rounding
here is not. The floors of m times each weight stay as they are; the panels that are left over are replaced
by herding towards their mean in *its own* box, each of them a panel that meets every target, so that every
type's seats stay within about one of m times its expected count. `seating` then gives the seats to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from services.sortition.lottery.decomposition import herd
from services.sortition.lottery.generator import Generator
from services.sortition.lottery.lottery import ExactLottery, UniformLottery
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.pricing import PanelSearch
from services.sortition.lottery.seating import seat
from services.sortition.lottery.solver import Vector


def uniform(
    lottery: ExactLottery, panels: int, seed: str, addresses: Mapping[str, str | None] | None = None
) -> UniformLottery:
    """`panels` equally likely panels of people, in an order that tells nothing of how they came about.

    `addresses`: household key per person, needed when the lottery has types with a household pattern.
    Deterministic from the lottery, `panels` and `seed`. Everyone's share is within about 1.5 / panels of
    their chance under the exact lottery. Raises ValueError unless panels >= 1,
    or when addresses are missing.
    """
    if panels < 1:
        raise ValueError(f"panels is {panels}: at least 1 is needed")
    counts = counts_of(lottery, panels)
    # Before seats are given, so that who sits with whom does not follow the construction either.
    counts = Generator(seed, "order of panels").shuffled(counts)
    people = seat(lottery, counts, Generator(seed, "seats"), addresses or {})
    held: dict[str, int] = {person: 0 for kind in lottery.types for person in kind.members}
    held.update(dict.fromkeys(lottery.excluded, 0))
    for panel in people:
        for person in panel:
            held[person] += 1
    return UniformLottery(
        panels=tuple(tuple(sorted(panel)) for panel in people),
        chances={person: Fraction(held[person], panels) for person in sorted(held)},
    )


def counts_of(lottery: ExactLottery, panels: int) -> list[tuple[int, ...]]:
    """The m panels as counts per type."""
    result: list[tuple[int, ...]] = []
    remainder = [Fraction(0)] * len(lottery.types)
    for panel, weight in zip(lottery.panels, lottery.weights, strict=True):
        scaled = weight * panels
        whole_times = scaled.numerator // scaled.denominator
        result.extend([panel] * whole_times)
        rest = scaled - whole_times
        if rest:
            for t, count in enumerate(panel):
                if count:
                    remainder[t] += rest * count
    missing = panels - len(result)
    if missing:
        mean = np.array([float(total / missing) for total in remainder])
        result.extend(_integers(panel) for panel in _herd_remainder(lottery, mean, missing))
    return result


def _herd_remainder(lottery: ExactLottery, mean: Vector, count: int) -> list[Vector]:
    polytope = Polytope.of(lottery.types, lottery.rows)
    row_lower, row_upper = polytope.face(mean)
    low, high = polytope.box(mean)
    low, high = np.maximum(low, polytope.lower), np.minimum(high, polytope.upper)
    box = PanelSearch(polytope, low, high, row_lower, row_upper)
    # In tight pools the box may hold few panels or none; the lottery's own are always there.
    return herd(box, mean, polytope.members, count, np.array(lottery.panels, dtype=float))


def _integers(panel: Vector) -> tuple[int, ...]:
    return tuple(round(count) for count in panel.tolist())
