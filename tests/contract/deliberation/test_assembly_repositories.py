"""One suite for the ports of assemblies and reports: what the fake does, every real adapter does too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.context import nobody
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.ids import uuid7
from chassis.tenants import Municipality
from chassis.testing.stores import NOON, noon
from services.deliberation.adapters.assembly_unit_of_work import SqlAssemblyUnitOfWork
from services.deliberation.adapters.repository import SqlUnitOfWork
from services.deliberation.adapters.tables import metadata
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork, Panel
from services.deliberation.domain.assembly import AnswerUnit, Assembly, AssemblyFields, set_up
from services.deliberation.domain.checkpoint import Checkpoint, CheckpointKind, WorkingDayRule
from services.deliberation.domain.followed_up import Promise, Task
from services.deliberation.domain.municipality import Particulars, enter
from services.deliberation.domain.report import Handover, Initiative, Recommendation, Report
from services.deliberation.domain.support import Base, Support
from tests.contract.deliberation.memory import MemoryEntry
from tests.infrastructure.stores import KINDS, Stores

Run = Callable[[str, Callable[[AssemblyUnitOfWork], Any]], Any]
HERE, THERE = "hjemby", "naboby"
CLOCK = noon()


@pytest.fixture(params=["memory", *KINDS])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Runs a function in a writing unit of work of a municipality. Stores are made by their migrations, so
    that what the triggers forbid is forbidden here too.
    """
    if request.param == "memory":
        memory = MemoryEntry()
        for slug in (HERE, THERE):
            entry = Municipality(slug, slug.title(), "Europe/Copenhagen", ("da", "en"), "ACTIVE")
            memory.tables.municipalities[slug] = entry
        yield memory.run
        return
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    stores = Stores(request.param, tmp_path, server)
    database = stores.new(metadata, "deliberation", "services.deliberation.migrations", clock=CLOCK)
    for slug in (HERE, THERE):
        with database.writing(slug) as transaction:
            made = enter(slug, Particulars(slug.title(), "", ()), {"Europe/Copenhagen"}, NOON)
            SqlUnitOfWork(transaction).municipalities.add(made)
    sql: Entry[AssemblyUnitOfWork] = Entry(database, SqlAssemblyUnitOfWork)
    yield lambda municipality, work: sql.write(nobody(), municipality, work)
    stores.close()


def an_assembly(municipality: str = HERE, **changes: Any) -> Assembly:
    fields = AssemblyFields(
        "Velfærd 2035",
        "Hvordan?\nHvornår?",
        "Skatten",
        uuid7(CLOCK),
        (
            Checkpoint(3, CheckpointKind.AFTER, WorkingDayRule.BACK),
            Checkpoint(24, CheckpointKind.WITHIN, WorkingDayRule.NONE),
        ),
        AnswerUnit.RECOMMENDATION,
    )
    return replace(set_up(municipality, uuid7(CLOCK), fields, NOON), **changes)


def added(run: Run, assembly: Assembly) -> Assembly:
    def work(uow: AssemblyUnitOfWork) -> None:
        uow.assemblies.add(assembly)
        uow.reports.add(Report(assembly.municipality, assembly.id, "", "", 1, NOON))

    run(assembly.municipality, work)
    return assembly


def reason_of(run: Run, work: Callable[[AssemblyUnitOfWork], Any], at: str = HERE) -> tuple[Code, str]:
    with pytest.raises(DomainError) as refused:
        run(at, work)
    return refused.value.code, refused.value.reason


def test_the_municipality_is_the_registrys_entry(run: Run) -> None:
    entry = Municipality(HERE, "Hjemby", "Europe/Copenhagen", ("da", "en"), "ACTIVE")
    assert run(HERE, lambda uow: uow.municipalities.get()) == entry
    assert run("nowhere", lambda uow: uow.municipalities.get()) is None
    with pytest.raises(RuntimeError):
        run(HERE, lambda uow: uow.municipalities.put(entry))


def test_an_assembly_comes_back_as_it_was(run: Run) -> None:
    assembly = added(run, an_assembly(draw=uuid7(CLOCK)))
    assert run(HERE, lambda uow: uow.assemblies.get(assembly.id)) == assembly
    assert run(HERE, lambda uow: uow.assemblies.lock(assembly.id)) == assembly
    assert run(HERE, lambda uow: uow.assemblies.of_selection(assembly.selection)) == assembly
    assert run(HERE, lambda uow: uow.assemblies.of_selection(uuid4())) is None
    unknown = (Code.NOT_FOUND, "ASSEMBLY_UNKNOWN")
    assert reason_of(run, lambda uow: uow.assemblies.get(uuid4())) == unknown
    # Another municipality sees nothing of it.
    assert reason_of(run, lambda uow: uow.assemblies.get(assembly.id), THERE) == unknown
    assert run(THERE, lambda uow: uow.assemblies.of_selection(assembly.selection)) is None
    assert run(THERE, lambda uow: uow.assemblies.page(10, None)) == []


