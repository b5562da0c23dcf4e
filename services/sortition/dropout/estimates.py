"""Means and shares from simulations, with the ends of their 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.sortition.lottery.solver import Vector

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over independent scenarios, with the ends of its 95 % interval (normal approximation)."""

    mean: float
    low: float
    high: float


def estimate(figures: Vector) -> Estimate:
    """The mean of independent figures with its 95 % interval."""
    mean = float(figures.mean())
    half = _Z * float(figures.std(ddof=1)) / len(figures) ** 0.5
    return Estimate(mean, mean - half, mean + half)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score (JASA 1927); `trials` >= 1."""
    z = _Z
    share = hits / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)
    return max(0.0, middle - half), min(1.0, middle + half)
