"""What the replies will come to: posterior predictive counts of the final pool, while letters are out.

Model. A letter to type t makes a volunteer with chance min(1, theta q_t), q_t ~ Beta (see `rates`); theta,
common to all, has a log-normal prior of mean 1 and spread `level` (topic, season and letter move all replies
together, which independent types would average away). Of those who will volunteer, a share F has done so by
today, whoever they are; F has a Beta prior: the earlier assemblies' curve with a weight, or flat. Then
    replies so far  y_t ~ Binomial(letters_t, theta q_t F)
    still to come       ~ Binomial(letters_t - y_t, theta q_t (1 - F) / (1 - theta q_t F)).
The posterior is summed on a grid of prior quantiles: theta x F, and q_t given them (a quadrature, so that no
sampler has to converge; Gelman et al., Bayesian Data Analysis, 3rd ed., section 10.1), then simulated.
Intervals are equal-tailed quantiles of the simulated pools; chances are shares of them with Wilson's interval
(Wilson, Journal of the American Statistical Association 1927), which is the simulation's own error only.

Simulated numbers come from NumPy's PCG64, seeded by SHA-256 of the seed: a forecast, unlike a sample, is not
a draw, and may differ in the last digit between NumPy's versions.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, ndtri, xlog1py, xlogy
from scipy.stats import norm

from services.sortition.invitation.errors import BadInput, Reason
from services.sortition.invitation.pool import Panels
from services.sortition.invitation.types import Integers, Rates, Reals

LEVEL = 1.4
_GRID, _QUANTILES = 25, 48


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is known of the share F of all replies that has come: Beta(weight x mean, weight x (1 - mean)).

    A mean of 0 or 1 is certain (before the first day, after the last).
    """

    mean: float
    weight: float

    def grid(self) -> Reals:
        """Equally likely values of F."""
        if self.mean in (0.0, 1.0):
            return np.array([self.mean])
        alpha, beta = self.weight * self.mean, self.weight * (1 - self.mean)
        result: Reals = _quantiles(np.array([alpha]), np.array([beta]), _GRID)[0]
        return result


BEFORE = Arrived(0.0, 1.0)
FLAT = Arrived(0.5, 2.0)
CLOSED = Arrived(1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of simulations, with Wilson's 95 % interval: the error of simulating, not of the model."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Range:
    """A count's simulated mean and interval: in `level` of the simulations it lies in low … high."""

    mean: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ValueForecast:
    """One target: volunteers in the final pool, how many it needs, in how many simulations it has them."""

    pool: Range
    needed: int
    enough: Share


@dataclass(frozen=True, slots=True)
class Forecast:
    """The final pool. `values` in the targets' order, `types` in the cells'.

    `panel`: a panel exists. `covered`: every value has its volunteers per seat. `meets`: both. `arrived` is
    the posterior mean of F, `factor` that of theta (how far replies in all are from what was assumed).
    """

    replies: int
    letters: int
    simulations: int
    level: float
    pool: Range
    values: tuple[ValueForecast, ...]
    types: tuple[Range, ...]
    panel: Share
    covered: Share
    meets: Share
    arrived: float
    factor: float


def forecast(
    panels: Panels,
    rates: Rates,
    letters: Integers,
    replies: Integers,
    seed: str,
    *,
    arrived: Arrived = BEFORE,
    level: float = LEVEL,
    simulations: int = 400,
    interval: float = 0.9,
) -> Forecast:
    """Forecast the pool from letters and replies so far per type (T).

    `level` >= 1: in two of three assemblies replies as a whole are within this factor of what the rates say.
    Raises BadInput for replies that are negative or over the letters, or figures out of range.
    """
    _check(letters, replies, level, simulations, interval, arrived)
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(_digest(seed), "big")))
    theta = _levels(level)
    share = arrived.grid()
    q = _quantiles(rates.alpha, rates.beta, _QUANTILES)
    logs = np.array([[_likelihood(q, t, f, letters, replies).sum() for f in share] for t in theta])
    if not np.isfinite(logs.max()):
        raise BadInput([Reason("REPLIES_IMPOSSIBLE")])
    posterior = np.exp(logs - logs.max())
    posterior /= posterior.sum()
    pools = _simulate(rng, posterior, (theta, share, q), letters, replies, simulations)
    found = (float((posterior.sum(0) * share).sum()), float((posterior.sum(1) * theta).sum()))
    return _summary(panels, pools, letters, replies, interval, found)


def _check(
    letters: Integers, replies: Integers, level: float, simulations: int, interval: float, arrived: Arrived
) -> None:
    faults = []
    if (letters < 0).any() or (replies < 0).any() or (replies > letters).any():
        faults.append(Reason("REPLIES_OVER_LETTERS_OF_TYPE"))
    if not 1 <= level <= 100:
        faults.append(Reason("LEVEL_OUT_OF_RANGE", {"found": f"{level:g}"}))
    if not 1 <= simulations <= 1_000_000:
        faults.append(Reason("SIMULATIONS_OUT_OF_RANGE", {"found": str(simulations)}))
    if not 0 < interval < 1:
        faults.append(Reason("INTERVAL_OUT_OF_RANGE", {"found": f"{interval:g}"}))
    if not 0 <= arrived.mean <= 1 or not arrived.weight > 0:
        faults.append(Reason("ARRIVED_OUT_OF_RANGE"))
    if faults:
        raise BadInput(faults)


