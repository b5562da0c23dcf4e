"""Deliberation's tables."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from chassis.db import UtcDateTime, add_to, json_type

metadata = MetaData()
add_to(metadata)

# The registry is everybody's to read: the tenants themselves are its rows.
municipalities = Table(
    "municipalities",
    metadata,
    Column("municipality", String(63), primary_key=True),
    Column("display_name", String(80), nullable=False),
    Column("time_zone", String(63), nullable=False),
    Column("languages", json_type(), nullable=False),
    Column("state", String(15), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("version", Integer(), nullable=False),
    Column("state_time", UtcDateTime()),
    Column("purge_time", UtcDateTime()),
)

# `municipality` is "" for an operator of the platform.
sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("municipality", String(63), primary_key=True),
    Column("id", Uuid(), primary_key=True),
    Column("secret_digest", LargeBinary(32), nullable=False, unique=True),
    Column("role", String(31), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("expire_time", UtcDateTime(), nullable=False, index=True),
    Column("spend_time", UtcDateTime()),
)


def _municipality() -> Column[str]:
    return Column("municipality_id", String(63), primary_key=True)


def _of_assembly() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["municipality_id", "assembly_id"], ["assemblies.municipality_id", "assemblies.assembly_id"]
    )


assemblies = Table(
    "assemblies",
    metadata,
    _municipality(),
    Column("assembly_id", Uuid(), primary_key=True),
    Column("title", Text(), nullable=False),
    Column("task", Text(), nullable=False),
    Column("outside", Text(), nullable=False),
    Column("selection_id", Uuid(), nullable=False),
    Column("checkpoints", json_type(), nullable=False),
    Column("answer_unit", String(15), nullable=False),
    Column("state", String(15), nullable=False),
    Column("members", Integer(), nullable=False),
    Column("draw_id", Uuid()),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("version", Integer(), nullable=False),
    UniqueConstraint("municipality_id", "selection_id", name="uq_assemblies_municipality_id_selection_id"),
)

# One for each selection that an assembly or a confirmed panel named; `seats` is null until it is confirmed.
panels = Table(
    "panels",
    metadata,
    _municipality(),
    Column("selection_id", Uuid(), primary_key=True),
    Column("seats", json_type()),
    Column("draw_id", Uuid()),
)

members = Table(
    "members",
    metadata,
    _municipality(),
    Column("assembly_id", Uuid(), primary_key=True),
    Column("seat_id", Uuid(), primary_key=True),
    _of_assembly(),
)

# What the handover fixed is null until then.
reports = Table(
    "reports",
    metadata,
    _municipality(),
    Column("assembly_id", Uuid(), primary_key=True),
    Column("title", Text(), nullable=False),
    Column("preface", Text(), nullable=False),
    Column("version", Integer(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("handover_time", UtcDateTime()),
    Column("handover_date", Date()),
    Column("checkpoints", json_type()),
    Column("answer_unit", String(15)),
    Column("content", LargeBinary()),
    Column("digest", String(64)),
    _of_assembly(),
)

recommendations = Table(
    "recommendations",
    metadata,
    _municipality(),
    Column("recommendation_id", Uuid(), primary_key=True),
    Column("assembly_id", Uuid(), nullable=False),
    Column("title", Text(), nullable=False),
    Column("vision", Text(), nullable=False),
    Column("position", Integer(), nullable=False),
    Column("version", Integer(), nullable=False),
    _of_assembly(),
    Index("ix_recommendations_assembly", "municipality_id", "assembly_id"),
)

initiatives = Table(
    "initiatives",
    metadata,
    _municipality(),
    Column("initiative_id", Uuid(), primary_key=True),
    Column("assembly_id", Uuid(), nullable=False),
    Column("recommendation_id", Uuid(), nullable=False),
    Column("title", Text(), nullable=False),
    Column("text", Text(), nullable=False),
    Column("support", json_type()),
    Column("position", Integer(), nullable=False),
    Column("version", Integer(), nullable=False),
    ForeignKeyConstraint(
        ["municipality_id", "recommendation_id"],
        ["recommendations.municipality_id", "recommendations.recommendation_id"],
    ),
    Index("ix_initiatives_assembly", "municipality_id", "assembly_id"),
)

# What followup and volunteer told: the front page's own copy.
promises = Table(
    "promises",
    metadata,
    _municipality(),
    Column("promise_id", Uuid(), primary_key=True),
    Column("assembly_id", Uuid()),
    Column("subject", Text(), nullable=False),
    Column("due_dates", json_type(), nullable=False),
    Column("answered", json_type(), nullable=False),
    Column("overdue", json_type(), nullable=False),
    Column("wanted", Integer(), nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    _municipality(),
    Column("task_id", Uuid(), primary_key=True),
    Column("promise_id", Uuid()),
    Column("open", Boolean(), nullable=False),
    Column("places", Integer(), nullable=False),
    Column("free", Integer(), nullable=False),
)
