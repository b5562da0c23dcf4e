"""A plan as an integer programme over kinds of people: how many of each kind every draw of the plan takes.

Columns are x[g, k]: people of kind k (equal in every feature) that group g takes. Rows:

    size   Σ_k x[g, k] = seats of g
    quota  minimum <= members who stay + Σ over groups that sit x[g, k with the value] <= maximum, at each
           rotation
    pool   Σ over groups that bar their people at rotation r x[g, k] <= people of kind k who may be drawn
    total  Σ over groups drawn now x[g, k] = what a panel takes (left open while planning)

Kinds are enough, people need not be told apart: a group bars its people for one interval of rotations, and
intervals of which at most m overlap anywhere can be given to m people (interval graphs are perfect: Golumbic,
'Algorithmic Graph Theory and Perfect Graphs', 1980, chapter 8), whoever was drawn before. With a new pool at
each later rotation the pool rows are bounds on the columns instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from scipy import sparse

from services.sortition.lottery.errors import SolverFailed
from services.sortition.lottery.lottery import Row, RowKind
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.pricing import PanelSearch
from services.sortition.lottery.solver import INFINITY, Model, Vector, compressed

from .calendar import term_end
from .question import Candidate, Group, Question, Values, groups

# Denominator up to which a dual is taken for a fraction; the inequality made of it holds whatever it is.
_DENOMINATOR = 360


@dataclass(frozen=True, slots=True)
class Bounded:
    """A row of the programme and what it stands for; `rotation` is -1 for a size row."""

    row: Row
    rotation: int


def ordered(features: Sequence[str], values: Values) -> Values:
    """A sort key that depends on neither the order of people nor of features."""
    return tuple(values[i] for i in sorted(range(len(features)), key=lambda i: features[i]))


class Plans:
    """All plans of a question up to rotation `last` (None: its own last).

    `kinds` are sorted; `groups` as `question.groups` makes them; column g * len(kinds) + k is x[g, k].
    `quotas` off leaves the body's targets out: then only people and seats count.
    """

    def __init__(self, question: Question, last: int | None = None, *, quotas: bool = True) -> None:
        self.question = question
        self.last = question.last if last is None else last
        self.groups = tuple(group for group in groups(question) if group.start <= self.last)
        found = {candidate.values for candidate in question.candidates} | set(question.later or {})
        self.kinds = tuple(sorted(found, key=lambda values: ordered(question.features, values)))
        self._index = {values: k for k, values in enumerate(self.kinds)}
        self.drawn_now = tuple(g for g, group in enumerate(self.groups) if group.start == question.now)
        width = len(self.groups) * len(self.kinds)
        self.lower = np.zeros(width)
        self.upper = np.zeros(width)
        for g, group in enumerate(self.groups):
            for k, people in enumerate(self.available(group)):
                self.upper[g * len(self.kinds) + k] = min(people, group.seats)
        self.rows = [*self._sizes(), *(self._quotas() if quotas else ()), *self._pools()]
        self.totals = [
            Row(RowKind.TRUSTED, tuple((self._column(g, k), 1) for g in self.drawn_now), None, None)
            for k in range(len(self.kinds))
        ]
        self._exact: Model | None = None
        self._relaxed: Model | None = None
        self._whole: Polytope | None = None

    def _column(self, group: int, kind: int) -> int:
        return group * len(self.kinds) + kind

    def available(self, group: Group) -> list[int]:
        """People of each kind who may be in this group's draw if nobody of the pool is drawn before."""
        start = group.start
        if self.question.later is not None and start > self.question.now:
            return [self.question.later.get(kind, 0) for kind in self.kinds]
        counts = [0] * len(self.kinds)
        for candidate in self.question.candidates:
            if may_be_drawn(candidate, start):
                counts[self._index[candidate.values]] += 1
        return counts

    def staying(self, rotation: int) -> list[Values]:
        """The values of today's members who still sit after this rotation's draw."""
        question = self.question
        return [
            member.values
            for member in question.members
            if term_end(member.cohort, question.now, len(question.cohorts)) > rotation
        ]

    def _sizes(self) -> list[Bounded]:
        return [
            Bounded(
                Row(
                    RowKind.SIZE,
                    tuple((self._column(g, k), 1) for k in range(len(self.kinds))),
                    group.seats,
                    group.seats,
                ),
                -1,
            )
            for g, group in enumerate(self.groups)
        ]

    def _quotas(self) -> list[Bounded]:
        question = self.question
        made = []
        for rotation in range(question.now, self.last + 1):
            sitting = [g for g, group in enumerate(self.groups) if group.sits(rotation)]
            staying = self.staying(rotation)
            for target in sorted(question.targets, key=lambda target: (target.feature, target.value)):
                f = question.features.index(target.feature)
                fixed = sum(1 for values in staying if values[f] == target.value)
                holders = [k for k, kind in enumerate(self.kinds) if kind[f] == target.value]
                columns = tuple((self._column(g, k), 1) for g in sitting for k in holders)
                row = Row(
                    RowKind.QUOTA,
                    columns,
                    target.minimum - fixed,
                    target.maximum - fixed,
                    target.feature,
                    target.value,
                )
                made.append(Bounded(row, rotation))
        return made

    def _pools(self) -> list[Bounded]:
        """Rows only where groups share a pool and could empty it."""
        question = self.question
        made = []
        last = self.last if question.later is None else question.now
        for rotation in range(question.now, last + 1):
            barring = [g for g, group in enumerate(self.groups) if group.bars(rotation)]
            if len(barring) < 2:
                continue
            people = [0] * len(self.kinds)
            for candidate in question.candidates:
                people[self._index[candidate.values]] += may_be_drawn(candidate, rotation)
            for k, count in enumerate(people):
                columns = [self._column(g, k) for g in barring]
                if count and self.upper[columns].sum() > count:
                    made.append(
                        Bounded(Row(RowKind.HOUSEHOLD, tuple((c, 1) for c in columns), None, count), rotation)
                    )
        return made

    # ---- solving ----

    def _model(self) -> Model:
        if self._exact is None:
            rows = [*(bounded.row for bounded in self.rows), *self.totals]
            row_lower, row_upper, starts, indices, values = compressed(rows)
            self._row_lower, self._row_upper = row_lower, row_upper
            self._exact = Model(
                np.zeros(len(self.lower)), self.lower, self.upper,
                row_lower, row_upper, starts, indices, values, integer=True,
            )  # fmt: skip
        return self._exact

    def _fix(self, panel: Vector | None) -> None:
        """Hold the totals drawn now at `panel` (counts per kind); None opens them."""
        model = self._model()
        first = len(self.rows)
        for k in range(len(self.kinds)):
            low, high = (-INFINITY, INFINITY) if panel is None else (float(panel[k]), float(panel[k]))
            model.set_row_bound(first + k, low, high)

    def best(
        self, costs: Vector, panel: Vector | None = None, at_least: Vector | None = None
    ) -> tuple[Vector | None, float]:
        """(a plan with the most costs · x, a proven bound on it); (None, -inf) when there is no plan.

        `panel`: what the draws now take in all; `at_least`: lower bounds on the columns.
        """
        if not len(self.lower):
            # Nobody to draw, or no seat: what is the case is all there is.
            holds = all((b.row.lower or 0) <= 0 <= (b.row.upper or 0) for b in self.rows)
            return (costs, 0.0) if holds else (None, -np.inf)
        model = self._model()
        self._fix(panel)
        model.set_bounds(self.lower if at_least is None else at_least, self.upper)
        model.set_costs(costs)
        if not model.solve():
            return None, -np.inf
        return np.round(model.values), model.bound

    def any(self, panel: Vector | None = None, at_least: Vector | None = None) -> Vector | None:
        """Some plan, or None when there is none."""
        if len(self.lower):
            # Diving finds a plan in a fraction of the time that branch and bound needs to begin.
            polytope = self._polytope()
            row_lower, row_upper = polytope.row_lower.copy(), polytope.row_upper.copy()
            if panel is not None:
                row_lower[len(self.rows) :] = row_upper[len(self.rows) :] = panel
            lower = self.lower if at_least is None else at_least
            search = PanelSearch(polytope, lower, self.upper, row_lower, row_upper)
            found = search.dive(np.zeros(len(lower)))
            if found is not None or search.empty:
                return found
        return self.best(np.zeros(len(self.lower)), panel, at_least)[0]

    def within(self, more: Sequence[Row]) -> Vector | None:
        """Some plan that keeps these rows too, by diving; None when it gets lost or there is none."""
        polytope = self._with(more)
        search = PanelSearch(polytope, self.lower, self.upper, polytope.row_lower, polytope.row_upper)
        return search.dive(np.zeros(len(self.lower)))

    def _polytope(self) -> Polytope:
        if self._whole is None:
            self._whole = self._with(self.totals)
        return self._whole

    def _with(self, more: Sequence[Row]) -> Polytope:
        rows = [*(bounded.row for bounded in self.rows), *more]
        low, high, starts, indices, values = compressed(rows)
        matrix = sparse.csr_array((values, indices, starts), shape=(len(low), len(self.lower)))
        members = np.ones(len(self.lower))
        return Polytope(tuple(rows), members, self.lower, self.upper, matrix, low, high)

    def holds(self, plan: Vector) -> bool:
        """Whether whole numbers are a plan: within all bounds and rows."""
        return self._polytope().holds(plan)

    def relaxation(self) -> Model:
        """The programme without whole numbers and totals, made once."""
        if self._relaxed is None:
            low, high, starts, indices, values = compressed([bounded.row for bounded in self.rows])
            costs = np.zeros(len(self.lower))
            self._relaxed = Model(costs, self.lower, self.upper, low, high, starts, indices, values)
        return self._relaxed

    def now(self, plan: Vector) -> Vector:
        """What the plan draws now, as counts per kind."""
        parts = plan.reshape(len(self.groups), len(self.kinds))
        return np.asarray(parts[list(self.drawn_now)].sum(axis=0))

    def spread(self, per_kind: Vector) -> Vector:
        """Costs per kind drawn now as costs per column."""
        costs = np.zeros((len(self.groups), len(self.kinds)))
        costs[list(self.drawn_now)] = per_kind
        return costs.ravel()

    # ---- inequalities ----

    def cut(self, panel: Vector) -> tuple[list[int], int] | None:
        """(coefficients per kind, limit) of an inequality that every plan obeys and `panel` breaks.

        From the duals of the relaxation that lets every row give way: for multipliers λ of the rows and μ of
        the totals, whatever they are,  -Σ μ_k panel_k <= Σ_r (λ_r upper_r if λ_r > 0 else λ_r lower_r)
        - Σ_c min over the bounds of column c of (its coefficient · x_c)  holds for every plan (weak duality),
        computed here in fractions. None when the relaxation does complete the panel: then no line like this
        tells it from the others.
        """
        rows, totals, width = len(self.rows), len(self.totals), len(self.lower)
        every = [*(b.row for b in self.rows), *self.totals]
        loose = []
        for r, row in enumerate(every):
            slack = ((width + 2 * r, 1), (width + 2 * r + 1, -1)) if r < rows else ()
            loose.append(Row(row.kind, (*row.coefficients, *slack), row.lower, row.upper))
        row_lower, row_upper, starts, indices, values = compressed(loose)
        row_lower[rows:] = row_upper[rows:] = panel
        costs = np.concatenate([np.zeros(width), np.full(2 * rows, -1.0)])
        model = Model(
            costs,
            np.concatenate([self.lower, np.zeros(2 * rows)]),
            np.concatenate([self.upper, np.full(2 * rows, INFINITY)]),
            row_lower, row_upper, starts, indices, values,
        )  # fmt: skip
        if not model.solve():
            # A kind beyond what may be drawn at all: the caller never offers such a panel.
            raise SolverFailed("a loosened plan has no solution")
        if model.objective > -1e-6:
            return None
        duals = [Fraction(d).limit_denominator(_DENOMINATOR) for d in model.row_duals.tolist()]
        limit = Fraction(0)
        per_column = [Fraction(0)] * width
        for r, row in enumerate(every):
            dual = duals[r]
            if r < rows and dual:
                bound = row.upper if dual > 0 else row.lower
                if bound is None:
                    continue
                limit += dual * bound
            if dual:
                for column, a in row.coefficients:
                    per_column[column] += dual * a
        for column, coefficient in enumerate(per_column):
            bound_at = self.upper[column] if coefficient < 0 else self.lower[column]
            limit -= coefficient * int(bound_at)
        scale = lcm(*(d.denominator for d in duals[rows:]), 1)
        whole = [-int(d * scale) for d in duals[rows : rows + totals]]
        most = (limit * scale).__floor__()
        reached = sum(c * int(count) for c, count in zip(whole, panel.tolist(), strict=True))
        return (whole, most) if reached > most else None


def may_be_drawn(candidate: Candidate, rotation: int) -> bool:
    """Whether somebody may be drawn at a rotation, as far as what lies behind them goes."""
    return candidate.free is not None and candidate.free <= rotation
