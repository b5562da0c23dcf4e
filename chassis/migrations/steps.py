"""The chassis's tables as they were first created. Once released, a step is never edited: add another."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from chassis.migrations.tenants import (
    allow_columns,
    allow_erasure,
    grant_across,
    isolate_tenants,
    open_across,
)
from chassis.tables import UtcDateTime, json_type, serial_type


def create_chassis_tables(op: Operations) -> None:
    """Outbox, inbox, dead letters, jobs, idempotency, audit trail (which the store lets nobody rewrite)."""
    _create_events(op)
    _create_inbox(op)
    _create_jobs(op)
    _create_requests(op)
    _isolate(op)


def add_trace_parent(op: Any) -> None:
    """Jobs remember the W3C trace context of what asked for them; empty where nobody traced it."""
    column = sa.Column("trace_parent", sa.String(55), nullable=False, server_default=sa.text("''"))
    op.add_column("jobs", column)


def create_log_marks(op: Any) -> None:
    """How far each reader has dealt with the log of events, and the rights to hold a store against that log.

    Marks belong to no municipality: places in a log, seen and set by the worker alone.
    """
    op.create_table(
        "log_marks",
        _column("reader", sa.String(127)),
        _column("topic", sa.String(255)),
        _column("partition", sa.Integer()),
        _column("offset", sa.BigInteger()),
        _column("event_id", sa.String(36)),
        _column("sent", sa.BigInteger(), server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("reader", "topic", "partition", name="pk_log_marks"),
    )
    grant_across(op, "log_marks", ("SELECT", "INSERT", "UPDATE", "DELETE"))
    open_across(op, "outbox_sequences", select=_columns(op, "outbox_sequences"))
    # An unsent event whose number turns out to be taken gets another; nothing else of it changes.
    allow_columns(op, "outbox", "UPDATE", ("headers",))


# Of these the app role may add rows, or change them, and take none away but those of an erased municipality.
_KEPT_FOR_GOOD = (
    "outbox",
    "outbox_sequences",
    "inbox",
    "inbox_positions",
    "dead_letters",
    "jobs",
    "idempotency",
    "audit_log",
)


def is_erased(municipality: str) -> str:
    """An SQL condition, for the triggers that otherwise let nobody delete: that this one is being erased."""
    return f"EXISTS (SELECT 1 FROM erasures WHERE erasures.municipality = {municipality})"  # noqa: S608 - a column


def create_erasures(op: Any) -> None:
    """Which municipalities are erased, and the right to erase them, which is nobody's for any other."""
    op.create_table(
        "erasures",
        _column("municipality", sa.String(63)),
        _column("begun", UtcDateTime()),
        sa.Column("done", UtcDateTime()),
        sa.PrimaryKeyConstraint("municipality", name="pk_erasures"),
    )
    isolate_tenants(op, "erasures", allowed=("SELECT", "INSERT", "UPDATE"))
    open_across(op, "erasures", select=("municipality", "begun", "done"))
    of_erased = is_erased("OLD.municipality")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_log_no_delete")
        op.execute(
            "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log "
            f"WHEN NOT {of_erased} "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        )
        return
    allow_erasure(op, *_KEPT_FOR_GOOD)
    op.execute(
        "CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' THEN IF {of_erased} THEN RETURN OLD; END IF; END IF; "
        "RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )


def _isolate(op: Operations) -> None:
    add, change = ("SELECT", "INSERT"), ("SELECT", "INSERT", "UPDATE")
    # A municipality is entered by the platform, and told about under its own name.
    isolate_tenants(op, "outbox", written_by_platform=True, allowed=add)
    isolate_tenants(op, "outbox_sequences", written_by_platform=True, allowed=change)
    isolate_tenants(op, "inbox", "idempotency", "audit_log", allowed=add)
    isolate_tenants(op, "inbox_positions", "dead_letters", "jobs", allowed=change)
    isolate_tenants(op, "inbox_held")
    told = ("published", "attempts", "last_error")
    open_across(op, "outbox", select=_columns(op, "outbox"), update=told, delete=True)
    open_across(op, "inbox", select=_columns(op, "inbox"), delete=True)
    open_across(op, "inbox_positions", select=_columns(op, "inbox_positions"))
    open_across(op, "inbox_held", select=_columns(op, "inbox_held", "headers", "payload"))
    open_across(op, "dead_letters", select=_columns(op, "dead_letters"))
    content = ("payload", "stage", "progress", "reason", "reason_metadata")
    claim = ("state", "attempts", "fence", "worker", "lease_until", "started")
    open_across(op, "jobs", select=_columns(op, "jobs", *content), update=claim)
    open_across(op, "idempotency", select=_columns(op, "idempotency", "fingerprint", "response"), delete=True)


def _columns(op: Operations, table: str, *without: str) -> list[str]:
    found = sa.inspect(op.get_bind()).get_columns(table)
    return [column["name"] for column in found if column["name"] not in without]


def _column(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def _create_events(op: Operations) -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", serial_type(), autoincrement=True, nullable=False),
        _column("id", sa.Uuid()),
        _column("municipality", sa.String(63)),
        _column("topic", sa.String(255)),
        _column("key", sa.String(512)),
        _column("type", sa.String(255)),
        _column("headers", json_type()),
        _column("payload", sa.LargeBinary()),
        _column("created", UtcDateTime()),
        sa.Column("published", UtcDateTime()),
        _column("attempts", sa.Integer(), server_default=sa.text("0")),
        sa.Column("last_error", sa.String(255)),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sqlite_autoincrement=True,
    )
    unpublished = sa.text("published IS NULL")
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["seq"],
        sqlite_where=unpublished,
        postgresql_where=unpublished,
    )
    op.create_table(
        "outbox_sequences",
        _column("topic", sa.String(255)),
        _column("key", sa.String(512)),
        _column("municipality", sa.String(63)),
        _column("last", sa.BigInteger()),
        sa.PrimaryKeyConstraint("topic", "key", name="pk_outbox_sequences"),
    )


