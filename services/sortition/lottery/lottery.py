"""What solving a lottery gives: types of people, panels as counts per type, weights, chances, and the proof.

The shapes here are the seam between the solvers (`leximin`, `maximin`, `legacy`), the rounding to equally
likely panels (`uniform`) and the published files (`record`, `audit`). Numbers that a proof rests on are
`Fraction`, so that a checker needs no solver and no tolerance of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Method(StrEnum):
    """How chances are shared: exact leximin, maximin (only the lowest chance), the practice's old greedy."""

    LEXIMIN = "leximin"
    MAXIMIN = "maximin"
    LEGACY = "legacy"


@dataclass(frozen=True, slots=True)
class PersonType:
    """People whom the targets cannot tell apart: equal values, equal household pattern, equal must-be-drawn.

    `household` is the sorted multiset of (values, must) of everyone at the address when the limit per
    address can bind, else empty. `members` are ids, sorted. `lower` and `upper` bound the type's count.
    """

    values: tuple[str, ...]
    household: tuple[tuple[tuple[str, ...], bool], ...]
    must: bool
    members: tuple[str, ...]
    lower: int
    upper: int


class RowKind(StrEnum):
    SIZE = "size"
    QUOTA = "quota"
    HOUSEHOLD = "household"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True)
class Row:
    """One linear constraint on a panel's counts: lower <= sum(coefficients[i] * count[type i]) <= upper.

    `coefficients` are sorted (type index, integer) pairs without zeros; a missing bound is None. For a
    quota `feature` and `value` name the target. A TRUSTED row is one that no small checker can prove (it
    rests on branch and bound); `--rerun` proves it again.
    """

    kind: RowKind
    coefficients: tuple[tuple[int, int], ...]
    lower: int | None
    upper: int | None
    feature: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One level of the leximin proof.

    `level` is the chance that the stage's `settled` types have. `weights` are (type, y >= 0) and
    `multipliers` (row index, lambda) pairs. For every panel, whatever it is,
    sum_t y_t * count_t / len(members_t) <= bound, where
    bound = sum_r (lambda_r * upper_r if lambda_r > 0 else lambda_r * lower_r)
          + sum_t max over c in [lower_t, upper_t] of (y_t / len(members_t) - sum_r lambda_r a_rt) * c.
    So the chances of any lottery obey the same bound, and no lottery that keeps everyone settled earlier
    at least where they are can lift all of the types still open above
    (bound - sum over types settled earlier of y_t * chance_t) / (sum over open types of y_t).
    """

    level: Fraction
    settled: tuple[int, ...]
    weights: tuple[tuple[int, Fraction], ...]
    multipliers: tuple[tuple[int, Fraction], ...]


@dataclass(frozen=True, slots=True)
class ExactLottery:
    """A lottery over panels with the best chances its method can give.

    `panels[j][i]` is how many of type i panel j has; `weights[j]` its probability (they sum to exactly 1);
    `chances[i]` = sum_j weights[j] * panels[j][i] / len(types[i].members), exactly. `excluded` are ids
    kept off the panel by hand. `unreachable` are the indices of types that fit no panel at all.
    `residual` is the largest difference between `chances` and the optimum the solver bounded them by.
    `stages` is empty for a method that has no proof of optimality (legacy); maximin has one stage.
    """

    method: Method
    size: int
    per_address: int | None
    types: tuple[PersonType, ...]
    rows: tuple[Row, ...]
    panels: tuple[tuple[int, ...], ...]
    weights: tuple[Fraction, ...]
    chances: tuple[Fraction, ...]
    excluded: tuple[str, ...]
    unreachable: tuple[int, ...]
    stages: tuple[Stage, ...]
    residual: Fraction


@dataclass(frozen=True, slots=True)
class UniformLottery:
    """m equally likely panels of people: `panels[number]` is a sorted tuple of the pool's ids.

    `chances` maps every id of the pool (those who fit no panel too) to its share of the m panels.
    """

    panels: tuple[tuple[str, ...], ...]
    chances: dict[str, Fraction]
