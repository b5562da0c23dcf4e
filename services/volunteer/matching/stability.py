"""Whether a matching is one, and whether it is stable, straight from the definitions: nothing of the
algorithm.

A pair blocks when both rank each other, the applicant has no host or strictly prefers this one, and the
host would choose the applicant: it has a place and the school's quota has room, or a strictly worse one of
those it has could go instead (of the same school, where that quota is full).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from services.volunteer.matching.acceptance_types import Applicant, Host, Match
from services.volunteer.matching.errors import Reason


def blocking_pairs(
    applicants: Sequence[Applicant], hosts: Sequence[Host], matches: Iterable[Match]
) -> tuple[tuple[str, str], ...]:
    """Every (applicant, host) that blocks, for the ranks as given: ties block nothing (weak stability)."""
    of = {match.applicant: match.host for match in matches}
    by_id = {one.id: one for one in applicants}
    kept: dict[str, list[str]] = defaultdict(list)
    for applicant, name in of.items():
        kept[name].append(applicant)
    found = []
    for host in hosts:
        for name, own_rank in host.ranks.items():
            one = by_id.get(name)
            if one is None or host.id not in one.ranks:
                continue
            now = of.get(name)
            if now is not None and one.ranks[host.id] >= one.ranks[now]:
                continue
            same = [other for other in kept[host.id] if by_id[other].school == one.school]
            quota = None if one.school is None else host.quotas.get(one.school)
            at_quota = quota is not None and len(same) >= quota
            if at_quota:
                chosen = any(host.ranks[other] > own_rank for other in same)
            elif len(kept[host.id]) >= host.capacity:
                chosen = any(host.ranks[other] > own_rank for other in kept[host.id])
            else:
                chosen = True
            if chosen:
                found.append((name, host.id))
    return tuple(sorted(found))


def broken_rules(
    applicants: Sequence[Applicant], hosts: Sequence[Host], matches: Sequence[Match]
) -> tuple[Reason, ...]:
    """Every rule that a matching breaks, whether it is stable or not."""
    ones, houses = {one.id: one for one in applicants}, {host.id: host for host in hosts}
    found = [
        Reason("MATCHED_TWICE", {"applicant": name})
        for name, times in sorted(Counter(match.applicant for match in matches).items())
        if times > 1
    ]
    for match in matches:
        one, host = ones.get(match.applicant), houses.get(match.host)
        ranked = (one and one.ranks.get(match.host), host and host.ranks.get(match.applicant))
        if ranked != (match.rank, match.host_rank):
            found.append(Reason("NOT_RANKED", {"applicant": match.applicant, "host": match.host}))
    for host in hosts:
        own = [match.applicant for match in matches if match.host == host.id]
        if len(own) > host.capacity:
            found.append(Reason("OVER_CAPACITY", {"host": host.id}))
        schools = Counter(ones[name].school for name in own if name in ones)
        found += (
            Reason("OVER_QUOTA", {"host": host.id, "school": school})
            for school, quota in sorted(host.quotas.items())
            if schools[school] > quota
        )
    return tuple(found)
