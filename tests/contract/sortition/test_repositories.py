"""One suite for sortition's ports: what the fake does, every real adapter does too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from chassis.context import Caller, nobody
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.ids import uuid7
from chassis.tenants import Municipality
from chassis.testing.stores import NOON, noon
from services.sortition.adapters import tables
from services.sortition.adapters.unit_of_work import SqlUnitOfWork
from services.sortition.app.ports import AppliedImport, StoredFile, StoredImport, UnitOfWork
from services.sortition.domain.draw import Draw, DrawMethod, DrawMode, DrawState
from services.sortition.domain.pool import Contact, Inclusion, Person
from services.sortition.domain.seat import Answer, Seat
from services.sortition.domain.selection import Selection, SelectionState
from services.sortition.domain.target import Target
from tests.contract.sortition.memory import MemoryEntry
from tests.infrastructure.stores import KINDS, Stores

Run = Callable[[str, Callable[[UnitOfWork], Any]], Any]
HERE, THERE = "hjemby", "naboby"
CLOCK = noon()


@pytest.fixture(params=["memory", *KINDS])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Runs a function in a writing unit of work of a municipality."""
    if request.param == "memory":
        yield MemoryEntry(CLOCK).run
        return
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    stores = Stores(request.param, tmp_path, server)
    database = stores.new(tables.metadata, "sortition", "services.sortition.migrations", clock=CLOCK)
    entry: Entry[UnitOfWork] = Entry(database, SqlUnitOfWork)
    caller: Caller = nobody()
    yield lambda municipality, work: entry.write(caller, municipality, work)
    stores.close()


def a_selection(municipality: str = HERE, **changes: Any) -> Selection:
    made = Selection(
        municipality=municipality,
        id=uuid7(CLOCK),
        title="Velfærd 2035",
        purpose="At rådgive",
        size=12,
        per_address=1,
        targets=(
            Target("køn", "kvinde", 6, 7, 5, None, ""),
            Target("bolig", "lejer", 4, 6, None, 8, "frafald"),
        ),
        state=SelectionState.PREPARING,
        create_time=NOON,
        update_time=NOON + timedelta(microseconds=1),
    )
    return replace(made, **changes)


def a_person(selection: Selection, pool_id: str, **changes: Any) -> Person:
    made = Person(
        municipality=selection.municipality,
        selection=selection.id,
        id=uuid4(),
        pool_id=pool_id,
        values={"køn": "kvinde", "bolig": "lejer"},
        household="h1",
        inclusion=Inclusion.MUST,
    )
    return replace(made, **changes)


def a_draw(selection: Selection, **changes: Any) -> Draw:
    made = Draw(
        municipality=selection.municipality,
        id=uuid7(CLOCK),
        selection=selection.id,
        mode=DrawMode.PUBLIC,
        method=DrawMethod.LEXIMIN,
        panels=1000,
        seed="frø",
        announced="to terninger",
        size=12,
        pool_size=60,
        input_digest="0" * 64,
        state=DrawState.QUEUED,
        create_time=NOON,
        update_time=NOON,
    )
    return replace(made, **changes)


def a_seat(selection: Selection, draw: Draw, person: UUID) -> Seat:
    return Seat(selection.municipality, selection.id, uuid4(), draw.id, person)


def refused(run: Run, municipality: str, work: Callable[[UnitOfWork], Any]) -> tuple[Code, str]:
    with pytest.raises(DomainError) as caught:
        run(municipality, work)
    return caught.value.code, caught.value.reason


def test_people_are_counted_over_all_pools_of_one_municipality(run: Run) -> None:
    first, second, elsewhere = a_selection(), a_selection(), a_selection(THERE)
    for selection in (first, second, elsewhere):
        run(selection.municipality, lambda uow, selection=selection: uow.selections.add(selection))
    people = [a_person(first, "1"), a_person(second, "1"), a_person(second, "2", in_pool=False)]
    run(HERE, lambda uow: uow.pool.put(people))
    run(THERE, lambda uow: uow.pool.put([a_person(elsewhere, "1")]))
    assert (run(HERE, lambda uow: uow.pool.total()), run(THERE, lambda uow: uow.pool.total())) == (2, 1)


