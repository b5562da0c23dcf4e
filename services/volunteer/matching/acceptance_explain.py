"""Why each applicant has the host they have, and why a host has places left."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from services.volunteer.matching.acceptance_types import Applicant, ApplicantOutcome, Host, HostOutcome
from services.volunteer.matching.errors import Reason

Lists = Mapping[str, Sequence[str]]


def applicant_outcomes(
    applicants: Sequence[Applicant], hosts: Sequence[Host], lists: Lists, given: Mapping[str, str]
) -> tuple[ApplicantOutcome, ...]:
    """`lists`: per applicant the hosts both ranked, most wanted first; `given`: applicant → host."""
    by_id = {host.id: host for host in hosts}
    schools = {one.id: one.school for one in applicants}
    kept: dict[str, list[str]] = defaultdict(list)
    for one, name in given.items():
        kept[name].append(one)
    # The rank of the last whom a host took, in all and of each school.
    last = {name: max(by_id[name].ranks[one] for one in own) for name, own in kept.items()}
    last_of: dict[tuple[str, str | None], int] = {}
    count: Counter[tuple[str, str | None]] = Counter()
    for name, own in kept.items():
        for one in own:
            key = (name, schools[one])
            count[key] += 1
            last_of[key] = max(last_of.get(key, 0), by_id[name].ranks[one])

    def refused(one: Applicant, name: str) -> Reason:
        host, rank = by_id[name], one.ranks[name]
        if one.id not in host.ranks:
            return Reason("HOST_DID_NOT_RANK", {"host": name, "rank": rank})
        key = (name, one.school)
        quota = host.quotas.get(one.school) if one.school is not None else None
        own_rank = host.ranks[one.id]
        if host.capacity == 0:
            return Reason("HOST_WITHOUT_PLACES", {"host": name, "rank": rank})
        if quota is not None and count[key] >= quota and own_rank >= last_of.get(key, 0):
            by_lot = own_rank == last_of.get(key, 0)
            code = "SCHOOL_QUOTA_FULL_BY_LOT" if by_lot else "SCHOOL_QUOTA_FULL"
            return Reason(code, {"host": name, "rank": rank, "most": quota})
        code = "HOST_FULL_BY_LOT" if own_rank == last[name] else "HOST_FULL"
        return Reason(code, {"host": name, "rank": rank, "most": host.capacity})

    def outcome(one: Applicant) -> ApplicantOutcome:
        own = given.get(one.id)
        both = lists[one.id]
        before = set(both[: both.index(own)] if own is not None else both)
        limit = one.ranks[own] if own is not None else None
        before |= {
            name
            for name, rank in one.ranks.items()
            if name not in set(both) and (limit is None or rank < limit)
        }
        ordered = sorted(before, key=lambda name: (one.ranks[name], name))
        reasons = tuple(refused(one, name) for name in ordered)
        return ApplicantOutcome(one.id, own, reasons if one.ranks else (Reason("RANKED_NOBODY"),))

    return tuple(outcome(one) for one in sorted(applicants, key=lambda each: each.id))


def host_outcomes(
    applicants: Sequence[Applicant], hosts: Sequence[Host], lists: Lists, given: Mapping[str, str]
) -> tuple[HostOutcome, ...]:
    """As `applicant_outcomes`, from the other side."""
    schools = {one.id: one.school for one in applicants}
    wanted: dict[str, list[str]] = defaultdict(list)
    for one, own in lists.items():
        for name in own:
            wanted[name].append(one)
    taken = Counter(given.values())
    of_school = Counter((name, schools[one]) for one, name in given.items())

    def reasons(host: Host) -> Iterator[Reason]:
        others = [one for one in wanted[host.id] if given.get(one) != host.id]
        if not others:
            yield Reason("NOBODY_ELSE_TO_TAKE")
        by_quota = 0
        for one in others:
            school = schools[one]
            quota = host.quotas.get(school) if school is not None else None
            by_quota += quota is not None and of_school[host.id, school] >= quota
        if by_quota:
            yield Reason("HELD_BACK_BY_QUOTA", {"count": by_quota})
        if len(others) > by_quota:
            yield Reason("PREFER_ANOTHER_HOST", {"count": len(others) - by_quota})

    return tuple(
        HostOutcome(host.id, free, tuple(reasons(host)) if free else ())
        for host in sorted(hosts, key=lambda each: each.id)
        for free in (host.capacity - taken[host.id],)
    )
