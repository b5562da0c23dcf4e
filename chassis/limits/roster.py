"""Which municipalities there are, read from a service's store now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sqlalchemy import String, column, inspect, select, table

from chassis.log import get_logger, trace
from chassis.migrations.tenants import TENANT_COLUMNS

if TYPE_CHECKING:
    from chassis.db import Database

_log = get_logger("chassis.limits")
_TABLE = "municipalities"


class Roster:
    """Tells `know` the municipalities of the registry, or of the service's copy, when it starts and every few
    seconds from then on, in a thread of its own. A store that has neither has none.
    """

    SECONDS = 5.0

    def __init__(self, database: Database, know: Callable[[Iterable[str]], None]) -> None:
        self._database = database
        self._know = know
        self._column = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limits", daemon=True)

    def start(self) -> None:
        self.read()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(5)

    def read(self) -> None:
        """Once. While the store is away, those known so far stand."""
        try:
            self._know(self._slugs())
        except Exception as error:
            _log.warning("municipalities not read", trace=trace(error))

    def _run(self) -> None:
        while not self._stopped.wait(self.SECONDS):
            self.read()

    def _slugs(self) -> list[str]:
        with self._database.reading_across() as transaction:
            connection = transaction.connection
            if not self._column:
                described = inspect(connection)
                if not described.has_table(_TABLE):
                    return []
                names = {str(found["name"]) for found in described.get_columns(_TABLE)}
                self._column = next(name for name in TENANT_COLUMNS if name in names)
            rows = connection.execute(select(column(self._column, String)).select_from(table(_TABLE)))
            return sorted(rows.scalars())
