"""Seats to people: inside each type round robin, so that equal people are drawn equally often.

Types without a household pattern are independent of one another: their members take turns, in a fresh
random order each round. Where households couple types, every panel's seats are an exact assignment
problem in which people who have been seated less often cost less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.generator import Generator
from services.sortition.lottery.lottery import ExactLottery

Counts = Sequence[tuple[int, ...]]

_FORBIDDEN = 1e12
_WORD = float(1 << 64)


def seat(
    lottery: ExactLottery, panels: Counts, generator: Generator, addresses: Mapping[str, str | None]
) -> list[list[str]]:
    """The people of each panel, in no particular order. `panels`: counts per type.

    Raises ValueError when a type has a household pattern and `addresses` lacks one of its members.
    """
    seated: list[list[str]] = [[] for _ in panels]
    coupled: dict[object, list[int]] = defaultdict(list)
    for t, kind in enumerate(lottery.types):
        if kind.household:
            coupled[kind.household].append(t)
        else:
            _take_turns(kind.members, [panel[t] for panel in panels], seated, generator)
    for types in coupled.values():
        households = _Households(lottery, types, generator, addresses)
        for panel, people in zip(panels, seated, strict=True):
            people.extend(households.seat([panel[t] for t in types]))
    return seated


def _take_turns(
    members: tuple[str, ...], counts: Sequence[int], seated: list[list[str]], generator: Generator
) -> None:
    """Everyone once in random order, then everyone once again; nobody twice on one panel."""
    queue: list[str] = []
    for count, people in zip(counts, seated, strict=True):
        if not count:
            continue
        taken = queue[:count]
        del queue[:count]
        if len(taken) < count:
            # A new round: those just taken have their next turn later in it.
            already = set(taken)
            fresh = generator.shuffled([member for member in members if member not in already])
            missing = count - len(taken)
            queue = generator.shuffled([*fresh[missing:], *taken])
            taken += fresh[:missing]
        people.extend(taken)


class _Households:
    """The households of one signature, whose members take turns under the limit per address.

    Choosing at most c of a household's s members is an assignment: s - c blockers of that household must
    also take somebody there, and every person is taken at most once.
    """

    def __init__(
        self,
        lottery: ExactLottery,
        types: Sequence[int],
        generator: Generator,
        addresses: Mapping[str, str | None],
    ) -> None:
        self._generator = generator
        self._limit = lottery.per_address or 0
        people = [(person, local) for local, t in enumerate(types) for person in lottery.types[t].members]
        keys = [addresses.get(person) for person, _ in people]
        if None in keys:
            raise ValueError("addresses are missing for people whose type has a household pattern")
        self._people = [person for person, _ in people]
        self._type = np.array([local for _, local in people])
        order = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        self._household = np.array([order[key] for key in keys])
        self._seats = np.zeros(len(people), dtype=np.int64)
        self._luck = np.array([self._draw() for _ in people])

    def seat(self, counts: Sequence[int]) -> list[str]:
        """People for one panel: counts[i] of the i-th type, at most `limit` of each household."""
        total = sum(counts)
        if not total:
            return []
        if total == 1:
            # The usual case, and nobody is in the way: whoever of the type has waited longest.
            queue = np.flatnonzero(self._type == list(counts).index(1))
            return self._take([int(queue[np.lexsort((self._luck[queue], self._seats[queue]))[0]])])
        chosen = self._candidates(counts, total)
        wanted = np.repeat(np.arange(len(counts)), counts)
        homes, sizes = np.unique(self._household[chosen], return_counts=True)
        blockers = np.repeat(homes, np.maximum(sizes - self._limit, 0))
        # Squares, so that two people seated once are cheaper than one never and one twice.
        turns = self._seats[chosen] - self._seats[chosen].min()
        price = turns.astype(float) ** 2 + self._luck[chosen] / (4.0 * total)
        costs = np.where(self._type[chosen][None, :] == wanted[:, None], price[None, :], _FORBIDDEN)
        block = np.where(self._household[chosen][None, :] == blockers[:, None], 0.0, _FORBIDDEN)
        matrix = np.vstack([costs, block])
        rows, columns = linear_sum_assignment(matrix)
        if matrix[rows, columns].max() >= _FORBIDDEN:
            raise SolverFailed("a panel's seats do not fit its households")
        return self._take(
            [int(chosen[column]) for row, column in zip(rows, columns, strict=True) if row < total]
        )

    def _take(self, indices: list[int]) -> list[str]:
        for index in indices:
            self._seats[index] += 1
            self._luck[index] = self._draw()
        return [self._people[index] for index in indices]

    def _candidates(self, counts: Sequence[int], total: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Everyone in enough households: for each type the `total` where its turn is next.

        More are never needed: of that many households one is always untouched by the other seats.
        """
        order = np.lexsort((self._luck, self._seats))
        homes: set[int] = set()
        for local, count in enumerate(counts):
            if count:
                near = self._household[order[self._type[order] == local]]
                homes.update(list(dict.fromkeys(near.tolist()))[:total])
        return np.flatnonzero(np.isin(self._household, sorted(homes)))

    def _draw(self) -> float:
        return self._generator.word() / _WORD