class TestSelections:
    def test_comes_back_as_it_was(self, run: Run) -> None:
        selection = a_selection()
        run(HERE, lambda uow: uow.selections.add(selection))
        assert run(HERE, lambda uow: uow.selections.get(selection.id)) == selection

    def test_is_unknown_to_another_municipality(self, run: Run) -> None:
        selection = a_selection()
        run(HERE, lambda uow: uow.selections.add(selection))
        unknown = (Code.NOT_FOUND, "SELECTION_UNKNOWN")
        assert refused(run, THERE, lambda uow: uow.selections.get(selection.id)) == unknown
        assert run(THERE, lambda uow: list(uow.selections.page(10, None))) == []

    def test_cannot_be_written_for_another_municipality(self, run: Run) -> None:
        with pytest.raises(RuntimeError):
            run(THERE, lambda uow: uow.selections.add(a_selection(HERE)))

    def test_save_needs_the_version_before(self, run: Run) -> None:
        selection = a_selection()
        run(HERE, lambda uow: uow.selections.add(selection))
        changed = replace(selection, title="Andet", version=2)
        run(HERE, lambda uow: uow.selections.save(changed))
        assert run(HERE, lambda uow: uow.selections.get(selection.id)).title == "Andet"
        stale = (Code.ABORTED, "ETAG_STALE")
        assert refused(run, HERE, lambda uow: uow.selections.save(changed)) == stale
        assert refused(run, HERE, lambda uow: uow.selections.save(a_selection(version=2))) == stale

    def test_pages_newest_first(self, run: Run) -> None:
        made = [a_selection(id=UUID(int=number)) for number in (1, 2, 3)]
        run(HERE, lambda uow: [uow.selections.add(one) for one in made])
        assert [s.id.int for s in run(HERE, lambda uow: uow.selections.page(2, None))] == [3, 2]
        assert [s.id.int for s in run(HERE, lambda uow: uow.selections.page(2, UUID(int=2)))] == [1]

    def test_a_work_that_raises_leaves_nothing(self, run: Run) -> None:
        selection = a_selection()

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            raise DomainError(Code.ABORTED, "ETAG_STALE")

        refused(run, HERE, work)
        assert run(HERE, lambda uow: list(uow.selections.page(10, None))) == []


