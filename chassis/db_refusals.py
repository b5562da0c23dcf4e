"""What PostgreSQL's refusals, and its absence, mean to whoever asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from chassis.db_store import StoreConflict, store_away, store_busy, store_full
from chassis.errors import Code, DomainError
from chassis.log import get_logger

_log = get_logger("chassis.db")

_CONFLICT = {"40001", "40P01"}  # serialization failure, deadlock
BUSY = {"55P03", "57014", "53300"}  # lock time-out, statement time-out, too many connections
# Shut down, crashed, starting, idle too long outside and within a transaction.
_AWAY = {"57P01", "57P02", "57P03", "57P05", "25P03"}
_FULL = {"53100", "53200"}  # no room on the disk, no memory
_FULL_SAID_SECONDS = 30.0
_READ_ONLY = "25006"
# Too long, out of range, no character of the database's encoding: the edge should have refused it.
_NOT_STORABLE = {"22001", "22003", "22021", "22P05"}


class Refusals:
    """One store's. Says in the log when it goes away, comes back, or has no room."""

    def __init__(self) -> None:
        self._away = threading.Event()
        self._full_said = 0.0

    def answered(self) -> None:
        """It serves, as far as is known."""
        if self._away.is_set():
            self._away.clear()
            _log.info("store back")

    @contextmanager
    def explained(self, *, writing: bool = True) -> Iterator[None]:
        """The driver's errors in the block become a DomainError where they are nobody's mistake."""
        try:
            yield
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state in _CONFLICT:
                raise StoreConflict from error
            if state in BUSY:
                raise store_busy() from error
            if state in _FULL:
                self._say_full(error)
                raise store_full() from error
            if state in _NOT_STORABLE or _has_nul(error):
                raise DomainError(Code.INVALID_ARGUMENT, "VALUE_NOT_STORABLE") from error
            is_standby = writing and state == _READ_ONLY
            if error.connection_invalidated or state in _AWAY or is_standby or _never_connected(error):
                if not self._away.is_set():
                    self._away.set()
                    # The server's words name hosts and roles, never a password.
                    _log.error("store away", reason=str(error.orig).strip().splitlines()[-1][:300])
                raise store_away() from error
            raise

    def _say_full(self, error: DBAPIError) -> None:
        """Now and then: the log may lie on the same disk."""
        if time.monotonic() - self._full_said > _FULL_SAID_SECONDS or not self._full_said:
            self._full_said = time.monotonic()
            _log.error("store full", reason=str(error.orig).strip().splitlines()[0][:300])


def _never_connected(error: DBAPIError) -> bool:
    return isinstance(error.orig, psycopg.OperationalError) and (
        error.orig.sqlstate is None or error.orig.sqlstate.startswith(("08", "28", "3D"))
    )


def _has_nul(error: DBAPIError) -> bool:
    """The driver refuses a text with a NUL itself; SQLite keeps one."""
    return isinstance(error.orig, psycopg.DataError) and error.orig.sqlstate is None
