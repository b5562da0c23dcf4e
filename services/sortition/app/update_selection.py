"""Change what a person decides about a selection: title, purpose, size, limit per address, targets."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import selection_etag, selection_view
from services.sortition.app.views import SelectionView
from services.sortition.domain.selection import EDITABLE, SelectionFields


@dataclass(frozen=True, slots=True)
class UpdateSelection:
    """`mask` names the fields that change (of `title`, `purpose`, `size`, `per_address`, `targets`); empty:
    those in `populated`.
    """

    selection: UUID
    fields: SelectionFields
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""


def update_selection(
    uow: UnitOfWork, caller: Caller, command: UpdateSelection, *, clock: Clock
) -> SelectionView:
    """Raises DomainError INVALID_ARGUMENT (FIELD_MASK_INVALID, SELECTION_INVALID), ABORTED ETAG_STALE,
    FAILED_PRECONDITION SELECTION_DRAWN for what a published draw rests on.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(command.selection)
    check_etag(command.etag, selection_etag(selection))
    fields = masked_fields(command.mask, command.populated, EDITABLE)
    if not fields:
        return selection_view(selection, uow.pool.count(selection.id))
    changed = selection.edited(fields, command.fields, clock.now())
    uow.selections.save(changed)
    uow.audit.record(caller, "selection.update", selection.name, {"fields": ",".join(sorted(fields))})
    return selection_view(changed, uow.pool.count(selection.id))
