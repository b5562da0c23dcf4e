"""A store in a PostgreSQL database.

A transaction begins by taking a role and naming its municipality, for itself alone: `SET LOCAL` in effect, so
that nothing of it is left on the connection, also behind a pooler that lends connections by the transaction.

Reading: REPEATABLE READ, READ ONLY, so one state throughout. Writing: READ COMMITTED, and writers of one
municipality in turn, by an advisory lock, as on SQLite: a use case may look and then decide without another
one in between. A `concurrent` unit of work does not queue: it locks the rows on which it decides.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import Pool

from chassis.db_answers import (
    ANSWER_SECONDS,
    FIRST_SECONDS,
    LEAST_SECONDS,
    PROMPT_SECONDS,
    SHARE,
    STATEMENT_SECONDS,
    NoAnswer,
    PatientConnection,
    Silence,
    connect,
)
from chassis.db_passwords import PASSWORD_FILE, with_passwords_of
from chassis.db_refusals import BUSY, Refusals
from chassis.db_roles import PLATFORM, TENANT_SETTING, Roles, is_owner
from chassis.db_store import Scope, store_busy
from chassis.errors import Code, DomainError
from chassis.patience import seconds_left
from chassis.statements import Statement

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
# What the server looks after on a connection: a client that vanished while idle, or within a transaction, and
# a statement that takes too long.
_SESSION = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
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
_POOLED = _Begins(
    f", set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS}s', true)"
    f", set_config('statement_timeout', '{STATEMENT_SECONDS}s', true)"
)

_NO_ROLE = {"22023", "42704", "42501"}
_SERVED = "borgerting_served"  # of a connection that has been of use before

MIGRATION_LOCK_SECONDS = 2.0
"""How long a change of a table waits for those who use it, while all others wait behind it. Longer than the
second (deadlock_timeout) after which the server ends an autovacuum that is in the way.
"""
MIGRATION_SECONDS = 600.0
"""How long a migration waits for another one to end."""
MIGRATION_ANSWER_SECONDS = 3600.0
"""How long it waits for an answer: its revisions say how long the server may take (`statement_seconds`)."""


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
        pool_size, max_overflow = (
            _number(options.get("pool_size"), 5),
            _number(options.get("max_overflow"), 15),
        )
        # One is waited for here, and never in the pool, which knows nothing of how long a caller will wait.
        self._free = threading.BoundedSemaphore(pool_size + max_overflow)
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg").difference_update_query(OWN_OPTIONS),
            pool_size=pool_size,
            max_overflow=max_overflow,
            isolation_level="READ COMMITTED",
            # As on SQLite, an INSERT says how many rows it made: none where it met a conflict.
            execution_options={"preserve_rowcount": True},
            connect_args={
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
        self._connect_by(options)
        self._reading = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        user = url.username or ""
        roles = Roles.of_user(user)
        # The owner stays what it is: it has no other role.
        self._app, self._worker = ("none", "none") if is_owner(user) else (roles.app, roles.worker)
        self._busy_seconds = busy_seconds
        # A pooler lets a transaction wait until it has a connection for it.
        self._queue_seconds = busy_seconds if self._begins is _POOLED else 0.0
        self._refusals = Refusals()

    @contextmanager
    def connection(self, scope: Scope) -> Iterator[Connection]:
        in_turn = scope.writing and not scope.across and not scope.concurrent
        begin = self._begins.in_turn if in_turn else self._begins.beside_others
        # Where others are in the way, the server says so while its answer is still waited for.
        locks = min(self._busy_seconds, max(seconds_left(), LEAST_SECONDS) - LEAST_SECONDS / 2)
        values = {
            "role": self._worker if scope.across else self._app,
            "municipality": "" if scope.across else scope.municipality or PLATFORM,
            "lock_timeout": f"{int(locks * 1000)}ms",
        }
        waits = locks if in_turn else 0.0
        with (
            self._refusals.explained(writing=scope.writing),
            self._begun(begin, values, writing=scope.writing, waits=waits) as connection,
        ):
            yield connection
            _refuse_failed(connection)

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        wait = f"{int(MIGRATION_SECONDS * 1000)}ms"
        values = {"role": "none", "municipality": "", "lock_timeout": wait}
        with (
            self._refusals.explained(),
            self._begun(self._begins.beside_others, values, writing=True) as connection,
        ):
            _driver(connection).patience = MIGRATION_ANSWER_SECONDS
            connection.execute(text("SELECT set_config('statement_timeout', '0', true)"))
            try:
                connection.execute(text("SELECT pg_advisory_xact_lock(:class, 0)"), {"class": _MIGRATION})
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in BUSY:
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
        with (
            self._refusals.explained(),
            self._begun(self._begins.with_lock, values, writing=True) as connection,
        ):
            yield bool(connection.execute(_TRY_LOCK, values).scalar_one())

    def check_writable(self) -> None:
        with self.connection(Scope("", writing=True, concurrent=True)) as connection:
            # A number for a transaction is given only by a server that writes: a standby refuses.
            connection.exec_driver_sql("SELECT pg_current_xact_id()")

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _begun(
        self, begin: Statement, values: Mapping[str, object], *, writing: bool, waits: float = 0.0
    ) -> Iterator[Connection]:
        """`waits`: for how long the server may wait for others before it has begun."""
        if not self._free.acquire(timeout=min(self._busy_seconds, max(seconds_left(), 0.0))):
            raise store_busy()
        try:
            pool = self.engine.pool
            with self._open(begin, values, writing=writing, waits=waits) as connection:
                try:
                    yield connection
                except BaseException as error:
                    if _is_silence(error):
                        self._distrust(pool)
                    _give_up(connection)
                    raise
                connection.commit()
        finally:
            self._free.release()

    def _open(
        self, begin: Statement, values: Mapping[str, object], *, writing: bool, waits: float
    ) -> Connection:
        engine = self.engine if writing else self._reading
        while True:
            pool = engine.pool
            connection = engine.connect()
            pooled = connection.info.setdefault(_SERVED, False)
            driver = _driver(connection)
            prompt = min(PROMPT_SECONDS, SHARE * seconds_left()) if pooled else FIRST_SECONDS
            driver.patience = self._queue_seconds + waits + prompt
            try:
                connection.begin()
                begin.run(connection, values)
            except DBAPIError as error:
                connection.close()
                if _is_silence(error):
                    self._distrust(pool)
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
            driver.patience = ANSWER_SECONDS
            connection.info[_SERVED] = True
            self._refusals.answered()
            return connection

    def _distrust(self, pool: Pool) -> None:
        """One of its connections was silent: the others, as old, are not waited for each in its turn."""
        if self.engine.pool is pool:
            self.engine.dispose()

    def _connect_by(self, options: Mapping[str, object]) -> None:
        """How new connections are made."""
        silence = Silence()
        path = options.get(PASSWORD_FILE)
        made = connect if path is None else with_passwords_of(Path(str(path)), connect)

        @event.listens_for(self.engine, "do_connect")
        def connecting(_dialect: Any, _record: Any, arguments: Any, options: dict[str, Any]) -> Any:
            return silence.broken_by(lambda: made(*arguments, **options))


OWN_OPTIONS = ("pgbouncer", "pool_size", "max_overflow", PASSWORD_FILE)
"""Parameters of the address that are ours, not libpq's."""


def _number(value: object, default: int) -> int:
    return int(str(value)) if value is not None else default


def _is_silence(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and isinstance(error.orig, NoAnswer)


def _give_up(connection: Connection) -> None:
    """Roll back. Where that is not answered either, the connection has been closed, and with it all is."""
    if not connection.invalidated:
        _driver(connection).patience = PROMPT_SECONDS
    try:
        connection.rollback()
    except DBAPIError as error:
        if not _is_silence(error):
            raise


def _driver(connection: Connection) -> PatientConnection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, PatientConnection)  # noqa: S101 - the engine's only driver
    return driver


def _refuse_failed(connection: Connection) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction with a silent rollback."""
    if _driver(connection).info.transaction_status is TransactionStatus.INERROR:
        raise RuntimeError("a unit of work went on after its store had refused a statement: nothing stands")
