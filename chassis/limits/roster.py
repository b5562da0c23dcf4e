"""Which municipalities there are, read from a service's store now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sqlalchemy import String, column, inspect, select, table

from chassis.log import get_logger, trace

if TYPE_CHECKING:
    from chassis.db import Database

_log = get_logger("chassis.limits")
_TABLE = "municipalities"


def slugs(database: Database) -> list[str]:
    """Of the registry or of the service's copy; [] where the store has neither."""
    with database.reading_across() as transaction:
        described = inspect(transaction.connection)
        if not described.has_table(_TABLE):
            return []
        names = {found["name"] for found in described.get_columns(_TABLE)}
        key = "municipality_id" if "municipality_id" in names else "municipality"
        rows = transaction.connection.execute(select(column(key, String)).select_from(table(_TABLE)))
        return sorted(rows.scalars())


class Roster:
    """Tells `know` at its start and every few seconds, in a thread of its own."""

    SECONDS = 5.0

    def __init__(self, database: Database, know: Callable[[Iterable[str]], None]) -> None:
        self._database = database
        self._know = know
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limits", daemon=True)

    def start(self) -> None:
        self._read()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopped.wait(self.SECONDS):
            self._read()

    def _read(self) -> None:
        try:
            self._know(slugs(self._database))
        except Exception as error:  # the store may be away: those known so far stand
            _log.warning("municipalities not read", trace=trace(error))
