"""People dealt to the points of a repeat-free design so that few quota cells are off.

Whoever sits on which point, nobody meets twice; only the quota cells and the keep-apart rules change. So the
search swaps two people in all rounds at once, by annealing.
"""

from __future__ import annotations

from services.deliberation.grouping.anneal import Cooling, limits_at
from services.deliberation.grouping.designs import Design
from services.deliberation.grouping.model import Model
from services.deliberation.grouping.randomness import Stream
from services.deliberation.grouping.state import Groups

# In misses; the price of a pair that may not meet but does.
BROKEN = 1_000
MISS_MORE = 4
COOLING = Cooling(6_000, 300)


def deal(model: Model, design: Design, steps: int, stream: Stream) -> Groups | None:
    """The design's rounds with people on its points; None when people who may not meet still do."""
    dealing = _Dealing(model, design, stream)
    if model.labels or any(dealing.apart):
        dealing.improve(steps, stream)
    return None if dealing.broken() else dealing.seating()


class _Dealing:
    """`point[i]` is the place of the i-th person present; `group[r][p]` the group of point p in round r."""

    def __init__(self, model: Model, design: Design, stream: Stream) -> None:
        self.people, self.design = model.present[0], design
        n = len(self.people)
        self.point = list(range(n))
        stream.shuffle(self.point)
        self.group = [[0] * n for _ in design]
        for r, groups in enumerate(design):
            for g, points in enumerate(groups):
                for point in points:
                    self.group[r][point] = g
        index = {person: i for i, person in enumerate(self.people)}
        apart = model.apart()
        self.apart = [[index[p] for p in sorted(apart[person]) if p in index] for person in self.people]
        self.values = [model.values[person] for person in self.people]
        kinds: dict[tuple[int, ...], int] = {}
        self.kind = [kinds.setdefault(values, len(kinds)) for values in self.values]
        self.differs = [
            [tuple((v, w) for v, w in zip(a, b, strict=True) if v != w) for b in kinds] for a in kinds
        ]
        total = [0] * len(model.labels)
        for values in self.values:
            for v in values:
                total[v] += 1
        self.low = [[[len(group) * t // n for t in total] for group in groups] for groups in design]
        self.high = [[[-(-len(group) * t // n) for t in total] for group in groups] for groups in design]
        self.count = [[[0] * len(total) for _ in groups] for groups in design]
        for i, point in enumerate(self.point):
            for r, group in enumerate(self.group):
                for v in self.values[i]:
                    self.count[r][group[point]][v] += 1
        self.rise = [[[0] * len(total) for _ in groups] for groups in design]
        self.fall = [[[0] * len(total) for _ in groups] for groups in design]
        for r, groups in enumerate(design):
            for g in range(len(groups)):
                for v in range(len(total)):
                    self._price(r, g, v)

    def seating(self) -> Groups:
        at = {point: person for person, point in zip(self.people, self.point, strict=True)}
        return [[[at[point] for point in points] for points in groups] for groups in self.design]

    def broken(self) -> int:
        """How many pairs share a group in some round although they may not (counted twice each)."""
        return sum(self._meets(i, j) for i in range(len(self.people)) for j in self.apart[i])

    def improve(self, steps: int, stream: Stream) -> None:
        n, random = len(self.people), stream.random
        temperatures = COOLING.temperatures()
        per_stage = max(steps // len(temperatures), 1)
        for stage, temperature in enumerate(temperatures):
            if stage * per_stage >= steps:
                break
            limits = limits_at(temperature)
            for _ in range(per_stage):
                a, b = int(random() * n), int(random() * n)
                if a != b and self._change(a, b) <= limits[int(random() * len(limits))]:
                    self._swap(a, b)

    def _meets(self, i: int, j: int) -> bool:
        p, q = self.point[i], self.point[j]
        return any(group[p] == group[q] for group in self.group)

    def _change(self, a: int, b: int) -> int:
        change = 0
        pairs = self.differs[self.kind[a]][self.kind[b]]
        if pairs:
            p, q = self.point[a], self.point[b]
            for group, rise, fall in zip(self.group, self.rise, self.fall, strict=True):
                g, h = group[p], group[q]
                if g != h:
                    rise_g, rise_h, fall_g, fall_h = rise[g], rise[h], fall[g], fall[h]
                    for v, w in pairs:
                        change += fall_g[v] + rise_g[w] + rise_h[v] + fall_h[w]
        if self.apart[a] or self.apart[b]:
            before = self._broken_by(a, b)
            self.point[a], self.point[b] = self.point[b], self.point[a]
            change += BROKEN * (self._broken_by(a, b) - before)
            self.point[a], self.point[b] = self.point[b], self.point[a]
        return change

    def _broken_by(self, a: int, b: int) -> int:
        return sum(self._meets(i, j) for i in (a, b) for j in self.apart[i])

    def _swap(self, a: int, b: int) -> None:
        p, q = self.point[a], self.point[b]
        pairs = self.differs[self.kind[a]][self.kind[b]]
        for r, group in enumerate(self.group):
            g, h = group[p], group[q]
            if g != h:
                for v, w in pairs:
                    for k, fewer, more in ((g, v, w), (h, w, v)):
                        self.count[r][k][fewer] -= 1
                        self.count[r][k][more] += 1
                        self._price(r, k, fewer)
                        self._price(r, k, more)
        self.point[a], self.point[b] = q, p

    def _price(self, r: int, g: int, v: int) -> None:
        count, low, high = self.count[r][g][v], self.low[r][g][v], self.high[r][g][v]
        now = _miss(count, low, high)
        self.rise[r][g][v] = _miss(count + 1, low, high) - now
        self.fall[r][g][v] = _miss(count - 1, low, high) - now


def _miss(count: int, low: int, high: int) -> int:
    distance = max(low - count, count - high, 0)
    return 1 + MISS_MORE * (distance - 1) if distance else 0
