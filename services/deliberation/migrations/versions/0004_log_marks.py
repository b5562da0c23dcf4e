"""How far each reader of events has come, by its own store: by that a restored store is known."""

from __future__ import annotations

from alembic import op

from chassis.migrations import create_log_marks

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    create_log_marks(op)
