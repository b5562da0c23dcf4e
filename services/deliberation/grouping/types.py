"""What goes into a plan of rotating groups, and what comes out. Ids only: no names, no contact details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.deliberation.grouping.errors import Reason


@dataclass(frozen=True, slots=True)
class Member:
    """One member.

    `features`: feature → value, every balanced feature; `needs`: ids of resources, each round.
    """

    id: str
    features: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resource:
    """What some groups have and some members need: an interpreter, an accessible room, a hearing loop.

    `limit`: how many groups of a round can have it at the same time. `groups`: the group numbers (from 1)
    that can have it, as a room belongs to its group; empty = any group (an interpreter walks).
    """

    id: str
    limit: int
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Round:
    """A round to be planned: the number of groups, and the ids (members, facilitators) known to be away."""

    groups: int
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """A group as it really sat. Ids of people who have left since are welcome: their meetings count."""

    members: frozenset[str]
    facilitator: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What to plan.

    `balance`: the features whose values are spread evenly over the groups of a round. `apart`: sets of
    members of whom no two may share a group. `together`: sets who always share one (sets with a member in
    common are one set, also when that member is away). `tolerance`: how many of 100 quota cells may be off
    by one so that more people meet (0 = as few as can be).
    """

    members: tuple[Member, ...]
    rounds: tuple[Round, ...]
    balance: tuple[str, ...] = ()
    apart: tuple[frozenset[str], ...] = ()
    together: tuple[frozenset[str], ...] = ()
    resources: tuple[Resource, ...] = ()
    facilitators: tuple[str, ...] = ()
    tolerance: int = 6


@dataclass(frozen=True, slots=True)
class Group:
    """One group of one round: `number` from 1, member ids sorted, the resources it must have."""

    number: int
    members: tuple[str, ...]
    facilitator: str | None = None
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedRound:
    """`number` counts from 1 over held and planned rounds; `held` marks history."""

    number: int
    groups: tuple[Group, ...]
    held: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a plan is, counted from the plan alone.

    `pairs_met`: distinct pairs of members who shared a group in any round, held or planned.
    `bound`: no plan of these rounds lets more pairs meet. It is the pairs met in held rounds, plus the
    smaller of the pairs still able to meet and the places left: min(C(n, 2), sum over
    groups of C(size, 2)) for a fresh plan without rules.
    `meetings`: times → number of pairs that met so often, 0 included.
    `most_meetings` leaves out pairs who must share a group whenever both come.
    `fewest_met`: how many others the member with the fewest has met.
    `cells`: quota cells (planned round, group, value present).
    `off_by_one`, `off_by_more`: cells outside floor … ceiling of the group's proportional share.
    `facilitator_repeats`: member-and-facilitator meetings after the pair's first.
    """

    members: int
    pairs_met: int
    bound: int
    meetings: Mapping[int, int]
    most_meetings: int
    fewest_met: int
    cells: int
    off_by_one: int
    off_by_more: int
    facilitator_repeats: int

    @property
    def share_of_bound(self) -> float:
        """pairs_met / bound, 1.0 when nobody could meet anybody."""
        return self.pairs_met / self.bound if self.bound else 1.0

    @property
    def share_off(self) -> float:
        """Quota cells outside floor … ceiling over all cells, 0.0 without cells."""
        return (self.off_by_one + self.off_by_more) / self.cells if self.cells else 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with what it takes to make it again: seed, effort (search steps) and the input's SHA-256 (hex).

    `notices`: what is unusual but no error, such as a round to which nobody comes.
    """

    rounds: tuple[PlannedRound, ...]
    figures: Figures
    seed: str
    effort: int
    input_digest: str
    notices: tuple[Reason, ...] = ()
