"""A server, or what is before it, that takes connections and says nothing: whoever asks is told so in bounded
time, one at a time finds out how it is, and all is well as soon as it speaks again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, text, update

from chassis import db_answers, db_postgresql
from chassis.clock import SystemClock
from chassis.db import Database, Transaction, add_to
from chassis.db_answers import NoAnswer, PatientConnection, Silence
from chassis.errors import Code, DomainError
from chassis.patience import within
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.proxy import Line, proxying
from tests.infrastructure.stores import Stores

METADATA = MetaData()
add_to(METADATA)
PLACES = Table(
    "places",
    METADATA,
    Column("municipality", String(63), primary_key=True),
    Column("taken", Integer, nullable=False),
)
HERE = "hjemby"
PATIENCE = 60.0


@pytest.fixture
def line(postgres: PostgresServer) -> Iterator[Line]:
    with proxying(postgres.port) as made:
        yield made


@pytest.fixture
def direct(postgres: PostgresServer, tmp_path) -> Iterator[Database]:
    """The store as it is beside the line."""
    stores = Stores("postgresql", tmp_path, postgres)
    store = stores.new(METADATA, clock=SystemClock())
    with store.writing(HERE) as transaction:
        transaction.connection.execute(insert(PLACES).values(municipality=HERE, taken=0))
    yield store
    stores.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits no longer than a test can afford; the driver's least for a new connection is two seconds."""
    monkeypatch.setattr(db_answers, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(db_postgresql, "PROMPT_SECONDS", 1.0)
    monkeypatch.setattr(db_postgresql, "FIRST_SECONDS", 10 * PATIENCE)
    monkeypatch.setattr(db_postgresql, "ANSWER_SECONDS", 1.0)


@pytest.fixture
def database(line: Line, direct: Database, hurried: None) -> Iterator[Database]:
    url = direct.url.set(port=line.port)
    store = Database(url.render_as_string(hide_password=False), clock=SystemClock())
    yield store
    line.mend()
    store.close()


def take(transaction: Transaction) -> None:
    transaction.connection.execute(update(PLACES).values(taken=PLACES.c.taken + 1))


def taken(database: Database) -> int:
    with database.reading(HERE) as transaction:
        return int(transaction.connection.execute(select(PLACES.c.taken)).scalar_one())


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(DomainError) as found:
        act()
    assert found.value.code is Code.UNAVAILABLE
    return found.value.reason


def eventually(act: Callable[[], int]) -> int:
    """Its result once the store answers again."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except DomainError as error:
            if error.reason != "STORE_AWAY" or time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_a_statement_that_is_not_answered_ends_its_unit_of_work_and_nothing_of_it_stands(
    line: Line, database: Database, direct: Database
) -> None:
    def unanswered() -> None:
        with database.writing(HERE) as transaction:
            take(transaction)
            line.swallow()
            take(transaction)

    assert refused(unanswered) == "STORE_AWAY"
    line.mend()
    assert eventually(lambda: taken(database)) == 0
    assert taken(direct) == 0


def test_whether_an_unanswered_commit_stands_is_not_said(line: Line, database: Database) -> None:
    def unanswered() -> None:
        with database.writing(HERE) as transaction:
            take(transaction)
            line.swallow()

    assert refused(unanswered) == "STORE_AWAY"
    line.mend()
    assert eventually(lambda: taken(database)) in (0, 1)


def test_silent_from_the_start_it_is_away_and_once_it_speaks_it_is_used(
    line: Line, database: Database
) -> None:
    line.swallow()
    assert refused(lambda: taken(database)) == "STORE_AWAY"
    line.mend()
    assert eventually(lambda: taken(database)) == 0


def test_many_find_out_at_once_and_none_waits_for_another(
    line: Line, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than there are connections: the second that asks does not wait as the first did."""
    assert taken(database) == 0
    connects: list[float] = []
    connect = PatientConnection.connect

    def counted(*arguments: object, **options: object) -> object:
        connects.append(time.monotonic())
        return connect(*arguments, **options)

    monkeypatch.setattr(PatientConnection, "connect", counted)
    line.swallow()
    assert refused(lambda: taken(database)) == "STORE_AWAY"  # by silence of the old, and of a new connection
    before = len(connects)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(refused(lambda: taken(database)))) for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["STORE_AWAY"] * 30
    assert len(connects) - before < 30
    line.mend()
    assert eventually(lambda: taken(database)) == 0


