"""Read a spreadsheet of volunteers into the pool: whole, or, once errors have been shown, its good rows.

Values go to the pool, names, addresses and contact columns to a store of their own; every other column is
thrown away. Somebody whose id was in the pool before keeps their identity; who is missing leaves it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.sortition.app.gate import admit
from services.sortition.app.ports import AppliedImport, StoredImport, UnitOfWork
from services.sortition.app.quotas import require_room_for_people
from services.sortition.app.spreadsheets import (
    MAX_POOL_FILE,
    cell_errors,
    check_size,
    file_format,
    targets_table,
)
from services.sortition.app.views import ImportState, PoolImport
from services.sortition.domain.pool import Contact, Person
from services.sortition.domain.selection import Selection
from services.sortition.spreadsheet import normal
from services.sortition.spreadsheet.findings import File, Finding, Reason, quote
from services.sortition.spreadsheet.respondents import RespondentsTable, read_respondents


@dataclass(frozen=True, slots=True)
class ImportPool:
    """`id_column` "" is the column `id`, else the first."""

    selection: UUID
    file: bytes
    id_column: str = ""
    address_columns: tuple[str, ...] = ()
    contact_columns: tuple[str, ...] = ()


def import_pool(uow: UnitOfWork, caller: Caller, command: ImportPool, *, clock: Clock) -> PoolImport:
    """Without errors the pool is replaced. With errors nothing changes: all of them are answered, and the
    file waits for `accept_pool_import` or the next try.

    Raises DomainError FAILED_PRECONDITION SELECTION_DRAWN or TARGETS_MISSING, INVALID_ARGUMENT FILE_MISSING
    or COLUMNS_INVALID, RESOURCE_EXHAUSTED FILE_TOO_LARGE or PEOPLE_QUOTA_REACHED.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(command.selection)
    selection.require_preparing()
    require_targets(selection)
    check_size(command.file, MAX_POOL_FILE)
    _check_columns(selection, command)
    table = read_table(selection, command)
    missing = _missing_contact_columns(table, command)
    if not table.findings and not missing:
        report = _report(table, ())
        replace_pool(uow, selection, table, command)
        applied = applied_import(table, command, clock)
        _store(uow, selection, ImportState.APPLIED, report, command, b"", applied, clock)
        uow.audit.record(caller, "pool.import", selection.name, {"rows": str(table.accepted_count)})
        return pool_import(uow, selection.id, caller.language)
    report = _report(table, missing)
    state = ImportState.WAITING if table.accepted_count and not missing else ImportState.REFUSED
    upload = command.file if table.info is not None else b""
    before = uow.imports.get(selection.id)
    _store(uow, selection, state, report, command, upload, before.applied if before else None, clock)
    rejected = {"accepted": str(table.accepted_count), "rejected": str(len(table.rejected))}
    uow.audit.record(caller, "pool.import_refused", selection.name, rejected)
    return pool_import(uow, selection.id, caller.language)


def require_targets(selection: Selection) -> None:
    """Raises DomainError FAILED_PRECONDITION TARGETS_MISSING: targets say which columns matter."""
    if not selection.targets:
        raise DomainError(Code.FAILED_PRECONDITION, "TARGETS_MISSING", {"selection": selection.name})


def read_table(selection: Selection, command: ImportPool) -> RespondentsTable:
    return read_respondents(
        command.file,
        targets_table(selection.targets),
        command.id_column or None,
        command.address_columns,
    )


def applied_import(table: RespondentsTable, command: ImportPool, clock: Clock) -> AppliedImport:
    """What a draw needs to know to be made again from the same file."""
    return AppliedImport(clock.now(), table.header[table.id_column].strip(), command.address_columns)


def pool_import(uow: UnitOfWork, selection_id: UUID, language: str) -> PoolImport:
    """The latest import's account. Raises DomainError NOT_FOUND IMPORT_UNKNOWN."""
    stored = uow.imports.get(selection_id)
    if stored is None:
        raise DomainError(Code.NOT_FOUND, "IMPORT_UNKNOWN")
    report = stored.report
    return PoolImport(
        state=ImportState(stored.state),
        accepted_rows=report["accepted_rows"],
        rejected_rows=report["rejected_rows"],
        errors=cell_errors([_finding(finding) for finding in report["findings"]], language),
        format=report["format"],
        create_time=stored.create_time,
    )


def replace_pool(uow: UnitOfWork, selection: Selection, table: RespondentsTable, command: ImportPool) -> None:
    """Make the table's accepted rows the pool.

    Raises DomainError RESOURCE_EXHAUSTED PEOPLE_QUOTA_REACHED.
    """
    require_room_for_people(uow, selection.id, table.accepted_count)
    before = {person.pool_id: person for person in uow.pool.everyone(selection.id)}
    people = _people(selection, table, before)
    staying = {person.pool_id for person in people}
    gone = [person for pool_id, person in before.items() if pool_id not in staying]
    dismiss(uow, selection.id, gone)
    uow.pool.put(people)
    uow.contacts.remove(selection.id, [person.id for person in people if person.pool_id in before])
    uow.contacts.put(selection.id, _contacts(table, command, people))


