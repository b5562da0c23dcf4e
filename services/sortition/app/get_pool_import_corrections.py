"""A copy of the uploaded file with its errors marked."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.sortition.app.accept_pool_import import command_of, not_waiting
from services.sortition.app.gate import admit
from services.sortition.app.import_pool import read_table
from services.sortition.app.ports import UnitOfWork
from services.sortition.spreadsheet.corrected import corrected_copy


def get_pool_import_corrections(uow: UnitOfWork, caller: Caller, selection_id: UUID) -> bytes:
    """The uploaded table as CSV with a last column that says what is wrong in each row.

    Raises DomainError NOT_FOUND IMPORT_UNKNOWN, FAILED_PRECONDITION IMPORT_NOT_WAITING once the file is gone.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(selection_id)
    stored = uow.imports.get(selection.id)
    if stored is None:
        raise DomainError(Code.NOT_FOUND, "IMPORT_UNKNOWN")
    if not stored.upload:
        raise not_waiting(selection)
    table = read_table(selection, command_of(stored))
    # Spreadsheet programs take UTF-8 for their own code page unless a byte order mark says otherwise.
    return b"\xef\xbb\xbf" + b"".join(corrected_copy(table, caller.language))
