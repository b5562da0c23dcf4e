"""Who can be on some panel at all, and which quotas keep the others off: exact, by integer programmes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.sortition.lottery.coverage import unreachable
from services.sortition.lottery.errors import InfeasibleTargets
from services.sortition.lottery.loosen import Loosening
from services.sortition.lottery.polytope import Polytope
from services.sortition.lottery.types import Reduction


class Bound(StrEnum):
    """Which side of a target."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class Quota:
    """One side of one target, and its count as it stands."""

    feature: str
    value: str
    bound: Bound
    count: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """People who fit no panel although panels exist.

    `type` indexes `Reduction.types`, `members` are their ids. `quotas` is a smallest set of quotas whose
    loosening would let them in; empty when it is no quota but the limit per address, or those who must be
    drawn, that keeps them off.
    """

    type: int
    members: tuple[str, ...]
    values: tuple[str, ...]
    quotas: tuple[Quota, ...]


def reachable(reduction: Reduction) -> set[int] | None:
    """The indices of the types that are on some panel; None when there is no panel at all."""
    try:
        shut_out = unreachable(Polytope.of(reduction.types, reduction.rows))
    except InfeasibleTargets:
        return None
    return set(range(len(reduction.types))) - {int(t) for t in shut_out}


def blocked(reduction: Reduction, types: Sequence[int]) -> tuple[Blocked, ...]:
    """For each of these types (none of them on any panel), a smallest set of quotas that keeps it off."""
    if not types:
        return ()
    loosening = Loosening(reduction, flexible=False)
    return tuple(
        Blocked(
            t,
            reduction.types[t].members,
            reduction.types[t].values,
            _why(reduction, loosening, t),
        )
        for t in types
    )


def _why(reduction: Reduction, loosening: Loosening, t: int) -> tuple[Quota, ...]:
    solution = loosening.fewest(must_have=t)
    if solution is None:
        return ()
    return tuple(
        Quota(
            change.row.feature,
            change.row.value,
            Bound.MINIMUM if change.down else Bound.MAXIMUM,
            (change.row.lower if change.down else change.row.upper) or 0,
        )
        for change in solution
    )
