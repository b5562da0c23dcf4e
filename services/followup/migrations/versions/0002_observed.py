"""Work remembers the trace it belongs to."""

from __future__ import annotations

from alembic import op

from chassis.migrations import add_trace_parent

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    add_trace_parent(op)
