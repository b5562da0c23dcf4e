"""How far a reader has dealt with a carrier's log, as the store says in which its effects are.

The carrier keeps positions as well. But a store that is put back to an earlier moment has forgotten effects
of events that the carrier counts as done, and a carrier that is put back, or made anew, has other events in
those places. So both are asked: see `Broker.source`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from chassis.events.ports import Mark
from chassis.tables import log_marks

if TYPE_CHECKING:
    from chassis.db import Database, Transaction


def read_marks(database: Database, reader: str, topic: str) -> dict[int, Mark]:
    """By partition."""
    with database.reading_across() as transaction:
        return marks_in(transaction, reader, topic)


def marks_in(transaction: Transaction, reader: str, topic: str) -> dict[int, Mark]:
    rows = transaction.connection.execute(
        select(log_marks.c.partition, log_marks.c.offset, log_marks.c.event_id).where(*_of(reader, topic))
    )
    return {row.partition: Mark(row.offset, row.event_id) for row in rows}


def put_marks(
    transaction: Transaction, reader: str, topic: str, marks: Mapping[int, Mark], sent: int = 0
) -> None:
    from chassis.db import upsert  # db knows this module's tables

    if not marks:
        return
    statement = upsert(transaction.connection, log_marks)
    new = statement.excluded
    transaction.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["reader", "topic", "partition"],
            set_={"offset": new.offset, "event_id": new.event_id, "sent": new.sent},
        ),
        [
            {
                "reader": reader,
                "topic": topic,
                "partition": number,
                "offset": mark.offset,
                "event_id": mark.event_id,
                "sent": sent,
            }
            for number, mark in marks.items()
        ],
    )


def sent_until(transaction: Transaction, reader: str, topic: str) -> int:
    """The outbox's number up to which the teller found its events in the log; 0 for none."""
    found = transaction.connection.execute(
        select(log_marks.c.sent).where(*_of(reader, topic)).order_by(log_marks.c.sent).limit(1)
    ).scalar_one_or_none()
    return int(found or 0)


def forget_marks(database: Database, reader: str, topic: str) -> None:
    """Its reader reads the log from its beginning: at its start, or when it next looks."""
    with database.writing_across() as transaction:
        transaction.connection.execute(delete(log_marks).where(*_of(reader, topic)))


def _of(reader: str, topic: str) -> tuple[Any, Any]:
    return log_marks.c.reader == reader, log_marks.c.topic == topic
