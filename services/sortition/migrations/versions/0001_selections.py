"""Selections, pools, draws and seats; the copy of the municipalities; signing keys."""

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

OWN = (
    "signing_keys",
    "selections",
    "people",
    "person_contacts",
    "pool_imports",
    "draws",
    "draw_inputs",
    "draw_people",
    "draw_files",
    "seats",
)


def upgrade() -> None:
    create_chassis_tables(op)  # type: ignore[arg-type]  # alembic's proxy stands for its Operations
    tenant_copy.create_table(op)
    _create_signing_keys()
    _create_selections()
    _create_pools()
    _create_draws()
    _create_seats()
    isolate_tenants(op, *OWN)
    # For the metric of draws by state.
    open_across(op, "draws", select=["state"])


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _municipality() -> sa.Column[Any]:
    return _column("municipality_id", sa.String(63))


def _of_selection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["municipality_id", "selection_id"],
        ["selections.municipality_id", "selections.selection_id"],
        name=f"fk_{table}_municipality_id_selection_id",
    )


def _of_draw(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["municipality_id", "draw_id"],
        ["draws.municipality_id", "draws.draw_id"],
        name=f"fk_{table}_municipality_id_draw_id",
    )


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("municipality_id", *columns, name=f"pk_{table}")


def _create_signing_keys() -> None:
    op.create_table(
        "signing_keys",
        _municipality(),
        _column("private_key", sa.LargeBinary()),
        _column("create_time", UtcDateTime()),
        _key("signing_keys"),
    )


def _create_selections() -> None:
    op.create_table(
        "selections",
        _municipality(),
        _column("selection_id", sa.Uuid()),
        _column("title", sa.Text()),
        _column("purpose", sa.Text()),
        _column("size", sa.Integer()),
        sa.Column("per_address", sa.Integer()),
        _column("targets", json_type()),
        _column("state", sa.String(15)),
        sa.Column("published_draw", sa.Uuid()),
        _column("create_time", UtcDateTime()),
        _column("update_time", UtcDateTime()),
        sa.Column("confirm_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("selections", "selection_id"),
    )


def _create_pools() -> None:
    op.create_table(
        "people",
        _municipality(),
        _column("selection_id", sa.Uuid()),
        _column("person_id", sa.Uuid()),
        _column("pool_id", sa.Text()),
        _column("answers", json_type()),
        _column("household", sa.String(32)),
        _column("inclusion", sa.String(15)),
        _column("in_pool", sa.Boolean()),
        _column("version", sa.Integer()),
        _key("people", "selection_id", "person_id"),
        sa.UniqueConstraint(
            "municipality_id",
            "selection_id",
            "pool_id",
            name="uq_people_municipality_id_selection_id_pool_id",
        ),
        _of_selection("people"),
    )
    op.create_table(
        "person_contacts",
        _municipality(),
        _column("selection_id", sa.Uuid()),
        _column("person_id", sa.Uuid()),
        _column("fields", json_type()),
        _key("person_contacts", "selection_id", "person_id"),
        _of_selection("person_contacts"),
    )
    op.create_table(
        "pool_imports",
        _municipality(),
        _column("selection_id", sa.Uuid()),
        _column("state", sa.String(15)),
        _column("report", json_type()),
        _column("options", json_type()),
        _column("upload", sa.LargeBinary()),
        _column("create_time", UtcDateTime()),
        sa.Column("applied_time", UtcDateTime()),
        _column("applied_id_header", sa.Text()),
        _column("applied_address_columns", json_type()),
        _key("pool_imports", "selection_id"),
        _of_selection("pool_imports"),
    )


def _create_draws() -> None:
    op.create_table(
        "draws",
        _municipality(),
        _column("draw_id", sa.Uuid()),
        _column("selection_id", sa.Uuid()),
        _column("mode", sa.String(15)),
        _column("method", sa.String(15)),
        _column("panels", sa.Integer()),
        _column("seed", sa.Text()),
        _column("announced", sa.Text()),
        _column("size", sa.Integer()),
        _column("pool_size", sa.Integer()),
        _column("input_digest", sa.String(64)),
        _column("state", sa.String(15)),
        sa.Column("number", sa.Integer()),
        _column("randomness", sa.Text()),
        _column("note", sa.Text()),
        _column("optimal_lowest", sa.String(31)),
        _column("unreachable", sa.Integer()),
        _column("failure_reason", sa.String(127)),
        _column("failure_metadata", json_type()),
        _column("create_time", UtcDateTime()),
        _column("update_time", UtcDateTime()),
        sa.Column("ready_time", UtcDateTime()),
        sa.Column("commit_time", UtcDateTime()),
        sa.Column("reveal_time", UtcDateTime()),
        sa.Column("publish_time", UtcDateTime()),
        sa.Column("cancel_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("draws", "draw_id"),
        _of_selection("draws"),
    )
    op.create_index("ix_draws_selection", "draws", ["municipality_id", "selection_id", "draw_id"])
    op.create_table(
        "draw_inputs",
        _municipality(),
        _column("draw_id", sa.Uuid()),
        _column("content", sa.LargeBinary()),
        _key("draw_inputs", "draw_id"),
        _of_draw("draw_inputs"),
    )
    op.create_table(
        "draw_people",
        _municipality(),
        _column("draw_id", sa.Uuid()),
        _column("pool_id", sa.Text()),
        _column("selection_id", sa.Uuid()),
        _column("person_id", sa.Uuid()),
        _key("draw_people", "draw_id", "pool_id"),
        _of_draw("draw_people"),
    )
    op.create_index("ix_draw_people_person", "draw_people", ["municipality_id", "selection_id", "person_id"])
    op.create_table(
        "draw_files",
        _municipality(),
        _column("draw_id", sa.Uuid()),
        _column("filename", sa.String(63)),
        _column("media_type", sa.String(63)),
        _column("size", sa.Integer()),
        _column("sha256", sa.String(64)),
        _column("secret", sa.Boolean()),
        _column("content", sa.LargeBinary()),
        _key("draw_files", "draw_id", "filename"),
        _of_draw("draw_files"),
    )


def _create_seats() -> None:
    op.create_table(
        "seats",
        _municipality(),
        _column("selection_id", sa.Uuid()),
        _column("seat_id", sa.Uuid()),
        _column("draw_id", sa.Uuid()),
        _column("person_id", sa.Uuid()),
        _column("answer", sa.String(15)),
        sa.Column("answer_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("seats", "selection_id", "seat_id"),
        sa.UniqueConstraint(
            "municipality_id",
            "selection_id",
            "person_id",
            name="uq_seats_municipality_id_selection_id_person_id",
        ),
        _of_selection("seats"),
    )
