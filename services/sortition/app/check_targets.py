"""The pool held against targets, the selection's own or ones being typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.snapshot import import_columns, problem_of
from services.sortition.app.views import (
    Bound,
    BoundChange,
    CureView,
    KeptOff,
    Quota,
    TargetFinding,
    TargetProblem,
    TargetsCheck,
)
from services.sortition.domain.pool import Inclusion, Person
from services.sortition.domain.selection import Selection, SelectionFields
from services.sortition.domain.target import Target

if TYPE_CHECKING:
    from services.sortition.lottery.feasibility import PoolCount
    from services.sortition.lottery.quick import Room


@dataclass(frozen=True, slots=True)
class CheckTargets:
    """None: the selection's own. `per_address` 0: any number. `with_cures` False answers sooner."""

    selection: UUID
    targets: tuple[Target, ...] | None = None
    size: int | None = None
    per_address: int | None = None
    with_cures: bool = True


def check_targets(uow: UnitOfWork, caller: Caller, command: CheckTargets) -> TargetsCheck:
    """Solves small integer programmes: milliseconds for a few hundred people.

    Raises DomainError INVALID_ARGUMENT SELECTION_INVALID with every wrong number, NOT_FOUND
    SELECTION_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(command.selection)
    wanted = _wanted(selection, command)
    people = uow.pool.people(selection.id)
    try:
        problem = problem_of(
            wanted.targets, wanted.size, wanted.per_address, people, import_columns(uow, selection.id)
        )
    except DomainError as refusal:
        if refusal.code is not Code.FAILED_PRECONDITION:
            raise
        uow.meter.pool_checked("problem")
        found = TargetProblem(refusal.reason, refusal.metadata, refusal.metadata.get("feature", ""))
        return TargetsCheck(False, _drawable(people), _findings(wanted.targets, people), (), (found,), ())
    # Loads numerical libraries: only when it is asked for.
    from services.sortition.lottery import feasibility
    from services.sortition.lottery.cures import Cure
    from services.sortition.lottery.quick import quick_check
    from services.sortition.verdict import cure_sentence
    from services.sortition.words import Words

    words = Words(caller.language)

    def cure_view(cure: Cure) -> CureView:
        return CureView(
            changes=tuple(
                BoundChange(c.feature, c.value, Bound(c.bound.value), c.old, c.new) for c in cure.bounds
            ),
            size=cure.size,
            per_address=cure.per_address,
            released=len(cure.released),
            seats=cure.seats,
            frees=cure.frees,
            least=cure.least,
            beyond_flex=cure.beyond_flex,
            words=cure_sentence(words, problem, cure),
        )

    result = feasibility.check(problem, with_cures=command.with_cures)
    rooms = quick_check(problem)
    uow.meter.pool_checked("feasible" if result.feasible else "infeasible")
    return TargetsCheck(
        feasible=result.feasible,
        people=result.people,
        findings=tuple(
            _finding(target, count, room)
            for target, count, room in zip(wanted.targets, result.counts, rooms, strict=True)
        ),
        cures=tuple(cure_view(cure) for cure in result.cures),
        problems=(),
        kept_off=tuple(
            KeptOff(
                len(shut.members),
                tuple(Quota(q.feature, q.value, Bound(q.bound.value), q.count) for q in shut.quotas),
            )
            for shut in result.blocked
        ),
    )


def _finding(target: Target, count: PoolCount, room: Room) -> TargetFinding:
    """With its room, unless all that is known of that is the pool's size."""
    if room.given == "pool":
        return TargetFinding(target, count.pool, count.short_by)
    fits = target.minimum <= room.highest and target.maximum >= room.lowest
    return TargetFinding(target, count.pool, count.short_by, room.lowest, room.highest, fits)


def _wanted(selection: Selection, command: CheckTargets) -> SelectionFields:
    per_address = selection.per_address if command.per_address is None else command.per_address
    return SelectionFields(
        selection.title,
        selection.purpose,
        selection.size if command.size is None else command.size,
        per_address or None,
        selection.targets if command.targets is None else command.targets,
    ).checked()


def _drawable(people: Sequence[Person]) -> int:
    return sum(person.inclusion is not Inclusion.MUST_NOT for person in people)


def _findings(targets: Sequence[Target], people: Sequence[Person]) -> tuple[TargetFinding, ...]:
    tally = Counter(
        cell
        for person in people
        if person.inclusion is not Inclusion.MUST_NOT
        for cell in person.values.items()
    )
    return tuple(
        TargetFinding(t, tally[t.feature, t.value], max(0, t.minimum - tally[t.feature, t.value]))
        for t in targets
    )
