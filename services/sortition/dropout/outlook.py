"""What becomes of a drawn panel when people drop out: expected counts, chances, expected loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from services.sortition.dropout.case import indicators
from services.sortition.dropout.estimates import Estimate, estimate, wilson
from services.sortition.lottery.generator import Generator
from services.sortition.lottery.lottery import ExactLottery, UniformLottery
from services.sortition.lottery.problem import Problem
from services.sortition.lottery.solver import Vector


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a lottery's panel is expected to be at the end.

    `expected_size` and `values` (per target) in people. `expected_loss`: the loss of `case`, simulated,
    nobody replaced. `chances`: per target that its final count is within, by exact convolution. `chance_all`:
    that every target and the size are met at once, from `trials` simulations; `chance_low` and `chance_high`
    are its 95 % interval (Wilson, JASA 1927).
    """

    expected_size: float
    expected_loss: Estimate
    values: tuple[float, ...]
    chances: tuple[float, ...]
    chance_all: float
    chance_low: float
    chance_high: float
    trials: int


def expected_counts(problem: Problem, lottery: ExactLottery, chances: Mapping[str, float]) -> Vector:
    """People expected to stay per target of `problem`, over the lottery's draw and the drop-outs."""
    stay = _rates(lottery, chances)
    inside = indicators(problem.features, problem.targets, [kind.values for kind in lottery.types])
    people = np.array(
        [float(c) * len(k.members) for c, k in zip(lottery.chances, lottery.types, strict=True)]
    )
    return np.asarray(inside.T @ (people * stay))


def expected_size(lottery: ExactLottery, chances: Mapping[str, float]) -> float:
    """People expected to stay in all."""
    rates = _rates(lottery, chances).tolist()
    people = [float(c) * len(k.members) for c, k in zip(lottery.chances, lottery.types, strict=True)]
    return float(sum(n * rate for n, rate in zip(people, rates, strict=True)))


def _rates(lottery: ExactLottery, chances: Mapping[str, float]) -> Vector:
    """The rate of each type: its people have equal values, so equal rates."""
    return np.array([chances[kind.members[0]] for kind in lottery.types])


def outlook(
    problem: Problem,
    lottery: ExactLottery,
    uniform: UniformLottery,
    chances: Mapping[str, float],
    seed: str,
    trials: int,
) -> Outlook:
    """What is expected at the end of the panels that a lottery draws, against the targets of `problem`."""
    stay = _rates(lottery, chances)
    inside = indicators(problem.features, problem.targets, [kind.values for kind in lottery.types])
    weights = np.array([float(weight) for weight in lottery.weights])
    panels = np.array(lottery.panels, dtype=float)
    within = [
        float(sum(w * _within(panel[inside[:, v] > 0], stay[inside[:, v] > 0], target.minimum, target.maximum)
                  for w, panel in zip(weights, panels, strict=True)))
        for v, target in enumerate(problem.targets)
    ]  # fmt: skip
    met, losses = _simulate(problem, uniform, chances, seed, trials)
    low, high = wilson(met, trials)
    return Outlook(
        expected_size=expected_size(lottery, chances),
        expected_loss=estimate(losses),
        values=tuple(expected_counts(problem, lottery, chances).tolist()),
        chances=tuple(min(1.0, chance) for chance in within),
        chance_all=met / trials,
        chance_low=low,
        chance_high=high,
        trials=trials,
    )


def _within(counts: Vector, stay: Vector, low: int, high: int) -> float:
    """The probability that between low and high of independent people stay (the Poisson binomial)."""
    there: Vector = np.ones(1)
    by_rate: dict[float, int] = {}
    for count, rate in zip(counts.tolist(), stay.tolist(), strict=True):
        if count > 0:
            by_rate[rate] = by_rate.get(rate, 0) + round(count)
    for rate, count in by_rate.items():
        there = np.convolve(there, binom.pmf(np.arange(count + 1), count, rate))
    return float(there[low : high + 1].sum())


def _simulate(
    problem: Problem, uniform: UniformLottery, chances: Mapping[str, float], seed: str, trials: int
) -> tuple[int, Vector]:
    """(how many trials end with every target and the size met, each trial's loss).

    A trial draws a panel, then who stays. The size is met by `problem.size` people or more.
    """
    generator = Generator(seed, "overdraw outlook")
    ids = [person.id for person in problem.people]
    position = {person: i for i, person in enumerate(ids)}
    values = indicators(problem.features, problem.targets, [person.values for person in problem.people])
    low = np.array([t.minimum for t in problem.targets])
    high = np.array([t.maximum for t in problem.targets])
    weight = 1.0 / np.maximum(high, 1)
    losses = np.zeros(trials)
    met = 0
    for trial in range(trials):
        panel = uniform.panels[generator.below(len(uniform.panels))]
        staying = [
            position[person]
            for person in panel
            if generator.word() < chances[person] * 2.0**64 or chances[person] >= 1.0
        ]
        final = values[staying].sum(axis=0)
        losses[trial] = (np.maximum(low - final, 0) + np.maximum(final - high, 0)) @ weight
        met += len(staying) >= problem.size and bool(np.all(final >= low) and np.all(final <= high))
    return met, losses