def drop_upload(uow: UnitOfWork, selection_id: UUID) -> None:
    """Throw away a file with personal data that waits to be accepted."""
    stored = uow.imports.get(selection_id)
    if stored is not None and stored.upload:
        uow.imports.put(replace(stored, state=ImportState.REFUSED.value, upload=b""))


def dismiss(uow: UnitOfWork, selection_id: UUID, people: Sequence[Person]) -> None:
    """Take people out of the pool: their contacts at once, themselves unless a draw names them."""
    in_draws = uow.draws.drawn_in_any(selection_id)
    uow.contacts.remove(selection_id, [person.id for person in people])
    uow.pool.remove(selection_id, [person.id for person in people if person.id not in in_draws])
    uow.pool.put([person.left() for person in people if person.id in in_draws and person.in_pool])


def _people(selection: Selection, table: RespondentsTable, before: Mapping[str, Person]) -> list[Person]:
    homes = Counter(person.address for person in table.people if person.address)
    # Fresh keys, so that nobody's id stands at anybody else's row.
    keys = {address: uuid4().hex for address, members in homes.items() if members > 1}
    people = []
    for row in table.people:
        known = before.get(row.id)
        people.append(
            Person(
                municipality=selection.municipality,
                selection=selection.id,
                id=known.id if known else uuid4(),
                pool_id=row.id,
                values=dict(zip(table.features, row.values, strict=True)),
                household=keys.get(row.address or "", ""),
                version=known.version + 1 if known else 1,
            )
        )
    return people


def _contacts(table: RespondentsTable, command: ImportPool, people: Sequence[Person]) -> list[Contact]:
    places = normal.positions(table.header)
    names = dict.fromkeys(
        normal.header(name) for name in (*command.contact_columns, *command.address_columns)
    )
    columns = [(table.header[places[name][0]].strip(), places[name][0]) for name in names if name in places]
    if not columns:
        return []
    ids = {person.pool_id: person.id for person in people}
    return [
        Contact(ids[pool_id], {title: cells[at].strip() for title, at in columns if at < len(cells)})
        for pool_id, cells in table.accepted_rows()
        if pool_id in ids
    ]


def _check_columns(selection: Selection, command: ImportPool) -> None:
    """A feature's column goes into the pool and into events of the draw: it can be no contact or address."""
    features = {normal.header(feature) for feature in selection.features}
    identity = normal.header(command.id_column)
    found = []
    for field, names in (
        ("contact_columns", command.contact_columns),
        ("address_columns", command.address_columns),
    ):
        for index, name in enumerate(names):
            key = normal.header(name)
            if not key:
                found.append(FieldViolation(f"{field}[{index}]", "REQUIRED"))
            elif key in features:
                found.append(FieldViolation(f"{field}[{index}]", "COLUMN_IS_FEATURE"))
            elif key == identity:
                found.append(FieldViolation(f"{field}[{index}]", "COLUMN_IS_ID"))
    if found:
        raise DomainError(Code.INVALID_ARGUMENT, "COLUMNS_INVALID", {}, tuple(found))


def _missing_contact_columns(table: RespondentsTable, command: ImportPool) -> tuple[str, ...]:
    if table.info is None:
        return ()
    places = normal.positions(table.header)
    return tuple(name for name in command.contact_columns if normal.header(name) not in places)


def _report(table: RespondentsTable, missing: Sequence[str]) -> dict[str, Any]:
    """Findings as they are; their words are found when they are read, in the reader's language."""
    absent = [
        Finding(
            Reason.MISSING_COLUMN,
            File.RESPONDENTS,
            column=quote(name),
            sizes=(("columns", len(table.header)),),
        )
        for name in missing
    ]
    return {
        "accepted_rows": table.accepted_count,
        "rejected_rows": len(table.rejected),
        "format": file_format(table.info),
        "findings": [asdict(finding) for finding in (*absent, *table.findings)],
    }


def _finding(stored: Mapping[str, Any]) -> Finding:
    return Finding(
        reason=Reason(stored["reason"]),
        file=File(stored["file"]),
        row=stored["row"],
        column=stored["column"],
        found=stored["found"],
        id=stored["id"],
        sizes=tuple((name, size) for name, size in stored["sizes"]),
        choices=tuple(stored["choices"]),
    )


def _store(
    uow: UnitOfWork,
    selection: Selection,
    state: ImportState,
    report: dict[str, Any],
    command: ImportPool,
    upload: bytes,
    applied: AppliedImport | None,
    clock: Clock,
) -> None:
    options = {
        "id_column": command.id_column,
        "address_columns": list(command.address_columns),
        "contact_columns": list(command.contact_columns),
    }
    uow.imports.put(StoredImport(selection.id, state.value, report, options, upload, clock.now(), applied))
