"""Set up an assembly: what it is for, whose panel will sit in it, what the council promised."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import FieldViolation
from chassis.ids import uuid7
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import admit
from services.deliberation.app.seat_assembly import seat
from services.deliberation.app.views import AssemblyView
from services.deliberation.domain.assembly import AssemblyFields, set_up
from services.deliberation.domain.report import Report


@dataclass(frozen=True, slots=True)
class CreateAssembly:
    """`wrong` are fields of the request that could not be read."""

    fields: AssemblyFields
    wrong: tuple[FieldViolation, ...] = ()


def check_new_assembly(uow: AssemblyUnitOfWork, caller: Caller, command: CreateAssembly) -> UUID:
    """The selection that sortition is to be asked about, once all else is in order.

    Raises DomainError INVALID_ARGUMENT ASSEMBLY_INVALID with every wrong field.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = command.fields.checked(command.wrong).selection
    assert selection is not None  # noqa: S101 - what `checked` holds
    return selection


def create_assembly(
    uow: AssemblyUnitOfWork, caller: Caller, command: CreateAssembly, *, clock: Clock
) -> AssemblyView:
    """For the secretariat, of a selection that sortition knows. Where its panel is confirmed already, the
    assembly has its members at once.

    Raises DomainError ASSEMBLY_INVALID, ALREADY_EXISTS SELECTION_TAKEN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    now = clock.now()
    assembly = set_up(uow.municipality, uuid7(clock), command.fields.checked(command.wrong), now)
    panel = uow.panels.lock(assembly.selection)
    uow.assemblies.add(assembly)
    uow.reports.add(Report(uow.municipality, assembly.id, "", "", 1, now))
    uow.audit.record(caller, "assembly.create", assembly.name, {"selection": str(assembly.selection)})
    return AssemblyView(seat(uow, assembly, panel, now))
