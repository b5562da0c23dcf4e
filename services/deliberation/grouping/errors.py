"""Why no plan could be made, as stable reasons with parameters. Words are made elsewhere, from catalogues.

Parameters carry ids, numbers and names of features and resources; never anything else about a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Parameter = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable UPPER_SNAKE code and the parameters of its words."""

    code: str
    params: Mapping[str, Parameter] = field(default_factory=dict)


class RuleKind(StrEnum):
    """The hard rules of a round."""

    TOGETHER = "TOGETHER"
    APART = "APART"
    NEED = "NEED"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about `members`; for NEED, `resource` is what they need."""

    kind: RuleKind
    members: tuple[str, ...]
    resource: str = ""


class CureKind(StrEnum):
    """What makes a round possible, tried one at a time and found to work."""

    DROP_RULE = "DROP_RULE"
    FEWER_GROUPS = "FEWER_GROUPS"
    MORE_GROUPS = "MORE_GROUPS"
    MORE_OF_RESOURCE = "MORE_OF_RESOURCE"
    ANY_GROUP = "ANY_GROUP"
    MORE_FACILITATORS = "MORE_FACILITATORS"


@dataclass(frozen=True, slots=True)
class Cure:
    """One change that suffices for the round.

    DROP_RULE names the `rule`, the others `count` or `resource`.
    """

    kind: CureKind
    rule: Rule | None = None
    count: int = 0
    resource: str = ""


class GroupingError(Exception):
    """Base of everything that grouping raises on purpose."""


class BadInput(GroupingError):  # noqa: N818 - says what is the case, as callers say it
    """The input contradicts itself or is incomplete.

    `reasons` holds every fault found, not only the first.
    """

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(sorted({reason.code for reason in reasons})))
        self.reasons = tuple(reasons)


class Infeasible(GroupingError):  # noqa: N818
    """No groups of this round keep all hard rules.

    `rules` is a minimal set that cannot hold together: without any one of them, or any one of their members,
    the rest could. `groups` and `seats` (largest group) say what the round offers. `cures`: see Cure.
    """

    def __init__(
        self,
        reason: str,
        round_number: int,
        groups: int,
        seats: int,
        rules: Sequence[Rule],
        cures: Sequence[Cure],
    ) -> None:
        super().__init__(f"{reason} in round {round_number}")
        self.reason = reason
        self.round = round_number
        self.groups = groups
        self.seats = seats
        self.rules = tuple(rules)
        self.cures = tuple(cures)


class Undecided(GroupingError):  # noqa: N818
    """The rules of a round are so tangled that the exact check gave up after `steps` placements."""

    def __init__(self, round_number: int, steps: int) -> None:
        super().__init__(f"undecided in round {round_number} after {steps} steps")
        self.round = round_number
        self.steps = steps
