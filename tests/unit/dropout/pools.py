"""Tiny drawn panels that the tests make from a seed, small enough to list everything."""

from __future__ import annotations

import random

from services.sortition.dropout.rates import Rates
from services.sortition.lottery.problem import Person, Problem, Target

FEATURES = ("age", "gender", "tenure")
VALUES = {"age": ("old", "young"), "gender": ("f", "m", "x"), "tenure": ("own", "rent")}


def person(number: int, values: tuple[str, ...], address: str | None = None) -> Person:
    return Person(f"p{number:02}", values, address)


def drawn(rng: random.Random, size: int = 6, others: int = 6) -> tuple[Problem, frozenset[str], Rates]:
    """A panel of `size` whose targets are its own counts, some a seat wider; the rest of the pool; rates."""
    people = tuple(
        person(i, tuple(rng.choice(VALUES[feature]) for feature in FEATURES)) for i in range(size + others)
    )
    panel = people[:size]
    targets = []
    for f, feature in enumerate(FEATURES):
        for value in VALUES[feature]:
            count = sum(member.values[f] == value for member in panel)
            low, high = max(0, count - rng.randint(0, 1)), count + rng.randint(0, 1)
            targets.append(Target(feature, value, low, high))
    rates = Rates(
        ("age", "tenure"),
        {(a, t): rng.choice((0.0, 0.4, 0.6, 0.8, 0.9, 1.0)) for a in VALUES["age"] for t in VALUES["tenure"]},
    )
    problem = Problem(FEATURES, tuple(targets), people, size)
    return problem, frozenset(member.id for member in panel), rates


def loss(problem: Problem, people: list[Person]) -> float:
    """The loss of a final panel, straight from its definition."""
    total = 0.0
    for target in problem.targets:
        place = problem.features.index(target.feature)
        count = sum(member.values[place] == target.value for member in people)
        total += max(0, target.minimum - count, count - target.maximum) / max(1, target.maximum)
    return total
