"""What a store holds of a municipality, table by table and column by column, and what of it leaves the store.

Each service says it in its `adapters/holdings.py`, in words that docs/export.md shows; a test fails for a
table or a column that is not there. A municipality's export (chassis.holdings.export) gives what is said here
to be given, its erasure (chassis.holdings.erase) takes every row.

    selections: What is drawn: its size, targets and state.
      municipality_id  data      the municipality
      title            data      its title
    signing_keys: The key that signs records.
      private_key      secret    the key itself

data      the municipality's own, about no living person.
personal  about a person, or leads to one: the municipality gets it, and keeps it as it must keep such data.
secret    a key, a digest of a secret, what is not for its owner either: never given.
sealed    a secret until something has happened, which the service's `seals` tell; null before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.sql.elements import ColumnElement

from chassis.migrations.tenants import TENANT_COLUMNS

Seal = Callable[[Table], ColumnElement[bool]]
"""Whether a row's sealed columns may be given, as a condition on its table."""


Kept = Callable[[Table, str], ColumnElement[bool]]
"""Which rows of a municipality outlive its erasure, as a condition on the table and for a municipality."""


class Nature(StrEnum):
    DATA = "data"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - a kind of column
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class Field:
    nature: Nature
    meaning: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A table's meaning, and its columns' by their names."""

    meaning: str
    fields: Mapping[str, Field]


@dataclass(frozen=True)
class Holdings:
    """Of one service's store. `seals` by table; `own` are the service's tables, the others the chassis's."""

    metadata: MetaData
    tables: Mapping[str, Holding]
    own: frozenset[str]
    seals: Mapping[str, Seal] = field(default_factory=dict)
    kept: Mapping[str, Kept] = field(default_factory=dict)
    """What outlives the erasure of a municipality, by table: nothing of its own, and no person."""

    def of_tenants(self) -> list[Table]:
        """The tables that name a municipality in each row, what is referred to before what refers to it."""
        return [table for table in self.metadata.sorted_tables if tenant_column(table) is not None]

    def gaps(self) -> list[str]:
        """What is not said, or said of nothing: a table, `table.column`."""
        found: list[str] = []
        tenants = {table.name: table for table in self.of_tenants()}
        found += sorted(tenants.keys() ^ self.tables.keys())
        for name in tenants.keys() & self.tables.keys():
            columns = {column.name for column in tenants[name].columns}
            found += sorted(f"{name}.{each}" for each in columns ^ self.tables[name].fields.keys())
            sealed = any(each.nature is Nature.SEALED for each in self.tables[name].fields.values())
            if sealed != (name in self.seals):
                found.append(f"{name}: a seal")
        return found


def tenant_column(table: Table) -> Column[str] | None:
    """The column that names a row's municipality; None where rows belong to none."""
    return next((table.c[name] for name in TENANT_COLUMNS if name in table.c), None)


def of_service(
    metadata: MetaData,
    own: str,
    *shared: str,
    seals: Mapping[str, Seal] | None = None,
    kept: Mapping[str, Kept] | None = None,
) -> Holdings:
    """`own` describes the service's tables, `shared` those that the chassis gave it."""
    described = dict(_described(own))
    return Holdings(
        metadata,
        described | {name: holding for text in shared for name, holding in _described(text)},
        frozenset(described),
        seals or {},
        kept or {},
    )


_TABLE = re.compile(r"(\w+): (.+)")
_FIELD = re.compile(r"  (\w+) +(data|personal|secret|sealed) +(\S.*)")


def _described(text: str) -> Iterator[tuple[str, Holding]]:
    """Raises ValueError, a programming error, for a line that is neither a table nor a column of one."""
    fields: dict[str, Field] = {}
    for line in filter(None, text.strip("\n").split("\n")):
        if table := _TABLE.fullmatch(line):
            fields = {}
            yield table[1], Holding(table[2], fields)
        elif column := _FIELD.fullmatch(line):
            if column[1] in fields:
                raise ValueError(f"said twice: {line!r}")
            fields[column[1]] = Field(Nature(column[2]), column[3])
        else:
            raise ValueError(f"neither a table nor a column: {line!r}")
