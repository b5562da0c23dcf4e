"""Settings of a suite on PostgreSQL, for tests that start one."""

from __future__ import annotations

from collections.abc import Iterable

from tests.infrastructure.postgres import Urls


def settings_of(databases: Iterable[Urls], *, migration: bool = False) -> dict[str, str]:
    """`BORGERTING_<SERVICE>__DATABASE_URL` of each, and the owner's addresses when they are to be known."""
    found = {}
    for urls in databases:
        prefix = f"BORGERTING_{urls.service.upper()}__"
        found[f"{prefix}DATABASE_URL"] = urls.login
        if migration:
            found[f"{prefix}MIGRATION_URL"] = urls.owner
    return found
