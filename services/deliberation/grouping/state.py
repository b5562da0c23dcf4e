"""Groups of all planned rounds with everything a search must know to price a swap of two people at once.

The price of meeting. `prices[m]` is what a meeting costs two people who have met m times in all other rounds:
nothing at first, more each time, very much from the fourth on (or from where it cannot be avoided). For every
round r, person x and group g, `pull[r][x][g]` is what x's meetings with g's members cost or would cost there,
so the change made by a swap is four look-ups. A swap that is made updates it.

Quota cells. `rise[r][g][v]` and `fall[r][g][v]` are the changes of group g's misses when one person more or
less with value v sits there. A miss is 1 for a cell off by one, and MISS_MORE for every further person.

Hard rules are prices too, so large that no search accepts one: a state that keeps them keeps them for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.deliberation.grouping.errors import RuleKind
from services.deliberation.grouping.model import Model, find, merge

HARD = 1_000_000
REPEAT = 10
GROWTH = 15
TOO_OFTEN = 400
MISS_MORE = 40
MOST_MEETINGS = 3

Groups = list[list[list[int]]]


class State:
    """`seating[r][g]`: the people of group g in the r-th planned round. Mutable; swap by `swap`."""

    def __init__(self, model: Model, seating: Groups) -> None:
        self.model = model
        self.n, self.rounds = len(model.ids), len(seating)
        self.seating = [[list(group) for group in groups] for groups in seating]
        self.prices, self.apart_from = _prices(model, seating)
        # Who is away sits in a group of their own that nobody prices.
        self.group = [[len(groups)] * self.n for groups in seating]
        self.met = [[0] * self.n for _ in range(self.n)]
        for (i, j), times in model.met.items():
            self.met[i][j] = self.met[j][i] = times
        for i, others in enumerate(model.apart()):
            for j in others:
                # Pairs to be kept apart count from a place in the table where every meeting is HARD.
                self.met[i][j] = self.apart_from
        for r, groups in enumerate(self.seating):
            for g, people in enumerate(groups):
                for x in people:
                    self.group[r][x] = g
                    for y in people:
                        if x != y:
                            self.met[x][y] += 1
        self.pull = [self._pulls(r) for r in range(self.rounds)]
        self._units()
        self._needs()
        self._cells()

    def copy_seating(self) -> Groups:
        """The groups as they are now."""
        return [[list(group) for group in groups] for groups in self.seating]

    def cost(self) -> int:
        """All meetings' prices, counted anew (misses not included)."""
        base = self.model.met
        total = self.needs_broken() * HARD
        for x in range(self.n):
            for y in range(x):
                first = base.get((y, x), 0)
                if self.met[x][y] >= self.apart_from:
                    first = self.apart_from
                total += sum(self.prices[first : self.met[x][y]])
        return total

    def _pulls(self, r: int) -> list[list[int]]:
        groups, prices = self.seating[r], self.prices
        table = []
        for x in range(self.n):
            met, own = self.met[x], self.group[r][x]
            row = [
                sum(prices[met[y] - (g == own)] for y in people if y != x) for g, people in enumerate(groups)
            ]
            table.append([*row, 0])
        return table

    # -- people who move together -------------------------------------------------------------------------

    def _units(self) -> None:
        """`unit[r][x]`: who must sit with x in round r, x included: by rule, or sharing a single resource."""
        model = self.model
        self.unit: list[list[tuple[int, ...]]] = []
        for people in model.present:
            root = model.clusters()
            for resource in model.resources.values():
                here = [user for user in model.users(resource.id) if user in people]
                if resource.limit == 1 and here:
                    merge(root, here)
            units: dict[int, list[int]] = {}
            for x in people:
                units.setdefault(find(root, x), []).append(x)
            by_person: list[tuple[int, ...]] = [()] * self.n
            for members in units.values():
                for x in members:
                    by_person[x] = tuple(members)
            self.unit.append(by_person)
        self.alone = [[len(unit) == 1 for unit in units] for units in self.unit]
        self.all_alone = all(len(unit) < 2 for units in self.unit for unit in units)

    # -- resources ------------------------------------------------------------------------------------------

    def _needs(self) -> None:
        model = self.model
        resources = list(model.resources.values())
        position = {resource.id: q for q, resource in enumerate(resources)}
        self.needs: list[tuple[int, ...]] = [()] * self.n
        for rule in model.rules:
            if rule.kind is RuleKind.NEED:
                x = model.number[rule.members[0]]
                self.needs[x] = (*self.needs[x], position[rule.resource])
        self.limit = [resource.limit for resource in resources]
        self.allowed = [
            [
                [not resource.groups or g + 1 in resource.groups for resource in resources]
                for g in range(count)
            ]
            for count in model.groups
        ]
        self.users = [[[0] * len(resources) for _ in groups] for groups in self.seating]
        self.opened = [[0] * len(resources) for _ in self.seating]
        self.misplaced = self.over = 0
        for r, groups in enumerate(self.seating):
            for g, people in enumerate(groups):
                for x in people:
                    self._use(r, g, x, 1)

    def _use(self, r: int, g: int, x: int, sign: int) -> None:
        for q in self.needs[x]:
            users = self.users[r][g]
            users[q] += sign
            if users[q] == (1 if sign > 0 else 0):
                self.opened[r][q] += sign
                if self.opened[r][q] >= self.limit[q] + (sign > 0):
                    self.over += sign
            if not self.allowed[r][g][q]:
                self.misplaced += sign

    def needs_broken(self) -> int:
        """People with a need in a group that cannot meet it, and groups over a resource's limit."""
        return self.misplaced + self.over

    def needs_change(self, r: int, left: Sequence[int], right: Sequence[int]) -> int:
        """How `needs_broken` changes if these people, each side of one group, change places in round r."""
        movers = [x for x in (*left, *right) if self.needs[x]]
        if not movers:
            return 0
        ends = (self.group[r][left[0]], self.group[r][right[0]])
        before = self.needs_broken()
        self._move(r, movers, ends, 1)
        after = self.needs_broken()
        self._move(r, movers, ends, -1)
        return after - before

    def _move(self, r: int, movers: Sequence[int], ends: tuple[int, int], sign: int) -> None:
        """Books the movers' needs in the other of two groups than they sit in (sign -1: back again)."""
        group = self.group[r]
        for x in movers:
            here, there = (ends if group[x] == ends[0] else ends[::-1])[::sign]
            self._use(r, here, x, -1)
            self._use(r, there, x, 1)

    # -- quota cells ----------------------------------------------------------------------------------------

    def _cells(self) -> None:
        model = self.model
        labels = range(len(model.labels))
        self.low: Groups = []
        self.high: Groups = []
        self.count: Groups = []
        self.misses = 0
        for r, groups in enumerate(self.seating):
            people = model.present[r]
            total = [0] * len(model.labels)
            for x in people:
                for v in model.values[x]:
                    total[v] += 1
            n = max(len(people), 1)
            self.low.append([[len(group) * total[v] // n for v in labels] for group in groups])
            self.high.append([[-(-len(group) * total[v] // n) for v in labels] for group in groups])
            counts = [[0] * len(model.labels) for _ in groups]
            for g, group in enumerate(groups):
                for x in group:
                    for v in model.values[x]:
                        counts[g][v] += 1
            self.count.append(counts)
        self.rise = [[[0] * len(labels) for _ in groups] for groups in self.seating]
        self.fall = [[[0] * len(labels) for _ in groups] for groups in self.seating]
        for r, groups in enumerate(self.seating):
            for g in range(len(groups)):
                for v in labels:
                    self.misses += self._miss(r, g, v, self.count[r][g][v])
                    self._price_cell(r, g, v)
        kinds: dict[tuple[int, ...], int] = {}
        self.kind = [kinds.setdefault(values, len(kinds)) for values in model.values]
        self.differs = [
            [tuple((p, q) for p, q in zip(a, b, strict=True) if p != q) for b in kinds] for a in kinds
        ]

    def _miss(self, r: int, g: int, v: int, count: int) -> int:
        distance = max(self.low[r][g][v] - count, count - self.high[r][g][v], 0)
        return 1 + MISS_MORE * (distance - 1) if distance else 0

    def _price_cell(self, r: int, g: int, v: int) -> None:
        count = self.count[r][g][v]
        now = self._miss(r, g, v, count)
        self.rise[r][g][v] = self._miss(r, g, v, count + 1) - now
        self.fall[r][g][v] = self._miss(r, g, v, count - 1) - now

    # -- swaps ----------------------------------------------------------------------------------------------

    def change(self, r: int, left: Sequence[int], right: Sequence[int]) -> tuple[int, int]:
        """What it adds to (cost, misses) if these people, each side of one group, change places in round r.

        As many on either side. Needs are not priced (see `needs_change`).
        """
        g, h = self.group[r][left[0]], self.group[r][right[0]]
        pull, met, prices = self.pull[r], self.met, self.prices
        cost = 0
        shift: dict[int, int] = {}
        for people, here, there, sign in ((left, g, h, 1), (right, h, g, -1)):
            for position, x in enumerate(people):
                cost += pull[x][there] - pull[x][here]
                # Those who move together go on meeting: the price was taken off for both, and is not saved.
                cost += 2 * sum(prices[met[x][y] - 1] for y in people[:position])
                for v in self.model.values[x]:
                    shift[v] = shift.get(v, 0) + sign
        cost -= 2 * sum(prices[met[x][y]] for x in left for y in right)
        misses = 0
        for v, moved in shift.items():
            if moved:
                for k, by in ((g, -moved), (h, moved)):
                    count = self.count[r][k][v]
                    misses += self._miss(r, k, v, count + by) - self._miss(r, k, v, count)
        return cost, misses

    def swap(self, r: int, a: int, b: int) -> None:
        """Puts a in b's place and b in a's, in round r; they are in different groups."""
        group, met, prices = self.group[r], self.met, self.prices
        pull = self.pull[r]
        g, h = group[a], group[b]
        left, right = self.seating[r][g], self.seating[r][h]
        met_a, met_b = met[a], met[b]
        for y in self.model.present[r]:
            if y in (a, b):
                continue
            k = group[y]
            gain = prices[met_b[y] - (k == h)] - prices[met_a[y] - (k == g)]
            if gain:
                to_y = pull[y]
                to_y[g] += gain
                to_y[h] -= gain
        price = prices[met_a[b]]
        pull[a][h] -= price
        pull[a][g] += price
        pull[b][g] -= price
        pull[b][h] += price
        left.remove(a)
        right.remove(b)
        for x, leaves, enters in ((a, left, right), (b, right, left)):
            self._meetings(r, x, leaves, -1)
            self._meetings(r, x, enters, 1)
        left.append(b)
        right.append(a)
        if self.needs[a] or self.needs[b]:
            self._move(r, [a, b], (g, h), 1)
        group[a], group[b] = h, g
        for p, q in self.differs[self.kind[a]][self.kind[b]]:
            for k, more, fewer in ((g, q, p), (h, p, q)):
                self.misses += self.rise[r][k][more]
                self.count[r][k][more] += 1
                self._price_cell(r, k, more)
                self.misses += self.fall[r][k][fewer]
                self.count[r][k][fewer] -= 1
                self._price_cell(r, k, fewer)

    def _meetings(self, r: int, x: int, others: Sequence[int], sign: int) -> None:
        """One meeting more or fewer of x with each of the others, as the other rounds' pulls see it."""
        met, prices, tables = self.met, self.prices, self.pull
        met_x = met[x]
        for y in others:
            before = met_x[y]
            after = before + sign
            met_x[y] = met[y][x] = after
            apart = prices[after] - prices[before]
            # In a round where the two sit together, that meeting is not one of 'all other rounds'.
            joined = prices[after - 1] - prices[before - 1] if before and after else 0
            for other, group in enumerate(self.group):
                if other != r:
                    of_x, of_y = group[x], group[y]
                    change = joined if of_x == of_y else apart
                    if change:
                        tables[other][x][of_y] += change
                        tables[other][y][of_x] += change


def _prices(model: Model, seating: Groups) -> tuple[list[int], int]:
    """The table of prices, and the place in it from which every meeting is HARD."""
    n = len(model.ids)
    meetings = sum(len(group) * (len(group) - 1) // 2 for groups in seating for group in groups)
    meetings += sum(model.met.values())
    average = -(-meetings // max(n * (n - 1) // 2, 1))
    tolerable = max(MOST_MEETINGS, average + 1)
    most = len(seating) + max(model.met.values(), default=0) + 2
    prices = [0]
    for m in range(1, most):
        over = max(m - tolerable + 1, 0)
        prices.append(REPEAT + GROWTH * (m - 1) + TOO_OFTEN * over)
    return prices + [HARD] * most, most
