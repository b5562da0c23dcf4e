"""The chassis's tables, and the toy's own."""

import sqlalchemy as sa
from alembic import op

from chassis.migrations import (
    add_trace_parent,
    create_chassis_tables,
    create_erasures,
    create_log_marks,
    isolate_tenants,
)

revision = "0001"
down_revision = None
kind = "expand"
release = "0.1.0"


def upgrade() -> None:
    create_chassis_tables(op)
    add_trace_parent(op)
    create_log_marks(op)
    create_erasures(op)
    op.create_table(
        "heard",
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("municipality", sa.String(63), nullable=False),
        sa.Column("text", sa.String(255), nullable=False),
    )
    op.create_table(
        "work",
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("municipality", sa.String(63), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(255), nullable=False),
    )
    isolate_tenants(op, "heard", "work")
