"""Set all targets from a spreadsheet: all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import selection_etag, selection_view
from services.sortition.app.spreadsheets import (
    MAX_TARGETS_FILE,
    cell_errors,
    check_size,
    domain_targets,
    file_format,
)
from services.sortition.app.views import TargetsImport
from services.sortition.domain.selection import SelectionFields
from services.sortition.spreadsheet.targets import read_targets


@dataclass(frozen=True, slots=True)
class ImportTargets:
    """`file` is CSV or a workbook: feature, value, min, max; optional min_flex, max_flex and reason."""

    selection: UUID
    file: bytes
    etag: str = ""


def import_targets(uow: UnitOfWork, caller: Caller, command: ImportTargets, *, clock: Clock) -> TargetsImport:
    """A file with errors changes nothing, and answers with all of them.

    Raises DomainError FAILED_PRECONDITION SELECTION_DRAWN, ABORTED ETAG_STALE, INVALID_ARGUMENT
    FILE_MISSING or SELECTION_INVALID (too many targets, texts too long), RESOURCE_EXHAUSTED FILE_TOO_LARGE.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(command.selection)
    check_etag(command.etag, selection_etag(selection))
    selection.require_preparing()
    check_size(command.file, MAX_TARGETS_FILE)
    table = read_targets(command.file)
    pool_size = uow.pool.count(selection.id)
    if table.findings:
        view = selection_view(selection, pool_size)
        return TargetsImport(view, cell_errors(table.findings, caller.language), file_format(table.info))
    wanted = SelectionFields("", "", 0, None, domain_targets(table.targets))
    # A file has no reasons for over-draws that a person gave on the page: they stay with their values.
    reasons = {(t.feature, t.value): t.reason for t in selection.targets}
    kept = tuple(
        t if t.reason else replace(t, reason=reasons.get((t.feature, t.value), "")) for t in wanted.targets
    )
    changed = selection.edited(frozenset({"targets"}), replace(wanted, targets=kept), clock.now())
    uow.selections.save(changed)
    uow.audit.record(
        caller, "selection.import_targets", selection.name, {"targets": str(len(changed.targets))}
    )
    return TargetsImport(selection_view(changed, pool_size), (), file_format(table.info))
