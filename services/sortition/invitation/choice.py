"""Which of a few weightings is best: tried out on simulated pools, since the panel itself is what counts.

`allocation` maximises a stand-in for the chance of meeting the targets, value by value. How far it should
lower needs that letters cannot reach is a trade between that chance and the chance of any panel at all; so it
is asked for several, and each is answered by the forecast's model with the same seed. Most simulated pools
that meet the targets, plus most that hold a panel, wins; the first of equals stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.sortition.invitation.allocation import REACHES, SPREAD, weighted
from services.sortition.invitation.forecast import LEVEL, forecast
from services.sortition.invitation.pool import Panels
from services.sortition.invitation.sample import share_out
from services.sortition.invitation.types import Integers, Rates, Reals

SIMULATIONS = 200


@dataclass(frozen=True, slots=True)
class Tried:
    """A weighting (`chances` of a letter per type), and in what share of simulated pools it did what."""

    reach: float
    chances: Reals
    meets: float
    panel: float


def choose(
    panels: Panels,
    people: Integers,
    rates: Rates,
    letters: int,
    seed: str,
    *,
    spread: float = SPREAD,
    level: float = LEVEL,
    simulations: int = SIMULATIONS,
) -> Tried:
    """The best of `allocation.REACHES`. Raises BadInput as `weighted` and `forecast` do."""
    nobody = np.zeros(len(people), dtype=np.int64)
    tried: list[Tried] = []
    for reach in REACHES:
        chances = weighted(panels, people, rates.mean, letters, spread=spread, reach=reach)
        if any(np.allclose(chances, other.chances, atol=1e-6) for other in tried):
            continue
        counts, _ = share_out(people, chances, letters, seed)
        made = forecast(panels, rates, counts, nobody, seed, level=level, simulations=simulations)
        tried.append(Tried(reach, chances, made.meets.share, made.panel.share))
    return max(tried, key=lambda one: one.meets + one.panel)
