"""Rounds in which nobody meets twice, from algebra: lines over finite fields, cyclic difference families.

Lines: let the points be (x, y), x = 0 … s-1, y in a field of g elements. The line of slope m and offset b has
the points (x, m·x + b); for one m the g lines share no point, and two lines of different slopes share one at
most. So each slope is a round of g groups of s (s <= g), and when s = g the columns (one x each) make one
more: an affine plane. Where g is not a prime power, the integers modulo g serve with those slopes whose
differences, times every difference of two x, stay non-zero.

Cyclic: the points are c classes of the integers modulo q, and f fixed points. One round is searched such that
no difference between two points of a group occurs twice; its q translations then repeat no pair. When no
group has two points of one class and the classes are as large as a group, they make one more round.

Sources: Colbourn and Dinitz, Handbook of Combinatorial Designs, 2nd ed. 2007 (affine planes, II.2; mutually
orthogonal Latin squares, III.3; difference families, VI.16).
"""

from __future__ import annotations

from dataclasses import dataclass

# A design is a list of rounds, a round a list of groups, a group a list of points 0 … g·s - 1.
Design = list[list[list[int]]]

# Irreducible polynomials: (p, k) → coefficients of x^0 … x^(k-1) of x^k = …, all modulo p.
_FIELDS = {(2, 2): (1, 1), (2, 3): (1, 1, 0), (3, 2): (1, 1), (2, 4): (1, 1, 0, 0), (5, 2): (2, 0)}
# Placements that one search, and all searches of a call, may take.
SEARCH_STEPS = 20_000
ALL_STEPS = 50_000


