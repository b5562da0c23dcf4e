"""One suite for follow-up's ports: what the fake does, every real adapter does too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, inspect, update
from sqlalchemy.exc import DBAPIError

from chassis.context import nobody
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.ids import uuid7
from chassis.migrations.tenants import unprotected_tables
from chassis.testing.stores import NOON, noon
from services.followup.adapters import tables
from services.followup.adapters.unit_of_work import SqlUnitOfWork
from services.followup.app.ports import Overdue, PromiseQuery, UnitOfWork
from services.followup.deadlines.errors import Reason
from services.followup.domain.checkpoint import Answer, Decision, Extension
from services.followup.domain.making import make_promises
from services.followup.domain.promise import Promise
from services.followup.domain.report import Handover, HandoverState
from tests.contract.followup.memory import MemoryEntry
from tests.infrastructure.stores import KINDS, Stores
from tests.unit.followup.house import ASSEMBLY, CALENDAR, HERE, THERE, a_report

Run = Callable[[str, Callable[[UnitOfWork], Any]], Any]
CLOCK = noon()
LATER = UUID("0199f000-0000-7000-8000-00000000000b")


@pytest.fixture(params=["memory", *KINDS])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Runs a function in a writing unit of work of a municipality."""
    if request.param == "memory":
        yield MemoryEntry().run
        return
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    stores = Stores(request.param, tmp_path, server)
    database = stores.new(tables.metadata, "followup", "services.followup.migrations", clock=CLOCK)
    entry: Entry[UnitOfWork] = Entry(database, SqlUnitOfWork)
    yield lambda municipality, work: entry.write(nobody(), municipality, work)
    stores.close()


def handed(municipality: str = HERE, assembly: UUID = ASSEMBLY, **changes: Any) -> Handover:
    return replace(Handover(municipality, assembly, "a" * 64, NOON), **changes)


def promised(run: Run, municipality: str = HERE, assembly: UUID = ASSEMBLY) -> list[Promise]:
    """A report's promises, stored."""
    made = make_promises(
        a_report(municipality, assembly),
        municipality,
        calendar=CALENDAR,
        zone=NOON.tzinfo,  # type: ignore[arg-type]
        now=NOON,
        new_id=lambda: uuid7(CLOCK),
    )
    run(municipality, lambda uow: uow.handovers.put(handed(municipality, assembly)))
    run(municipality, lambda uow: uow.promises.add(made))
    return list(made)


def an_answer(day: date = date(2025, 11, 1), decision: Decision = Decision.PARTLY, number: int = 2) -> Answer:
    return Answer(
        id=uuid7(CLOCK),
        number=number,
        decision=decision,
        reason="Fordi\nhalvdelen er gjort",
        committee="Klima",
        office="Veje",
        actions="",
        evidence_uris=("https://strandby.dk/æ", "https://x.dk"),
        answer_date=day,
        create_time=NOON,
    )


def an_extension(due: date) -> Extension:
    reasons = (Reason("EXTENDED", {"granted": date(2025, 11, 1), "date": due, "original": due}),)
    return Extension(
        id=uuid7(CLOCK),
        number=2,
        until=due,
        due=due,
        granted_on=date(2025, 11, 1),
        office="Veje",
        reason="Budget",
        reasons=reasons,
        create_time=NOON,
    )


def answered(run: Run, promise: Promise, answer: Answer, number: int = 0) -> Promise:
    checkpoint = promise.checkpoints[number]

    def work(uow: UnitOfWork) -> Promise:
        stored = uow.promises.get_to_change(promise.id)
        uow.promises.save(replace(stored, version=stored.version + 1))
        uow.promises.add_answer(stored, checkpoint, answer)
        return uow.promises.get(promise.id)

    return run(HERE, work)  # type: ignore[no-any-return]


def more_time(run: Run, promise: Promise, due: date, number: int = 0) -> None:
    granted, checkpoint = an_extension(due), promise.checkpoints[number]
    run(HERE, lambda uow: uow.promises.add_extension(promise, checkpoint, granted))


def tell(run: Run, overdue: Overdue, municipality: str = HERE) -> bool:
    return bool(run(municipality, lambda uow: uow.promises.tell_overdue(overdue)))


def refused(run: Run, work: Callable[[UnitOfWork], Any], municipality: str = HERE) -> tuple[Code, str]:
    with pytest.raises(DomainError) as caught:
        run(municipality, work)
    return caught.value.code, caught.value.reason


