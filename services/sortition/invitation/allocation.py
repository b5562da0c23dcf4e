"""Weights for letters: what makes it most likely that every value gets the volunteers it needs.

A value needs `per_seat` volunteers per seat of its minimum. Its volunteers scatter about their expectation E
as a normal number does, with the variance need + (UNSURE x need)^2: the scatter of a Poisson count at the
need, and rates that turn out otherwise than assumed. The logarithm of the chance that all values have enough,
each on its own, is then sum log Phi((E_v - need_v) / sd_v): concave in the chances of a letter, so it has one
optimum (a chance constraint made an objective: Prékopa, Stochastic Programming, 1995). Less a penalty for
departing from equal chances, it is maximised with every chance between the equal one over `spread` and 1, and
letters adding up, by an accelerated projected gradient (Beck and Teboulle, SIAM Journal on Imaging Sciences
2009).

To chase the last of a scarce value takes letters from the rest, and can make the panel itself less likely. So
needs may be lowered alike, to `reach` times the most that could be expected of the scarcest value (a linear
programme), where that is less; `choice` tries several.

So values that are hard to fill get more letters, and among their people those who answer more readily, but
never so many that others are cut off: everybody keeps at least 1 / `spread` of the equal chance. What this
does to chances in the end is told by `chances`: seats per value are fixed by the targets whatever the letters
(Flanigan, Gölz, Gupta, Procaccia, 'Neutralizing self-selection bias in sampling for sortition', NeurIPS 2020,
instead keep letters equal and weigh the draw).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.special import log_ndtr

from services.sortition.invitation.errors import BadInput, Infeasible, Reason
from services.sortition.invitation.pool import Panels
from services.sortition.invitation.types import Integers, Reals
from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.solver import INFINITY, Model

SPREAD = 4.0
UNSURE = 0.2
# The first is the most cautious; the last lowers nothing.
REACHES = (0.6, 0.8, float("inf"))
_STEPS = 2000
_SETTLED = 1e-9


def check_register(panels: Panels, people: Integers) -> None:
    """Raises Infeasible unless a panel would exist if everybody in the register volunteered."""
    found = panels.per_value(people)
    faults = []
    if people.sum() < panels.question.size:
        figures: dict[str, str | int] = {"people": int(people.sum()), "size": panels.question.size}
        faults.append(Reason("REGISTER_UNDER_SIZE", figures))
    for target, there in zip(panels.question.targets, found.tolist(), strict=True):
        if there < target.minimum:
            figures = {"minimum": target.minimum, "people": there}
            place: dict[str, str | int] = {"feature": target.feature, "value": target.value}
            faults.append(Reason("PEOPLE_UNDER_MINIMUM", place | figures))
    if not faults and not panels.exists(people):
        faults.append(Reason("NO_PANEL_IN_REGISTER"))
    if faults:
        raise Infeasible(faults)


def weighted(
    panels: Panels,
    people: Integers,
    rates: Reals,
    letters: int,
    *,
    spread: float = SPREAD,
    reach: float = REACHES[0],
) -> Reals:
    """The chance of a letter per person of each type (T), 0 … 1; people times it are the letters.

    `reach` says how far needs are lowered (see above). More letters than people give everybody one. Raises
    BadInput for negative letters or a spread under 1.
    """
    faults = []
    if letters < 0:
        faults.append(Reason("LETTERS_NEGATIVE", {"letters": str(letters)}))
    if not 1 <= spread <= 1e6:
        faults.append(Reason("SPREAD_OUT_OF_RANGE", {"found": f"{spread:g}"}))
    if faults:
        raise BadInput(faults)
    everybody = int(people.sum())
    if letters == 0 or letters >= everybody:
        return np.full(len(people), 1.0 if letters else 0.0)
    wanted = panels.question.per_seat * panels.minimum
    has: Reals = panels.has[wanted > 0].astype(np.float64)
    need: Reals = wanted[wanted > 0].astype(np.float64)
    counts: Reals = people.astype(np.float64)
    most = _reach(has, need, counts, rates, letters, spread)
    if most == 0:
        # Some value cannot be expected at all: what the others need is as good as it gets.
        some = has @ (counts * rates) > 0
        has, need = has[some], need[some]
        most = _reach(has, need, counts, rates, letters, spread)
    lowered = need * min(1.0, reach * most) if most else need
    return _optimum(has, lowered, counts, rates, letters, spread)


def _reach(has: Reals, need: Reals, people: Reals, rates: Reals, letters: int, spread: float) -> float:
    """The most, as a multiple of every need alike, that the expected volunteers can come to."""
    if not len(need):
        return 1.0
    types = len(people)
    expected = sparse.hstack([sparse.csr_array(has * (people * rates)), sparse.csr_array(-need[:, None])])
    letter_row = sparse.csr_array(np.append(people, 0.0)[None, :])
    matrix = sparse.csr_array(sparse.vstack([expected, letter_row], format="csr"))
    model = Model(
        np.append(np.zeros(types), 1.0),
        np.append(np.full(types, letters / people.sum() / spread), 0.0),
        np.append(np.ones(types), INFINITY),
        np.append(np.zeros(len(need)), 0.0),
        np.append(np.full(len(need), INFINITY), float(letters)),
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
    )
    if not model.solve():
        raise SolverFailed("equal chances were no feasible point")
    return max(0.0, model.objective)


def _optimum(has: Reals, need: Reals, people: Reals, rates: Reals, letters: int, spread: float) -> Reals:
    """Accelerated projected gradient in the metric of people, where types of any size move alike."""
    equal = letters / people.sum()
    deviation = np.sqrt(need + (UNSURE * need) ** 2)
    penalty = 1 / (people.sum() * equal**2)

    def gradient(chances: Reals) -> Reals:
        z = (has @ (people * rates * chances) - need) / deviation
        # phi / Phi by logarithms: far below the need both vanish.
        pull = np.exp(-z * z / 2 - np.log(2 * np.pi) / 2 - log_ndtr(z)) / deviation
        result: Reals = rates * (has.T @ pull) - penalty * (chances - equal)
        return result

    scaled = has * (np.sqrt(people) * rates) / deviation[:, None]
    steepest = penalty + (float(np.linalg.eigvalsh(scaled @ scaled.T)[-1]) if len(need) else 0.0)
    chances = ahead = np.full(len(people), equal)
    momentum = 1.0
    for _ in range(_STEPS):
        moved = _onto(ahead + gradient(ahead) / steepest, people, letters, equal / spread)
        if np.abs(moved - chances).max() < _SETTLED and momentum > 1:
            return moved
        following = (1 + np.sqrt(1 + 4 * momentum * momentum)) / 2
        ahead = moved + (momentum - 1) / following * (moved - chances)
        chances, momentum = moved, following
    return chances


def _onto(wanted: Reals, people: Reals, letters: int, least: float) -> Reals:
    """The nearest chances between `least` and 1 whose letters add up: all moved by one number, then cut."""
    low, high = float(least - wanted.max()) - 1, float(1 - wanted.min()) + 1
    for _ in range(80):
        middle = (low + high) / 2
        if float(people @ np.clip(wanted + middle, least, 1.0)) < letters:
            low = middle
        else:
            high = middle
    result: Reals = np.clip(wanted + high, least, 1.0)
    return result