class TestPool:
    def test_people_come_back_by_pool_id_and_only_who_is_in_it(self, run: Run) -> None:
        selection = a_selection()
        people = [a_person(selection, "b"), a_person(selection, "a"), a_person(selection, "c", in_pool=False)]

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.pool.put(people)

        run(HERE, work)
        assert run(HERE, lambda uow: list(uow.pool.people(selection.id))) == [people[1], people[0]]
        assert [p.pool_id for p in run(HERE, lambda uow: uow.pool.everyone(selection.id))] == ["a", "b", "c"]
        assert run(HERE, lambda uow: uow.pool.count(selection.id)) == 2
        assert run(HERE, lambda uow: uow.selections.sized(selection.id)) == (selection, 2)
        unknown = (Code.NOT_FOUND, "SELECTION_UNKNOWN")
        assert refused(run, THERE, lambda uow: uow.selections.sized(selection.id)) == unknown
        assert run(HERE, lambda uow: dict(uow.pool.sizes([selection.id, uuid4()]))) == {selection.id: 2}
        assert run(HERE, lambda uow: uow.pool.get(selection.id, people[0].id)) == people[0]
        assert [p.pool_id for p in run(HERE, lambda uow: uow.pool.page(selection.id, 1, "a"))] == ["b"]

    def test_put_again_replaces(self, run: Run) -> None:
        selection = a_selection()
        person = a_person(selection, "a")
        changed = replace(person, values={"køn": "mand"}, inclusion=Inclusion.MUST_NOT, version=2)

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.pool.put([person])
            uow.pool.put([changed])

        run(HERE, work)
        assert run(HERE, lambda uow: list(uow.pool.people(selection.id))) == [changed]

    def test_many_people_in_one_go(self, run: Run) -> None:
        selection = a_selection()
        people = [a_person(selection, f"p{number:05}") for number in range(1203)]
        contacts = [Contact(person.id, {"name": "Anna"}) for person in people]

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.pool.put(people)
            uow.contacts.put(selection.id, contacts)

        run(HERE, work)
        ids = [person.id for person in people]
        assert len(run(HERE, lambda uow: uow.contacts.get(selection.id, ids))) == 1203
        run(HERE, lambda uow: uow.pool.remove(selection.id, ids[1:]))
        assert run(HERE, lambda uow: uow.pool.count(selection.id)) == 1
        assert set(run(HERE, lambda uow: uow.contacts.get(selection.id, ids))) == {ids[0]}

    def test_belongs_to_its_municipality(self, run: Run) -> None:
        selection = a_selection()
        person = a_person(selection, "a")

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.pool.put([person])
            uow.contacts.put(selection.id, [Contact(person.id, {"name": "Anna"})])

        run(HERE, work)
        assert run(THERE, lambda uow: list(uow.pool.everyone(selection.id))) == []
        assert run(THERE, lambda uow: dict(uow.contacts.get(selection.id, [person.id]))) == {}
        unknown = (Code.NOT_FOUND, "PERSON_UNKNOWN")
        assert refused(run, THERE, lambda uow: uow.pool.get(selection.id, person.id)) == unknown

        def meddle(uow: UnitOfWork) -> None:
            uow.contacts.remove(selection.id, [person.id])
            uow.pool.remove(selection.id, [person.id])

        run(THERE, meddle)
        assert run(HERE, lambda uow: uow.pool.count(selection.id)) == 1
        with pytest.raises(RuntimeError):
            run(THERE, lambda uow: uow.pool.put([person]))

    def test_contacts_are_put_got_and_removed(self, run: Run) -> None:
        selection = a_selection()
        person = uuid4()

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.contacts.put(selection.id, [Contact(person, {"navn": "Åse", "vej": "Møllestien 2"})])
            uow.contacts.put(selection.id, [Contact(person, {"navn": "Åse Ny"})])

        run(HERE, work)
        got = run(HERE, lambda uow: uow.contacts.get(selection.id, [person, uuid4()]))
        assert {p: dict(c.fields) for p, c in got.items()} == {person: {"navn": "Åse Ny"}}
        run(HERE, lambda uow: uow.contacts.remove(selection.id, [person]))
        assert run(HERE, lambda uow: dict(uow.contacts.get(selection.id, [person]))) == {}

    def test_the_latest_import_stands(self, run: Run) -> None:
        selection = a_selection()
        first = StoredImport(selection.id, "WAITING", {"rows": 2}, {"id_column": ""}, b"\x00csv", NOON)
        second = replace(first, state="APPLIED", upload=b"", applied=AppliedImport(NOON, "nr", ("vej", "by")))
        run(HERE, lambda uow: uow.selections.add(selection))
        assert run(HERE, lambda uow: uow.imports.get(selection.id)) is None
        run(HERE, lambda uow: uow.imports.put(first))
        assert run(HERE, lambda uow: uow.imports.get(selection.id)) == first
        run(HERE, lambda uow: uow.imports.put(second))
        assert run(HERE, lambda uow: uow.imports.get(selection.id)) == second
        assert run(THERE, lambda uow: uow.imports.get(selection.id)) is None


