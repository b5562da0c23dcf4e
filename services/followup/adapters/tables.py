"""Follow-up's tables: the municipality in every key and index. No person stands in any of them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import (
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
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

# What deliberation's events told, and whether the report has been read.
handovers = Table(
    "handovers",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("assembly_id", Uuid(), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("received_time", UtcDateTime(), nullable=False),
    Column("state", String(15), nullable=False),
    Column("trouble", String(127), nullable=False),
    Column("title", Text(), nullable=False),
    Column("handover_date", Date()),
)

promises = Table(
    "promises",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("promise_id", Uuid(), primary_key=True),
    Column("assembly_id", Uuid(), nullable=False),
    Column("position", Integer(), nullable=False),
    Column("unit", String(15), nullable=False),
    Column("subject", String(512), nullable=False),
    Column("title", Text(), nullable=False),
    Column("text", Text(), nullable=False),
    Column("recommendation_title", Text(), nullable=False),
    Column("handover_date", Date(), nullable=False),
    Column("volunteers_wanted", Integer(), nullable=False),
    Column("volunteers_task", Text(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("version", Integer(), nullable=False),
    # Whatever is repeated, an assembly's initiative is promised once.
    UniqueConstraint("municipality_id", "assembly_id", "subject"),
    UniqueConstraint("municipality_id", "assembly_id", "position"),
    ForeignKeyConstraint(
        ["municipality_id", "assembly_id"], ["handovers.municipality_id", "handovers.assembly_id"]
    ),
)

# `effective_due` and `answered_on` follow from extensions and answers; they stand here to be counted and
# found. `told_due` is the date of which it was told that it passed unanswered.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("promise_id", Uuid(), primary_key=True),
    Column("checkpoint_id", Uuid(), primary_key=True),
    Column("months", Integer(), nullable=False),
    Column("kind", String(15), nullable=False),
    Column("rule", String(15), nullable=False),
    Column("handover_date", Date(), nullable=False),
    Column("nominal_date", Date(), nullable=False),
    Column("due_date", Date(), nullable=False),
    Column("opens_date", Date(), nullable=False),
    Column("reasons", json_type(), nullable=False),
    Column("effective_due", Date(), nullable=False),
    Column("answered_on", Date()),
    Column("told_due", Date()),
    ForeignKeyConstraint(
        ["municipality_id", "promise_id"], ["promises.municipality_id", "promises.promise_id"]
    ),
)
Index(
    "ix_checkpoints_unanswered",
    checkpoints.c.municipality_id,
    checkpoints.c.effective_due,
    sqlite_where=sa.text("answered_on IS NULL"),
    postgresql_where=sa.text("answered_on IS NULL"),
)


def _of_checkpoint() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["municipality_id", "promise_id", "checkpoint_id"],
        ["checkpoints.municipality_id", "checkpoints.promise_id", "checkpoints.checkpoint_id"],
    )


# Rows of these two are added and never changed; the store refuses it.
answers = Table(
    "answers",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("promise_id", Uuid(), primary_key=True),
    Column("checkpoint_id", Uuid(), primary_key=True),
    Column("answer_id", Uuid(), primary_key=True),
    Column("number", Integer(), nullable=False),
    Column("decision", String(15), nullable=False),
    Column("reason", Text(), nullable=False),
    Column("committee", Text(), nullable=False),
    Column("office", Text(), nullable=False),
    Column("actions", Text(), nullable=False),
    Column("evidence_uris", json_type(), nullable=False),
    Column("answer_date", Date(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    _of_checkpoint(),
)
extensions = Table(
    "extensions",
    metadata,
    Column("municipality_id", String(63), primary_key=True),
    Column("promise_id", Uuid(), primary_key=True),
    Column("checkpoint_id", Uuid(), primary_key=True),
    Column("extension_id", Uuid(), primary_key=True),
    Column("number", Integer(), nullable=False),
    Column("until_date", Date(), nullable=False),
    Column("due_date", Date(), nullable=False),
    Column("granted_on", Date(), nullable=False),
    Column("office", Text(), nullable=False),
    Column("reason", Text(), nullable=False),
    Column("reasons", json_type(), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    _of_checkpoint(),
)
