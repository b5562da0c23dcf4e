"""Is the input sound? Every fault is found and named before anything is planned."""

from __future__ import annotations

from collections.abc import Iterator

from services.deliberation.grouping.errors import BadInput, Parameter, Reason
from services.deliberation.grouping.model import Held
from services.deliberation.grouping.types import Problem

MAX_MEMBERS = 1_000
MAX_SEATS = 30_000
MAX_TOLERANCE = 100


def check(problem: Problem, held: Held = (), effort: int | None = None) -> None:
    """Raises BadInput with every fault, or returns."""
    reasons = [*_members(problem), *_rules(problem), *_rounds(problem), *_history(problem, held)]
    if effort is not None and effort < 1:
        reasons.append(Reason("EFFORT_NOT_POSITIVE", {"effort": effort}))
    if reasons:
        raise BadInput(reasons)


def _members(problem: Problem) -> Iterator[Reason]:
    if not problem.members:
        yield Reason("NO_MEMBERS")
    if len(problem.members) > MAX_MEMBERS:
        yield Reason("TOO_MANY_MEMBERS", {"count": len(problem.members), "most": MAX_MEMBERS})
    resources = {resource.id for resource in problem.resources}
    seen: set[str] = set()
    for position, member in enumerate(problem.members, 1):
        if not _is_id(member.id):
            yield Reason("BAD_ID", {"position": position})
            continue
        if member.id in seen:
            yield Reason("DUPLICATE_MEMBER", {"member": member.id})
        seen.add(member.id)
        for feature in problem.balance:
            if not member.features.get(feature):
                yield Reason("FEATURE_MISSING", {"member": member.id, "feature": feature})
        for need in sorted(member.needs - resources):
            yield Reason("UNKNOWN_RESOURCE", {"member": member.id, "resource": need})
    for feature in sorted({f for f in problem.balance if problem.balance.count(f) > 1}):
        yield Reason("DUPLICATE_FEATURE", {"feature": feature})
    if not 0 <= problem.tolerance <= MAX_TOLERANCE:
        yield Reason("TOLERANCE_OUT_OF_RANGE", {"tolerance": problem.tolerance})


def _rules(problem: Problem) -> Iterator[Reason]:
    members = {member.id for member in problem.members}
    for kind, sets in (("APART", problem.apart), ("TOGETHER", problem.together)):
        for position, people in enumerate(sets, 1):
            if len(people) < 2:
                yield Reason("RULE_NEEDS_TWO", {"kind": kind, "position": position})
            for person in sorted(people - members):
                yield Reason("UNKNOWN_IN_RULE", {"member": person, "kind": kind, "position": position})
    seen: set[str] = set()
    most = max((planned.groups for planned in problem.rounds), default=0)
    for resource in problem.resources:
        if not _is_id(resource.id) or resource.id in seen:
            yield Reason("DUPLICATE_RESOURCE", {"resource": resource.id})
        seen.add(resource.id)
        if resource.limit < 0:
            yield Reason("NEGATIVE_LIMIT", {"resource": resource.id, "limit": resource.limit})
        for group in sorted(resource.groups):
            if not 1 <= group <= most:
                yield Reason("NO_SUCH_GROUP", {"resource": resource.id, "group": group, "most": most})
    seen = set()
    for position, facilitator in enumerate(problem.facilitators, 1):
        if not _is_id(facilitator):
            yield Reason("BAD_FACILITATOR_ID", {"position": position})
        elif facilitator in seen:
            yield Reason("DUPLICATE_FACILITATOR", {"facilitator": facilitator})
        elif facilitator in members:
            yield Reason("FACILITATOR_IS_MEMBER", {"facilitator": facilitator})
        seen.add(facilitator)


def _rounds(problem: Problem) -> Iterator[Reason]:
    known = {member.id for member in problem.members} | set(problem.facilitators)
    if not problem.rounds:
        yield Reason("NO_ROUNDS")
    for number, planned in enumerate(problem.rounds, 1):
        if planned.groups < 1:
            yield Reason("NO_GROUPS", {"round": number, "groups": planned.groups})
        for person in sorted(planned.absent - known):
            yield Reason("UNKNOWN_ABSENT", {"member": person, "round": number})
    seats = len(problem.members) * len(problem.rounds)
    most = max((planned.groups for planned in problem.rounds), default=0)
    # A group nobody can sit in is a slip of the keyboard when there are far more of them than people.
    if seats > MAX_SEATS or most > MAX_MEMBERS:
        limits: dict[str, Parameter] = {"most": MAX_SEATS, "most_groups": MAX_MEMBERS}
        yield Reason("TOO_LARGE", {"seats": seats, "groups": most, **limits})


def _history(problem: Problem, held: Held) -> Iterator[Reason]:
    if held and len(held) >= len(problem.rounds):
        yield Reason("NOTHING_LEFT", {"held": len(held), "rounds": len(problem.rounds)})
    for number, groups in enumerate(held, 1):
        seen: set[str] = set()
        for group in groups:
            everyone = [*sorted(group.members), *([group.facilitator] if group.facilitator else [])]
            for person in everyone:
                if not _is_id(person):
                    yield Reason("BAD_HELD_ID", {"round": number})
                elif person in seen:
                    yield Reason("HELD_TWICE", {"member": person, "round": number})
                seen.add(person)


def _is_id(text: str) -> bool:
    return bool(text) and text == text.strip() and text.isprintable()