def _create_inbox(op: Operations) -> None:
    op.create_table(
        "inbox",
        _column("consumer", sa.String(127)),
        _column("event_id", sa.Uuid()),
        _column("municipality", sa.String(63)),
        _column("received", UtcDateTime()),
        sa.PrimaryKeyConstraint("consumer", "event_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_received", "inbox", ["received"])
    op.create_table(
        "inbox_positions",
        _column("consumer", sa.String(127)),
        _column("topic", sa.String(255)),
        _column("key", sa.String(512)),
        _column("municipality", sa.String(63)),
        _column("sequence", sa.BigInteger()),
        sa.PrimaryKeyConstraint("consumer", "topic", "key", name="pk_inbox_positions"),
    )
    op.create_table(
        "inbox_held",
        _column("consumer", sa.String(127)),
        _column("topic", sa.String(255)),
        _column("key", sa.String(512)),
        _column("sequence", sa.BigInteger()),
        _column("event_id", sa.Uuid()),
        _column("municipality", sa.String(63)),
        _column("headers", json_type()),
        _column("payload", sa.LargeBinary()),
        _column("received", UtcDateTime()),
        _column("attempts", sa.Integer(), server_default=sa.text("0")),
        sa.Column("next_attempt", UtcDateTime()),
        sa.PrimaryKeyConstraint("consumer", "topic", "key", "sequence", "event_id", name="pk_inbox_held"),
    )
    op.create_table(
        "dead_letters",
        _column("id", sa.Uuid()),
        _column("consumer", sa.String(127)),
        _column("topic", sa.String(255)),
        _column("key", sa.String(512)),
        _column("municipality", sa.String(63)),
        _column("event_id", sa.Uuid()),
        _column("sequence", sa.BigInteger()),
        _column("type", sa.String(255)),
        _column("error", sa.String(255)),
        _column("attempts", sa.Integer()),
        _column("parked", UtcDateTime()),
        sa.Column("resolved", UtcDateTime()),
        sa.Column("resolution", sa.String(15)),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_open", "dead_letters", ["consumer", "topic", "key", "resolved"])


def _create_jobs(op: Operations) -> None:
    op.create_table(
        "jobs",
        _column("id", sa.Uuid()),
        _column("kind", sa.String(127)),
        _column("municipality", sa.String(63)),
        _column("key", sa.String(512)),
        _column("payload", json_type()),
        _column("state", sa.String(15)),
        _column("attempts", sa.Integer(), server_default=sa.text("0")),
        _column("max_attempts", sa.Integer()),
        _column("fence", sa.BigInteger(), server_default=sa.text("0")),
        sa.Column("worker", sa.String(127)),
        sa.Column("lease_until", UtcDateTime()),
        _column("available", UtcDateTime()),
        _column("cancel_requested", sa.Boolean(), server_default=sa.false()),
        _column("stage", sa.String(127), server_default=sa.text("''")),
        _column("progress", json_type()),
        _column("reason", sa.String(127), server_default=sa.text("''")),
        _column("reason_metadata", json_type()),
        _column("correlation_id", sa.String(128)),
        _column("created", UtcDateTime()),
        sa.Column("started", UtcDateTime()),
        sa.Column("finished", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("kind", "municipality", "key", name="uq_jobs_kind_municipality_key"),
    )
    op.create_index("ix_jobs_state_available", "jobs", ["state", "available"])


def _create_requests(op: Operations) -> None:
    op.create_table(
        "idempotency",
        _column("municipality", sa.String(63)),
        _column("subject", sa.String(255)),
        _column("request_id", sa.String(128)),
        _column("fingerprint", sa.LargeBinary()),
        _column("response", sa.LargeBinary()),
        _column("created", UtcDateTime()),
        sa.PrimaryKeyConstraint("municipality", "subject", "request_id", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_created", "idempotency", ["created"])
    op.create_table(
        "audit_log",
        sa.Column("seq", serial_type(), autoincrement=True, nullable=False),
        _column("id", sa.Uuid()),
        _column("time", UtcDateTime()),
        _column("municipality", sa.String(63)),
        _column("subject", sa.String(255)),
        _column("roles", sa.String(255)),
        _column("action", sa.String(127)),
        _column("resource", sa.String(512)),
        _column("details", json_type()),
        _column("correlation_id", sa.String(128)),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_log"),
        sa.UniqueConstraint("id", name="uq_audit_log_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_municipality_resource", "audit_log", ["municipality", "resource", "seq"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_log_no_{act.lower()} BEFORE {act} ON audit_log "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    # The app role has no right to; this stops the tables' owner too.
    op.execute(
        "CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    for act, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER audit_log_no_{act.lower()} BEFORE {act} ON audit_log "
            f"FOR EACH {each} EXECUTE FUNCTION audit_log_refuse()"
        )
