"""The tables that every service's store has: outbox, inbox, jobs, idempotency, audit trail.

Each service keeps them in its own database. `add_to` puts them into the service's MetaData; its first
migration creates them with `chassis.migrations.create_chassis_tables(op)`, save `store_revisions`, which is
made by whatever runs the migrations.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware instant, given and taken in UTC; SQLite, which has no zones, keeps it as UTC text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def json_type() -> TypeEngine[Any]:
    """JSON as it is written, also on PostgreSQL: its jsonb would lose the order of a table's columns."""
    return JSON()


def serial_type() -> TypeEngine[int]:
    """A 64-bit number the store counts up itself (SQLite does so for INTEGER primary keys only)."""
    return BigInteger().with_variant(Integer(), "sqlite")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", serial_type(), primary_key=True, autoincrement=True),
    Column("id", Uuid(), nullable=False, unique=True),
    Column("municipality", String(63), nullable=False),
    Column("topic", String(255), nullable=False),
    Column("key", String(512), nullable=False),
    Column("type", String(255), nullable=False),
    Column("headers", json_type(), nullable=False),
    Column("payload", LargeBinary(), nullable=False),
    Column("created", UtcDateTime(), nullable=False),
    Column("published", UtcDateTime()),
    Column("attempts", Integer(), nullable=False, server_default=text("0")),
    Column("last_error", String(255)),
    Index(
        "ix_outbox_unpublished",
        "seq",
        sqlite_where=text("published IS NULL"),
        postgresql_where=text("published IS NULL"),
    ),
    sqlite_autoincrement=True,  # a number once used is never given again, even after the row is cleared away
)

outbox_sequences = Table(
    "outbox_sequences",
    metadata,
    Column("topic", String(255), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("last", BigInteger(), nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", String(127), primary_key=True),
    Column("event_id", Uuid(), primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("received", UtcDateTime(), nullable=False, index=True),
)

inbox_positions = Table(
    "inbox_positions",
    metadata,
    Column("consumer", String(127), primary_key=True),
    Column("topic", String(255), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("sequence", BigInteger(), nullable=False),
)

# Events that arrived and may not be handled yet: behind a gap, between two tries, or behind a parked one.
inbox_held = Table(
    "inbox_held",
    metadata,
    Column("consumer", String(127), primary_key=True),
    Column("topic", String(255), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("sequence", BigInteger(), primary_key=True),
    Column("event_id", Uuid(), primary_key=True),
    Column("municipality", String(63), nullable=False),
    Column("headers", json_type(), nullable=False),
    Column("payload", LargeBinary(), nullable=False),
    Column("received", UtcDateTime(), nullable=False),
    Column("attempts", Integer(), nullable=False, server_default=text("0")),
    Column("next_attempt", UtcDateTime()),
)

# How far a reader has dealt with a carrier's log: a consumer of it, or (under the service's own name) the
# service that tells it. Set by the store that the reader works on, so it travels back in time with that.
log_marks = Table(
    "log_marks",
    metadata,
    Column("reader", String(127), primary_key=True),
    Column("topic", String(255), primary_key=True),
    Column("partition", Integer(), primary_key=True, autoincrement=False),
    Column("offset", BigInteger(), nullable=False),
    Column("event_id", String(36), nullable=False),
    Column("sent", BigInteger(), nullable=False, server_default=text("0")),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("consumer", String(127), nullable=False),
    Column("topic", String(255), nullable=False),
    Column("key", String(512), nullable=False),
    Column("municipality", String(63), nullable=False),
    Column("event_id", Uuid(), nullable=False),
    Column("sequence", BigInteger(), nullable=False),
    Column("type", String(255), nullable=False),
    Column("error", String(255), nullable=False),
    Column("attempts", Integer(), nullable=False),
    Column("parked", UtcDateTime(), nullable=False),
    Column("resolved", UtcDateTime()),
    Column("resolution", String(15)),
    Index("ix_dead_letters_open", "consumer", "topic", "key", "resolved"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid(), primary_key=True),
    Column("kind", String(127), nullable=False),
    Column("municipality", String(63), nullable=False),
    Column("key", String(512), nullable=False),
    Column("payload", json_type(), nullable=False),
    Column("state", String(15), nullable=False),
    Column("attempts", Integer(), nullable=False, server_default=text("0")),
    Column("max_attempts", Integer(), nullable=False),
    Column("fence", BigInteger(), nullable=False, server_default=text("0")),
    Column("worker", String(127)),
    Column("lease_until", UtcDateTime()),
    Column("available", UtcDateTime(), nullable=False),
    Column("cancel_requested", Boolean(), nullable=False, server_default=false()),
    Column("stage", String(127), nullable=False, server_default=text("''")),
    Column("progress", json_type(), nullable=False),
    Column("reason", String(127), nullable=False, server_default=text("''")),
    Column("reason_metadata", json_type(), nullable=False),
    Column("correlation_id", String(128), nullable=False),
    Column("trace_parent", String(55), nullable=False, server_default=text("''")),
    Column("created", UtcDateTime(), nullable=False),
    Column("started", UtcDateTime()),
    Column("finished", UtcDateTime()),
    UniqueConstraint("kind", "municipality", "key", name="uq_jobs_kind_municipality_key"),
    Index("ix_jobs_state_available", "state", "available"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("municipality", String(63), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("request_id", String(128), primary_key=True),
    Column("fingerprint", LargeBinary(), nullable=False),
    Column("response", LargeBinary(), nullable=False),
    Column("created", UtcDateTime(), nullable=False, index=True),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", serial_type(), primary_key=True, autoincrement=True),
    Column("id", Uuid(), nullable=False, unique=True),
    Column("time", UtcDateTime(), nullable=False),
    Column("municipality", String(63), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("roles", String(255), nullable=False),
    Column("action", String(127), nullable=False),
    Column("resource", String(512), nullable=False),
    Column("details", json_type(), nullable=False),
    Column("correlation_id", String(128), nullable=False),
    Index("ix_audit_log_municipality_resource", "municipality", "resource", "seq"),
    sqlite_autoincrement=True,
)

# Municipalities of which all is erased, or being erased until `done`: what still comes of them is dropped.
erasures = Table(
    "erasures",
    metadata,
    Column("municipality", String(63), primary_key=True),
    Column("begun", UtcDateTime(), nullable=False),
    Column("done", UtcDateTime()),
)

# Beside Alembic's own `alembic_version`: what each revision says, for programs that do not know it.
store_revisions = Table(
    "store_revisions",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("kind", String(15), nullable=False),
    Column("release", String(31), nullable=False),
    Column("compatible_from", String(32), nullable=False),
    Column("noted", UtcDateTime(), nullable=False),
)


def add_to(service_metadata: MetaData) -> None:
    """Declare the chassis's tables in a service's MetaData (once, in its adapters/tables.py)."""
    for table in metadata.sorted_tables:
        table.to_metadata(service_metadata)
