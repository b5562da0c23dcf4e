"""Assemblies with their panels, members and reports; what the front page knows of promises and tasks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.migrations import isolate_tenants, open_across
from chassis.tables import UtcDateTime, json_type

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"

OWN = ("assemblies", "panels", "members", "reports", "recommendations", "initiatives", "promises", "tasks")

# What nobody may change any more once the assembly's report is handed over, whatever the program does.
FIXED = ("assemblies", "members", "reports", "recommendations", "initiatives")

_ON_SQLITE = """
CREATE TRIGGER {name} BEFORE {act} ON {table}
WHEN EXISTS (SELECT 1 FROM assemblies a WHERE a.municipality_id = {row}.municipality_id
AND a.assembly_id = {row}.assembly_id AND a.state = 'HANDED_OVER')
BEGIN SELECT RAISE(ABORT, 'what was handed over does not change'); END
"""


def upgrade() -> None:
    _create_assemblies()
    _create_reports()
    _create_front()
    isolate_tenants(op, *OWN)
    # For the metric of assemblies by state.
    open_across(op, "assemblies", select=["state"])
    _fix_what_is_handed_over()


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _municipality() -> sa.Column[Any]:
    return _column("municipality_id", sa.String(63))


def _of_assembly(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["municipality_id", "assembly_id"],
        ["assemblies.municipality_id", "assemblies.assembly_id"],
        name=f"fk_{table}_municipality_id_assembly_id",
    )


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("municipality_id", *columns, name=f"pk_{table}")


def _create_assemblies() -> None:
    op.create_table(
        "assemblies",
        _municipality(),
        _column("assembly_id", sa.Uuid()),
        _column("title", sa.Text()),
        _column("task", sa.Text()),
        _column("outside", sa.Text()),
        _column("selection_id", sa.Uuid()),
        _column("checkpoints", json_type()),
        _column("answer_unit", sa.String(15)),
        _column("state", sa.String(15)),
        _column("members", sa.Integer()),
        sa.Column("draw_id", sa.Uuid()),
        _column("create_time", UtcDateTime()),
        _column("update_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("assemblies", "assembly_id"),
        sa.UniqueConstraint(
            "municipality_id", "selection_id", name="uq_assemblies_municipality_id_selection_id"
        ),
    )
    op.create_table(
        "panels",
        _municipality(),
        _column("selection_id", sa.Uuid()),
        sa.Column("seats", json_type()),
        sa.Column("draw_id", sa.Uuid()),
        _key("panels", "selection_id"),
    )
    op.create_table(
        "members",
        _municipality(),
        _column("assembly_id", sa.Uuid()),
        _column("seat_id", sa.Uuid()),
        _key("members", "assembly_id", "seat_id"),
        _of_assembly("members"),
    )


def _create_reports() -> None:
    op.create_table(
        "reports",
        _municipality(),
        _column("assembly_id", sa.Uuid()),
        _column("title", sa.Text()),
        _column("preface", sa.Text()),
        _column("version", sa.Integer()),
        _column("update_time", UtcDateTime()),
        sa.Column("handover_time", UtcDateTime()),
        sa.Column("handover_date", sa.Date()),
        sa.Column("checkpoints", json_type()),
        sa.Column("answer_unit", sa.String(15)),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("digest", sa.String(64)),
        _key("reports", "assembly_id"),
        _of_assembly("reports"),
    )
    op.create_table(
        "recommendations",
        _municipality(),
        _column("recommendation_id", sa.Uuid()),
        _column("assembly_id", sa.Uuid()),
        _column("title", sa.Text()),
        _column("vision", sa.Text()),
        _column("position", sa.Integer()),
        _column("version", sa.Integer()),
        _key("recommendations", "recommendation_id"),
        _of_assembly("recommendations"),
    )
    op.create_index("ix_recommendations_assembly", "recommendations", ["municipality_id", "assembly_id"])
    op.create_table(
        "initiatives",
        _municipality(),
        _column("initiative_id", sa.Uuid()),
        _column("assembly_id", sa.Uuid()),
        _column("recommendation_id", sa.Uuid()),
        _column("title", sa.Text()),
        _column("text", sa.Text()),
        sa.Column("support", json_type()),
        _column("position", sa.Integer()),
        _column("version", sa.Integer()),
        _key("initiatives", "initiative_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "recommendation_id"],
            ["recommendations.municipality_id", "recommendations.recommendation_id"],
            name="fk_initiatives_municipality_id_recommendation_id",
        ),
    )
    op.create_index("ix_initiatives_assembly", "initiatives", ["municipality_id", "assembly_id"])


def _create_front() -> None:
    op.create_table(
        "promises",
        _municipality(),
        _column("promise_id", sa.Uuid()),
        sa.Column("assembly_id", sa.Uuid()),
        _column("subject", sa.Text()),
        _column("due_dates", json_type()),
        _column("answered", json_type()),
        _column("overdue", json_type()),
        _column("wanted", sa.Integer()),
        _key("promises", "promise_id"),
    )
    op.create_table(
        "tasks",
        _municipality(),
        _column("task_id", sa.Uuid()),
        sa.Column("promise_id", sa.Uuid()),
        _column("open", sa.Boolean()),
        _column("places", sa.Integer()),
        _column("free", sa.Integer()),
        _key("tasks", "task_id"),
    )


def _fix_what_is_handed_over() -> None:
    """Triggers: nothing of an assembly changes whose report was handed over. Before an insert the row is NEW,
    else OLD; the assembly's own row says whether it is.
    """
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(
            "CREATE FUNCTION handed_over_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "DECLARE row record; BEGIN "
            "IF TG_OP = 'INSERT' THEN row := NEW; ELSE row := OLD; END IF; "
            "IF EXISTS (SELECT FROM assemblies a WHERE a.municipality_id = row.municipality_id "
            "AND a.assembly_id = row.assembly_id AND a.state = 'HANDED_OVER') THEN "
            "RAISE EXCEPTION 'what was handed over does not change' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
    for table in FIXED:
        for act in ("INSERT", "UPDATE", "DELETE"):
            if table == "assemblies" and act == "INSERT":
                continue
            name = f"{table}_fixed_{act.lower()}"
            if not sqlite:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {act} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION handed_over_refuse()"
                )
                continue
            row = "NEW" if act == "INSERT" else "OLD"
            op.execute(_ON_SQLITE.format_map({"name": name, "act": act, "table": table, "row": row}))
