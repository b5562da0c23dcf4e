"""Migrations of a service's store: the runner over its Alembic scripts, and the steps of the chassis's own
tables.

A service keeps `migrations/__init__.py` (empty) and `migrations/versions/*.py`, plain Alembic revisions, no
env.py. Its first revision calls `create_chassis_tables(op)`; a later change of the chassis's tables comes
as a further step function here, called from a further revision of each service. Every table that a revision
makes names its municipality, and is handed to `isolate_tenants(op, …)` (chassis.migrations.tenants). Each
revision says its `kind` and its `release` (chassis.migrations.revisions).
"""

from chassis.migrations.runner import migrate
from chassis.migrations.state import MigrationState, migration_state
from chassis.migrations.steps import (
    add_trace_parent,
    create_chassis_tables,
    create_erasures,
    create_log_marks,
    is_erased,
)
from chassis.migrations.tenants import (
    allow_erasure,
    each_municipality,
    isolate_tenants,
    open_across,
    widen_across,
)

__all__ = [
    "MigrationState",
    "add_trace_parent",
    "allow_erasure",
    "create_chassis_tables",
    "create_erasures",
    "create_log_marks",
    "each_municipality",
    "is_erased",
    "isolate_tenants",
    "migrate",
    "migration_state",
    "open_across",
    "widen_across",
]
