"""Municipalities that are erased."""

from __future__ import annotations

from alembic import op

from chassis.migrations import create_erasures

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    create_erasures(op)
