"""The volunteer portal's tables: the municipality in every key and index, names and telephones in a table
of their own.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from chassis import tenant_copy
from chassis.db import UtcDateTime, add_to

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)
add_to(metadata)
tenant_copy.add_to(metadata)

LIVE = text("state IN ('WAITLISTED', 'CONFIRMED')")

tasks = Table(
    "tasks",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("task_id", Uuid(), primary_key=True),
    Column("title", Text(), nullable=False),
    Column("text", Text(), nullable=False),
    Column("requirements", Text(), nullable=False),
    Column("place", Text(), nullable=False),
    Column("private_text", Text(), nullable=False),
    Column("contact_office", Text(), nullable=False),
    Column("contact_phone", String(40), nullable=False),
    Column("promise", String(255), nullable=False),
    Column("promise_title", Text(), nullable=False),
    Column("state", String(15), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("version", Integer(), nullable=False),
    Index("ix_tasks_municipality_id_state_task_id", "municipality_id", "state", "task_id"),
)

slots = Table(
    "slots",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("slot_id", Uuid(), primary_key=True),
    Column("task_id", Uuid(), nullable=False),
    Column("start_time", UtcDateTime(), nullable=False),
    Column("end_time", UtcDateTime(), nullable=False),
    Column("time_zone", String(63), nullable=False),
    Column("capacity", Integer(), nullable=False),
    Column("sequence", Integer(), nullable=False),
    Column("cancelled", Boolean(), nullable=False),
    Column("confirmed", Integer(), nullable=False),
    Column("waiting", Integer(), nullable=False),
    Column("last_number", Integer(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("version", Integer(), nullable=False),
    # Overbooking cannot be stored, whatever a program forgets.
    CheckConstraint("confirmed >= 0 AND confirmed <= capacity AND waiting >= 0", name="places"),
    ForeignKeyConstraint(["municipality_id", "task_id"], ["tasks.municipality_id", "tasks.task_id"]),
    Index("ix_slots_municipality_id_task_id_start_time", "municipality_id", "task_id", "start_time"),
    Index("ix_slots_municipality_id_start_time", "municipality_id", "start_time"),
)

people = Table(
    "people",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("person_id", Uuid(), primary_key=True),
    Column("subject", String(255)),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("erase_time", UtcDateTime()),
    Column("version", Integer(), nullable=False),
    UniqueConstraint("municipality_id", "subject"),
)

person_contacts = Table(
    "person_contacts",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("person_id", Uuid(), primary_key=True),
    Column("display_name", Text(), nullable=False),
    Column("phone", Text(), nullable=False),
    Column("email", Text(), nullable=False),
    ForeignKeyConstraint(["municipality_id", "person_id"], ["people.municipality_id", "people.person_id"]),
)

calendar_links = Table(
    "calendar_links",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("person_id", Uuid(), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    ForeignKeyConstraint(["municipality_id", "person_id"], ["people.municipality_id", "people.person_id"]),
    UniqueConstraint("municipality_id", "digest"),
)

sign_ups = Table(
    "sign_ups",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("sign_up_id", Uuid(), primary_key=True),
    Column("task_id", Uuid(), nullable=False),
    Column("slot_id", Uuid(), nullable=False),
    Column("person_id", Uuid(), nullable=False),
    Column("state", String(15), nullable=False),
    Column("number", Integer(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("confirm_time", UtcDateTime()),
    Column("cancel_time", UtcDateTime()),
    Column("cancelled_by", String(15), nullable=False),
    ForeignKeyConstraint(["municipality_id", "slot_id"], ["slots.municipality_id", "slots.slot_id"]),
    ForeignKeyConstraint(["municipality_id", "person_id"], ["people.municipality_id", "people.person_id"]),
    UniqueConstraint("municipality_id", "slot_id", "number"),
    Index(
        "uq_sign_ups_live",
        "municipality_id",
        "slot_id",
        "person_id",
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    ),
    Index("ix_sign_ups_municipality_id_person_id", "municipality_id", "person_id", "create_time"),
)

sought_promises = Table(
    "sought_promises",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("promise", String(255), primary_key=True),
    Column("wanted", Integer(), nullable=False),
)