def test_handovers_are_kept_and_replaced(run: Run) -> None:
    run(HERE, lambda uow: uow.handovers.put(handed()))
    run(HERE, lambda uow: uow.handovers.put(handed(assembly=LATER)))
    done = handed(state=HandoverState.PROMISED, title="Velfærd", handover_date=date(2025, 8, 28))
    run(HERE, lambda uow: uow.handovers.put(done))
    assert run(HERE, lambda uow: uow.handovers.get(ASSEMBLY)) == done
    assert [each.assembly for each in run(HERE, lambda uow: uow.handovers.all())] == [LATER, ASSEMBLY]
    assert run(THERE, lambda uow: uow.handovers.get(ASSEMBLY)) is None
    assert run(THERE, lambda uow: list(uow.handovers.all())) == []


def test_a_promise_comes_back_whole(run: Run) -> None:
    for promise in promised(run):
        assert run(HERE, lambda uow, promise=promise: uow.promises.get(promise.id)) == promise


def test_an_assemblys_subject_is_promised_once(run: Run) -> None:
    first = promised(run)[0]
    again = replace(first, id=uuid7(CLOCK), position=99, checkpoints=())
    with pytest.raises(Exception):  # noqa: B017, PT011 - each store has its own; nothing may stand
        run(HERE, lambda uow: uow.promises.add([again]))
    assert len(run(HERE, lambda uow: uow.promises.page(PromiseQuery(), 100))) == 3


def test_answers_and_extensions_are_added_in_their_order(run: Run) -> None:
    promise = promised(run)[0]
    first, second = an_answer(), an_answer(date(2025, 11, 5), Decision.FOLLOWED, 3)
    granted = an_extension(date(2026, 1, 30))

    def extend(uow: UnitOfWork) -> None:
        uow.promises.add_extension(promise, promise.checkpoints[1], granted)

    run(HERE, extend)
    answered(run, promise, first)
    stored = answered(run, promise, second)
    assert stored.checkpoints[0].answers == (first, second)
    assert stored.checkpoints[1].extensions == (granted,)
    assert stored.checkpoints[1].effective_due == date(2026, 1, 30)
    assert stored.checkpoints[2] == promise.checkpoints[2]
    assert stored.version == 3


def test_what_changed_meanwhile_is_not_written_over(run: Run) -> None:
    promise = promised(run)[0]
    run(HERE, lambda uow: uow.promises.save(replace(promise, version=2, volunteers_wanted=3)))
    stale = replace(promise, version=2, volunteers_wanted=9)
    assert refused(run, lambda uow: uow.promises.save(stale)) == (Code.ABORTED, "ETAG_STALE")
    assert run(HERE, lambda uow: uow.promises.get(promise.id)).volunteers_wanted == 3


def test_pages_are_in_the_order_of_assembly_and_position(run: Run) -> None:
    second, first = promised(run, assembly=LATER), promised(run)
    everything = run(HERE, lambda uow: uow.promises.page(PromiseQuery(), 100))
    assert [each.id for each in everything] == [each.id for each in (*first, *second)]
    third = first[2]
    after = run(HERE, lambda uow: uow.promises.page(PromiseQuery(), 2, (third.assembly, third.position)))
    assert [each.id for each in after] == [each.id for each in second[:2]]
    alone = run(HERE, lambda uow: uow.promises.page(PromiseQuery(assembly=LATER), 100))
    assert [each.id for each in alone] == [each.id for each in second]


def test_filters(run: Run) -> None:
    first, second, third = promised(run)
    run(HERE, lambda uow: uow.promises.save(replace(third, version=2, volunteers_wanted=5)))
    answered(run, first, an_answer())
    run(
        HERE,
        lambda uow: uow.promises.add_extension(
            second, second.checkpoints[0], an_extension(date(2025, 12, 8))
        ),
    )

    def found(**wanted: Any) -> list[UUID]:
        return [each.id for each in run(HERE, lambda uow: uow.promises.page(PromiseQuery(**wanted), 100))]

    assert found(seeking=True) == [third.id]
    assert found(overdue_on=date(2025, 11, 28)) == []
    assert found(overdue_on=date(2025, 11, 29)) == [third.id]
    assert found(overdue_on=date(2025, 12, 9)) == [second.id, third.id]
    assert found(overdue_on=date(2025, 12, 9), seeking=True) == [third.id]
    assert found(overdue_on=date(2026, 6, 30)) == [first.id, second.id, third.id]


