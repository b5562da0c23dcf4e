"""What both ends of every event left in the four stores, read whole, as only a superuser sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.infrastructure.postgres import Urls

Row = dict[str, Any]

# What is read of each store beside the chassis's tables.
OWN_TABLES: Mapping[str, Sequence[str]] = {
    "deliberation": (
        "municipalities",
        "assemblies",
        "members",
        "reports",
        "initiatives",
        "promises",
        "tasks",
    ),
    "followup": ("municipalities", "handovers", "promises", "checkpoints", "answers", "extensions"),
    "sortition": ("municipalities", "selections", "draws", "seats"),
    "volunteer": ("municipalities", "tasks", "slots", "sign_ups", "sought_promises"),
}
_CHASSIS = (
    "outbox",
    "outbox_sequences",
    "inbox",
    "inbox_positions",
    "inbox_held",
    "dead_letters",
    "jobs",
    "fault_effects",
)
_ORDER = {"outbox": "seq", "fault_effects": "seq"}
# Large, and nothing that is checked.
_WITHOUT = {"content", "payload", "headers"}


@dataclass
class Evidence:
    """Rows by service and table; the rows of outbox and journal in their order."""

    rows: dict[str, dict[str, list[Row]]] = field(default_factory=dict)

    def of(self, service: str, table: str) -> list[Row]:
        return self.rows[service][table]


@contextmanager
def superusers(urls: Mapping[str, Urls]) -> Iterator[dict[str, psycopg.Connection[Row]]]:
    """A transaction on each store; nothing that is done in it stays."""
    with ExitStack() as stack:
        connections = {}
        for service, one in urls.items():
            connection = stack.enter_context(psycopg.connect(one.superuser, row_factory=dict_row))
            stack.callback(connection.rollback)
            connections[service] = connection
        yield connections


def read(connections: Mapping[str, psycopg.Connection[Row]]) -> Evidence:
    evidence = Evidence()
    for service, connection in connections.items():
        evidence.rows[service] = {}
        for table in (*_CHASSIS, *OWN_TABLES[service]):
            columns = ["(headers->>'ce_sequence')::bigint AS sequence"] if table == "outbox" else []
            columns += [
                row["column_name"]
                for row in connection.execute(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND table_name = %s",
                    (table,),
                )
                if row["column_name"] not in _WITHOUT
            ]
            query = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608 - names of ours
            if table in _ORDER:
                query += f" ORDER BY {_ORDER[table]}"
            evidence.rows[service][table] = connection.execute(query).fetchall()
    return evidence


def unsettled(connections: Mapping[str, psycopg.Connection[Row]]) -> list[str]:
    """What is still under way, and will come to an end by itself."""
    under_way = []
    positions = {
        (row["topic"], row["key"]): row["last"]
        for connection in connections.values()
        for row in connection.execute("SELECT topic, key, last FROM outbox_sequences")
    }
    for service, connection in connections.items():
        for what, query in (
            ("unsent", "SELECT count(*) AS n FROM outbox WHERE published IS NULL"),
            ("between tries", "SELECT count(*) AS n FROM inbox_held WHERE next_attempt IS NOT NULL"),
            ("jobs", "SELECT count(*) AS n FROM jobs WHERE state IN ('QUEUED', 'RUNNING')"),
        ):
            row = connection.execute(query).fetchone()
            if row is not None and row["n"]:
                under_way.append(f"{service}: {row['n']} {what}")
    for service, consumer, topic in consumers():
        reached = {
            row["key"]: row["sequence"]
            for row in connections[service].execute(
                "SELECT key, sequence FROM inbox_positions WHERE consumer = %s AND topic = %s",
                (consumer, topic),
            )
        }
        behind = sum(
            reached.get(key, 0) < last for (of_topic, key), last in positions.items() if of_topic == topic
        )
        if behind:
            under_way.append(f"{consumer}: {behind} aggregates behind")
    return under_way


def consumers() -> list[tuple[str, str, str]]:
    """Service, consumer and topic of every subscription of the suite."""
    return [
        *(
            (service, f"{service}.municipalities", "borgerting.deliberation.v1")
            for service in ("followup", "sortition", "volunteer")
        ),
        ("deliberation", "deliberation.panels", "borgerting.sortition.v1"),
        ("deliberation", "deliberation.promises", "borgerting.followup.v1"),
        ("deliberation", "deliberation.tasks", "borgerting.volunteer.v1"),
        ("followup", "followup.reports", "borgerting.deliberation.v1"),
        ("volunteer", "volunteer.promises", "borgerting.followup.v1"),
    ]
