"""Whole seats in proportion to whole people: largest remainder, with floors and ceilings.

Without binding floors or ceilings this is the method of largest remainder (Hamilton 1792; Balinski and
Young, 'Fair Representation', 1982): of all ways to give out the seats it has the least sum of differences
between seats and shares, and of their squares (Birkhoff 1976). A floor or ceiling that binds fixes its value;
the others share what is left in proportion, so that people of values without a limit stay alike. This `fair`
share is the population's I-projection on the limits (Csiszár 1975); rounding it by largest remainder keeps
every limit, since limits are whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Apportionment:
    """`fair` unrounded and `seats` rounded, by position.

    `tied`: the positions of equal remainder between which the stated rule decided, empty without a tie.
    """

    fair: tuple[Fraction, ...]
    seats: tuple[int, ...]
    tied: tuple[int, ...]


def apportion(
    weights: Sequence[int], size: int, floors: Sequence[int], ceilings: Sequence[int]
) -> Apportionment:
    """Share `size` seats by `weights` (people), floors[i] <= seats[i] <= ceilings[i].

    Ties of remainders go to the larger weight, then to the earlier position. Raises ValueError unless
    0 <= floors[i] <= ceilings[i], sum(floors) <= size <= sum(ceilings), and weights of 0 have their floor as
    ceiling.
    """
    if any(not 0 <= low <= high for low, high in zip(floors, ceilings, strict=True)):
        raise ValueError("a floor is over its ceiling")
    if any(low != high for w, low, high in zip(weights, floors, ceilings, strict=True) if w == 0):
        raise ValueError("a value without people can have its floor only")
    if not sum(floors) <= size <= sum(ceilings):
        raise ValueError("floors and ceilings leave no way to give out the seats")
    fair = _fair(weights, size, floors, ceilings)
    seats = [int(share) for share in fair]
    left = size - sum(seats)
    remainders = [share - whole for share, whole in zip(fair, seats, strict=True)]
    order = sorted(range(len(fair)), key=lambda i: (-remainders[i], -weights[i], i))
    for i in order[:left]:
        seats[i] += 1
    tied: tuple[int, ...] = ()
    if 0 < left < len(order) and remainders[order[left - 1]] == remainders[order[left]]:
        tied = tuple(i for i in range(len(fair)) if remainders[i] == remainders[order[left]])
    return Apportionment(tuple(fair), tuple(seats), tied)


def _fair(
    weights: Sequence[int], size: int, floors: Sequence[int], ceilings: Sequence[int]
) -> list[Fraction]:
    """clamp(scale · weight, floor, ceiling) with the scale at which they add up to `size`."""
    people = [i for i, weight in enumerate(weights) if weight]
    points = sorted({Fraction(b[i], weights[i]) for i in people for b in (floors, ceilings)})

    def at(scale: Fraction) -> list[Fraction]:
        return [
            min(max(scale * weight, Fraction(low)), Fraction(high))
            for weight, low, high in zip(weights, floors, ceilings, strict=True)
        ]

    below = Fraction(0)
    for point in points:
        if sum(at(point)) >= size:
            # Between the two points the same values move, each by its weight.
            moving = sum(weights[i] for i in people if floors[i] <= below * weights[i] < ceilings[i])
            missing = size - sum(at(below))
            return at(below + Fraction(missing) / moving if missing else below)
        below = point
    return at(below)
