"""Why an answer could not be given, as stable reasons with parameters. Words are made outside, by catalogue.

Parameters carry row numbers, names of features and values, and figures of groups; nothing about a person.
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


class InvitationError(Exception):
    """Base of everything that this package raises on purpose. `reasons` holds all that was found."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class BadInput(InvitationError):  # noqa: N818 - says what is the case, as callers say it
    """The input contradicts itself or is out of range."""


class Infeasible(InvitationError):  # noqa: N818
    """No panel of this size can meet the targets, however many people volunteer."""
