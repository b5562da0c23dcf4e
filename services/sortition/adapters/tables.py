"""Sortition's tables: the municipality in every key and index, names and addresses in tables of their own."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
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

from chassis import tenant_copy
from chassis.db import UtcDateTime, add_to, json_type

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
add_to(metadata)
tenant_copy.add_to(metadata)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("private_key", LargeBinary(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
)

selections = Table(
    "selections",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("selection_id", Uuid(), primary_key=True),
    Column("title", Text(), nullable=False),
    Column("purpose", Text(), nullable=False),
    Column("size", Integer(), nullable=False),
    Column("per_address", Integer()),
    Column("targets", json_type(), nullable=False),
    Column("state", String(15), nullable=False),
    Column("published_draw", Uuid()),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("confirm_time", UtcDateTime()),
    Column("version", Integer(), nullable=False),
)


def _of_selection() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["municipality_id", "selection_id"], ["selections.municipality_id", "selections.selection_id"]
    )


people = Table(
    "people",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("selection_id", Uuid(), primary_key=True),
    Column("person_id", Uuid(), primary_key=True),
    Column("pool_id", Text(), nullable=False),
    Column("answers", json_type(), nullable=False),
    Column("household", String(32), nullable=False),
    Column("inclusion", String(15), nullable=False),
    Column("in_pool", Boolean(), nullable=False),
    Column("version", Integer(), nullable=False),
    UniqueConstraint("municipality_id", "selection_id", "pool_id"),
    _of_selection(),
    Index("ix_people_in_pool", "municipality_id", "selection_id", "in_pool"),
)

person_contacts = Table(
    "person_contacts",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("selection_id", Uuid(), primary_key=True),
    Column("person_id", Uuid(), primary_key=True),
    Column("fields", json_type(), nullable=False),
    _of_selection(),
)

# `upload` holds personal data while an import waits to be accepted, and is emptied with it.
pool_imports = Table(
    "pool_imports",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("selection_id", Uuid(), primary_key=True),
    Column("state", String(15), nullable=False),
    Column("report", json_type(), nullable=False),
    Column("options", json_type(), nullable=False),
    Column("upload", LargeBinary(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    # The import that is the pool: this one, or one before.
    Column("applied_time", UtcDateTime()),
    Column("applied_id_header", Text(), nullable=False),
    Column("applied_address_columns", json_type(), nullable=False),
    _of_selection(),
)

draws = Table(
    "draws",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("draw_id", Uuid(), primary_key=True),
    Column("selection_id", Uuid(), nullable=False),
    Column("mode", String(15), nullable=False),
    Column("method", String(15), nullable=False),
    Column("panels", Integer(), nullable=False),
    Column("seed", Text(), nullable=False),
    Column("announced", Text(), nullable=False),
    Column("size", Integer(), nullable=False),
    Column("pool_size", Integer(), nullable=False),
    Column("input_digest", String(64), nullable=False),
    Column("state", String(15), nullable=False),
    Column("number", Integer()),
    Column("randomness", Text(), nullable=False),
    Column("note", Text(), nullable=False),
    Column("optimal_lowest", String(31), nullable=False),
    Column("unreachable", Integer(), nullable=False),
    Column("failure_reason", String(127), nullable=False),
    Column("failure_metadata", json_type(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("ready_time", UtcDateTime()),
    Column("commit_time", UtcDateTime()),
    Column("reveal_time", UtcDateTime()),
    Column("publish_time", UtcDateTime()),
    Column("cancel_time", UtcDateTime()),
    Column("version", Integer(), nullable=False),
    _of_selection(),
    Index("ix_draws_selection", "municipality_id", "selection_id", "draw_id"),
)


def _of_draw() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["municipality_id", "draw_id"], ["draws.municipality_id", "draws.draw_id"])


draw_inputs = Table(
    "draw_inputs",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("draw_id", Uuid(), primary_key=True),
    Column("content", LargeBinary(), nullable=False),
    _of_draw(),
)

draw_people = Table(
    "draw_people",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("draw_id", Uuid(), primary_key=True),
    Column("pool_id", Text(), primary_key=True),
    Column("selection_id", Uuid(), nullable=False),
    Column("person_id", Uuid(), nullable=False),
    _of_draw(),
    Index("ix_draw_people_person", "municipality_id", "selection_id", "person_id"),
)

draw_files = Table(
    "draw_files",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("draw_id", Uuid(), primary_key=True),
    Column("filename", String(63), primary_key=True),
    Column("media_type", String(63), nullable=False),
    Column("size", Integer(), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("secret", Boolean(), nullable=False),
    Column("content", LargeBinary(), nullable=False),
    _of_draw(),
)

seats = Table(
    "seats",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("selection_id", Uuid(), primary_key=True),
    Column("seat_id", Uuid(), primary_key=True),
    Column("draw_id", Uuid(), nullable=False),
    Column("person_id", Uuid(), nullable=False),
    Column("answer", String(15), nullable=False),
    Column("answer_time", UtcDateTime()),
    Column("version", Integer(), nullable=False),
    UniqueConstraint("municipality_id", "selection_id", "person_id"),
    _of_selection(),
)
