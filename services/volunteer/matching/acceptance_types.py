"""What deferred acceptance is given and says. Ranks count from 1, the most wanted; equal ranks are a tie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.volunteer.matching.errors import Reason


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who wants one place. `ranks`: of the hosts they would go to; whoever is not there they
    decline.

    `school`: what upper quotas count by; None: no quota concerns them.
    """

    id: str
    ranks: Mapping[str, int]
    school: str | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """Who offers `capacity` places. `ranks`: of the applicants they would take.

    `quotas`: at most so many of a school; a school that is not there has none. `least`, `least_of`: lower
    quotas, in all and of a school. They are refused: see `assign`.
    """

    id: str
    ranks: Mapping[str, int]
    capacity: int = 1
    quotas: Mapping[str, int] = field(default_factory=dict)
    least: int = 0
    least_of: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """`rank`: the applicant's of the host; `host_rank`: the host's of the applicant."""

    applicant: str
    host: str
    rank: int
    host_rank: int


@dataclass(frozen=True, slots=True)
class ApplicantOutcome:
    """`reasons`: for each host that the applicant put before theirs, why it was not that one; or why there
    is none to be had at all."""

    applicant: str
    host: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """`free`: places that nobody has; `reasons`: why."""

    host: str
    free: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A stable matching, by applicant; an outcome for each applicant and host, by id.

    `one_sided`: pairs of whom only one ranks the other, which count for nothing. `ties`: applicants and hosts
    whose equal ranks were put in order by lot.
    """

    matches: tuple[Match, ...]
    applicants: tuple[ApplicantOutcome, ...]
    hosts: tuple[HostOutcome, ...]
    one_sided: int
    ties: int

    def host_of(self, applicant: str) -> str | None:
        return next((each.host for each in self.matches if each.applicant == applicant), None)
