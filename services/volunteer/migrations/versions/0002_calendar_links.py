"""The secret addresses under which volunteers' calendars fetch their sign-ups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.migrations import isolate_tenants
from chassis.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    op.create_table(
        "calendar_links",
        sa.Column("municipality_id", sa.String(63), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("municipality_id", "person_id", name="pk_calendar_links"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "person_id"],
            ["people.municipality_id", "people.person_id"],
            name="fk_calendar_links_municipality_id_person_id",
        ),
        sa.UniqueConstraint("municipality_id", "digest", name="uq_calendar_links_municipality_id_digest"),
    )
    isolate_tenants(op, "calendar_links")
