"""Small registers and questions for the tests of the invitation."""

from __future__ import annotations

import random

import numpy as np

from services.sortition.invitation.pool import Panels
from services.sortition.invitation.types import Cell, Entry, Question, Rates, Reals
from services.sortition.lottery.problem import Target

FEATURES = ("gender", "age")
VALUES = {"gender": ("f", "m"), "age": ("old", "young")}
CELLS: tuple[Cell, ...] = (("f", "old"), ("f", "young"), ("m", "old"), ("m", "young"))


def question(size: int = 4, young: int = 2, per_seat: float = 2.0) -> Question:
    half = size // 2
    targets = (
        Target("gender", "f", half, size - half),
        Target("gender", "m", half, size - half),
        Target("age", "old", 0, size),
        Target("age", "young", young, size),
    )
    return Question(FEATURES, targets, size, per_seat)


def panels(asked: Question | None = None) -> Panels:
    return Panels(asked or question(), CELLS)


def people(counts: tuple[int, ...], per_home: int = 0) -> list[Entry]:
    """So many people of each cell; `per_home` neighbours share an address (0: none has one)."""
    made = []
    for cell, count in zip(CELLS, counts, strict=True):
        for _ in range(count):
            number = len(made)
            home = f"road {number // per_home}" if per_home else ""
            made.append(Entry(f"p{number}", cell, home, number + 2))
    return made


def shuffled(entries: list[Entry], seed: int) -> list[Entry]:
    return random.Random(seed).sample(entries, len(entries))


def flat(rate: float, weight: float = 100.0) -> Rates:
    return Rates(np.full(4, weight * rate), np.full(4, weight * (1 - rate)))


def ones() -> Reals:
    return np.ones(4)
