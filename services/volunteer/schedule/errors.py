"""Why there is no slot, and what is wrong with a shift: stable codes with parameters. Words are made
elsewhere, from catalogues. Parameters carry ids, numbers and dates only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

Parameter = str | int | date | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable UPPER_SNAKE code and the parameters of its words."""

    code: str
    params: Mapping[str, Parameter] = field(default_factory=dict)


class ScheduleError(Exception):
    """Base of everything that schedules raise on purpose. `reasons`: every fault found, not only one."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class BadInput(ScheduleError):  # noqa: N818 - says what is the case, as callers say it
    """The input contradicts itself or is incomplete."""


class Infeasible(ScheduleError):  # noqa: N818
    """The input is sound, but no rules are known for a day it names."""