def test_a_selection_has_one_assembly(run: Run) -> None:
    first = added(run, an_assembly())
    taken = (Code.ALREADY_EXISTS, "SELECTION_TAKEN")
    second = an_assembly(selection=first.selection)
    assert reason_of(run, lambda uow: uow.assemblies.add(second)) == taken
    other = added(run, an_assembly())
    changed = replace(other, selection=first.selection, version=2)
    assert reason_of(run, lambda uow: uow.assemblies.save(changed)) == taken
    assert run(HERE, lambda uow: uow.assemblies.get(other.id)) == other
    # In another municipality it is another selection.
    added(run, an_assembly(THERE, selection=first.selection))


def test_the_version_before_is_replaced_and_no_other(run: Run) -> None:
    assembly = added(run, an_assembly())
    after = replace(assembly, title="Andet", version=2)
    run(HERE, lambda uow: uow.assemblies.save(after))
    assert run(HERE, lambda uow: uow.assemblies.get(assembly.id)) == after
    stale = (Code.ABORTED, "ETAG_STALE")
    assert reason_of(run, lambda uow: uow.assemblies.save(after)) == stale
    assert reason_of(run, lambda uow: uow.assemblies.save(replace(an_assembly(), version=2))) == stale
    report = Report(HERE, assembly.id, "Titel", "Forord", 2, NOON)
    run(HERE, lambda uow: uow.reports.save(report))
    assert run(HERE, lambda uow: uow.reports.get(assembly.id)) == report
    assert reason_of(run, lambda uow: uow.reports.save(report)) == stale


@pytest.mark.parametrize("what", ["assembly", "report"])
def test_nothing_is_written_for_another_municipality(run: Run, what: str) -> None:
    foreign = an_assembly(THERE)

    def work(uow: AssemblyUnitOfWork) -> None:
        if what == "assembly":
            uow.assemblies.add(foreign)
        else:
            uow.reports.add(Report(THERE, foreign.id, "", "", 1, NOON))

    with pytest.raises(RuntimeError):
        run(HERE, work)


def test_newest_first_page_by_page(run: Run) -> None:
    made = [added(run, an_assembly()) for _ in range(5)]
    newest = sorted(made, key=lambda each: each.id, reverse=True)
    assert run(HERE, lambda uow: uow.assemblies.page(3, None)) == newest[:3]
    assert run(HERE, lambda uow: uow.assemblies.page(3, newest[2].id)) == newest[3:]


def test_panels_wait_for_their_assemblies(run: Run) -> None:
    early, late = uuid7(CLOCK), uuid7(CLOCK)
    assert run(HERE, lambda uow: uow.panels.lock(early)) is None
    # Asked about and not confirmed: nothing waits.
    assert run(HERE, lambda uow: uow.panels.waiting(10)) == []
    panels = [Panel(early, (uuid4(), uuid4()), uuid7(CLOCK)), Panel(late, (uuid4(),), None)]
    for panel in panels:
        run(HERE, lambda uow, panel=panel: uow.panels.put(panel))
        assert run(HERE, lambda uow, panel=panel: uow.panels.lock(panel.selection)) == panel
        assert run(THERE, lambda uow, panel=panel: uow.panels.lock(panel.selection)) is None
    newest = sorted(panels, key=lambda each: each.selection, reverse=True)
    assert run(HERE, lambda uow: uow.panels.waiting(10)) == newest
    assert run(HERE, lambda uow: uow.panels.waiting(1)) == newest[:1]
    assert run(THERE, lambda uow: uow.panels.waiting(10)) == []
    added(run, an_assembly(selection=newest[0].selection))
    added(run, an_assembly(THERE, selection=newest[1].selection))
    assert run(HERE, lambda uow: uow.panels.waiting(10)) == newest[1:]


def test_members_by_seat(run: Run) -> None:
    assembly, other = added(run, an_assembly()), added(run, an_assembly())
    seats = sorted(uuid4() for _ in range(5))
    run(HERE, lambda uow: uow.members.add(assembly.id, list(reversed(seats))))
    run(HERE, lambda uow: uow.members.add(assembly.id, []))
    assert run(HERE, lambda uow: uow.members.page(assembly.id, 3, None)) == seats[:3]
    assert run(HERE, lambda uow: uow.members.page(assembly.id, 3, seats[2])) == seats[3:]
    assert run(HERE, lambda uow: uow.members.page(other.id, 3, None)) == []
    assert run(THERE, lambda uow: uow.members.page(assembly.id, 3, None)) == []


def test_a_handover_comes_back_as_it_was(run: Run) -> None:
    assembly = added(run, an_assembly())
    handover = Handover(
        NOON, date(2027, 3, 1), assembly.checkpoints, assembly.answer_unit, b'{"a":1}', "0" * 64
    )
    report = Report(HERE, assembly.id, "Titel", "Forord", 2, NOON, handover)
    run(HERE, lambda uow: uow.reports.save(report))
    assert run(HERE, lambda uow: uow.reports.lock(assembly.id)) == report
    unknown = (Code.NOT_FOUND, "REPORT_UNKNOWN")
    assert reason_of(run, lambda uow: uow.reports.get(assembly.id), THERE) == unknown


