"""Pools that the tests make themselves, from a seed: small tight ones, and one like the reference case."""

from __future__ import annotations

import random

from services.sortition.lottery.problem import Person, Problem, Target

SHARES: dict[str, dict[str, tuple[float, float]]] = {
    # feature: value: (share among volunteers, share of the panel)
    "gender": {"f": (0.58, 0.51), "m": (0.42, 0.49)},
    "age": {"16-29": (0.12, 0.21), "30-44": (0.2, 0.23), "45-59": (0.3, 0.26), "60+": (0.38, 0.3)},
    "education": {"lower": (0.14, 0.27), "upper": (0.36, 0.42), "degree": (0.5, 0.31)},
    "district": {
        "d1": (0.2, 0.18),
        "d2": (0.2, 0.2),
        "d3": (0.25, 0.22),
        "d4": (0.15, 0.2),
        "d5": (0.2, 0.2),
    },
    "tenure": {"own": (0.68, 0.55), "rent": (0.32, 0.45)},
}


def municipality(seed: int = 1, people: int = 240, size: int = 36, households: int | None = None) -> Problem:
    """A pool with a volunteer's bias and targets one seat wide; `households`: how many addresses."""
    rng = random.Random(seed)
    features = tuple(SHARES)

    def draw(feature: str) -> str:
        values = SHARES[feature]
        return rng.choices(list(values), [share for share, _ in values.values()])[0]

    volunteers = tuple(
        Person(
            f"p{i:05}",
            tuple(draw(feature) for feature in features),
            f"a{rng.randrange(households)}" if households and rng.random() < 0.7 else None,
        )
        for i in range(people)
    )
    targets = tuple(
        Target(feature, value, int(share * size), int(share * size) + 1)
        for feature, values in SHARES.items()
        for value, (_, share) in values.items()
    )
    return Problem(features, targets, volunteers, size, per_address=1 if households else None)


def tight(
    rng: random.Random,
    people: tuple[int, int] = (8, 16),
    size: tuple[int, int] = (3, 8),
    features: tuple[int, int] = (2, 7),
    slack: float = 0.15,
    households: bool = False,
    marks: bool = False,
) -> Problem | None:
    """Random people and targets around one random panel, most of them exact; None when no panel was found.

    `slack`: how often a target is one seat wider on a side. `marks`: somebody must, or must not, be drawn.
    """
    n = rng.randint(*people)
    k = rng.randint(size[0], min(size[1], n - 2))
    names = tuple(f"f{i}" for i in range(rng.randint(*features)))
    values = [rng.randint(2, 5) for _ in names]
    odds = [[rng.random() for _ in range(v)] for v in values]
    volunteers = tuple(
        Person(
            f"p{i:02}",
            tuple(f"v{rng.choices(range(v), o)[0]}" for v, o in zip(values, odds, strict=True)),
            f"a{rng.randrange(max(2, n // 2))}" if households and rng.random() < 0.8 else None,
        )
        for i in range(n)
    )
    limit = rng.choice([1, 2]) if households else None
    marked = [f"p{i:02}" for i in rng.sample(range(n), 2)] if marks else []
    include = frozenset(marked[:1] if rng.random() < 0.5 else ()) if marks else frozenset()
    exclude = frozenset(marked[1:] if rng.random() < 0.5 else ()) if marks else frozenset()
    for _ in range(100):
        panel = [volunteers[i] for i in rng.sample(range(n), k)]
        ids = {person.id for person in panel}
        homes = [person.address for person in panel if person.address]
        apart = limit is None or all(homes.count(home) <= limit for home in homes)
        if apart and include <= ids and not exclude & ids:
            break
    else:
        return None
    targets = []
    for f, name in enumerate(names):
        for v in range(values[f]):
            count = sum(person.values[f] == f"v{v}" for person in panel)
            low, high = rng.random() < slack, rng.random() < slack
            targets.append(Target(name, f"v{v}", max(0, count - low), count + high))
    return Problem(names, tuple(targets), volunteers, k, limit, include, exclude)
