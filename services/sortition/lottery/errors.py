"""Why no lottery could be made, as types that a caller can tell apart. Texts carry counts only."""

from __future__ import annotations


class LotteryError(Exception):
    """Base of everything the lottery raises on purpose."""


class Infeasible(LotteryError):  # noqa: N818 - says what is the case, as callers say it
    """No panel meets what was asked. `feasibility` finds out why, and what would help."""


class PoolTooSmall(Infeasible):
    """Fewer people may be drawn than the panel has seats."""

    def __init__(self, people: int, size: int) -> None:
        super().__init__(
            f"{people} people can be drawn, but the panel has {size} seats: draw a smaller panel"
        )
        self.people = people
        self.size = size


class InfeasibleTargets(Infeasible):
    """No panel of this size meets every target, household limit and must-be-drawn mark together."""

    def __init__(self, reason: str = "no panel meets every target together: loosen a target") -> None:
        super().__init__(reason)


class LegacyStuck(LotteryError):  # noqa: N818
    """The greedy method ran into a dead end in every attempt. Panels may exist: leximin finds one if so."""

    def __init__(self, restarts: int) -> None:
        super().__init__(
            f"the legacy method found no panel in {restarts} attempts, which proves nothing: "
            "draw with leximin, which finds a panel whenever there is one"
        )
        self.restarts = restarts


class SolverFailed(LotteryError):  # noqa: N818
    """The solver gave up on a programme that must have an answer: a defect, never the input's fault."""
