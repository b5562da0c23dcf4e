"""Accept the rows without errors of the latest import."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.sortition.app.gate import admit
from services.sortition.app.import_pool import (
    ImportPool,
    applied_import,
    pool_import,
    read_table,
    replace_pool,
)
from services.sortition.app.ports import StoredImport, UnitOfWork
from services.sortition.app.views import ImportState, PoolImport
from services.sortition.domain.selection import Selection


def accept_pool_import(uow: UnitOfWork, caller: Caller, selection_id: UUID, *, clock: Clock) -> PoolImport:
    """Replace the pool by the good rows; the uploaded file is thrown away.

    Raises DomainError FAILED_PRECONDITION SELECTION_DRAWN or IMPORT_NOT_WAITING (none waits, or the targets
    changed so that no row of it is good any more).
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(selection_id)
    selection.require_preparing()
    stored = waiting_import(uow, selection)
    command = command_of(stored)
    # Read anew: the targets may have changed since, and they decide which rows are good.
    table = read_table(selection, command)
    if not table.accepted_count:
        raise not_waiting(selection)
    replace_pool(uow, selection, table, command)
    counts = {"accepted_rows": table.accepted_count, "rejected_rows": len(table.rejected)}
    report = {**stored.report, **counts}
    applied = applied_import(table, command, clock)
    uow.imports.put(
        replace(stored, state=ImportState.APPLIED.value, report=report, upload=b"", applied=applied)
    )
    details = {name: str(count) for name, count in counts.items()}
    uow.audit.record(caller, "pool.accept_import", selection.name, details)
    return pool_import(uow, selection_id, caller.language)


def waiting_import(uow: UnitOfWork, selection: Selection) -> StoredImport:
    """Raises DomainError FAILED_PRECONDITION IMPORT_NOT_WAITING."""
    stored = uow.imports.get(selection.id)
    if stored is None or stored.state != ImportState.WAITING or not stored.upload:
        raise not_waiting(selection)
    return stored


def not_waiting(selection: Selection) -> DomainError:
    return DomainError(Code.FAILED_PRECONDITION, "IMPORT_NOT_WAITING", {"selection": selection.name})


def command_of(stored: StoredImport) -> ImportPool:
    return ImportPool(
        selection=stored.selection,
        file=stored.upload,
        id_column=stored.options["id_column"],
        address_columns=tuple(stored.options["address_columns"]),
        contact_columns=tuple(stored.options["contact_columns"]),
    )
