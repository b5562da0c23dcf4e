"""What is wrong with the input of a match, and why there is none: codes with parameters, as the schedule's.
Parameters carry ids, numbers and dates only.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.volunteer.schedule.errors import Parameter, Reason

__all__ = ["BadInput", "Infeasible", "MatchingError", "Parameter", "Reason", "SolverFailed"]


class MatchingError(Exception):
    """Base of everything that matching raises on purpose. `reasons`: every fault found, not only one."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class BadInput(MatchingError):  # noqa: N818 - says what is the case, as callers say it
    """The input contradicts itself or is incomplete."""


class Infeasible(MatchingError):  # noqa: N818
    """The input is sound, but nothing meets it."""


class SolverFailed(RuntimeError):  # noqa: N818
    """The solver broke down, which is a defect and not the input's fault."""
