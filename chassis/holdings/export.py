"""A municipality's whole holding of one store, as a zip of JSON Lines with a manifest (docs/export.md).

All of it is read in one unit of work, so from one state of the store, row by row into the file: what is in
memory does not grow with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Select, Table, case, null, select, text
from sqlalchemy.sql.elements import ColumnElement

from chassis.context import Caller
from chassis.db import Database, Transaction
from chassis.erasures import is_erased
from chassis.errors import Code, DomainError
from chassis.holdings import Holdings, Nature, tenant_column

FORMAT = "borgerting-export"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
ACTION = "municipality.export"
"""What the audit trail calls it."""

_AT_ONCE = 500
# The same content gives the same bytes: the moment is the manifest's to say.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows of each table."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def export(
    database: Database, service: str, holdings: Holdings, municipality: str, caller: Caller, to: IO[bytes]
) -> Exported:
    """Write the zip, and note in the municipality's audit trail that it was made. Who may have it is said
    by those who call this.

    Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN.
    """
    with database.reading(municipality) as transaction, zipfile.ZipFile(to, "w") as made:
        _require_known(transaction, holdings)
        files = [
            _write(made, f"{table.name}.jsonl", _lines(transaction, holdings, table))
            for table in holdings.of_tenants()
        ]
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "service": service,
            "municipality": f"municipalities/{municipality}",
            "program": version("borgerting"),
            "schema_revision": _revision(transaction),
            "export_time": _plain(database.clock.now()),
            "files": [
                {"name": name, "rows": rows, "bytes": size, "sha256": digest}
                for name, rows, size, digest in files
            ],
            "withheld": {
                name: withheld
                for name, holding in sorted(holdings.tables.items())
                if (withheld := [k for k, one in holding.fields.items() if one.nature is Nature.SECRET])
            },
        }
        lines = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
        made.writestr(_entry(MANIFEST), lines + b"\n")
    exported = Exported({name.removesuffix(".jsonl"): rows for name, rows, _, _ in files})
    with database.writing(municipality, correlation_id=caller.correlation_id) as transaction:
        details = {"rows": str(exported.total), "manifest": hashlib.sha256(lines + b"\n").hexdigest()}
        transaction.audit.record(caller, ACTION, f"municipalities/{municipality}", details)
    return exported


def last_export(database: Database, municipality: str) -> datetime | None:
    """When one was last made; None: never, or the audit trail is erased."""
    with database.reading(municipality) as transaction:
        return transaction.audit.last(ACTION)


def _require_known(transaction: Transaction, holdings: Holdings) -> None:
    registry = holdings.metadata.tables["municipalities"]
    entry = transaction.connection.execute(rows_of(holdings, registry, transaction.municipality)).first()
    if entry is None or is_erased(transaction):
        metadata = {"municipality": transaction.municipality}
        raise DomainError(Code.NOT_FOUND, "MUNICIPALITY_UNKNOWN", metadata)


def rows_of(holdings: Holdings, table: Table, municipality: str) -> Select[Any]:
    """The municipality's rows of a table by their key, what is secret left out, what is sealed null."""
    fields = holdings.tables[table.name].fields
    seal = holdings.seals.get(table.name)
    columns: list[ColumnElement[Any]] = []
    for column in table.columns:
        nature = fields[column.name].nature
        if nature is Nature.SEALED and seal is not None:
            columns.append(case((seal(table), column), else_=null()).label(column.name))
        elif nature in (Nature.DATA, Nature.PERSONAL):
            columns.append(column)
    tenant = tenant_column(table)
    if tenant is None:
        raise ValueError(f"{table.name} names no municipality")
    return select(*columns).where(tenant == municipality).order_by(*table.primary_key.columns)


def _lines(transaction: Transaction, holdings: Holdings, table: Table) -> Iterator[bytes]:
    query = rows_of(holdings, table, transaction.municipality)
    found = transaction.connection.execute(query.execution_options(yield_per=_AT_ONCE))
    for row in found.mappings():
        plain = {name: _plain(value) for name, value in row.items()}
        yield json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _write(made: zipfile.ZipFile, name: str, lines: Iterable[bytes]) -> tuple[str, int, int, str]:
    """Name, rows, bytes and SHA-256 of the file that the lines make."""
    rows = size = 0
    digest = hashlib.sha256()
    with made.open(_entry(name), "w", force_zip64=True) as file:
        for line in lines:
            file.write(line)
            digest.update(line)
            rows += 1
            size += len(line)
    return name, rows, size, digest.hexdigest()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16  # whoever unpacks it alone: people are in it
    return entry


def _revision(transaction: Transaction) -> str:
    return str(transaction.connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _plain(value: Any) -> Any:
    """As JSON has it: instants in UTC with a Z, bytes in base64, ids as they are written."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case _:
            return value
