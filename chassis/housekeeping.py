"""Clears away what has done its service: events received, answers kept for repeated requests."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, and_, delete, exists, select

from chassis.log import get_logger, trace
from chassis.tables import idempotency, inbox, inbox_positions, outbox

if TYPE_CHECKING:
    from chassis.db import Database

_log = get_logger("chassis.housekeeping")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows stay after their use. A request id can be repeated for as long as its answer is kept.

    Sent events stay for good, unless `published` says otherwise: by them a log that was lost is filled again,
    event by event (chassis.log_mend). They are few and hold ids only.
    """

    published: timedelta | None = None
    received: timedelta = timedelta(days=30)
    answered: timedelta = timedelta(days=7)


def sweep(database: Database, retention: Retention, *, at_most: int = 1000) -> int:
    """Delete up to so many rows of each kind, in short units of work; how many that were.

    Unsent events stay however old they are. Of received ones only the numbers stay, by which a repetition
    is known all the same. The audit trail, jobs and dead letters stay for good.
    """
    now = database.machine_clock.now()
    of_known_order = exists(
        select(inbox_positions.c.sequence).where(inbox_positions.c.consumer == inbox.c.consumer)
    )
    old: list[tuple[Table, Any]] = [
        (inbox, and_(inbox.c.received < now - retention.received, of_known_order)),
        (idempotency, idempotency.c.created < now - retention.answered),
    ]
    if retention.published is not None:
        old.append((outbox, outbox.c.published < now - retention.published))
    deleted = 0
    for table, condition in old:
        keys = list(table.primary_key.columns)
        with database.writing_across() as transaction:
            rows = transaction.connection.execute(select(*keys).where(condition).limit(at_most)).all()
            for row in rows:
                matches = [key == value for key, value in zip(keys, row, strict=True)]
                deleted += transaction.connection.execute(delete(table).where(*matches)).rowcount
    return deleted


class Housekeeper:
    """Sweeps one store every hour, and goes on at once while there is much."""

    FIRST_SECONDS = 60.0
    EVERY_SECONDS = 3600.0
    AT_MOST = 1000

    def __init__(self, service: str, database: Database, retention: Retention | None = None) -> None:
        self._service = service
        self._database = database
        self._retention = retention or Retention()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"housekeeper-{service}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        pause = self.FIRST_SECONDS
        while not self._stopping.wait(pause):
            pause = self.EVERY_SECONDS
            try:
                with self._database.exclusive("housekeeping") as held:
                    deleted = sweep(self._database, self._retention, at_most=self.AT_MOST) if held else 0
            except Exception as error:  # the store may be away: another time
                _log.error("sweep failed", service=self._service, trace=trace(error))
                continue
            if deleted:
                _log.info("swept", service=self._service, rows=deleted)
            if deleted >= self.AT_MOST:
                pause = 1.0
