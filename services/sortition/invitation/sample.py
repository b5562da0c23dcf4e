"""Whom to write to: a sample of exactly as many people as letters, each with a known, exact chance.

Systematic sampling with unequal probabilities (Madow, 'On the theory of systematic sampling, II', Annals of
Mathematical Statistics 1949): lay the units' sizes end to end and take those that a comb of equal steps with
a random start falls on. A unit's chance is exactly its size over the step; the sum is exact. Ordered by a
random number alone, with equal sizes, that is a simple random sample. Ordered by type first, every type gets
its expected letters rounded down or up (implicit stratification), and within it everybody the same chance.
All in whole numbers, so every machine draws the same.

At most one letter per address: the unit is the address, its size the sum of its people's, and one of them is
taken with their share of it, so that a person's chance is what it would be without the rule. Where an
address's sum is over 1, it surely gets a letter, and its people share that one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.sortition.invitation.errors import BadInput, Reason
from services.sortition.invitation.register import Register
from services.sortition.invitation.types import Design, Integers, Reals
from services.sortition.lottery.generator import Generator

# Sizes are whole multiples of this part of the largest.
SCALE = 1 << 24


@dataclass(frozen=True, slots=True)
class Sample:
    """`invited` are places in the register, sorted by id. `chances` (n) is everybody's chance of a letter.

    `asked` letters may be more than can be sent: `invited` are then all who can get one. `addresses` are
    the units: people, or addresses where one letter goes to each.
    """

    invited: Integers
    chances: Reals
    asked: int
    units: int


def draw(
    register: Register, weights: Reals, letters: int, seed: str, design: Design, *, one_per_address: bool
) -> Sample:
    """Draw `letters` people with chances in proportion to `weights` (per type, >= 0).

    Raises BadInput for a negative number of letters or weights that are no numbers.
    """
    sizes = whole(weights)
    if letters < 0:
        raise BadInput([Reason("LETTERS_NEGATIVE", {"letters": str(letters)})])
    people = len(register)
    size = sizes[register.types] if people else np.zeros(0, dtype=np.int64)
    within = np.ones(people)
    if one_per_address:
        person, unit_size, unit_of, within = _one_each(register, size)
    else:
        person = unit_of = np.arange(people)
        unit_size = size
    words = register.words[person]
    if design is Design.SIMPLE:
        order = np.lexsort((words[:, 1], words[:, 0]))
    else:
        order = np.lexsort((words[:, 1], words[:, 0], register.types[person]))
    taken, chance = systematic(unit_size[order], letters, Generator(seed, "invitation start"))
    chances = np.zeros(len(person))
    chances[order] = chance
    invited = person[order[taken]]
    by_id = sorted(invited.tolist(), key=register.id)
    return Sample(np.array(by_id, dtype=np.int64), chances[unit_of] * within, letters, len(person))


def share_out(people: Integers, weights: Reals, letters: int, seed: str) -> tuple[Integers, Reals]:
    """(letters, chance of one) per type, from totals alone: the expected letters rounded down or up.

    The letters add up; the expectation over seeds is exact. Raises BadInput as `draw` does.
    """
    if letters < 0:
        raise BadInput([Reason("LETTERS_NEGATIVE", {"letters": str(letters)})])
    sizes = whole(weights)
    letters = min(letters, int(people[sizes > 0].sum()))
    certain = np.zeros(len(people), dtype=bool)
    while True:
        left = letters - int(people[certain].sum())
        rest = np.where(certain, 0, sizes)
        total = int(rest @ people)
        over = (rest > 0) & (people > 0) & (rest >= -(-total // left)) if left else certain & False
        if not over.any():
            break
        certain |= over
    counts = np.where(certain, people, 0)
    chances = np.where(certain, 1.0, 0.0)
    if left:
        start = Generator(seed, "invitation start").below(total)
        comb = np.array([(start + j * total) // left for j in range(left)], dtype=np.int64)
        hit = np.searchsorted(np.cumsum(rest * people), comb, side="right")
        counts = counts + np.bincount(hit, minlength=len(people))
        chances = chances + rest * (left / total)
    return counts.astype(np.int64), chances


def whole(weights: Reals) -> Integers:
    """Weights as whole multiples of the largest / 2**24; a positive weight stays positive."""
    if not np.all(np.isfinite(weights)) or np.any(weights < 0):
        raise BadInput([Reason("WEIGHT_NOT_A_NUMBER")])
    largest = float(weights.max(initial=0.0))
    if largest == 0:
        return np.zeros(len(weights), dtype=np.int64)
    scaled = np.round(weights / largest * SCALE).astype(np.int64)
    return np.where(weights > 0, np.maximum(scaled, 1), 0)


def systematic(sizes: Integers, count: int, generator: Generator) -> tuple[Integers, Reals]:
    """(the places taken, everybody's chance), sizes in their order: `count` of them, or all that have a size.

    A unit whose share is 1 or more is taken for certain, and the rest share what is left.
    """
    chance = np.zeros(len(sizes))
    certain = np.zeros(len(sizes), dtype=bool)
    count = min(count, int(np.count_nonzero(sizes)))
    while True:
        left = count - int(np.count_nonzero(certain))
        rest = np.where(certain, 0, sizes)
        total = int(rest.sum())
        # size * left >= total, without products that overflow.
        over = (rest > 0) & (rest >= -(-total // left)) if left else np.zeros(len(sizes), dtype=bool)
        if not over.any():
            break
        certain |= over
    chance[certain] = 1.0
    taken = certain
    if left:
        chance += rest * (left / total)
        start = generator.below(total)
        comb = np.array([(start + j * total) // left for j in range(left)], dtype=np.int64)
        taken = certain.copy()
        taken[np.searchsorted(np.cumsum(rest), comb, side="right")] = True
    return np.flatnonzero(taken), chance


def _one_each(register: Register, size: Integers) -> tuple[Integers, Integers, Integers, Reals]:
    """(person who would get the address's letter, its size) per address; (address, share of it) per person.

    People without an address are one each.
    """
    homes, words = register.homes, register.words
    # People without an address get one of their own, below all others.
    homes = np.where(homes > 0, homes, -1 - np.arange(len(size), dtype=np.int64))
    order = np.lexsort((words[:, 1], words[:, 0], homes))
    new = np.ones(len(order), dtype=bool)
    new[1:] = homes[order[1:]] != homes[order[:-1]]
    first = np.flatnonzero(new)
    unit = np.cumsum(new) - 1
    running = np.cumsum(size[order])
    before = (running - size[order])[first]
    total = np.add.reduceat(size[order], first) if len(first) else np.zeros(0, dtype=np.int64)
    marks = words[order[first], 2].tolist()
    steps = [(mark * s) >> 64 for mark, s in zip(marks, total.tolist(), strict=True)]
    chosen = np.searchsorted(running, before + np.array(steps, dtype=np.int64), side="right")
    # An address where nobody has a weight is passed over: its size is 0, whoever stands for it.
    chosen = np.where(total > 0, chosen, first)
    unit_of = np.empty(len(order), dtype=np.int64)
    unit_of[order] = unit
    share = np.zeros(len(order))
    np.divide(size, total[unit_of], out=share, where=total[unit_of] > 0)
    return order[chosen], total, unit_of, share
