"""Change what a person decides about an assembly."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import FieldViolation
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import admit
from services.deliberation.app.seat_assembly import seat
from services.deliberation.app.views import AssemblyView
from services.deliberation.domain.assembly import EDITABLE, Assembly, AssemblyFields


@dataclass(frozen=True, slots=True)
class UpdateAssembly:
    """`mask` names the fields that change; empty: those in `populated`. `wrong` are fields of the request
    that could not be read; they count where they are to change.
    """

    assembly: UUID
    fields: AssemblyFields
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""
    wrong: tuple[FieldViolation, ...] = ()


def check_assembly_update(uow: AssemblyUnitOfWork, caller: Caller, command: UpdateAssembly) -> UUID | None:
    """The selection that sortition is to be asked about: another than before, once all else is in order.

    Raises as `update_assembly`.
    """
    admit(uow, caller, Role.SECRETARIAT)
    before = uow.assemblies.get(command.assembly)
    wanted = _wanted(before, command)
    before.edited(wanted, before.update_time)
    return None if wanted.selection == before.selection else wanted.selection


def update_assembly(
    uow: AssemblyUnitOfWork, caller: Caller, command: UpdateAssembly, *, clock: Clock
) -> AssemblyView:
    """For the secretariat. An update that changes nothing leaves it as it is.

    Raises DomainError INVALID_ARGUMENT (FIELD_MASK_INVALID, ASSEMBLY_INVALID), ABORTED ETAG_STALE,
    FAILED_PRECONDITION ASSEMBLY_HANDED_OVER or ASSEMBLY_SEATED, ALREADY_EXISTS SELECTION_TAKEN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    now = clock.now()
    # A selection is locked before an assembly, here as where a panel is confirmed: never the other way round.
    wanted = _wanted(uow.assemblies.get(command.assembly), command)
    panel = uow.panels.lock(wanted.selection) if wanted.selection else None
    before = uow.assemblies.lock(command.assembly)
    before.require_open()
    check_etag(command.etag, AssemblyView(before).etag)
    after = before.edited(_wanted(before, command), now)
    if after is before:
        return AssemblyView(before)
    uow.assemblies.save(after)
    uow.audit.record(caller, "assembly.update", after.name, {"version": str(after.version)})
    return AssemblyView(seat(uow, after, panel, now))


def _wanted(before: Assembly, command: UpdateAssembly) -> AssemblyFields:
    """What is to stand afterwards, checked; only what changes can be wrong."""
    changed = masked_fields(command.mask, command.populated, EDITABLE)
    own = before.fields()
    merged = AssemblyFields(
        **{field: getattr(command.fields if field in changed else own, field) for field in EDITABLE}
    )
    wrong = tuple(each for each in command.wrong if each.field.partition("[")[0] in changed)
    return merged.checked(wrong)
