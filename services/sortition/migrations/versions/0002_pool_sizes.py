"""An index that counts a pool: how large it is belongs to every answer about its selection."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    op.create_index("ix_people_in_pool", "people", ["municipality_id", "selection_id", "in_pool"])
