"""The pool in figures."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PoolView, ValueCount
from services.sortition.domain.pool import Inclusion, counts


def get_pool(uow: UnitOfWork, caller: Caller, selection_id: UUID) -> PoolView:
    """Counts of every value that a target names or somebody has. Raises NOT_FOUND SELECTION_UNKNOWN."""
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(selection_id)
    people = uow.pool.people(selection_id)
    found = counts(people)
    cells = dict.fromkeys([(t.feature, t.value) for t in selection.targets] + sorted(found))
    inclusions = Counter(person.inclusion for person in people)
    known = {(t.feature, t.value) for t in selection.targets}
    unanswered = sum(
        any((feature, person.values.get(feature, "")) not in known for feature in selection.features)
        for person in people
    )
    stored = uow.imports.get(selection_id)
    applied = stored.applied if stored is not None else None
    return PoolView(
        selection=selection_id,
        people=len(people),
        included=inclusions[Inclusion.MUST],
        excluded=inclusions[Inclusion.MUST_NOT],
        unanswered=unanswered,
        counts=tuple(ValueCount(feature, value, found[feature, value]) for feature, value in cells),
        import_time=applied.time if applied else None,
    )
