"""Why an answer could not be given, as stable reasons with parameters. Words are made outside, by catalogue.

Parameters carry names of features and values, stages and figures of groups; nothing about a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Parameter = str | int


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable UPPER_SNAKE code and the parameters of its words."""

    code: str
    params: Mapping[str, Parameter] = field(default_factory=dict)


class LimitKind(StrEnum):
    """What bounds the seats of a cross: a value's seats, a cell's floor or ceiling, the people there are."""

    SEATS = "SEATS"
    FLOOR = "FLOOR"
    CEILING = "CEILING"
    POPULATION = "POPULATION"


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound in a cross: `values` is one value (SEATS, of `features`' one feature) or a cell's values."""

    kind: LimitKind
    features: tuple[str, ...]
    values: tuple[str, ...]
    seats: int


class RepresentationError(Exception):
    """Base of everything that this package raises on purpose."""


class BadInput(RepresentationError):  # noqa: N818 - says what is the case, as callers say it
    """The input contradicts itself. `reasons` holds every fault found, not only the first."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class Infeasible(RepresentationError):  # noqa: N818
    """No seats keep every floor and ceiling.

    `reasons` name the features whose own floors or ceilings are at fault. `clash`, for a cross, is a
    minimal set of limits that cannot hold together: without any one of them the rest could.
    """

    def __init__(self, reasons: Sequence[Reason] = (), clash: Sequence[Limit] = ()) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})) or "LIMITS_CLASH")
        self.reasons = tuple(reasons)
        self.clash = tuple(clash)
