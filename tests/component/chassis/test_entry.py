"""Entry points: one unit of work per call, and a request id counts once."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import func, select

from chassis.auth.principal import Principal, Role, service_principal
from chassis.context import Caller, nobody
from chassis.db import Database, Transaction
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.tables import idempotency, metadata, outbox
from chassis.tenants import Municipality
from tests.infrastructure.stores import Stores, everything, untold

ANNA = Caller(Principal("s-1", "hjemby", frozenset({Role.SECRETARIAT})), "c-1")
BO = Caller(Principal("s-2", "hjemby", frozenset({Role.SECRETARIAT})), "c-2")


@pytest.fixture
def database(stores: Stores) -> Database:
    return stores.new(metadata)


@pytest.fixture
def entry(database: Database) -> Entry[Transaction]:
    return Entry(database, lambda transaction: transaction, standing=untold)


def tell(work: Transaction) -> str:
    return str(work.outbox.add("toy", "things/1", StringValue()))


def told(database: Database) -> int:
    with everything(database) as transaction:
        return int(transaction.connection.execute(select(func.count()).select_from(outbox)).scalar_one())


def write(entry: Entry[Transaction], caller: Caller = ANNA, **options: object) -> str:
    given = {"request_id": "r-1", "fingerprint": b"create 1", **options}
    return entry.write(
        caller,
        "hjemby",
        tell,
        store=lambda result: result.encode(),
        restore=lambda stored: stored.decode(),
        **given,  # type: ignore[arg-type]
    )


def test_the_same_request_is_done_once_and_answered_alike(
    entry: Entry[Transaction], database: Database
) -> None:
    assert write(entry) == write(entry)
    assert told(database) == 1


def test_without_a_request_id_each_call_counts(entry: Entry[Transaction], database: Database) -> None:
    assert write(entry, request_id=None) != write(entry, request_id="")
    assert told(database) == 2


def test_a_used_request_id_with_other_content_is_refused(entry: Entry[Transaction]) -> None:
    write(entry)
    with pytest.raises(DomainError) as refused:
        write(entry, fingerprint=b"create 2")
    assert (refused.value.code, refused.value.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert refused.value.violations[0].field == "request_id"


def test_a_request_id_is_its_sender_s_own(entry: Entry[Transaction]) -> None:
    assert write(entry) != write(entry, BO)


def test_those_not_signed_in_share_no_request_ids(entry: Entry[Transaction], database: Database) -> None:
    assert write(entry, nobody()) != write(entry, nobody())
    with everything(database) as transaction:
        assert transaction.connection.execute(select(idempotency)).all() == []


def test_a_request_that_failed_may_be_repeated(entry: Entry[Transaction], database: Database) -> None:
    def fail(work: Transaction) -> str:
        tell(work)
        raise DomainError(Code.FAILED_PRECONDITION, "POOL_MISSING")

    with pytest.raises(DomainError):
        entry.write(
            ANNA,
            "hjemby",
            fail,
            request_id="r-1",
            fingerprint=b"create 1",
            store=lambda result: result.encode(),
            restore=lambda stored: stored.decode(),
        )
    assert told(database) == 0
    write(entry)
    assert told(database) == 1


def test_the_same_request_from_many_threads_is_done_once(
    entry: Entry[Transaction], database: Database
) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(write(entry))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert told(database) == 1


def test_a_lost_race_runs_again_and_finds_the_winner_s_answer(
    entry: Entry[Transaction], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stores with several writers at once may only notice at the end; SQLite's never do, so it is staged."""
    from chassis import entry as module

    looks = []
    look = module.stored_response

    def blind_at_first(*arguments: object) -> bytes | None:
        looks.append(1)
        return None if len(looks) == 2 else look(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "stored_response", blind_at_first)
    first = write(entry)
    assert write(entry) == first
    assert len(looks) == 3
    assert told(database) == 1


def test_a_request_id_that_is_too_long_names_its_field(entry: Entry[Transaction]) -> None:
    with pytest.raises(DomainError) as refused:
        write(entry, request_id="x" * 129)
    assert refused.value.violations[0].field == "request_id"


def test_a_request_id_needs_what_makes_it_work(entry: Entry[Transaction]) -> None:
    with pytest.raises(TypeError):
        entry.write(ANNA, "hjemby", tell, request_id="r-1")


def test_a_read_leaves_nothing(entry: Entry[Transaction], database: Database) -> None:
    with pytest.raises(RuntimeError, match="only reads"):
        entry.read(ANNA, "hjemby", tell)
    with everything(database) as transaction:
        assert transaction.connection.execute(select(idempotency)).all() == []


def test_the_caller_s_correlation_id_goes_with_the_event(
    entry: Entry[Transaction], database: Database
) -> None:
    write(entry, request_id=None)
    with everything(database) as transaction:
        (headers,) = transaction.connection.execute(select(outbox.c.headers)).one()
    assert headers["ce_correlationid"] == "c-1"


@dataclass
class Standing:
    """What an entry is told of its municipality."""

    state: str = "SUSPENDED"

    def __call__(self, transaction: Transaction, uow: object) -> Municipality | None:
        return Municipality(transaction.municipality, "Hjemby", "Europe/Copenhagen", ("da",), self.state)


def _held(database: Database, standing: Standing) -> Entry[Transaction]:
    return Entry(database, lambda transaction: transaction, standing=standing)


@pytest.mark.parametrize(
    "caller",
    [
        ANNA,
        nobody(),
        Caller(service_principal("volunteer"), "c-3"),
        Caller(Principal("s-3", "hjemby", frozenset({Role.OPERATOR})), "c-4"),
    ],
    ids=["secretariat", "nobody", "a neighbouring service", "who calls themselves operator there"],
)
def test_of_a_suspended_municipality_nobody_changes_anything(database: Database, caller: Caller) -> None:
    entry = _held(database, Standing())
    for request_id in (None, "r-1"):
        with pytest.raises(DomainError) as refused:
            write(entry, caller, request_id=request_id)
        assert (refused.value.code, refused.value.reason) == (
            Code.FAILED_PRECONDITION,
            "MUNICIPALITY_SUSPENDED",
        )
    assert told(database) == 0
    assert entry.read(caller, "hjemby", lambda work: work.municipality) == "hjemby"


def test_operators_and_what_changes_nothing_pass_a_suspension(database: Database) -> None:
    entry = _held(database, Standing())
    write(entry, Caller(Principal("op-1", None, frozenset({Role.OPERATOR})), "c-5"))
    write(entry, nobody(), while_suspended=True)
    assert told(database) == 2
    entry.write(ANNA, "", lambda work: work.audit.record(ANNA, "platform.act", "things/1"))


def test_what_was_done_before_a_suspension_is_answered_as_it_was(database: Database) -> None:
    standing = Standing("ACTIVE")
    entry = _held(database, standing)
    answer = write(entry)
    standing.state = "SUSPENDED"
    assert write(entry) == answer
    assert told(database) == 1


def test_an_entry_whose_unit_of_work_knows_no_municipality_lets_nobody_write(database: Database) -> None:
    forgotten = Entry(database, lambda transaction: transaction)
    with pytest.raises(AttributeError, match="municipalities"):
        write(forgotten)
    assert told(database) == 0