def written(run: Run, assembly: Assembly) -> list[Recommendation]:
    """Two recommendations, the first with two initiatives, written in another order than they stand."""
    first, second = uuid4(), uuid4()
    support = Support(23, 1, 3, 27, 27, Base.CAST)
    initiatives = (
        Initiative(uuid4(), first, "Bus", "Hver time\n\nHver dag", support, 1),
        Initiative(uuid4(), first, "Fond", "", None, 2, 4),
    )
    made = [
        Recommendation(first, "Økonomi", "En vision", 1, initiatives, 3),
        Recommendation(second, "Forebyggelse", "", 2),
    ]

    def work(uow: AssemblyUnitOfWork) -> None:
        for recommendation in reversed(made):
            uow.reports.put_recommendation(assembly.id, recommendation)
        for initiative in reversed(initiatives):
            uow.reports.put_initiative(assembly.id, initiative)

    run(HERE, work)
    return made


def contents(run: Run, assembly: Assembly, at: str = HERE) -> Any:
    return run(at, lambda uow: list(uow.reports.recommendations(assembly.id)))


def test_a_reports_contents(run: Run) -> None:
    assembly, other = added(run, an_assembly()), added(run, an_assembly())
    first, second = written(run, assembly)
    assert contents(run, assembly) == [first, second]
    assert contents(run, other) == []
    assert contents(run, assembly, THERE) == []
    bus, fund = first.initiatives
    ids: list[UUID] = [first.id, fund.id, uuid4()]
    titles = {first.id: "Økonomi", fund.id: "Fond"}
    assert run(HERE, lambda uow: uow.reports.titles(ids)) == titles
    assert run(HERE, lambda uow: uow.reports.titles([])) == {}
    assert run(THERE, lambda uow: uow.reports.titles(ids)) == {}

    replaced = replace(first, title="Økonomi 2035", position=2, version=4)
    run(HERE, lambda uow: uow.reports.put_recommendation(assembly.id, replaced))
    moved = replace(second, position=1)
    run(HERE, lambda uow: uow.reports.put_recommendation(assembly.id, moved))
    changed = replace(bus, support=None, title="Buslinje", version=2)
    run(HERE, lambda uow: uow.reports.put_initiative(assembly.id, changed))
    assert contents(run, assembly) == [moved, replace(replaced, initiatives=(changed, fund))]

    # Of another assembly's report nothing is taken out.
    run(HERE, lambda uow: uow.reports.remove_initiative(other.id, fund.id))
    run(HERE, lambda uow: uow.reports.remove_recommendation(other.id, first.id))
    run(THERE, lambda uow: uow.reports.remove_recommendation(assembly.id, first.id))
    assert contents(run, assembly)[1].initiatives == (changed, fund)
    run(HERE, lambda uow: uow.reports.remove_initiative(assembly.id, fund.id))
    assert contents(run, assembly)[1].initiatives == (changed,)
    run(HERE, lambda uow: uow.reports.remove_recommendation(assembly.id, first.id))
    assert contents(run, assembly) == [moved]
    assert run(HERE, lambda uow: uow.reports.titles([bus.id])) == {}


def test_promises_and_tasks(run: Run) -> None:
    promise = Promise(
        uuid4(),
        uuid7(CLOCK),
        f"municipalities/{HERE}/assemblies/x",
        (date(2025, 11, 28), date(2026, 6, 29)),
        frozenset({"1"}),
        frozenset({"1", "2"}),
        12,
    )
    assert run(HERE, lambda uow: uow.followed_up.promise(promise.id)) is None
    for each in (Promise(promise.id), promise):
        run(HERE, lambda uow, each=each: uow.followed_up.put_promise(each))
        assert run(HERE, lambda uow: uow.followed_up.promise(promise.id)) == each
    assert run(HERE, lambda uow: uow.followed_up.promises()) == [promise]
    assert run(THERE, lambda uow: uow.followed_up.promises()) == []
    tasks = [
        Task(uuid4(), promise.id, True, 10, 2),
        Task(uuid4(), None, True, 8, 7),
        Task(uuid4(), None, True, 8, 0),
        Task(uuid4(), None, False, 8, 8),
    ]
    for task in tasks:
        run(HERE, lambda uow, task=task: uow.followed_up.put_task(task))
    assert run(HERE, lambda uow: uow.followed_up.open_tasks()) == [tasks[1], tasks[0]]
    full = replace(tasks[1], free=0)
    run(HERE, lambda uow: uow.followed_up.put_task(full))
    assert run(HERE, lambda uow: uow.followed_up.open_tasks()) == [tasks[0]]
    assert run(THERE, lambda uow: uow.followed_up.open_tasks()) == []
