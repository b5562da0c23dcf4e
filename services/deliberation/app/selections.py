"""Whether a selection exists: sortition is asked between two units of work, never inside one."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.deliberation.app.assembly_ports import SelectionInfo, Selections


def require_selection(
    selections: Selections, caller: Caller, municipality: str, selection: UUID
) -> SelectionInfo:
    """Raises DomainError INVALID_ARGUMENT SELECTION_UNKNOWN, UNAVAILABLE SORTITION_AWAY."""
    found = selections.find(caller, municipality, selection)
    if found is None:
        raise unknown_selection()
    return found


def unknown_selection() -> DomainError:
    violation = FieldViolation("selection", "SELECTION_UNKNOWN")
    return DomainError(Code.INVALID_ARGUMENT, "SELECTION_UNKNOWN", {}, (violation,))


def taken_selection() -> DomainError:
    violation = FieldViolation("selection", "SELECTION_TAKEN")
    return DomainError(Code.ALREADY_EXISTS, "SELECTION_TAKEN", {}, (violation,))
