"""Targets, pool and panel side by side."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.snapshot import targets_of, thaw
from services.sortition.app.views import Representation, ValueRepresentation
from services.sortition.domain.pool import counts
from services.sortition.domain.seat import Answer


def get_representation(uow: UnitOfWork, caller: Caller, selection_id: UUID) -> Representation:
    """Of the published draw, with the targets and pool frozen for it; before one, of the pool as it stands.

    Raises DomainError NOT_FOUND SELECTION_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(selection_id)
    if selection.published_draw is None:
        people = uow.pool.people(selection_id)
        now = counts(people)
        values = tuple(ValueRepresentation(t, now[t.feature, t.value], 0, 0) for t in selection.targets)
        return Representation(selection_id, len(people), 0, 0, values)
    snapshot = uow.draws.snapshot(selection.published_draw)
    problem = thaw(snapshot)
    pool = Counter(
        cell for person in problem.people for cell in zip(problem.features, person.values, strict=True)
    )
    values_of = {
        person.id: tuple(zip(problem.features, person.values, strict=True)) for person in problem.people
    }
    pool_id_of = {person: pool_id for pool_id, person in uow.draws.people(selection.published_draw).items()}
    drawn: Counter[tuple[str, str]] = Counter()
    accepted: Counter[tuple[str, str]] = Counter()
    seats = uow.seats.all(selection_id)
    for seat in seats:
        cells = values_of[pool_id_of[seat.person]]
        drawn.update(cells)
        if seat.answer is Answer.ACCEPTED:
            accepted.update(cells)
    return Representation(
        selection=selection_id,
        pool_size=len(problem.people),
        panel_size=len(seats),
        accepted_size=sum(seat.answer is Answer.ACCEPTED for seat in seats),
        values=tuple(
            ValueRepresentation(
                t,
                pool[t.feature, t.value],
                drawn[t.feature, t.value],
                accepted[t.feature, t.value],
            )
            for t in targets_of(snapshot)
        ),
    )
