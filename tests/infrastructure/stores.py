"""New stores for tests, of each kind: what holds on SQLite must hold on PostgreSQL.

@pytest.fixture
def database(stores: Stores) -> Database:      # the test runs once per kind
    return stores.new(tables.metadata, "sortition", "services.sortition.migrations")
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import MetaData

from chassis.clock import Clock
from chassis.db import Database, Transaction
from chassis.db_roles import Roles
from chassis.migrations import migrate
from chassis.migrations.tenants import TENANT_COLUMNS, isolate_tenants
from chassis.tenants import Municipality
from chassis.testing.stores import noon
from tests.infrastructure.postgres import PostgresServer, Urls

KINDS = ("sqlite", "postgresql")
TOY = "tests.component.chassis.toyservice.migrations"


class Stores:
    """Of one kind, for one test."""

    def __init__(self, kind: str, folder: Path, server: PostgresServer | None) -> None:
        self.kind = kind
        self._folder = folder
        self._server = server
        self._open: list[Database] = []
        self._urls: dict[str, Urls] = {}
        self._made = 0

    @property
    def server(self) -> PostgresServer:
        assert self._server is not None, "only a PostgreSQL store has a server"
        return self._server

    def new(
        self,
        metadata: MetaData,
        service: str = "toy",
        migrations: str = TOY,
        *,
        clock: Clock | None = None,
        machine_clock: Clock | None = None,
        busy_seconds: float = 15.0,
    ) -> Database:
        """An empty store with the service's tables, and whatever else `metadata` declares."""
        self._made += 1
        clock = clock or noon()
        if self._server is None:
            path = self._folder / f"store{self._made}.sqlite3"
            path.write_bytes(_migrated_file(migrations, self._folder))
            url = f"sqlite:///{path}"
            made = Database(url, clock=clock)
            with made.writing("") as transaction:
                metadata.create_all(transaction.connection)
            made.close()
        else:
            urls = self._server.clone(self._server.prepare(service, migrations))
            add_tables(urls, metadata)
            url = urls.login
            self._urls[url] = urls
        return self._opened(url, clock, machine_clock, busy_seconds)

    def again(self, database: Database, *, busy_seconds: float = 15.0) -> Database:
        """The same store opened once more, as another process would."""
        url = database.url.render_as_string(hide_password=False)
        return self._opened(url, database.clock, database.machine_clock, busy_seconds)

    def urls(self, database: Database) -> Urls:
        return self._urls[database.url.render_as_string(hide_password=False)]

    def close(self) -> None:
        for database in self._open:
            database.close()
        for urls in self._urls.values():
            self.server.drop(urls)

    def _opened(self, url: str, clock: Clock, machine_clock: Clock | None, busy_seconds: float) -> Database:
        database = Database(url, clock=clock, machine_clock=machine_clock, busy_seconds=busy_seconds)
        self._open.append(database)
        return database


_migrated: dict[str, bytes] = {}


def _migrated_file(migrations: str, folder: Path) -> bytes:
    """A SQLite file at the head of `migrations`, made once."""
    if migrations not in _migrated:
        path = folder / "template.sqlite3"
        database = Database(f"sqlite:///{path}", clock=noon())
        migrate(database, migrations)
        database.close()
        _migrated[migrations] = path.read_bytes()
        path.unlink()
    return _migrated[migrations]


class _Operations:
    """As much of alembic's `op` as `isolate_tenants` needs."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get_bind(self) -> sa.Connection:
        return self._connection

    def execute(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)


def add_tables(urls: Urls, metadata: MetaData) -> None:
    """What `metadata` declares and the migrations did not make, with the rights that a migration gives."""
    engine = sa.create_engine(sa.make_url(urls.owner).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        there = set(sa.inspect(connection).get_table_names())
        new = [table for table in metadata.sorted_tables if table.name not in there]
        metadata.create_all(connection, tables=new)
        app = Roles(urls.base).app
        for table in new:
            if any(name in table.c for name in TENANT_COLUMNS):
                isolate_tenants(_Operations(connection), table.name)
            else:
                connection.exec_driver_sql(f'GRANT ALL ON "{table.name}" TO "{app}"')
                connection.exec_driver_sql(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{app}"')
    engine.dispose()


def untold(transaction: Transaction, uow: object) -> Municipality | None:
    """For an Entry over a store that keeps no copy of the registry."""
    return None


@dataclass(frozen=True, slots=True)
class Whole:
    """A transaction over all rows of a store."""

    connection: sa.Connection


@contextmanager
def everything(database: Database) -> Iterator[Whole]:
    """All rows, as only a superuser sees (and changes) them: for what tests look at and arrange."""
    if not database.shared:
        with database.writing("") as transaction:
            yield Whole(transaction.connection)
        return
    engine = sa.create_engine(
        database.url.set(drivername="postgresql+psycopg", username=PostgresServer.superuser, password=None)
    )
    try:
        with engine.begin() as connection:
            yield Whole(connection)
    finally:
        engine.dispose()