def _levels(level: float) -> Reals:
    """Equally likely values of theta, of mean 1."""
    if level == 1:
        return np.ones(1)
    theta: Reals = np.exp(math.log(level) * ndtri((np.arange(_GRID) + 0.5) / _GRID))
    result: Reals = theta / theta.mean()
    return result


def _digest(seed: str) -> bytes:
    return hashlib.sha256(f"borgerting generator v1\ninvitation forecast\n{seed}".encode()).digest()


def _quantiles(alpha: Reals, beta: Reals, count: int) -> Reals:
    """(T, count): equally likely values of each Beta; one that is certain repeats it."""
    points = (np.arange(count) + 0.5) / count
    safe_alpha, safe_beta = np.where(alpha > 0, alpha, 1.0), np.where(beta > 0, beta, 1.0)
    found = betaincinv(safe_alpha[:, None], safe_beta[:, None], points[None, :])
    result: Reals = np.where(beta[:, None] > 0, np.where(alpha[:, None] > 0, found, 0.0), 1.0)
    return result


def _log_replies(q: Reals, theta: float, share: float, letters: Integers, replies: Integers) -> Reals:
    """(T, count): log chance of the replies so far at each value of q, without the binomial coefficient."""
    p = np.minimum(theta * q, 1.0) * share
    found = xlogy(replies[:, None], p) + xlog1py((letters - replies)[:, None], -p)
    return np.asarray(found, dtype=np.float64)


def _likelihood(q: Reals, theta: float, share: float, letters: Integers, replies: Integers) -> Reals:
    """(T): the log of the mean over q."""
    logs = _log_replies(q, theta, share, letters, replies)
    top = logs.max(axis=1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        result: Reals = safe + np.log(np.exp(logs - safe[:, None]).mean(axis=1))
    return result


def _simulate(
    rng: np.random.Generator,
    posterior: Reals,
    grids: tuple[Reals, Reals, Reals],
    letters: Integers,
    replies: Integers,
    simulations: int,
) -> Integers:
    """(simulations, T): final volunteers."""
    theta, share, q = grids
    times = rng.multinomial(simulations, posterior.ravel())
    pools = []
    for place in np.flatnonzero(times).tolist():
        t, f = theta[place // len(share)], share[place % len(share)]
        logs = _log_replies(q, t, f, letters, replies)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        steps = np.cumsum(weights, axis=1)
        drawn = rng.random((int(times[place]), len(letters))) * steps[:, -1]
        chosen = np.zeros(drawn.shape, dtype=np.int64)
        for step in steps.T:
            chosen += drawn > step
        rate = np.minimum(t * q[np.arange(len(letters))[None, :], np.minimum(chosen, q.shape[1] - 1)], 1.0)
        ever = 1 - rate * f
        later = np.divide(rate * (1 - f), ever, out=np.zeros_like(rate), where=ever > 0)
        pools.append(replies + rng.binomial(letters - replies, np.clip(later, 0.0, 1.0)))
    return np.concatenate(pools).astype(np.int64)


def _summary(
    panels: Panels,
    pools: Integers,
    letters: Integers,
    replies: Integers,
    interval: float,
    found: tuple[float, float],
) -> Forecast:
    values = panels.per_value(pools)
    enough = panels.covered(pools)
    covered = enough.all(axis=1)
    exists = np.array([panels.exists(pool) for pool in pools], dtype=bool)
    needed = [math.ceil(panels.question.per_seat * m) for m in panels.minimum.tolist()]
    return Forecast(
        replies=int(replies.sum()),
        letters=int(letters.sum()),
        simulations=len(pools),
        level=interval,
        pool=span(pools.sum(axis=1), interval),
        values=tuple(
            ValueForecast(span(values[:, i], interval), need, wilson(int(enough[:, i].sum()), len(pools)))
            for i, need in enumerate(needed)
        ),
        types=tuple(span(pools[:, t], interval) for t in range(pools.shape[1])),
        panel=wilson(int(exists.sum()), len(pools)),
        covered=wilson(int(covered.sum()), len(pools)),
        meets=wilson(int((exists & covered).sum()), len(pools)),
        arrived=found[0],
        factor=found[1],
    )


def span(counts: Integers, interval: float) -> Range:
    """Mean and equal-tailed interval of simulated counts."""
    tail = (1 - interval) / 2
    low = np.quantile(counts, tail, method="inverted_cdf")
    high = np.quantile(counts, 1 - tail, method="inverted_cdf")
    return Range(float(counts.mean()), int(low), int(high))


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Share:
    """A share and Wilson's score interval for it."""
    z = float(norm.ppf((1 + confidence) / 2))
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return Share(share, max(0.0, middle - half), min(1.0, middle + half))
