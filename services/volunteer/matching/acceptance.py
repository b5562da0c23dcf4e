"""Deferred acceptance where both sides rank: internships, mentors.

Applicants propose down their lists; a host keeps, of those who ever asked, those its choice function takes,
and refuses the rest (Gale and Shapley 1962; capacities and incomplete lists: Roth 1984). A host's choice
function goes down its own list and takes whoever fits within its capacity and its upper quota for their
school. It is that of a laminar matroid, so applicants never hurt one another's chances by being chosen
together (substitutes, and the law of aggregate demand: Hatfield and Milgrom 2005). Hence the result is
stable, is for every applicant the best of all stable matchings, and nobody gains by ranking untruthfully.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.volunteer.matching.acceptance_explain import applicant_outcomes, host_outcomes
from services.volunteer.matching.acceptance_types import Applicant, Assignment, Host, Match
from services.volunteer.matching.errors import BadInput, Parameter, Reason
from services.volunteer.matching.lots import lot


def assign(applicants: Sequence[Applicant], hosts: Sequence[Host], seed: str) -> Assignment:
    """The applicants' best stable matching, the same for the same people in any order and the same seed.

    Equal ranks are put in order by lot, one lot per applicant at every host (single tie-breaking:
    Abdulkadiroğlu, Pathak and Roth 2009); the result is then stable for the ranks as given too. Raises
    BadInput with every fault. Lower quotas are refused: with them there may be no stable matching, and
    finding out whether there is one is NP-complete (Biró, Fleiner, Irving and Manlove 2010).
    """
    check(applicants, hosts)
    by_id = {one.id: one for one in applicants}
    places = {host.id: _Places(host, _order(host, by_id, seed)) for host in hosts}
    lists = {one.id: _wishes(one, places, seed) for one in applicants}
    schools = {one.id: one.school for one in applicants}
    nexts = {one.id: iter(lists[one.id]) for one in applicants}
    waiting = sorted(lists, reverse=True)
    # In any order: the result is the same (McVitie and Wilson 1971).
    while waiting:
        one = waiting.pop()
        for name in nexts[one]:
            refused = places[name].ask(one, schools[one])
            if refused != one:
                if refused is not None:
                    waiting.append(refused)
                break
    given = {one: name for name, each in places.items() for one in each.kept}
    matches = tuple(
        Match(one, name, by_id[one].ranks[name], places[name].host.ranks[one])
        for one, name in sorted(given.items())
    )
    mutual = sum(len(own) for own in lists.values())
    one_sided = (
        sum(len(one.ranks) for one in applicants) + sum(len(host.ranks) for host in hosts) - 2 * mutual
    )
    ties = sum(_tied(one.ranks) for one in applicants) + sum(_tied(host.ranks) for host in hosts)
    return Assignment(
        matches,
        applicant_outcomes(applicants, hosts, lists, given),
        host_outcomes(applicants, hosts, lists, given),
        one_sided,
        ties,
    )


@dataclass(slots=True)
class _Places:
    """A host while applicants ask: `kept` are its place numbers on its own list, and by school."""

    host: Host
    order: Mapping[str, int]
    taken: list[tuple[int, str]] = field(default_factory=list)
    of_school: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    school_of: dict[str, str | None] = field(default_factory=dict)

    @property
    def kept(self) -> list[str]:
        return [one for _, one in self.taken]

    def ask(self, one: str, school: str | None) -> str | None:
        """Takes the applicant in; gives whom that puts out: nobody, another, or the same."""
        entry = (self.order[one], one)
        insort(self.taken, entry)
        self.school_of[one] = school
        quota = None if school is None else self.host.quotas.get(school)
        if school is not None:
            insort(self.of_school.setdefault(school, []), entry)
        if quota is not None and school is not None and len(self.of_school[school]) > quota:
            return self._out(self.of_school[school][-1])
        if len(self.taken) > self.host.capacity:
            return self._out(self.taken[-1])
        return None

    def _out(self, entry: tuple[int, str]) -> str:
        self.taken.remove(entry)
        school = self.school_of.pop(entry[1])
        if school is not None:
            self.of_school[school].remove(entry)
        return entry[1]


def _order(host: Host, applicants: Mapping[str, Applicant], seed: str) -> dict[str, int]:
    """The applicants' places, from 0, on the host's list of those who rank it too."""
    both = [one for one in host.ranks if host.id in applicants[one].ranks]
    ranks = [host.ranks[one] for one in both]
    if len(set(ranks)) < len(ranks):
        both.sort(key=lambda one: (host.ranks[one], lot(seed, "assign applicant", one)))
    else:
        both.sort(key=lambda one: host.ranks[one])
    return {one: at for at, one in enumerate(both)}


def _wishes(one: Applicant, places: Mapping[str, _Places], seed: str) -> list[str]:
    """The hosts that the applicant ranks and that rank them, most wanted first."""
    both = [name for name in one.ranks if name in places and one.id in places[name].order]
    if len({one.ranks[name] for name in both}) < len(both):
        return sorted(both, key=lambda name: (one.ranks[name], lot(seed, "assign host", one.id, name)))
    return sorted(both, key=lambda name: one.ranks[name])


def _tied(ranks: Mapping[str, int]) -> bool:
    return len(set(ranks.values())) < len(ranks)


def check(applicants: Iterable[Applicant], hosts: Iterable[Host]) -> None:
    """Raises BadInput with every fault of the two sides."""
    applicants, hosts = tuple(applicants), tuple(hosts)
    faults = [*_faults(applicants, hosts)]
    if faults:
        raise BadInput(faults)


def _faults(applicants: Sequence[Applicant], hosts: Sequence[Host]) -> Iterator[Reason]:
    known, offering = Counter(one.id for one in applicants), Counter(host.id for host in hosts)
    for name in sorted(name for name, times in known.items() if times > 1):
        yield Reason("DUPLICATE_APPLICANT", {"applicant": name})
    for name in sorted(name for name, times in offering.items() if times > 1):
        yield Reason("DUPLICATE_HOST", {"host": name})
    for one in applicants:
        for name, rank in one.ranks.items():
            pair: dict[str, Parameter] = {"applicant": one.id, "host": name}
            if name not in offering:
                yield Reason("UNKNOWN_HOST", pair)
            if rank < 1:
                yield Reason("RANK_BELOW_ONE", pair)
    for host in hosts:
        own: dict[str, Parameter] = {"host": host.id}
        if host.capacity < 0:
            yield Reason("NEGATIVE_CAPACITY_OF_HOST", own)
        if host.least > 0:
            yield Reason("LOWER_QUOTA", own)
        for school, quota in host.quotas.items():
            if quota < 0:
                yield Reason("NEGATIVE_QUOTA", {**own, "school": school})
        for school, quota in host.least_of.items():
            if quota > 0:
                yield Reason("LOWER_QUOTA_OF_SCHOOL", {**own, "school": school})
        for name, rank in host.ranks.items():
            pair = {"applicant": name, "host": host.id}
            if name not in known:
                yield Reason("UNKNOWN_APPLICANT", pair)
            if rank < 1:
                yield Reason("RANK_BELOW_ONE", pair)
