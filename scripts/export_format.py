"""Writes docs/export.md: what a municipality's export has, file by file and field by field, from the tables
themselves and what the services say of them. `--check` fails when it is stale.
"""

# ruff: noqa: E501 - pages are wider than code

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import JSON, Boolean, Column, Date, Integer, LargeBinary, Table, Uuid

from chassis.app import descriptors
from chassis.holdings import Holdings
from chassis.tables import UtcDateTime

PAGE = Path(__file__).resolve().parents[1] / "docs" / "export.md"
HEAD = """\
# A municipality's export

    borgerting municipality export dragoer --out exports                     whoever has the stores; --service NAME for one
    curl -H "Authorization: Bearer $TOKEN" -OJ \\
      https://…/sortition/api/v1/municipalities/dragoer:export               its own secretariat, from each service

All that a service holds of the municipality, in one zip per service, from one state of that service's store. The services'
stores are not of one moment: suspend the municipality first where they have to agree. Each export is in the audit trail. It
can be made while the municipality is suspended, and until it is erased. People of the secretariat find a button for each
service's file on the municipality's page, under "Access and particulars".

**There are people in it** (*personal* below): it is the municipality's to keep and to delete as the law has it. Operators of
the platform, who see no content, cannot have it over the API or on pages.

Each table is a file `TABLE.jsonl`: JSON Lines in UTF-8, one row a line, in the order of its key. `manifest.json`:

| field | |
|---|---|
| `format`, `format_version` | `borgerting-export`, 1; another number where a reader of this one would err, a new field keeps it |
| `service`, `municipality` | whose |
| `program`, `schema_revision` | the version that wrote it, and its store's revision |
| `export_time` | the moment |
| `files` | of each file its `name`, `rows`, `bytes`, and `sha256` of what is unpacked |
| `withheld` | table -> columns that are left out |

Types: *text*, *integer*, *boolean*; *instant*, `2026-11-26T11:03:30.556173Z`, in UTC; *date*, `2026-11-26`; *id*, a UUID; *JSON*,
as it is; *base64*, bytes. Kinds: *data*; *personal*, about a person or leading to one; *secret*, never given: keys, digests of
secrets, and what may hold such; *sealed*, null until it is out.

Written by `.venv/bin/python scripts/export_format.py`; a test fails when it is stale.
"""


def main() -> int:
    page = HEAD + "\n".join(_sections()) + "\n"
    if "--check" in sys.argv:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
            sys.stderr.write("docs/export.md is stale: run `.venv/bin/python scripts/export_format.py`.\n")
            return 1
        return 0
    PAGE.write_text(page, encoding="utf-8")
    return 0


def _sections() -> Iterator[str]:
    found = {name: one.holdings() for name, one in descriptors().items() if one.holdings is not None}
    for service, holdings in found.items():
        yield f"\n## {service}\n"
        yield from _tables(holdings, [each for each in holdings.of_tenants() if each.name in holdings.own])
    some = next(iter(found.values()))
    yield "\n## Every service\n"
    yield from _tables(some, [each for each in some.of_tenants() if each.name not in some.own])


def _tables(holdings: Holdings, tables: list[Table]) -> Iterator[str]:
    for table in sorted(tables, key=lambda each: each.name):
        holding = holdings.tables[table.name]
        yield f"\n### {table.name}\n\n{holding.meaning}\n\n| field | type | kind | |\n|---|---|---|---|"
        for column in table.columns:
            field = holding.fields[column.name]
            name = f"`{column.name}`{' (key)' if column.primary_key else ''}"
            yield f"| {name} | {_type(column)} | {field.nature} | {field.meaning} |"


_TYPES = ((UtcDateTime, "instant"), (Date, "date"), (Uuid, "id"), (JSON, "JSON"), (LargeBinary, "base64"),
          (Boolean, "boolean"), (Integer, "integer"))  # fmt: skip


def _type(column: Column[object]) -> str:
    found = next((name for kind, name in _TYPES if isinstance(column.type, kind)), "text")
    return f"{found} or null" if column.nullable else found


if __name__ == "__main__":
    raise SystemExit(main())
