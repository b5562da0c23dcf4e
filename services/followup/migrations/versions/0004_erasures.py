"""Municipalities that are erased."""

from __future__ import annotations

from alembic import op

from chassis.migrations import allow_erasure, create_erasures, is_erased

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"

WRITTEN_ONCE = ("answers", "extensions")


def upgrade() -> None:
    create_erasures(op)
    allow_erasure(op, "handovers", "promises", "checkpoints", *WRITTEN_ONCE)
    if op.get_bind().dialect.name == "sqlite":
        for table in WRITTEN_ONCE:
            op.execute(f"DROP TRIGGER {table}_no_delete")
            op.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
                f"WHEN NOT {is_erased('OLD.municipality_id')} "
                "BEGIN SELECT RAISE(ABORT, 'what was published stands'); END"
            )
