"""Handovers, promises with their checkpoints, answers and extensions; the copy of the municipalities."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis import tenant_copy
from chassis.migrations import create_chassis_tables, isolate_tenants, open_across
from chassis.tables import UtcDateTime, json_type

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"

# What is published is never changed or taken back: the store itself refuses.
WRITTEN_ONCE = ("answers", "extensions")


def upgrade() -> None:
    create_chassis_tables(op)  # type: ignore[arg-type]  # alembic's proxy stands for its Operations
    tenant_copy.create_table(op)
    _create_handovers()
    _create_promises()
    _create_checkpoints()
    _create_answers()
    _create_extensions()
    isolate_tenants(op, "handovers", "promises", "checkpoints", allowed=("SELECT", "INSERT", "UPDATE"))
    isolate_tenants(op, *WRITTEN_ONCE, allowed=("SELECT", "INSERT"))
    # For the metrics, and to find the municipalities in which a date has passed.
    seen = ["municipality_id", "promise_id", "effective_due", "answered_on", "told_due"]
    open_across(op, "checkpoints", select=seen)
    open_across(op, "municipalities", select=["municipality_id", "time_zone"])
    open_across(op, "handovers", select=["municipality_id", "state", "trouble"])
    if op.get_bind().dialect.name == "sqlite":
        for table in WRITTEN_ONCE:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'what was published stands'); END"
                )


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _municipality() -> sa.Column[Any]:
    return _column("municipality_id", sa.String(63))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("municipality_id", *columns, name=f"pk_{table}")


def _of_checkpoint(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["municipality_id", "promise_id", "checkpoint_id"],
        ["checkpoints.municipality_id", "checkpoints.promise_id", "checkpoints.checkpoint_id"],
        name=f"fk_{table}_municipality_id_promise_id_checkpoint_id",
    )


def _create_handovers() -> None:
    op.create_table(
        "handovers",
        _municipality(),
        _column("assembly_id", sa.Uuid()),
        _column("digest", sa.String(64)),
        _column("received_time", UtcDateTime()),
        _column("state", sa.String(15)),
        _column("trouble", sa.String(127)),
        _column("title", sa.Text()),
        sa.Column("handover_date", sa.Date()),
        _key("handovers", "assembly_id"),
    )


def _create_promises() -> None:
    op.create_table(
        "promises",
        _municipality(),
        _column("promise_id", sa.Uuid()),
        _column("assembly_id", sa.Uuid()),
        _column("position", sa.Integer()),
        _column("unit", sa.String(15)),
        _column("subject", sa.String(512)),
        _column("title", sa.Text()),
        _column("text", sa.Text()),
        _column("recommendation_title", sa.Text()),
        _column("handover_date", sa.Date()),
        _column("volunteers_wanted", sa.Integer()),
        _column("volunteers_task", sa.Text()),
        _column("create_time", UtcDateTime()),
        _column("update_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("promises", "promise_id"),
        sa.UniqueConstraint(
            "municipality_id",
            "assembly_id",
            "subject",
            name="uq_promises_municipality_id_assembly_id_subject",
        ),
        sa.UniqueConstraint(
            "municipality_id",
            "assembly_id",
            "position",
            name="uq_promises_municipality_id_assembly_id_position",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "assembly_id"],
            ["handovers.municipality_id", "handovers.assembly_id"],
            name="fk_promises_municipality_id_assembly_id",
        ),
    )


def _create_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        _municipality(),
        _column("promise_id", sa.Uuid()),
        _column("checkpoint_id", sa.Uuid()),
        _column("months", sa.Integer()),
        _column("kind", sa.String(15)),
        _column("rule", sa.String(15)),
        _column("handover_date", sa.Date()),
        _column("nominal_date", sa.Date()),
        _column("due_date", sa.Date()),
        _column("opens_date", sa.Date()),
        _column("reasons", json_type()),
        _column("effective_due", sa.Date()),
        sa.Column("answered_on", sa.Date()),
        sa.Column("told_due", sa.Date()),
        _key("checkpoints", "promise_id", "checkpoint_id"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "promise_id"],
            ["promises.municipality_id", "promises.promise_id"],
            name="fk_checkpoints_municipality_id_promise_id",
        ),
    )
    unanswered = sa.text("answered_on IS NULL")
    op.create_index(
        "ix_checkpoints_unanswered",
        "checkpoints",
        ["municipality_id", "effective_due"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )


def _create_answers() -> None:
    op.create_table(
        "answers",
        _municipality(),
        _column("promise_id", sa.Uuid()),
        _column("checkpoint_id", sa.Uuid()),
        _column("answer_id", sa.Uuid()),
        _column("number", sa.Integer()),
        _column("decision", sa.String(15)),
        _column("reason", sa.Text()),
        _column("committee", sa.Text()),
        _column("office", sa.Text()),
        _column("actions", sa.Text()),
        _column("evidence_uris", json_type()),
        _column("answer_date", sa.Date()),
        _column("create_time", UtcDateTime()),
        _key("answers", "promise_id", "checkpoint_id", "answer_id"),
        _of_checkpoint("answers"),
    )


def _create_extensions() -> None:
    op.create_table(
        "extensions",
        _municipality(),
        _column("promise_id", sa.Uuid()),
        _column("checkpoint_id", sa.Uuid()),
        _column("extension_id", sa.Uuid()),
        _column("number", sa.Integer()),
        _column("until_date", sa.Date()),
        _column("due_date", sa.Date()),
        _column("granted_on", sa.Date()),
        _column("office", sa.Text()),
        _column("reason", sa.Text()),
        _column("reasons", json_type()),
        _column("create_time", UtcDateTime()),
        _key("extensions", "promise_id", "checkpoint_id", "extension_id"),
        _of_checkpoint("extensions"),
    )
