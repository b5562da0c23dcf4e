"""Begin a selection."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.ids import uuid7
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import selection_view
from services.sortition.app.views import SelectionView
from services.sortition.domain.selection import Selection, SelectionFields, SelectionState
from services.sortition.domain.target import Target


@dataclass(frozen=True, slots=True)
class CreateSelection:
    """`per_address` None or 0: any number of one household."""

    title: str
    size: int
    purpose: str = ""
    per_address: int | None = None
    targets: tuple[Target, ...] = ()


def create_selection(
    uow: UnitOfWork, caller: Caller, command: CreateSelection, *, clock: Clock
) -> SelectionView:
    """Raises DomainError INVALID_ARGUMENT SELECTION_INVALID with every wrong field."""
    admit(uow, caller, Role.SECRETARIAT)
    fields = SelectionFields(
        command.title, command.purpose, command.size, command.per_address, command.targets
    ).checked()
    now = clock.now()
    selection = Selection(
        municipality=uow.municipality,
        id=uuid7(clock),
        title=fields.title,
        purpose=fields.purpose,
        size=fields.size,
        per_address=fields.per_address,
        targets=fields.targets,
        state=SelectionState.PREPARING,
        create_time=now,
        update_time=now,
    )
    uow.selections.add(selection)
    uow.audit.record(caller, "selection.create", selection.name, {"size": str(selection.size)})
    return selection_view(selection, 0)
