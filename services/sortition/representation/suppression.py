"""Which figures stay unpublished, so that no figure under 5 can be worked out from the others.

Primary: figures under 5. Secondary: as many more as it takes so that, whatever is solved from the published
figures, totals, crosses and earlier stages, each small figure could as well be 0 and could as well be 5 or
more, and stays open even to one who knows which figures are the small ones. The second part, and the choice
within a single feature, is the rule of the draw's public record (`lottery.suppression`), so record and
account hide the same. For crosses the secondary figures come from the cheapest set of figures that can
deviate together (Kelly, Golden and Assad, 'Cell suppression: disclosure protection for sensitive tabular
data', Networks 1992; Hundepool et al., 'Statistical Disclosure Control', 2012, chapter 4), and those found
not to be needed are shown again. Each protected figure has its witnesses: other whole tables, checked in
whole numbers, that fit everything published.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.sortition.lottery.problem import Target
from services.sortition.lottery.solver import Model, Vector
from services.sortition.lottery.suppression import SMALL
from services.sortition.lottery.suppression import hidden as hidden_in_one_feature
from services.sortition.representation.system import Limits, Mask, System, Whole, whole
from services.sortition.representation.tables import complete
from services.sortition.representation.types import Key, Stage, Table

PUBLIC = frozenset({Stage.POPULATION})


@dataclass(frozen=True, slots=True)
class Suppression:
    """What to hide. `hidden` = the small figures that can be hidden, and the others hidden for their sake.

    `secondary`: those others. `implied`: figures under 5 that anybody knows from the base and the public
    stages alone (a feature with one value, a base of nobody), which hiding would not hide; they are shown.
    """

    hidden: frozenset[Key]
    secondary: frozenset[Key]
    implied: frozenset[Key]


def suppress(
    tables: Sequence[Table],
    *,
    public: Collection[Stage] = PUBLIC,
    limits: Mapping[Key, Limits] | None = None,
) -> Suppression:
    """Choose what to hide in all stages but the `public` ones, whose figures are known anyway.

    `tables` are completed first (raises BadInput). `limits` are what else is public, such as the targets of
    the panel (`target_limits`); figures must lie within them (ValueError).
    """
    made = complete(tables)
    known = dict(limits or {})
    system = System(made, known)
    if (system.counts < system.least).any() or (system.counts > system.most).any():
        raise ValueError("limits must be true of the figures")
    return _Search(system, made, public).run()


def target_limits(tables: Sequence[Table], targets: Iterable[Target]) -> dict[Key, Limits]:
    """What published targets tell of pool and panel: each value's minimum, and for the panel its maximum.

    Only of stages in which every figure is as the targets say, so not after an incomplete replacement.
    """
    found: dict[Key, Limits] = {}
    wanted = {(target.feature, target.value): target for target in targets}
    for stage, top in ((Stage.POOL, False), (Stage.PANEL, True)):
        own: dict[Key, Limits] = {}
        true = True
        for table in tables:
            if len(table.features) > 1 or stage not in table.counts:
                continue
            for cell, count in zip(table.cells, table.counts[stage], strict=True):
                target = wanted.get((table.features[0], cell[0]))
                if target is not None:
                    most = target.maximum if top else None
                    true = true and count >= target.minimum and (most is None or count <= most)
                    own[Key(stage, table.features, cell)] = (target.minimum, most)
        found |= own if true else {}
    return found


@dataclass(frozen=True, slots=True)
class _Need:
    """Figure `place` could be `figure`, for one who knows which figures are small or who does not."""

    place: int
    figure: int
    knowing: bool


class _Search:
    def __init__(self, system: System, tables: Sequence[Table], public: Collection[Stage]) -> None:
        self._system = system
        counts = system.counts
        n = len(counts)
        self._open: Mask = np.array([key.stage not in public for key in system.keys])
        self._small: Mask = self._open & (counts < SMALL)
        self._hidden: Mask = self._small.copy()
        self._record: Mask = np.zeros(n, dtype=bool)
        for stage in system.stages:
            if stage not in public:
                self._start(stage, tables)
        self._hidden |= self._record
        single = np.array([len(key.features) == 1 for key in system.keys])
        # A feature's own figures are worth more than a combination's, and larger figures more than smaller.
        self._worth = np.where(single, 10.0, 1.0) + counts / max(1, int(counts.max(initial=1)))
        self._model = system.model()
        self._cheapest: Model | None = None
        self._witness: dict[_Need, Whole] = {}

    def _start(self, stage: Stage, tables: Sequence[Table]) -> None:
        for table in tables:
            if len(table.features) == 1:
                places = [self._system.place[Key(stage, table.features, cell)] for cell in table.cells]
                minima = [int(self._system.least[i]) for i in places]
                for position in hidden_in_one_feature(table.counts[stage], minima):
                    self._record[places[position]] = True

    def run(self) -> Suppression:
        implied = [i for i in np.flatnonzero(self._small) if not self._protect(int(i))]
        self._show_what_can_be_shown()
        self._hidden[implied] = False
        keys = self._system.keys
        return Suppression(
            frozenset(keys[i] for i in np.flatnonzero(self._hidden)),
            frozenset(keys[i] for i in np.flatnonzero(self._hidden & ~self._small)),
            frozenset(keys[i] for i in implied),
        )

    def _protect(self, i: int) -> bool:
        """Hide what figure i needs. False if nothing hidden could keep it from being known."""
        count = int(self._system.counts[i])
        down = any(self._meet(_Need(i, figure, False)) for figure in range(count))
        up = any(self._meet(_Need(i, figure, False)) for figure in range(SMALL, count, -1))
        if down or up:
            # One who knows which are small must not know this one; where even a whole table hidden tells
            # them, no one else is told.
            for figure in (count + 1, count - 1):
                if 0 <= figure < SMALL and self._meet(_Need(i, figure, True)):
                    break
        return down or up

    def _meet(self, need: _Need) -> bool:
        found = self._known(need)
        if found is None:
            found = self._solve(need)
        if found is None and self._hide_for(need):
            found = self._solve(need)
        if found is None:
            return False
        self._witness[need] = found
        return True

    def _known(self, need: _Need) -> Whole | None:
        """A witness of another need that serves this one too."""
        wish = need.figure - int(self._system.counts[need.place])
        low, high = self._bounds(need.knowing, self._hidden)
        for witness in self._witness.values():
            at = int(witness[need.place])
            if (
                (at <= wish if wish < 0 else at >= wish)
                and (low <= witness).all()
                and (witness <= high).all()
            ):
                return witness
        return None

    def _bounds(self, knowing: bool, hidden: Mask) -> tuple[Vector, Vector]:
        low, high = self._system.bounds(hidden)
        if knowing:
            counts = self._system.counts
            high = np.where(hidden & self._small, np.minimum(high, SMALL - 1 - counts), high)
            low = np.where(hidden & ~self._small, np.maximum(low, SMALL - counts), low)
        return low, high

    def _solve(self, need: _Need) -> Whole | None:
        """Whole figures that fit what is published and have the needed one, or None."""
        low, high = self._bounds(need.knowing, self._hidden)
        i, wish = need.place, float(need.figure - int(self._system.counts[need.place]))
        (high if wish < 0 else low)[i] = wish
        if low[i] > high[i]:
            return None
        self._model.set_bounds(low, high)
        if not self._model.solve():
            return None
        found = whole(self._model.values)
        if found is None:
            exact = self._system.model(integer=True)
            exact.set_bounds(low, high)
            found = whole(exact.values) if exact.solve() else None
        return found if found is not None and self._system.holds(found) else None

    def _hide_for(self, need: _Need) -> bool:
        """Hide the cheapest figures that can deviate together with the needed one. False if none can."""
        if self._cheapest is None:
            self._cheapest = self._system.model(copies=2)
        support = self._support(need, self._cheapest)
        if support is not None:
            self._hidden |= support
            if self._solve(need) is not None:
                return True
        # Fractions can deviate where whole people cannot.
        support = self._support(need, self._system.model(copies=2, integer=True))
        if support is None:
            return False
        self._hidden |= support
        return True

    def _support(self, need: _Need, model: Model) -> Mask | None:
        low, high = self._bounds(need.knowing, self._open)
        i, wish = need.place, float(need.figure - int(self._system.counts[need.place]))
        if not low[i] <= wish <= high[i]:
            return None
        low[i] = high[i] = wish
        cost = np.where(self._hidden, 0.001, self._worth)
        model.set_costs(-np.concatenate([cost, cost]))
        model.set_bounds(
            np.concatenate([np.maximum(low, 0), np.maximum(-high, 0)]),
            np.concatenate([np.maximum(high, 0), np.maximum(-low, 0)]),
        )
        if not model.solve():
            return None
        n = len(low)
        return self._open & (np.abs(model.values[:n] - model.values[n:]) > 1e-6)

    def _show_what_can_be_shown(self) -> None:
        """Try to publish each secondary figure, the dearest first; keep it if every need can still be met."""
        candidates = np.flatnonzero(self._hidden & ~self._small & ~self._record)
        for i in sorted(candidates, key=lambda i: (-self._worth[i], i)):
            self._hidden[i] = False
            moved = [need for need, witness in self._witness.items() if witness[i]]
            before = {need: self._witness.pop(need) for need in moved}
            for need in moved:
                found = self._known(need)
                found = self._solve(need) if found is None else found
                if found is None:
                    self._hidden[i] = True
                    self._witness |= before
                    break
                self._witness[need] = found
