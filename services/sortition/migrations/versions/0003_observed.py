"""Work remembers the trace it belongs to; draws are counted by municipality, with how long they wait."""

from __future__ import annotations

from alembic import op

from chassis.migrations import add_trace_parent, widen_across

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    add_trace_parent(op)
    widen_across(op, "draws", select=["municipality_id", "update_time"])
