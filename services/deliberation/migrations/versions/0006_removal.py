"""Municipalities that are removed, until when they can be had back, and those that are erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.migrations import create_erasures, is_erased
from chassis.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"

FIXED = ("assemblies", "members", "reports", "recommendations", "initiatives")
_HANDED_OVER = (
    "EXISTS (SELECT 1 FROM assemblies a WHERE a.municipality_id = {row}.municipality_id "
    "AND a.assembly_id = {row}.assembly_id AND a.state = 'HANDED_OVER')"
)


def upgrade() -> None:
    create_erasures(op)
    _let_what_is_handed_over_be_erased()
    op.add_column("municipalities", sa.Column("purge_time", UtcDateTime()))


def _let_what_is_handed_over_be_erased() -> None:
    """With all of its municipality; nothing else changes it, as before."""
    if op.get_bind().dialect.name == "sqlite":
        for table in FIXED:
            op.execute(f"DROP TRIGGER {table}_fixed_delete")
            op.execute(
                f"CREATE TRIGGER {table}_fixed_delete BEFORE DELETE ON {table} "
                f"WHEN {_HANDED_OVER.format(row='OLD')} AND NOT {is_erased('OLD.municipality_id')} "
                "BEGIN SELECT RAISE(ABORT, 'what was handed over does not change'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION handed_over_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE row record; BEGIN "
        f"IF TG_OP = 'DELETE' THEN IF {is_erased('OLD.municipality_id')} THEN RETURN OLD; END IF; END IF; "
        "IF TG_OP = 'INSERT' THEN row := NEW; ELSE row := OLD; END IF; "
        f"IF {_HANDED_OVER.format(row='row')} THEN "
        "RAISE EXCEPTION 'what was handed over does not change' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
