"""Migrations of a service's store: the runner over its Alembic scripts, and the steps of the chassis's own
tables.

A service keeps `migrations/__init__.py` (empty) and `migrations/versions/*.py`, plain Alembic revisions, no
env.py. Its first revision calls `create_chassis_tables(op)`; a later change of the chassis's tables comes
as a further step function here, called from a further revision of each service.
"""

from chassis.migrations.runner import MigrationState, migrate, migration_state
from chassis.migrations.steps import create_chassis_tables

__all__ = ["MigrationState", "create_chassis_tables", "migrate", "migration_state"]
