"""Since when a municipality is in its state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    op.add_column("municipalities", sa.Column("state_time", UtcDateTime()))
