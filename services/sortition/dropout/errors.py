"""Why an answer could not be given, as stable reasons with parameters. Words are made outside, by catalogue.

Parameters carry names of features and values and figures of groups; nothing about a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Parameter = str | int


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable UPPER_SNAKE code and the parameters of its words."""

    code: str
    params: Mapping[str, Parameter] = field(default_factory=dict)


class DropoutError(Exception):
    """Base of everything that this package raises on purpose."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class BadInput(DropoutError):  # noqa: N818 - says what is the case, as callers say it
    """The input contradicts itself. `reasons` holds every fault found, not only the first."""


class Infeasible(DropoutError):  # noqa: N818
    """What was asked cannot be had from these people: `reasons` name what is missing, and by how much."""