def repeat_free(groups: int, size: int, rounds: int) -> Design | None:
    """`rounds` rounds of `groups` groups of `size` points in which no two points share a group twice.

    None when none of the constructions reaches so many rounds, which does not say that none exists.
    """
    people = groups * size
    if groups < 1 or size < 1 or (size > 1 and rounds > (people - 1) // (size - 1)):
        return None
    if size == 1 or rounds == 1:
        one = [list(range(i, i + size)) for i in range(0, people, size)]
        return [one] * rounds
    if size > groups:
        # A group of one round cannot spread over fewer groups in the next.
        return None
    lines = _lines(groups, size)
    if len(lines) >= rounds:
        return lines[:rounds]
    steps = 0
    for modulus in range((people - 1) // (size - 1), 1, -1):
        for fixed in range(min(size, groups) + 1):
            if (people - fixed) % modulus:
                continue
            classes = (people - fixed) // modulus
            whole_classes = fixed == 0 and modulus == size
            if modulus + whole_classes >= rounds and steps < ALL_STEPS:
                search = _Cyclic(groups, size, modulus, classes, fixed, pure=not whole_classes)
                found = search.design()
                steps += search.steps
                if found is not None:
                    return found[:rounds]
    return None


def shortened(design: Design, people: int) -> Design | None:
    """The design without as many points as there are too many, its points numbered 0 … people - 1 anew.

    Only points that never meet are left out, so that the sizes of a round's groups differ by one at most.
    None when there are not enough of them.
    """
    points = sum(len(group) for group in design[0])
    meets: list[set[int]] = [{point} for point in range(points)]
    for groups in design:
        for group in groups:
            for point in group:
                meets[point].update(group)
    surplus = points - people
    if surplus < 0 or surplus > len(design[0]):
        return None
    for first in range(points if surplus else 1):
        left_out: list[int] = []
        for point in ((first + i) % points for i in range(points)):
            if len(left_out) < surplus and not any(point in meets[other] for other in left_out):
                left_out.append(point)
        if len(left_out) == surplus:
            kept = [point for point in range(points) if point not in set(left_out)]
            number = {point: i for i, point in enumerate(kept)}
            return [[[number[p] for p in group if p in number] for group in groups] for groups in design]
    return None


def _lines(groups: int, size: int) -> Design:
    if size > groups:
        return []
    field = _field(groups)
    if field is not None:
        slopes = list(range(groups))
    else:
        field = _integers(groups)
        slopes = []
        for slope in range(groups):
            if all((slope - other) * step % groups for other in slopes for step in range(1, size)):
                slopes.append(slope)
    rounds = []
    for slope in slopes:
        lines = [
            [x * groups + field.add[field.times[slope][x]][offset] for x in range(size)]
            for offset in range(groups)
        ]
        rounds.append(lines)
    if size == groups:
        rounds.append([list(range(x * groups, (x + 1) * groups)) for x in range(size)])
    return rounds


@dataclass(frozen=True, slots=True)
class _Arithmetic:
    """Tables of a finite ring: elements 0 … n-1."""

    add: list[list[int]]
    times: list[list[int]]


def _integers(n: int) -> _Arithmetic:
    return _Arithmetic(
        [[(a + b) % n for b in range(n)] for a in range(n)], [[a * b % n for b in range(n)] for a in range(n)]
    )


def _field(n: int) -> _Arithmetic | None:
    if n >= 2 and all(n % d for d in range(2, int(n**0.5) + 1)):
        return _integers(n)
    for (p, k), reduction in _FIELDS.items():
        if p**k == n:
            digits = [[a // p**i % p for i in range(k)] for a in range(n)]
            number = {tuple(d): a for a, d in enumerate(digits)}
            add = [
                [number[tuple((i + j) % p for i, j in zip(a, b, strict=True))] for b in digits]
                for a in digits
            ]
            times = [[number[_product(a, b, p, reduction)] for b in digits] for a in digits]
            return _Arithmetic(add, times)
    return None


def _product(a: list[int], b: list[int], p: int, reduction: tuple[int, ...]) -> tuple[int, ...]:
    k = len(a)
    full = [0] * (2 * k - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            full[i + j] += x * y
    for top in range(2 * k - 2, k - 1, -1):
        for i, coefficient in enumerate(reduction):
            full[top - k + i] += full[top] * coefficient
    return tuple(value % p for value in full[:k])


class _Cyclic:
    """Search for a starter round by backtracking; points are class·q + residue, the fixed ones come last."""

    def __init__(self, groups: int, size: int, modulus: int, classes: int, fixed: int, *, pure: bool) -> None:
        self.groups, self.size, self.modulus = groups, size, modulus
        self.classes, self.fixed, self.pure = classes, fixed, pure
        self.points = classes * modulus + fixed
        self.taken = [False] * self.points
        self.used: set[tuple[int, int, int]] = set()
        self.starter: list[list[int]] = []
        self.steps = 0

    def design(self) -> Design | None:
        """The rounds of the first starter found within SEARCH_STEPS, or None."""
        if not self._fill([]):
            return None
        rounds = [
            [[self._moved(point, shift) for point in group] for group in self.starter]
            for shift in range(self.modulus)
        ]
        if not self.pure:
            q = self.modulus
            rounds.append([list(range(c * q, (c + 1) * q)) for c in range(self.classes)])
        return rounds

    def _moved(self, point: int, shift: int) -> int:
        q = self.modulus
        return point if point >= self.classes * q else point // q * q + (point + shift) % q

    def _fill(self, group: list[int]) -> bool:
        self.steps += 1
        if self.steps > SEARCH_STEPS:
            return False
        if len(group) == self.size:
            self.starter.append(group)
            if len(self.starter) == self.groups or self._fill([]):
                return True
            self.starter.pop()
            return False
        if not group:
            # The highest free point starts the group: fixed points first, as they are hardest to place.
            candidates = [max(point for point in range(self.points) if not self.taken[point])]
        else:
            candidates = [point for point in range(group[-1] - 1, -1, -1) if not self.taken[point]]
        for point in candidates:
            keys = self._differences(group, point)
            if keys is None:
                continue
            self.taken[point] = True
            self.used.update(keys)
            if self._fill([*group, point]):
                return True
            self.taken[point] = False
            self.used.difference_update(keys)
        return False

    def _differences(self, group: list[int], point: int) -> list[tuple[int, int, int]] | None:
        """The differences that `point` would add, or None when one occurs already or may not occur."""
        q, keys = self.modulus, []
        column, residue = divmod(point, q)
        for other in group:
            if other >= self.classes * q:
                if point >= self.classes * q:
                    return None
                keys.append((other, column, 0))
                continue
            its_column, its_residue = divmod(other, q)
            difference = (residue - its_residue) % q
            if column != its_column:
                keys.append((its_column, column, difference))
            elif not self.pure or 2 * difference == q:
                return None
            else:
                keys += [(column, column, difference), (column, column, q - difference)]
        if len(set(keys)) < len(keys) or not self.used.isdisjoint(keys):
            return None
        return keys
