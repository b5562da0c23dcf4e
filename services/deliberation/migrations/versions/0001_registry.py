"""The registry of municipalities and the sign-in links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.migrations import create_chassis_tables, isolate_tenants, open_across
from chassis.tables import UtcDateTime, json_type

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    create_chassis_tables(op)  # type: ignore[arg-type]  # alembic's proxy stands for its Operations
    op.create_table(
        "municipalities",
        sa.Column("municipality", sa.String(63), nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("time_zone", sa.String(63), nullable=False),
        sa.Column("languages", json_type(), nullable=False),
        sa.Column("state", sa.String(15), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.Column("update_time", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("municipality", name="pk_municipalities"),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("municipality", sa.String(63), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("role", sa.String(31), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.Column("expire_time", UtcDateTime(), nullable=False),
        sa.Column("spend_time", UtcDateTime()),
        sa.PrimaryKeyConstraint("municipality", "id", name="pk_sign_in_links"),
        sa.UniqueConstraint("secret_digest", name="uq_sign_in_links_secret_digest"),
    )
    op.create_index("ix_sign_in_links_expire_time", "sign_in_links", ["expire_time"])
    isolate_tenants(op, "municipalities", readable_across=True, written_by_platform=True)
    isolate_tenants(op, "sign_in_links")
    # A link's address holds its secret alone: that leads to the municipality under which the link is read.
    open_across(op, "sign_in_links", select=["municipality", "secret_digest"])