class TestDraws:
    def test_comes_back_as_it_was_with_its_input(self, run: Run) -> None:
        selection = a_selection()
        person = uuid4()
        draw = a_draw(
            selection,
            state=DrawState.FAILED,
            number=7,
            failure_reason="TARGETS_INFEASIBLE",
            failure_metadata={"size": "12"},
            optimal_lowest="0.1",
            unreachable=2,
            randomness="r",
            note="n",
            ready_time=NOON,
            commit_time=NOON,
            reveal_time=NOON,
            publish_time=NOON,
            cancel_time=NOON,
        )

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.draws.add(draw, b'{"a":1}', {"p1": person})

        run(HERE, work)
        assert run(HERE, lambda uow: uow.draws.get(selection.id, draw.id)) == draw
        assert run(HERE, lambda uow: uow.draws.snapshot(draw.id)) == b'{"a":1}'
        assert run(HERE, lambda uow: dict(uow.draws.people(draw.id))) == {"p1": person}
        assert run(HERE, lambda uow: list(uow.draws.draws_of_person(selection.id, person))) == [draw.id]
        assert run(HERE, lambda uow: uow.draws.drawn_in_any(selection.id)) == {person}
        assert run(HERE, lambda uow: dict(uow.draws.count_by_state())) == {DrawState.FAILED: 1}

    def test_belongs_to_its_municipality_and_selection(self, run: Run) -> None:
        selection = a_selection()
        draw = a_draw(selection)

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.draws.add(draw, b"{}", {"p1": uuid4()})

        run(HERE, work)
        unknown = (Code.NOT_FOUND, "DRAW_UNKNOWN")
        assert refused(run, THERE, lambda uow: uow.draws.get(selection.id, draw.id)) == unknown
        assert refused(run, THERE, lambda uow: uow.draws.snapshot(draw.id)) == unknown
        assert refused(run, HERE, lambda uow: uow.draws.get(uuid4(), draw.id)) == unknown
        assert run(THERE, lambda uow: dict(uow.draws.people(draw.id))) == {}
        assert run(THERE, lambda uow: list(uow.draws.states_page(10, None))) == []
        assert run(THERE, lambda uow: dict(uow.draws.count_by_state())) == {}

    def test_save_needs_the_version_before(self, run: Run) -> None:
        selection = a_selection()
        draw = a_draw(selection)

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.draws.add(draw, b"{}", {})

        run(HERE, work)
        started = draw.started(NOON)
        run(HERE, lambda uow: uow.draws.save(started))
        assert run(HERE, lambda uow: uow.draws.get(selection.id, draw.id)) == started
        assert refused(run, HERE, lambda uow: uow.draws.save(started)) == (Code.ABORTED, "ETAG_STALE")

    @pytest.mark.parametrize("state", DrawState)
    @pytest.mark.parametrize("mode", DrawMode)
    def test_in_progress_is_what_the_domain_says(self, run: Run, state: DrawState, mode: DrawMode) -> None:
        selection, other = a_selection(), a_selection()
        draw = a_draw(selection, state=state, mode=mode)

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.selections.add(other)
            uow.draws.add(draw, b"{}", {})

        run(HERE, work)
        found = run(HERE, lambda uow: uow.draws.in_progress(selection.id))
        assert (found is not None) is draw.in_progress
        assert run(HERE, lambda uow: uow.draws.in_progress(other.id)) is None

    def test_public_page_has_what_was_ever_public(self, run: Run) -> None:
        selection = a_selection()
        draws = [
            a_draw(selection, id=UUID(int=1)),
            a_draw(selection, id=UUID(int=2), state=DrawState.COMMITTED, commit_time=NOON),
            a_draw(selection, id=UUID(int=3), state=DrawState.CANCELLED, commit_time=NOON, cancel_time=NOON),
            a_draw(selection, id=UUID(int=4), mode=DrawMode.SEEDED, publish_time=NOON),
            a_draw(selection, id=UUID(int=5), state=DrawState.CANCELLED, cancel_time=NOON),
        ]

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            for draw in draws:
                uow.draws.add(draw, b"{}", {})

        run(HERE, work)
        assert [d.id.int for d in run(HERE, lambda uow: uow.draws.public_page(9, None))] == [4, 3, 2]
        assert [d.id.int for d in run(HERE, lambda uow: uow.draws.public_page(1, UUID(int=4)))] == [3]
        everything = run(HERE, lambda uow: uow.draws.page(selection.id, 9, None))
        assert [d.id.int for d in everything] == [5, 4, 3, 2, 1]
        assert [d.id.int for d in run(HERE, lambda uow: uow.draws.states_page(2, UUID(int=3)))] == [2, 1]

    def test_files_are_written_once(self, run: Run) -> None:
        selection = a_selection()
        draw = a_draw(selection)
        record = StoredFile("record.json", "application/json", b"{}\x00", "ab" * 32, False)
        audit = StoredFile("audit.json", "application/json", b"[]", "cd" * 32, True)

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.draws.add(draw, b"{}", {})
            uow.files.add(draw.id, [record, audit])

        run(HERE, work)
        assert run(HERE, lambda uow: uow.files.get(draw.id, "record.json")) == record
        infos = run(HERE, lambda uow: uow.files.infos([draw.id, uuid4()]))
        shown = [(i.filename, i.size, i.secret) for i in infos[draw.id]]
        assert shown == [("audit.json", 2, True), ("record.json", 3, False)]
        with pytest.raises(RuntimeError):
            run(HERE, lambda uow: uow.files.add(draw.id, [replace(record, content=b"other")]))
        assert run(HERE, lambda uow: uow.files.get(draw.id, "record.json")) == record
        unknown = (Code.NOT_FOUND, "FILE_UNKNOWN")
        assert refused(run, THERE, lambda uow: uow.files.get(draw.id, "record.json")) == unknown
        assert run(THERE, lambda uow: dict(uow.files.infos([draw.id]))) == {}

    def test_a_job_is_queued_with_the_draw(self, run: Run) -> None:
        selection = a_selection()
        draw = a_draw(selection)

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.draws.add(draw, b"{}", {})
            uow.jobs.start_draw(draw)
            uow.jobs.start_draw(draw)

        run(HERE, work)
        job = run(HERE, lambda uow: uow.jobs.draw_job(draw.id))
        assert (job.stage, dict(job.progress), job.attempts) == ("", {}, 0)
        assert run(THERE, lambda uow: uow.jobs.draw_job(draw.id)) is None
        run(HERE, lambda uow: uow.jobs.cancel_draw(draw))


