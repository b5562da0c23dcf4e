"""The terms of representativeness: population figures, seats, stages and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from services.sortition.representation.errors import Reason


class Stage(StrEnum):
    """From the people to the panel that handed over, in this order, each a part of the one before."""

    POPULATION = "population"
    INVITED = "invited"
    POOL = "pool"
    PANEL = "panel"
    END = "end"


@dataclass(frozen=True, slots=True)
class PopulationValue:
    """How many people of the population have this value, and how many seats it must or may have.

    `population` in people; `floor` and `ceiling` in seats, both included, None for no ceiling.
    """

    feature: str
    value: str
    population: int
    floor: int = 0
    ceiling: int | None = None


@dataclass(frozen=True, slots=True)
class PopulationCell:
    """The same for a combination: `values` in the order of the cross's features."""

    values: tuple[str, ...]
    population: int
    floor: int = 0
    ceiling: int | None = None


@dataclass(frozen=True, slots=True)
class Cross:
    """Two or more features taken together. A combination that is not listed has a population of 0."""

    features: tuple[str, ...]
    cells: tuple[PopulationCell, ...]


@dataclass(frozen=True, slots=True)
class ValueSeats:
    """A value's seats, and what they stand for.

    `base`: people of the feature's values together. `share`: size · population / base, unrounded seats.
    `fair`: the same within floors and ceilings. `seats`: `fair` rounded, so |seats - fair| < 1.
    `minimum`, `maximum`: the target for the lottery, in seats, minimum <= seats <= maximum.
    """

    feature: str
    value: str
    population: int
    base: int
    share: Fraction
    fair: Fraction
    seats: int
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class CellSeats:
    """A combination's seats. `fitted`: the unrounded table that has the margins, seats per cell."""

    values: tuple[str, ...]
    population: int
    fitted: float
    seats: int
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class CrossSeats:
    """The seats of one cross; they add up to the seats of each of its features' values.

    `cells` in the order of the product of the features' values.
    """

    features: tuple[str, ...]
    cells: tuple[CellSeats, ...]


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats of a panel. `notices` say what is unusual but no error: ties, bases that differ."""

    size: int
    values: tuple[ValueSeats, ...]
    crosses: tuple[CrossSeats, ...]
    notices: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of people by one feature, or by several together, in every stage.

    `cells` are tuples of values in the order of `features`; `counts[stage][i]` is the people of `cells[i]`.
    Combinations that are not listed count nobody.
    """

    features: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    counts: Mapping[Stage, tuple[int, ...]]


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One figure of an account: a stage, the features of its table, and their values."""

    stage: Stage
    features: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A count with what it is a share of.

    `base`: people of the stage with any value of the features. `share` = count / base and `difference`, the
    share minus the reference's in percentage points; None where a base is 0.
    """

    key: Key
    count: int
    base: int
    share: Fraction | None
    difference: Fraction | None


@dataclass(frozen=True, slots=True)
class Index:
    """The index of dissimilarity of one table in one stage to the reference: 0 alike, 1 nothing in common.

    `attainable`: the least that any `base` people can have, since people are whole. None on a base of 0.
    """

    stage: Stage
    features: tuple[str, ...]
    base: int
    value: Fraction | None
    attainable: Fraction | None


@dataclass(frozen=True, slots=True)
class Account:
    """How each stage mirrors the reference (the first stage there is).

    `figures` and `indices` in the order of tables, cells and stages; `means`: the mean index over the single
    features per stage, None where any of them is undefined.
    """

    reference: Stage
    stages: tuple[Stage, ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    indices: tuple[Index, ...]
    means: Mapping[Stage, Fraction | None]
    notices: tuple[Reason, ...] = field(default=())
