"""Tasks, slots, sign-ups and people; promises that seek volunteers; the copy of the municipalities."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis import tenant_copy
from chassis.migrations import create_chassis_tables, isolate_tenants, open_across
from chassis.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
kind = "expand"
release = "0.1.0"

OWN = ("tasks", "slots", "people", "person_contacts", "sign_ups", "sought_promises")


def upgrade() -> None:
    create_chassis_tables(op)  # type: ignore[arg-type]  # alembic's proxy stands for its Operations
    tenant_copy.create_table(op)
    _create_tasks()
    _create_slots()
    _create_people()
    _create_sign_ups()
    op.create_table(
        "sought_promises",
        _municipality(),
        _column("promise", sa.String(255)),
        _column("wanted", sa.Integer()),
        _key("sought_promises", "promise"),
    )
    isolate_tenants(op, *OWN)
    # For the metrics of places: counts, and where they belong.
    open_across(op, "tasks", select=["municipality_id", "task_id", "state"])
    open_across(
        op,
        "slots",
        select=[
            "municipality_id",
            "task_id",
            "start_time",
            "cancelled",
            "capacity",
            "confirmed",
            "waiting",
        ],
    )


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _municipality() -> sa.Column[Any]:
    return _column("municipality_id", sa.String(63))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("municipality_id", *columns, name=f"pk_{table}")


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["municipality_id", column],
        [f"{other}.municipality_id", f"{other}.{column}"],
        name=f"fk_{table}_municipality_id_{column}",
    )


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        _municipality(),
        _column("task_id", sa.Uuid()),
        _column("title", sa.Text()),
        _column("text", sa.Text()),
        _column("requirements", sa.Text()),
        _column("place", sa.Text()),
        _column("private_text", sa.Text()),
        _column("contact_office", sa.Text()),
        _column("contact_phone", sa.String(40)),
        _column("promise", sa.String(255)),
        _column("promise_title", sa.Text()),
        _column("state", sa.String(15)),
        _column("create_time", UtcDateTime()),
        _column("update_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("tasks", "task_id"),
    )
    op.create_index(
        "ix_tasks_municipality_id_state_task_id", "tasks", ["municipality_id", "state", "task_id"]
    )


def _create_slots() -> None:
    op.create_table(
        "slots",
        _municipality(),
        _column("slot_id", sa.Uuid()),
        _column("task_id", sa.Uuid()),
        _column("start_time", UtcDateTime()),
        _column("end_time", UtcDateTime()),
        _column("time_zone", sa.String(63)),
        _column("capacity", sa.Integer()),
        _column("sequence", sa.Integer()),
        _column("cancelled", sa.Boolean()),
        _column("confirmed", sa.Integer()),
        _column("waiting", sa.Integer()),
        _column("last_number", sa.Integer()),
        _column("create_time", UtcDateTime()),
        _column("update_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("slots", "slot_id"),
        sa.CheckConstraint(
            "confirmed >= 0 AND confirmed <= capacity AND waiting >= 0", name="ck_slots_places"
        ),
        _of("slots", "task_id", "tasks"),
    )
    op.create_index(
        "ix_slots_municipality_id_task_id_start_time", "slots", ["municipality_id", "task_id", "start_time"]
    )
    op.create_index("ix_slots_municipality_id_start_time", "slots", ["municipality_id", "start_time"])


def _create_people() -> None:
    op.create_table(
        "people",
        _municipality(),
        _column("person_id", sa.Uuid()),
        sa.Column("subject", sa.String(255)),
        _column("create_time", UtcDateTime()),
        sa.Column("erase_time", UtcDateTime()),
        _column("version", sa.Integer()),
        _key("people", "person_id"),
        sa.UniqueConstraint("municipality_id", "subject", name="uq_people_municipality_id_subject"),
    )
    op.create_table(
        "person_contacts",
        _municipality(),
        _column("person_id", sa.Uuid()),
        _column("display_name", sa.Text()),
        _column("phone", sa.Text()),
        _column("email", sa.Text()),
        _key("person_contacts", "person_id"),
        _of("person_contacts", "person_id", "people"),
    )


def _create_sign_ups() -> None:
    op.create_table(
        "sign_ups",
        _municipality(),
        _column("sign_up_id", sa.Uuid()),
        _column("task_id", sa.Uuid()),
        _column("slot_id", sa.Uuid()),
        _column("person_id", sa.Uuid()),
        _column("state", sa.String(15)),
        _column("number", sa.Integer()),
        _column("create_time", UtcDateTime()),
        sa.Column("confirm_time", UtcDateTime()),
        sa.Column("cancel_time", UtcDateTime()),
        _column("cancelled_by", sa.String(15)),
        _key("sign_ups", "sign_up_id"),
        _of("sign_ups", "slot_id", "slots"),
        _of("sign_ups", "person_id", "people"),
        sa.UniqueConstraint(
            "municipality_id", "slot_id", "number", name="uq_sign_ups_municipality_id_slot_id_number"
        ),
    )
    live = sa.text("state IN ('WAITLISTED', 'CONFIRMED')")
    op.create_index(
        "uq_sign_ups_live",
        "sign_ups",
        ["municipality_id", "slot_id", "person_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_index(
        "ix_sign_ups_municipality_id_person_id", "sign_ups", ["municipality_id", "person_id", "create_time"]
    )