def test_a_date_is_told_once(run: Run) -> None:
    first, second, third = promised(run)
    answered(run, first, an_answer())
    day = date(2025, 11, 29)
    assert run(HERE, lambda uow: list(uow.promises.untold_overdue(date(2025, 11, 28)))) == []
    waiting = run(HERE, lambda uow: list(uow.promises.untold_overdue(day)))
    assert waiting == [
        Overdue(each.id, each.checkpoints[0].id, date(2025, 11, 28))
        for each in sorted((second, third), key=lambda each: each.id)
    ]
    assert [run(HERE, lambda uow, each=each: uow.promises.tell_overdue(each)) for each in waiting] == [
        True
    ] * 2
    assert [run(HERE, lambda uow, each=each: uow.promises.tell_overdue(each)) for each in waiting] == [
        False
    ] * 2
    assert run(HERE, lambda uow: list(uow.promises.untold_overdue(day))) == []
    told = run(HERE, lambda uow: uow.promises.get(second.id)).checkpoints[0]
    assert told.told_due == date(2025, 11, 28)


def test_a_date_that_was_answered_or_moved_meanwhile_is_not_told(run: Run) -> None:
    first, second, _ = promised(run)
    stale = [Overdue(each.id, each.checkpoints[0].id, date(2025, 11, 28)) for each in (first, second)]
    answered(run, first, an_answer(date(2025, 11, 29)))
    run(
        HERE,
        lambda uow: uow.promises.add_extension(
            second, second.checkpoints[0], an_extension(date(2025, 12, 8))
        ),
    )
    assert [run(HERE, lambda uow, each=each: uow.promises.tell_overdue(each)) for each in stale] == [
        False
    ] * 2


def test_what_is_unknown(run: Run) -> None:
    unknown = UUID(int=7)
    told = (Code.NOT_FOUND, "PROMISE_UNKNOWN")
    assert refused(run, lambda uow: uow.promises.get(unknown)) == told
    assert refused(run, lambda uow: uow.promises.get_to_change(unknown)) == told


def test_nothing_of_another_municipality_is_seen_or_written(run: Run) -> None:
    promise = promised(run)[0]
    told = (Code.NOT_FOUND, "PROMISE_UNKNOWN")
    assert refused(run, lambda uow: uow.promises.get(promise.id), THERE) == told
    assert run(THERE, lambda uow: list(uow.promises.page(PromiseQuery(), 100))) == []
    assert run(THERE, lambda uow: list(uow.promises.untold_overdue(date(2030, 1, 1)))) == []
    overdue = Overdue(promise.id, promise.checkpoints[0].id, promise.checkpoints[0].due)
    for write in (
        lambda uow: uow.promises.save(replace(promise, version=2)),
        lambda uow: uow.promises.add_answer(promise, promise.checkpoints[0], an_answer()),
        lambda uow: uow.promises.add_extension(
            promise, promise.checkpoints[0], an_extension(date(2026, 1, 1))
        ),
        lambda uow: uow.handovers.put(handed()),
    ):
        with pytest.raises(RuntimeError):
            run(THERE, write)
    assert not tell(run, overdue, THERE)
    assert run(HERE, lambda uow: uow.promises.get(promise.id)) == promise


def test_what_was_published_stands_whoever_tries(stores: Stores) -> None:
    database = stores.new(tables.metadata, "followup", "services.followup.migrations", clock=CLOCK)
    entry: Entry[UnitOfWork] = Entry(database, SqlUnitOfWork)
    run: Run = lambda municipality, work: entry.write(nobody(), municipality, work)  # noqa: E731
    promise = promised(run)[0]
    answered(run, promise, an_answer())
    run(
        HERE,
        lambda uow: uow.promises.add_extension(
            promise, promise.checkpoints[1], an_extension(date(2026, 7, 1))
        ),
    )
    for table in (tables.answers, tables.extensions):
        changes = update(table).values(reason="Noget andet")
        with pytest.raises(DBAPIError), database.writing(HERE) as transaction:
            transaction.connection.execute(changes)
        # Only an erased municipality's may go: of others SQLite refuses it, and PostgreSQL finds no such row.
        if database.shared:
            with database.writing(HERE) as transaction:
                assert transaction.connection.execute(delete(table)).rowcount == 0
        else:
            with pytest.raises(DBAPIError), database.writing(HERE) as transaction:
                transaction.connection.execute(delete(table))
    stored = run(HERE, lambda uow: uow.promises.get(promise.id))
    assert stored.checkpoints[0].answers[0].reason == "Fordi\nhalvdelen er gjort"
    assert len(stored.checkpoints[1].extensions) == 1


def test_migrations_make_what_the_code_declares(stores: Stores) -> None:
    database = stores.new(tables.metadata, "followup", "services.followup.migrations", clock=CLOCK)
    with database.writing(HERE) as transaction:
        assert unprotected_tables(transaction.connection) == []
        made = inspect(transaction.connection)
        for table in tables.metadata.sorted_tables:
            assert {column["name"] for column in made.get_columns(table.name)} >= set(table.columns.keys())
