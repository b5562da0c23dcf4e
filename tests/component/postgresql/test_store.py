"""What only a PostgreSQL store does: conflicts and time-outs with their names, an absence that ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from chassis import db_postgresql
from chassis.auth.principal import Principal, Role
from chassis.clock import SystemClock
from chassis.context import Caller, nobody
from chassis.db import Database, StoreConflict, Transaction, add_to
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from tests.infrastructure.places import free_port
from tests.infrastructure.postgres import PostgresServer, Urls
from tests.infrastructure.stores import Stores, untold

METADATA = MetaData()
add_to(METADATA)
PLACES = Table(
    "places",
    METADATA,
    Column("municipality", String(63), primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("taken", Integer, nullable=False),
)
HERE = "hjemby"


@pytest.fixture
def stores(postgres: PostgresServer, tmp_path):
    made = Stores("postgresql", tmp_path, postgres)
    yield made
    made.close()


@pytest.fixture
def database(stores: Stores) -> Database:
    store = stores.new(METADATA, clock=SystemClock())
    with store.writing(HERE) as transaction:
        rows = [{"municipality": HERE, "id": number, "taken": 0} for number in (1, 2)]
        transaction.connection.execute(insert(PLACES), rows)
    return store


def take(transaction: Transaction, place: int) -> int:
    taken = transaction.connection.execute(
        update(PLACES).where(PLACES.c.id == place).values(taken=PLACES.c.taken + 1).returning(PLACES.c.taken)
    )
    return int(taken.scalar_one())


def taken(database: Database) -> list[int]:
    with database.reading(HERE) as transaction:
        query = select(PLACES.c.taken).order_by(PLACES.c.id)
        return list(transaction.connection.execute(query).scalars())


def end_sessions(urls: Urls) -> None:
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def at_once(*acts: Callable[[], None]) -> list[BaseException]:
    errors: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def look_then_take(database: Database, *, concurrent: bool, rounds: int = 10) -> None:
    for _ in range(rounds):
        with database.writing(HERE, concurrent=concurrent) as transaction:
            query = select(PLACES.c.taken).where(PLACES.c.id == 1)
            now = transaction.connection.execute(query).scalar_one()
            time.sleep(0.001)
            transaction.connection.execute(update(PLACES).where(PLACES.c.id == 1).values(taken=now + 1))


def test_one_municipality_s_writers_take_turns_and_concurrent_ones_do_not(database: Database) -> None:
    """The second half must fail at what the first half holds, or neither would prove anything."""
    assert at_once(*[lambda: look_then_take(database, concurrent=False)] * 4) == []
    assert taken(database)[0] == 40
    assert at_once(*[lambda: look_then_take(database, concurrent=True)] * 4) == []
    assert taken(database)[0] < 80


def test_writers_of_two_municipalities_do_not_wait_for_one_another(database: Database) -> None:
    with database.writing(HERE) as transaction:
        transaction.audit.record(nobody(), "thing.create", "things/1")
        done = threading.Event()

        def elsewhere() -> None:
            with database.writing("udby") as other:
                other.audit.record(nobody(), "thing.create", "things/1")
            done.set()

        assert at_once(elsewhere) == []
        assert done.is_set()


def test_a_deadlock_is_run_again_by_the_entry_point(database: Database) -> None:
    entry: Entry[Transaction] = Entry(database, lambda transaction: transaction, standing=untold)
    barrier = threading.Barrier(2)
    tries: list[int] = []

    def crosswise(first: int, second: int) -> None:
        def use_case(work: Transaction) -> None:
            tries.append(first)
            take(work, first)
            if tries.count(first) == 1:
                barrier.wait(10)
            take(work, second)

        entry.write(nobody(), HERE, use_case, concurrent=True)

    assert at_once(lambda: crosswise(1, 2), lambda: crosswise(2, 1)) == []
    assert taken(database) == [2, 2]
    # One gave in and ran again; where it comes back before the other has gone on, they can meet once more.
    assert len(tries) >= 3


def test_a_repetition_that_is_refused_for_what_the_first_has_done_gets_its_answer(
    stores: Stores, database: Database
) -> None:
    """Whoever asked gave up waiting, and asks again, while the first request is still under way."""
    anna = Caller(Principal("s-1", HERE, frozenset({Role.VOLUNTEER})), "c-1")
    first, second = (
        Entry(each, lambda transaction: transaction, standing=untold)
        for each in (stores.again(database), database)
    )

    def ask(
        entry: Entry[Transaction], use_case: Callable[[Transaction], int], request_id: str = "r-1"
    ) -> int:
        return entry.write(
            anna,
            HERE,
            use_case,
            request_id=request_id,
            fingerprint=b"take place 1",
            store=lambda result: str(result).encode(),
            restore=int,
            concurrent=True,
        )

    def refused_by_the_first(transaction: Transaction) -> int:
        ask(first, lambda other: take(other, 1))  # commits now, after we have looked for an answer
        raise DomainError(Code.ALREADY_EXISTS, "TAKEN_ALREADY")

    assert ask(second, refused_by_the_first) == 1
    assert taken(database) == [1, 0]

    def refused(transaction: Transaction) -> int:
        raise DomainError(Code.ALREADY_EXISTS, "TAKEN_ALREADY")

    with pytest.raises(DomainError) as still:
        ask(second, refused, "r-2")
    assert still.value.reason == "TAKEN_ALREADY"


def test_a_conflict_is_named_and_leaves_nothing(database: Database) -> None:
    barrier = threading.Barrier(2)

    def crosswise(first: int, second: int) -> None:
        with database.writing(HERE, concurrent=True) as transaction:
            take(transaction, first)
            barrier.wait(10)
            take(transaction, second)

    (error,) = at_once(lambda: crosswise(1, 2), lambda: crosswise(2, 1))
    assert isinstance(error, StoreConflict)
    assert (error.code, error.reason) == (Code.UNAVAILABLE, "STORE_CONFLICT")
    assert taken(database) == [1, 1]


def test_a_row_that_others_hold_too_long_makes_the_store_busy(stores: Stores, database: Database) -> None:
    other = stores.again(database, busy_seconds=0.1)
    with database.writing(HERE, concurrent=True) as transaction:
        take(transaction, 1)
        with pytest.raises(DomainError) as refused, other.writing(HERE, concurrent=True) as second:
            take(second, 1)
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "STORE_BUSY")


def test_a_pool_that_is_used_up_makes_the_store_busy(stores: Stores, database: Database) -> None:
    url = database.url.update_query_dict({"pool_size": "1", "max_overflow": "0"})
    small = Database(url.render_as_string(hide_password=False), clock=SystemClock(), busy_seconds=0.1)
    refused: list[str] = []

    def ask() -> None:
        with pytest.raises(DomainError) as error, small.reading(HERE):
            pass
        refused.append(error.value.reason)

    with small.reading(HERE):
        assert at_once(ask) == []
    small.close()
    assert refused == ["STORE_BUSY"]


def test_a_refused_statement_that_is_swallowed_does_not_pass_for_a_commit(database: Database) -> None:
    """PostgreSQL rolls such a transaction back and answers COMMIT without an error."""

    def swallow() -> None:
        with database.writing(HERE) as transaction:
            take(transaction, 1)
            with pytest.raises(DBAPIError):
                transaction.connection.execute(text("SELECT no_such_column FROM places"))

    with pytest.raises(RuntimeError, match="nothing stands"):
        swallow()
    assert taken(database) == [0, 0]


def test_a_connection_that_died_in_the_pool_is_replaced_unseen(stores: Stores, database: Database) -> None:
    assert taken(database) == [0, 0]
    end_sessions(stores.urls(database))
    assert taken(database) == [0, 0]
    with database.writing(HERE) as transaction:
        take(transaction, 1)
    assert taken(database) == [1, 0]


def test_a_connection_lost_in_a_unit_of_work_is_an_absence_and_leaves_nothing(
    stores: Stores, database: Database
) -> None:
    def lose() -> None:
        with database.writing(HERE) as transaction:
            take(transaction, 1)
            end_sessions(stores.urls(database))
            take(transaction, 1)

    with pytest.raises(DomainError) as lost:
        lose()
    assert (lost.value.code, lost.value.reason) == (Code.UNAVAILABLE, "STORE_AWAY")
    assert taken(database) == [0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"port": free_port()},
        {"password": "wrong"},
        {"database": "borgerting_nowhere"},
        {"host": "store.invalid"},
    ],
)
def test_a_store_that_is_not_there_is_away_and_no_text_says_where(
    database: Database, change: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    url = database.url.set(**change)
    elsewhere = Database(url.render_as_string(hide_password=False), clock=SystemClock())
    with pytest.raises(DomainError) as away, elsewhere.reading(HERE):
        pass
    elsewhere.close()
    assert (away.value.code, away.value.reason, away.value.metadata) == (Code.UNAVAILABLE, "STORE_AWAY", {})
    said = capsys.readouterr()
    assert "not-a-secret" not in said.out + said.err
    assert "wrong" not in said.out + said.err


def test_a_login_without_its_roles_is_told_which_is_missing(
    stores: Stores, database: Database, postgres: PostgresServer
) -> None:
    with psycopg.connect(stores.urls(database).superuser, autocommit=True) as superuser:
        superuser.execute("CREATE ROLE stranger LOGIN PASSWORD 'not-a-secret'")
        superuser.execute(f'GRANT CONNECT ON DATABASE "{database.url.database}" TO stranger')
    url = database.url.set(username="stranger")
    stranger = Database(url.render_as_string(hide_password=False), clock=SystemClock())
    with pytest.raises(DomainError) as refused, stranger.reading(HERE):
        pass
    stranger.close()
    assert (refused.value.code, refused.value.reason) == (Code.FAILED_PRECONDITION, "STORE_ROLE_MISSING")
    assert refused.value.metadata == {"role": "stranger_app"}


def idle_time_out(transaction: Transaction) -> str:
    shown = transaction.connection.execute(text("SHOW idle_in_transaction_session_timeout"))
    return str(shown.scalar_one())


def test_who_vanished_in_a_unit_of_work_gives_its_turn_back(
    stores: Stores, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.reading(HERE) as transaction:
        assert idle_time_out(transaction) == "2min"
        kept = text("SELECT current_setting('tcp_keepalives_idle'), current_setting('tcp_user_timeout')")
        assert tuple(transaction.connection.execute(kept).one()) == ("10", "25000")
    monkeypatch.setitem(db_postgresql._SESSION, "idle_in_transaction_session_timeout", "200ms")
    vanishing = stores.again(database)

    def vanish() -> None:
        with vanishing.writing(HERE) as transaction:
            take(transaction, 1)
            with database.writing(HERE) as other:  # its turn: the server has ended what asks nothing more
                take(other, 2)
            take(transaction, 1)

    with pytest.raises(DomainError) as lost:
        vanish()
    assert lost.value.reason == "STORE_AWAY"
    assert taken(database) == [0, 1]


def test_a_pooler_is_told_so_by_each_unit_of_work(database: Database) -> None:
    url = database.url.update_query_dict({"pgbouncer": "true"})
    pooled = Database(url.render_as_string(hide_password=False), clock=SystemClock())
    with pooled.writing(HERE) as transaction:
        assert idle_time_out(transaction) == "2min"
    with pooled.engine.connect() as connection:
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "0"
    pooled.close()


def test_behind_a_pooler_nothing_is_prepared(database: Database) -> None:
    url = database.url.update_query_dict({"pgbouncer": "true"})
    pooled = Database(url.render_as_string(hide_password=False), clock=SystemClock())
    for _ in range(12):
        with pooled.reading(HERE) as transaction:
            transaction.connection.execute(select(PLACES.c.taken)).all()
    with pooled.reading(HERE) as transaction:
        prepared = transaction.connection.execute(text("SELECT count(*) FROM pg_prepared_statements"))
        assert prepared.scalar_one() == 0
    pooled.close()


def test_a_store_that_takes_no_writes_is_not_writable(database: Database, stores: Stores) -> None:
    database.check_writable()
    login = stores.urls(database).base
    with psycopg.connect(stores.urls(database).superuser, autocommit=True) as superuser:
        superuser.execute(
            f'ALTER ROLE "{login}" IN DATABASE "{database.url.database}"'
            " SET default_transaction_read_only = on"
        )
    database.engine.dispose()
    with pytest.raises(DomainError) as away, database.writing(HERE) as transaction:
        take(transaction, 1)
    assert away.value.reason == "STORE_AWAY"


@pytest.mark.parametrize("value", ["a\x00b", "x" * 64])
def test_a_text_that_cannot_be_stored_is_the_caller_s_to_change(database: Database, value: str) -> None:
    with pytest.raises(DomainError) as refused, database.writing(HERE) as transaction:
        transaction.jobs.enqueue("count", {}, key=value * 10)
    assert (refused.value.code, refused.value.reason) == (Code.INVALID_ARGUMENT, "VALUE_NOT_STORABLE")
    assert taken(database) == [0, 0]


def test_a_number_that_cannot_be_stored_too(database: Database) -> None:
    with pytest.raises(DomainError) as refused, database.writing(HERE) as transaction:
        transaction.connection.execute(update(PLACES).values(taken=2**40))
    assert refused.value.reason == "VALUE_NOT_STORABLE"


def test_json_keeps_the_order_in_which_it_was_written(stores: Stores) -> None:
    database = stores.new(METADATA)
    payload = {"zulu": 1, "a": 2, "mike": {"y": 1, "b": 2}}
    with database.writing(HERE) as transaction:
        job_id = transaction.jobs.enqueue("count", payload, key="1")
    with database.reading(HERE) as transaction:
        job = transaction.jobs.get(job_id)
    assert job is not None
    assert (list(job.payload), list(job.payload["mike"])) == (["zulu", "a", "mike"], ["y", "b"])