class TestSeats:
    def test_come_back_by_id_and_change_by_version(self, run: Run) -> None:
        selection = a_selection()
        draw = a_draw(selection)
        people = [uuid4(), uuid4(), uuid4()]
        seats = [a_seat(selection, draw, person) for person in people]

        def work(uow: UnitOfWork) -> None:
            uow.selections.add(selection)
            uow.draws.add(draw, b"{}", {})
            uow.seats.add(seats)

        run(HERE, work)
        ordered = sorted(seats, key=lambda seat: seat.id)
        assert run(HERE, lambda uow: list(uow.seats.all(selection.id))) == ordered
        paged = run(HERE, lambda uow: list(uow.seats.page(selection.id, 5, ordered[0].id)))
        assert paged == ordered[1:]
        assert run(HERE, lambda uow: uow.seats.of_person(selection.id, people[1])) == seats[1]
        assert run(HERE, lambda uow: uow.seats.of_person(selection.id, uuid4())) is None
        answered = seats[0].answered(Answer.ACCEPTED, NOON)
        run(HERE, lambda uow: uow.seats.save(answered))
        assert run(HERE, lambda uow: uow.seats.get(selection.id, seats[0].id)) == answered
        assert refused(run, HERE, lambda uow: uow.seats.save(answered)) == (Code.ABORTED, "ETAG_STALE")
        unknown = (Code.NOT_FOUND, "SEAT_UNKNOWN")
        assert refused(run, THERE, lambda uow: uow.seats.get(selection.id, seats[0].id)) == unknown
        assert run(THERE, lambda uow: list(uow.seats.all(selection.id))) == []


class TestMunicipalities:
    def test_the_copy_is_put_and_replaced(self, run: Run) -> None:
        first = Municipality(HERE, "Hjemby", "Europe/Copenhagen", ("da", "en"), "ACTIVE")
        assert run(HERE, lambda uow: uow.municipalities.get()) is None
        run(HERE, lambda uow: uow.municipalities.put(first))
        renamed = replace(first, display_name="Hjemby Kommune")
        run(HERE, lambda uow: uow.municipalities.put(renamed))
        assert run(HERE, lambda uow: uow.municipalities.get()) == renamed
        assert run(THERE, lambda uow: uow.municipalities.get()) is None

    def test_each_has_one_key_of_its_own(self, run: Run) -> None:
        assert run(HERE, lambda uow: uow.signing.public()) is None
        made = run(HERE, lambda uow: uow.signing.ensure())
        assert run(HERE, lambda uow: uow.signing.ensure()) == made
        assert run(HERE, lambda uow: uow.signing.public()) == made
        signature = run(HERE, lambda uow: uow.signing.sign(b"content"))
        load_pem_public_key(made.pem.encode()).verify(signature, b"content")  # type: ignore[union-attr,call-arg]
        assert run(THERE, lambda uow: uow.signing.ensure()).fingerprint != made.fingerprint