def test_connections_that_fell_silent_are_replaced_unseen_all_at_once(
    line: Line, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a router has forgotten them: the server is well, and who asks notices nothing."""
    monkeypatch.setattr(db_answers, "CONNECT_SECONDS", int(PATIENCE))
    with database.exclusive("two connections"):
        assert taken(database) == 0
    line.forget()
    assert taken(database) == 0


def test_an_answer_is_not_waited_for_when_nobody_listens_any_more(
    line: Line, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks waits less than the store would."""
    monkeypatch.setattr(db_postgresql, "ANSWER_SECONDS", 10 * PATIENCE)
    monkeypatch.setattr(db_answers, "LEAST_SECONDS", 0.2)

    def unanswered() -> None:
        with within(0.5), database.reading(HERE) as transaction:
            line.swallow()
            transaction.connection.execute(select(PLACES.c.taken)).all()

    assert refused(unanswered) == "STORE_AWAY"


def test_others_in_the_way_are_named_as_such_while_somebody_listens(direct: Database) -> None:
    with direct.writing(HERE):
        waiting: list[str] = []

        def second() -> None:
            with within(0.1), direct.writing(HERE):
                pass

        thread = threading.Thread(target=lambda: waiting.append(refused(second)))
        thread.start()
        thread.join()
    assert waiting == ["STORE_BUSY"]


def test_all_connections_in_use_too(direct: Database) -> None:
    url = direct.url.update_query_dict({"pool_size": "1", "max_overflow": "0"})
    small = Database(url.render_as_string(hide_password=False), clock=SystemClock())
    with small.reading(HERE):
        waiting: list[str] = []

        def second() -> None:
            with within(0.1), small.reading(HERE):
                pass

        thread = threading.Thread(target=lambda: waiting.append(refused(second)))
        thread.start()
        thread.join()
    assert waiting == ["STORE_BUSY"]
    assert taken(small) == 0
    small.close()


def test_the_server_itself_ends_what_takes_too_long(
    direct: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that who hears nothing for longer knows that nothing will come."""
    assert db_answers.ANSWER_SECONDS > db_answers.STATEMENT_SECONDS
    with direct.reading(HERE) as transaction:
        assert transaction.connection.execute(text("SHOW statement_timeout")).scalar_one() == "25s"
    monkeypatch.setitem(db_postgresql._SESSION, "statement_timeout", "100ms")
    store = Database(direct.url.render_as_string(hide_password=False), clock=SystemClock())

    def long() -> None:
        with store.reading(HERE) as transaction:
            transaction.connection.execute(text("SELECT pg_sleep(60)"))

    assert refused(long) == "STORE_BUSY"
    assert taken(store) == 0
    store.close()


def test_behind_a_pooler_each_unit_of_work_says_so(direct: Database) -> None:
    url = direct.url.update_query_dict({"pgbouncer": "true"})
    pooled = Database(url.render_as_string(hide_password=False), clock=SystemClock())
    with pooled.reading(HERE) as transaction:
        assert transaction.connection.execute(text("SHOW statement_timeout")).scalar_one() == "25s"
    pooled.close()


def test_a_migration_has_the_time_that_its_revisions_take(direct: Database) -> None:
    with direct.migrating() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "0"
        assert db_postgresql._driver(connection).patience == db_postgresql.MIGRATION_ANSWER_SECONDS
    with direct.reading(HERE) as transaction:
        assert transaction.connection.execute(text("SHOW statement_timeout")).scalar_one() == "25s"
        assert db_postgresql._driver(transaction.connection).patience == db_answers.ANSWER_SECONDS


class Times:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_while_it_is_silent_one_finds_out_and_the_others_are_refused_at_once() -> None:
    times = Times()
    silence = Silence(times)
    asked: list[str] = []

    def heard() -> str:
        asked.append("heard")
        return "heard"

    def unheard() -> str:
        if asked:
            with pytest.raises(NoAnswer):  # who comes while this one finds out
                silence.broken_by(heard)
        asked.append("unheard")
        times.now += db_answers.CONNECT_SECONDS
        raise psycopg.errors.ConnectionTimeout("connection timeout expired")

    for _ in range(2):
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            silence.broken_by(unheard)
        with pytest.raises(NoAnswer):  # and who comes soon after
            silence.broken_by(heard)
        times.now += silence.PAUSE_SECONDS
    assert [silence.broken_by(heard), silence.broken_by(heard)] == ["heard", "heard"]
    assert asked == ["unheard", "unheard", "heard", "heard"]


def test_who_was_in_a_hurry_calls_nobody_silent_and_who_is_refused_neither() -> None:
    times = Times()
    silence = Silence(times)

    def soon_over() -> str:
        times.now += db_answers.CONNECT_SECONDS / 2
        raise psycopg.errors.ConnectionTimeout("connection timeout expired")

    def over() -> str:
        times.now += db_answers.CONNECT_SECONDS
        raise psycopg.errors.ConnectionTimeout("connection timeout expired")

    def refused() -> str:
        raise psycopg.OperationalError("connection refused")

    with pytest.raises(psycopg.errors.ConnectionTimeout):
        silence.broken_by(soon_over)
    assert silence.broken_by(lambda: "tried") == "tried"
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        silence.broken_by(over)
    times.now += silence.PAUSE_SECONDS
    with pytest.raises(psycopg.OperationalError, match="refused"):
        silence.broken_by(refused)
    assert silence.broken_by(lambda: "tried") == "tried"


def test_what_was_refused_is_said_even_if_the_store_falls_silent_after(
    line: Line, database: Database, direct: Database
) -> None:
    def refusing() -> None:
        with database.writing(HERE) as transaction:
            take(transaction)
            line.swallow()
            raise DomainError(Code.UNAVAILABLE, "SOMETHING_ELSE")

    assert refused(refusing) == "SOMETHING_ELSE"
    line.mend()
    assert taken(direct) == 0
