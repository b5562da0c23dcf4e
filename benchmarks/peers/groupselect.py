"""GroupSelect's two heuristics, written anew from their public descriptions: peers for benchmarks.grouping.

Legacy (P. C. Verpoort 2020; GroupSelect's documentation, docs/algorithms/legacy.md): values are numbered
by how common they are, participants sorted by all their values with ties in random order, and each put
into the group, among those not full, that has the fewest with their value, the emptiest first on ties.
With several fields 'their value' is read as the sum over the fields. That is repeated `attempts` times;
then one allocation per round is sampled at random, and of `attempts` samples the one in which most pairs
meet is kept.

Dream (Barrett, Gal and Verpoort 2024, arXiv:2410.21451; docs/algorithms/dream.md): rounds one after
another. Shuffle, deal round robin; then each participant in turn looks at every swap with another group
and keeps those that worsen neither the balance nor the number of earlier meetings and improve one of
them; with probability 1/2 the best for balance is made, otherwise the best for meetings. The best of
`attempts` runs is kept.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations

Values = Sequence[Sequence[str]]
Seating = list[list[list[int]]]


def legacy(values: Values, sizes: Sequence[int], rounds: int, seed: int, attempts: int = 100) -> Seating:
    """`values[i]`: person i's value per field. Returns rounds of groups of people."""
    rng = random.Random(seed)
    ranks: list[dict[str, int]] = []
    for field in zip(*values, strict=True):
        common = sorted(set(field), key=lambda value: (-field.count(value), value))
        ranks.append({value: rank for rank, value in enumerate(common)})
    people = list(range(len(values)))
    candidates = []
    for _ in range(attempts):
        rng.shuffle(people)
        order = sorted(people, key=lambda i: [rank[v] for rank, v in zip(ranks, values[i], strict=True)])
        groups: list[list[int]] = [[] for _ in sizes]
        for i in order:
            open_groups = [g for g, size in enumerate(sizes) if len(groups[g]) < size]
            groups[min(open_groups, key=lambda g: (_alike(values, groups[g], i), len(groups[g])))].append(i)
        candidates.append(groups)
    samples = (rng.sample(candidates, rounds) for _ in range(attempts))
    return max(samples, key=pairs_met)


def _alike(values: Values, group: Sequence[int], i: int) -> int:
    return sum(a == b for other in group for a, b in zip(values[other], values[i], strict=True))


def dream(values: Values, sizes: Sequence[int], rounds: int, seed: int, attempts: int = 3) -> Seating:
    """As `legacy`; balance is the sum over groups and values of |count - proportional share|."""
    return max(
        (
            _dream_once(values, sizes, rounds, random.Random(f"{seed} {attempt}"))
            for attempt in range(attempts)
        ),
        key=pairs_met,
    )


def _dream_once(values: Values, sizes: Sequence[int], rounds: int, rng: random.Random) -> Seating:
    n = len(values)
    met = [[0] * n for _ in range(n)]
    result: Seating = []
    for _ in range(rounds):
        people = list(range(n))
        rng.shuffle(people)
        groups: list[list[int]] = [[] for _ in sizes]
        open_groups = [g for g, size in enumerate(sizes) if size]
        for turn, i in enumerate(people):
            g = open_groups[turn % len(open_groups)]
            while len(groups[g]) >= sizes[g]:
                g = (g + 1) % len(sizes)
            groups[g].append(i)
        _pareto_swaps(values, groups, met, people, rng)
        for group in groups:
            for i, j in combinations(group, 2):
                met[i][j] += 1
                met[j][i] += 1
        result.append(groups)
    return result


def _pareto_swaps(
    values: Values, groups: list[list[int]], met: list[list[int]], order: Sequence[int], rng: random.Random
) -> None:
    n = len(values)
    place = {i: g for g, group in enumerate(groups) for i in group}
    share = [{value: field.count(value) / n for value in set(field)} for field in zip(*values, strict=True)]
    counts = [
        [{value: sum(values[i][f] == value for i in group) for value in share[f]} for f in range(len(share))]
        for group in groups
    ]
    for i in order:
        g = place[i]
        options = []
        for h in range(len(groups)):
            if h == g:
                continue
            for j in groups[h]:
                balance = 0.0
                for f, (mine, theirs) in enumerate(zip(values[i], values[j], strict=True)):
                    if mine != theirs:
                        for here, leaves, enters in ((g, mine, theirs), (h, theirs, mine)):
                            balance += _off(counts, share, groups, here, f, leaves, -1)
                            balance += _off(counts, share, groups, here, f, enters, 1)
                meetings = sum(met[j][x] - met[i][x] for x in groups[g] if x != i)
                meetings += sum(met[i][x] - met[j][x] for x in groups[h] if x != j)
                if balance <= 1e-9 and meetings <= 0 and (balance < -1e-9 or meetings < 0):
                    options.append((balance, meetings, j))
        if not options:
            continue
        by_balance = rng.random() < 0.5
        _, _, j = min(options, key=lambda o: (o[0], o[1], o[2]) if by_balance else (o[1], o[0], o[2]))
        h = place[j]
        groups[g].remove(i)
        groups[h].remove(j)
        groups[g].append(j)
        groups[h].append(i)
        place[i], place[j] = h, g
        for f, (mine, theirs) in enumerate(zip(values[i], values[j], strict=True)):
            counts[g][f][mine] -= 1
            counts[h][f][mine] += 1
            counts[g][f][theirs] += 1
            counts[h][f][theirs] -= 1


def _off(
    counts: list[list[dict[str, int]]],
    share: list[dict[str, float]],
    groups: list[list[int]],
    g: int,
    f: int,
    value: str,
    change: int,
) -> float:
    ideal = share[f][value] * len(groups[g])
    now = counts[g][f][value]
    return abs(now + change - ideal) - abs(now - ideal)


def pairs_met(seating: Seating) -> int:
    """How many distinct pairs share a group in some round."""
    return len(
        {tuple(sorted(pair)) for groups in seating for group in groups for pair in combinations(group, 2)}
    )
