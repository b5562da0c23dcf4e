"""A store in a PostgreSQL database.

A transaction begins by taking a role and naming its municipality, for itself alone: `SET LOCAL` in effect, so
that nothing of it is left on the connection, also behind a pooler that lends connections by the transaction.

Reading: REPEATABLE READ, READ ONLY, so one state throughout. Writing: READ COMMITTED, and writers of one
municipality in turn, by an advisory lock, as on SQLite: a use case may look and then decide without another
one in between. A `concurrent` unit of work does not queue: it locks the rows on which it decides.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from chassis.db_passwords import PASSWORD_FILE, take_password_from
from chassis.db_roles import PLATFORM, TENANT_SETTING, Roles, is_owner
from chassis.db_store import Scope, StoreConflict, store_away, store_busy, store_full
from chassis.errors import Code, DomainError
from chassis.log import get_logger
from chassis.statements import Statement

_log = get_logger("chassis.db")

# Classes of advisory locks; the second number is the hash of a name. A database's locks are its own.
_WRITERS, _NAMED, _MIGRATION = 1, 2, 3

_BEGIN = (
    "SELECT set_config('role', :role, true), "
    f"set_config('{TENANT_SETTING}', :municipality, true), "
    "set_config('lock_timeout', :lock_timeout, true)"
)
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:class, hashtext(:name))")

IDLE_SECONDS = 120
"""After which the server ends a transaction that asks nothing more: whoever began it has vanished, and holds
its municipality's turn.
"""
# What the server looks after on a connection: a client that vanished while idle, or within a transaction.
_SESSION = {
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25s",
}


class _Begins:
    """How transactions begin; `also` is what each of them sets besides."""

    def __init__(self, also: str) -> None:
        begin = _BEGIN + also
        self.beside_others = Statement(text(begin))
        # The list is evaluated from left to right: the time-out stands when the lock is waited for.
        turn = f"pg_advisory_xact_lock({_WRITERS}, hashtext(:municipality))"
        self.in_turn = Statement(text(f"{begin}, {turn}"))
        self.with_lock = Statement(text(_TRY_LOCK.text + also))


_DIRECT = _Begins("")
# A pooler's sessions are not ours to set: each transaction says it for itself.
_POOLED = _Begins(f", set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS}s', true)")

_CONFLICT = {"40001", "40P01"}  # serialization failure, deadlock
_BUSY = {"55P03", "57014", "53300"}  # lock time-out, statement time-out, too many connections
# Shut down, crashed, starting, idle too long outside and within a transaction.
_AWAY = {"57P01", "57P02", "57P03", "57P05", "25P03"}
_FULL = {"53100", "53200"}  # no room on the disk, no memory
_FULL_SAID_SECONDS = 30.0
_READ_ONLY = "25006"
# Too long, out of range, no character of the database's encoding: the edge should have refused it.
_NOT_STORABLE = {"22001", "22003", "22021", "22P05"}
_NO_ROLE = {"22023", "42704", "42501"}
_SERVED = "borgerting_served"  # of a connection that has been of use before

MIGRATION_LOCK_SECONDS = 2.0
"""How long a change of a table waits for those who use it, while all others wait behind it. Longer than the
second (deadlock_timeout) after which the server ends an autovacuum that is in the way.
"""
MIGRATION_SECONDS = 600.0
"""How long a migration waits for another one to end."""


class PostgresqlStore:
    """`url` names the login, or (for migrations) the owner; the other roles follow from its name.

    Of its query, `pgbouncer=true` says that a transaction-pooling pooler is between (no prepared statements),
    `pool_size` and `max_overflow` bound the connections of this process (5 and 15), `password_file` names the
    file that holds the login's password.
    """

    shared = True

    def __init__(self, url: URL, busy_seconds: float) -> None:
        options = {name: url.query[name] for name in OWN_OPTIONS if name in url.query}
        self._begins = _DIRECT
        arguments: dict[str, object]
        if str(options.get("pgbouncer", "")).lower() in ("1", "true", "yes"):
            self._begins = _POOLED
            arguments = {"prepare_threshold": None}
        else:
            own = [str(url.query["options"])] if "options" in url.query else []
            arguments = {"options": " ".join([*(f"-c {name}={_SESSION[name]}" for name in _SESSION), *own])}
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg").difference_update_query(OWN_OPTIONS),
            pool_size=_number(options.get("pool_size"), 5),
            max_overflow=_number(options.get("max_overflow"), 15),
            pool_timeout=busy_seconds,
            isolation_level="READ COMMITTED",
            # As on SQLite, an INSERT says how many rows it made: none where it met a conflict.
            execution_options={"preserve_rowcount": True},
            connect_args={
                "connect_timeout": 5,
                "application_name": "borgerting",
                "client_encoding": "utf8",
                # A server that vanished without a word (its machine is gone, a router forgot the connection)
                # is noticed within half a minute; the system's own times are two hours and a quarter of one.
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 25_000,
                **arguments,
            },
        )
        if PASSWORD_FILE in options:
            take_password_from(self.engine, Path(str(options[PASSWORD_FILE])))
        self._reading = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        user = url.username or ""
        roles = Roles.of_user(user)
        # The owner stays what it is: it has no other role.
        self._app, self._worker = ("none", "none") if is_owner(user) else (roles.app, roles.worker)
        self._lock_timeout = f"{int(busy_seconds * 1000)}ms"
        self._away = threading.Event()
        self._full_said = 0.0

    @contextmanager
    def connection(self, scope: Scope) -> Iterator[Connection]:
        in_turn = scope.writing and not scope.across and not scope.concurrent
        begin = self._begins.in_turn if in_turn else self._begins.beside_others
        values = {
            "role": self._worker if scope.across else self._app,
            "municipality": "" if scope.across else scope.municipality or PLATFORM,
            "lock_timeout": self._lock_timeout,
        }
        with (
            self._explained(writing=scope.writing),
            self._begun(begin, values, writing=scope.writing) as connection,
        ):
            yield connection
            _refuse_failed(connection)

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        wait = f"{int(MIGRATION_SECONDS * 1000)}ms"
        values = {"role": "none", "municipality": "", "lock_timeout": wait}
        with self._explained(), self._begun(self._begins.beside_others, values, writing=True) as connection:
            try:
                connection.execute(text("SELECT pg_advisory_xact_lock(:class, 0)"), {"class": _MIGRATION})
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _BUSY:
                    raise
                seconds = {"seconds": f"{MIGRATION_SECONDS:g}"}
                raise DomainError(Code.UNAVAILABLE, "STORE_MIGRATION_RUNS", seconds) from error
            connection.execute(
                text(
                    "SELECT set_config('lock_timeout', :lock, true),"
                    " set_config('idle_in_transaction_session_timeout', '0', true)"
                ),
                {"lock": f"{int(MIGRATION_LOCK_SECONDS * 1000)}ms"},
            )
            yield connection

    @contextmanager
    def exclusive(self, name: str) -> Iterator[bool]:
        # A transaction of its own holds the lock (not the session: a pooler would lend that to others), and
        # ends with its connection. Whoever holds it while the connection is lost may meet a second holder.
        values = {"class": _NAMED, "name": name}
        with self._explained(), self._begun(self._begins.with_lock, values, writing=True) as connection:
            yield bool(connection.execute(_TRY_LOCK, values).scalar_one())

    def check_writable(self) -> None:
        with self.connection(Scope("", writing=True, concurrent=True)) as connection:
            # A number for a transaction is given only by a server that writes: a standby refuses.
            connection.exec_driver_sql("SELECT pg_current_xact_id()")

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _begun(
        self, begin: Statement, values: Mapping[str, object], *, writing: bool
    ) -> Iterator[Connection]:
        with self._open(begin, values, writing=writing) as connection:
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _open(self, begin: Statement, values: Mapping[str, object], *, writing: bool) -> Connection:
        engine = self.engine if writing else self._reading
        while True:
            connection = engine.connect()
            pooled = connection.info.setdefault(_SERVED, False)
            try:
                connection.begin()
                begin.run(connection, values)
            except DBAPIError as error:
                connection.close()
                if error.connection_invalidated and pooled:
                    continue  # the server was away meanwhile: the next one, in the end one that is new
                if getattr(error.orig, "sqlstate", None) in _NO_ROLE:
                    raise DomainError(
                        Code.FAILED_PRECONDITION, "STORE_ROLE_MISSING", {"role": str(values.get("role"))}
                    ) from error
                raise
            except BaseException:
                connection.close()
                raise
            connection.info[_SERVED] = True
            if self._away.is_set():
                self._away.clear()
                _log.info("store back")
            return connection

    @contextmanager
    def _explained(self, *, writing: bool = True) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError as error:
            raise store_busy() from error
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state in _CONFLICT:
                raise StoreConflict from error
            if state in _BUSY:
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


OWN_OPTIONS = ("pgbouncer", "pool_size", "max_overflow", PASSWORD_FILE)
"""Parameters of the address that are ours, not libpq's."""


def _number(value: object, default: int) -> int:
    return int(str(value)) if value is not None else default


def _never_connected(error: DBAPIError) -> bool:
    import psycopg

    return isinstance(error.orig, psycopg.OperationalError) and (
        error.orig.sqlstate is None or error.orig.sqlstate.startswith(("08", "28", "3D"))
    )


def _has_nul(error: DBAPIError) -> bool:
    """The driver refuses a text with a NUL itself; SQLite keeps one."""
    import psycopg

    return isinstance(error.orig, psycopg.DataError) and error.orig.sqlstate is None


def _refuse_failed(connection: Connection) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction with a silent rollback."""
    import psycopg

    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 - the engine's only driver
    if driver.info.transaction_status is psycopg.pq.TransactionStatus.INERROR:
        raise RuntimeError("a unit of work went on after its store had refused a statement: nothing stands")
