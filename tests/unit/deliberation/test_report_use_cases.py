"""Assemblies and reports through their use cases, on a store in memory."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.auth.principal import Role
from chassis.context import system
from chassis.errors import FieldViolation
from services.deliberation.app import follow_along
from services.deliberation.app.create_assembly import CreateAssembly, check_new_assembly, create_assembly
from services.deliberation.app.create_initiative import CreateInitiative, create_initiative
from services.deliberation.app.create_recommendation import CreateRecommendation, create_recommendation
from services.deliberation.app.delete_initiative import DeleteInitiative, delete_initiative
from services.deliberation.app.delete_recommendation import DeleteRecommendation, delete_recommendation
from services.deliberation.app.get_assembly import get_assembly
from services.deliberation.app.get_front import get_front
from services.deliberation.app.get_report_content import get_report_content
from services.deliberation.app.get_standing import get_standing
from services.deliberation.app.hand_over_report import HandOverReport, hand_over_report
from services.deliberation.app.list_assemblies import list_assemblies
from services.deliberation.app.list_members import list_members
from services.deliberation.app.list_waiting_panels import list_waiting_panels
from services.deliberation.app.seat_assembly import panel_confirmed
from services.deliberation.app.update_assembly import (
    UpdateAssembly,
    check_assembly_update,
    update_assembly,
)
from services.deliberation.app.update_initiative import UpdateInitiative, update_initiative
from services.deliberation.app.update_recommendation import UpdateRecommendation, update_recommendation
from services.deliberation.app.update_report import UpdateReport, update_report
from services.deliberation.domain.assembly import AnswerUnit, Assembly, AssemblyFields, AssemblyState
from services.deliberation.domain.checkpoint import Checkpoint
from services.deliberation.domain.followed_up import Task
from tests.unit.deliberation.house import ANYONE, EDITOR, HERE, SUPPORT, THERE, House, refusal, who


@pytest.fixture
def house() -> House:
    return House()


def test_a_panel_confirmed_before_or_after_gives_the_members(house: House) -> None:
    early = house.fields()
    assert early.selection is not None
    before = house.confirm(early.selection, 8)
    assert house.run(list_waiting_panels) == [before]
    first = house.act(create_assembly, CreateAssembly(early)).assembly
    assert (first.state, first.members, first.draw) == (AssemblyState.SEATED, 8, before.draw)
    assert house.run(list_waiting_panels) == []

    second = house.assembly()
    assert (second.state, second.members) == (AssemblyState.PREPARING, 0)
    after = house.confirm(second.selection, 9)
    seated = house.run(get_assembly, second.id, by=ANYONE).assembly
    assert (seated.state, seated.members, seated.version) == (AssemblyState.SEATED, 9, 2)
    for assembly, panel in ((first, before), (second, after)):
        page = house.run(list_members, assembly.id, 5)
        rest = house.run(list_members, assembly.id, 5, page.next_page_token)
        assert page.items + rest.items == panel.seats
    # Told twice, and for another municipality: nothing more happens.
    by = system("deliberation.panels")
    again = house.direct(lambda uow: panel_confirmed(uow, after, by=by, clock=house.clock))
    assert again is None
    house.confirm(second.selection, at=THERE)
    assert house.run(get_assembly, second.id).assembly == seated
    acts = [entry[2] for entry in house.entry.tables.audit]
    assert acts == ["assembly.create", "assembly.create", "assembly.seat"]


def test_the_field_is_named_before_anybody_is_asked(house: House) -> None:
    unread = FieldViolation("checkpoints[0].kind", "FIELD_INVALID")
    command = CreateAssembly(AssemblyFields("", "", "", None), (unread,))
    expected = (
        "ASSEMBLY_INVALID",
        {"title": "TEXT_REQUIRED", "checkpoints[0].kind": "FIELD_INVALID", "selection": "SELECTION_REQUIRED"},
    )
    assert refusal(lambda: house.run(check_new_assembly, command)) == expected
    assert refusal(lambda: house.act(create_assembly, command)) == expected
    assert house.entry.tables.assemblies == {}


def test_a_selection_gives_one_assembly(house: House) -> None:
    first, other = house.assembly(), house.assembly()
    taken = ("SELECTION_TAKEN", {"selection": "SELECTION_TAKEN"})
    again = CreateAssembly(house.fields(selection=first.selection))
    assert refusal(lambda: house.act(create_assembly, again)) == taken
    update = UpdateAssembly(other.id, house.fields(selection=first.selection), ("selection",))
    assert refusal(lambda: house.act(update_assembly, update)) == taken


def test_an_assembly_changes_by_its_mask(house: House) -> None:
    before = house.assembly(task="Hvordan?")
    wanted = house.fields(title="Nyt navn", task="Andet", checkpoints=(Checkpoint(6),))
    named = UpdateAssembly(before.id, wanted, ("title", "checkpoints"))
    assert house.run(check_assembly_update, named) is None
    view = house.act(update_assembly, named)
    assert (view.assembly.title, view.assembly.task) == ("Nyt navn", "Hvordan?")
    assert view.assembly.checkpoints == (Checkpoint(6),)
    # The same again changes nothing, and is no version of its own.
    assert house.act(update_assembly, named) == view
    stale = UpdateAssembly(before.id, wanted, ("task",), etag='"old"')
    assert refusal(lambda: house.act(update_assembly, stale))[0] == "ETAG_STALE"
    unread = FieldViolation("selection", "NAME_INVALID")
    other = UpdateAssembly(before.id, house.fields(selection=None), ("task",), wrong=(unread,))
    assert house.act(update_assembly, other).assembly.selection == before.selection
    masked = UpdateAssembly(before.id, wanted, ("state",))
    assert refusal(lambda: house.act(update_assembly, masked))[0] == "FIELD_MASK_INVALID"


def test_another_selection_while_nobody_sits(house: House) -> None:
    assembly = house.assembly()
    wanted = house.fields()
    assert wanted.selection is not None
    panel = house.confirm(wanted.selection, 5)
    command = UpdateAssembly(assembly.id, wanted, ("selection",))
    assert house.run(check_assembly_update, command) == wanted.selection
    view = house.act(update_assembly, command)
    assert (view.assembly.state, view.assembly.members) == (AssemblyState.SEATED, len(panel.seats))
    third = UpdateAssembly(assembly.id, house.fields(), ("selection",))
    seated = ("ASSEMBLY_SEATED", {"selection": "ASSEMBLY_SEATED"})
    assert refusal(lambda: house.run(check_assembly_update, third)) == seated
    assert refusal(lambda: house.act(update_assembly, third)) == seated


def test_assemblies_newest_first(house: House) -> None:
    made = []
    for _ in range(3):
        house.clock.instant += timedelta(seconds=1)  # ids of one millisecond are in no order
        made.append(house.assembly().id)
    page = house.run(list_assemblies, 2, by=ANYONE)
    assert [view.assembly.id for view in page.items] == [made[2], made[1]]
    rest = house.run(list_assemblies, 2, page.next_page_token, by=ANYONE)
    assert [view.assembly.id for view in rest.items] == [made[0]]
    assert house.run(list_assemblies, at=THERE).items == ()


def titles(house: House, assembly: Assembly) -> list[tuple[str, list[str]]]:
    view = house.report(assembly)
    for number, one in enumerate(view.contents, 1):
        assert one.position == number
        assert [each.position for each in one.initiatives] == list(range(1, len(one.initiatives) + 1))
    return [(one.title, [each.title for each in one.initiatives]) for one in view.contents]


def test_recommendations_and_initiatives_keep_their_places(house: House) -> None:
    assembly = house.assembly()
    a, b, c = (house.recommend(assembly, title) for title in "abc")
    for title in ("1", "2", "3"):
        house.initiate(assembly, b, title)
    assert titles(house, assembly) == [("a", []), ("b", ["1", "2", "3"]), ("c", [])]

    def move(recommendation: UUID, position: int) -> None:
        command = UpdateRecommendation(assembly.id, recommendation, "", "", position, ("position",))
        house.act(update_recommendation, command, by=EDITOR)

    move(c, 1)
    move(a, 3)
    assert [title for title, _ in titles(house, assembly)] == ["c", "b", "a"]
    one, two, _three = (each.id for each in house.report(assembly).contents[1].initiatives)
    moving = UpdateInitiative(assembly.id, b, one, "", "", None, 3, ("position",))
    house.act(update_initiative, moving, by=EDITOR)
    assert titles(house, assembly)[1] == ("b", ["2", "3", "1"])
    house.act(delete_initiative, DeleteInitiative(assembly.id, b, two))
    assert titles(house, assembly)[1] == ("b", ["3", "1"])
    house.act(delete_recommendation, DeleteRecommendation(assembly.id, c))
    assert titles(house, assembly) == [("b", ["3", "1"]), ("a", [])]
    house.act(delete_recommendation, DeleteRecommendation(assembly.id, b))
    assert titles(house, assembly) == [("a", [])]
    far = UpdateRecommendation(assembly.id, a, "", "", 2, ("position",))
    expected = ("RECOMMENDATION_INVALID", {"position": "POSITION_INVALID"})
    assert refusal(lambda: house.act(update_recommendation, far)) == expected


def test_words_and_support_change_by_the_mask(house: House) -> None:
    assembly = house.assembly()
    parent = house.recommend(assembly)
    one = house.initiate(assembly, parent)
    command = UpdateInitiative(assembly.id, parent, one, " Ny  titel ", "x", None, 0, ("title",))
    view = house.act(update_initiative, command)
    assert (view.initiative.title, view.initiative.text) == ("Ny titel", "Hver time")
    assert view.initiative.support == SUPPORT
    cleared = house.act(
        update_initiative, UpdateInitiative(assembly.id, parent, one, "", "", None, 0, ("support",))
    )
    assert cleared.initiative.support is None
    # What is not named in an empty mask stays.
    kept = house.act(
        update_initiative,
        UpdateInitiative(assembly.id, parent, one, "Tredje", "", None, 0, (), ("name", "title", "etag")),
    )
    assert (kept.initiative.title, kept.initiative.text) == ("Tredje", "Hver time")
    vision = house.act(
        update_recommendation, UpdateRecommendation(assembly.id, parent, "", "Vision", 0, ("vision",))
    )
    assert vision.recommendation.vision == "Vision"
    wrong = UpdateInitiative(assembly.id, parent, one, "", "x" * 4001, None, 9)
    reason, fields = refusal(
        lambda: house.act(
            update_initiative,
            UpdateInitiative(**{**_as_dict(wrong), "mask": ("title", "text", "position")}),
        )
    )
    assert (reason, fields) == ("INITIATIVE_INVALID", {"title": "TEXT_REQUIRED", "text": "TEXT_TOO_LONG"})


def _as_dict(command: UpdateInitiative) -> dict[str, Any]:
    return {name: getattr(command, name) for name in UpdateInitiative.__slots__}


def test_title_and_preface(house: House) -> None:
    assembly = house.assembly(title="Borgerting")
    assert house.report(assembly).title == "Borgerting"
    command = UpdateReport(assembly.id, "Rapporten", "Vi mødtes.", ("title", "preface"))
    view = house.act(update_report, command)
    assert (view.title, view.report.preface, view.report.version) == ("Rapporten", "Vi mødtes.", 2)
    assert house.act(update_report, command) == view
    wrong = UpdateReport(assembly.id, "x" * 201, "\x07", ("*",))
    expected = ("REPORT_INVALID", {"title": "TEXT_TOO_LONG", "preface": "TEXT_UNPRINTABLE"})
    assert refusal(lambda: house.act(update_report, wrong)) == expected


def test_each_etag_is_of_what_was_read(house: House) -> None:
    assembly = house.assembly()
    parent = house.recommend(assembly)
    one = house.initiate(assembly, parent)
    view = house.report(assembly)
    recommendation = view.recommendations[0]
    etags = {view.etag, recommendation.etag, recommendation.initiatives[0].etag}
    assert len(etags) == 3
    # Whoever would delete it has not seen the initiative that came in between.
    house.initiate(assembly, parent, "Nyt")
    stale = (
        lambda: house.act(
            delete_recommendation, DeleteRecommendation(assembly.id, parent, recommendation.etag)
        ),
        lambda: house.act(update_report, UpdateReport(assembly.id, "t", "", ("title",), etag=view.etag)),
    )
    for act in stale:
        assert refusal(act) == ("ETAG_STALE", {"etag": "ETAG_STALE"})
    # The first initiative is as it was.
    etag = recommendation.initiatives[0].etag
    house.act(delete_initiative, DeleteInitiative(assembly.id, parent, one, etag))
    unknown = DeleteInitiative(assembly.id, parent, one)
    assert refusal(lambda: house.act(delete_initiative, unknown))[0] == "INITIATIVE_UNKNOWN"
    assert (
        refusal(lambda: house.act(delete_recommendation, DeleteRecommendation(assembly.id, uuid4())))[0]
        == "RECOMMENDATION_UNKNOWN"
    )


def test_there_is_an_end_of_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assembly = house.assembly()
    parent = house.recommend(assembly)
    house.initiate(assembly, parent)
    monkeypatch.setattr("services.deliberation.app.create_recommendation.MOST_RECOMMENDATIONS", 1)
    monkeypatch.setattr("services.deliberation.app.create_initiative.MOST_INITIATIVES", 1)
    assert refusal(lambda: house.recommend(assembly))[0] == "REPORT_FULL"
    assert refusal(lambda: house.initiate(assembly, parent))[0] == "REPORT_FULL"


def test_the_handover_fixes_what_was_read(house: House) -> None:
    house.clock.instant = datetime(2025, 8, 28, 22, 30, tzinfo=UTC)  # past midnight in Copenhagen
    assembly = house.written(checkpoints=(Checkpoint(3), Checkpoint(10)))
    before = house.report(assembly)
    view = house.hand_over(assembly)
    handover = view.report.handover
    assert handover is not None
    assert handover.day == date(2025, 8, 29)
    assert handover.checkpoints == (Checkpoint(3), Checkpoint(10))
    assert view.contents == before.contents
    content = house.run(get_report_content, assembly.id, by=ANYONE)
    assert hashlib.sha256(content).hexdigest() == handover.digest
    told = json.loads(content)
    assert told["name"] == view.report.name
    inside = told["recommendations"][0]["initiatives"]
    assert [one["title"] for one in inside] == ["Buslinje", "Frivilligfond"]
    assert house.run(get_assembly, assembly.id).assembly.state is AssemblyState.HANDED_OVER
    assert house.entry.tables.events == [(HERE, view.report)]
    assert house.entry.tables.audit[-1][2:] == (
        "report.hand_over",
        view.report.name,
        {"digest": handover.digest, "version": str(view.report.version)},
    )
    assert house.report(assembly, by=ANYONE) == view


def test_afterwards_nothing_changes(house: House) -> None:
    assembly = house.handed_over()
    view = house.report(assembly)
    parent = view.contents[0].id
    one = view.contents[0].initiatives[0].id
    acts: list[tuple[Any, Any]] = [
        (update_report, UpdateReport(assembly.id, "t", "", ("title",))),
        (create_recommendation, CreateRecommendation(assembly.id, "t")),
        (update_recommendation, UpdateRecommendation(assembly.id, parent, "t", "", 1, ("title",))),
        (delete_recommendation, DeleteRecommendation(assembly.id, parent)),
        (create_initiative, CreateInitiative(assembly.id, parent, "t")),
        (update_initiative, UpdateInitiative(assembly.id, parent, one, "t", "", None, 1, ("title",))),
        (delete_initiative, DeleteInitiative(assembly.id, parent, one)),
        (hand_over_report, HandOverReport(assembly.id, view.etag)),
        (hand_over_report, HandOverReport(assembly.id, '"stale"')),
    ]
    for use_case, command in acts:
        reason = refusal(lambda use_case=use_case, command=command: house.act(use_case, command))[0]
        assert reason == "REPORT_HANDED_OVER", use_case.__name__
    edit = UpdateAssembly(assembly.id, house.fields(), ("title",), etag='"old"')
    assert refusal(lambda: house.act(update_assembly, edit))[0] == "ASSEMBLY_HANDED_OVER"
    assert house.report(assembly) == view
    assert len(house.entry.tables.events) == 1


def test_what_keeps_a_report_from_being_handed_over(house: House) -> None:
    assembly = house.assembly()

    def reason(etag: str | None = None) -> tuple[str, dict[str, str]]:
        sent = house.report(assembly).etag if etag is None else etag
        return refusal(lambda: house.act(hand_over_report, HandOverReport(assembly.id, sent)))

    for missing in ("", "*"):
        assert reason(missing) == ("ETAG_REQUIRED", {"etag": "ETAG_REQUIRED"})
    read = house.report(assembly).etag
    assert reason() == ("ASSEMBLY_NOT_SEATED", {})
    house.confirm(assembly.selection)
    assert reason() == ("REPORT_EMPTY", {})
    first, second, third = (house.recommend(assembly, title) for title in "abc")
    house.initiate(assembly, second)
    assert reason() == (
        "REPORT_INCOMPLETE",
        {
            "recommendations[0].initiatives": "RECOMMENDATION_WITHOUT_INITIATIVE",
            "recommendations[2].initiatives": "RECOMMENDATION_WITHOUT_INITIATIVE",
        },
    )
    assert reason(read) == ("ETAG_STALE", {"etag": "ETAG_STALE"})
    for parent in (first, third):
        house.initiate(assembly, parent)
    before = house.report(assembly).etag
    # What the council promised is part of what is handed over.
    promised = house.fields(checkpoints=(Checkpoint(1),))
    house.act(update_assembly, UpdateAssembly(assembly.id, promised, ("checkpoints",)))
    assert reason(before)[0] == "ETAG_STALE"
    assert house.entry.tables.events == []
    assert reason() == ("", {})


def test_where_the_council_answers_by_recommendation_none_needs_an_initiative(house: House) -> None:
    assembly = house.seated(answer_unit=AnswerUnit.RECOMMENDATION)
    house.recommend(assembly)
    assert house.hand_over(assembly).report.handover is not None


def test_the_front_page_knows_what_others_told(house: House) -> None:
    house.clock.instant = datetime(2025, 12, 1, 12, tzinfo=UTC)
    assembly = house.handed_over()
    bus, fund = house.report(assembly).recommendations[0].initiatives
    days = [date(2026, 6, 29), date(2025, 11, 28)]
    one, two, task = uuid4(), uuid4(), uuid4()

    def told(uow: Any) -> None:
        follow_along.promise_overdue(uow, two, "1")
        follow_along.promise_made(uow, one, assembly.id, bus.name, days)
        follow_along.promise_made(uow, two, assembly.id, fund.name, days)
        follow_along.promise_answered(uow, one, "1")
        follow_along.volunteers_sought(uow, one, 12)
        follow_along.task_changed(uow, Task(task, one, True, 12, 4))
        follow_along.task_changed(uow, Task(uuid4(), None, True, 8, 8))

    house.direct(told)
    front = house.act(get_front, by=ANYONE)
    assert [view.assembly.id for view in front.assemblies.items] == [assembly.id]
    assert front.standings == {assembly.id: front.all}
    assert (front.all.answered, front.all.owed, front.all.overdue) == (1, 4, 1)
    assert front.all.next_due == date(2026, 6, 29)
    assert [(each.task.free, each.title) for each in front.help] == [(8, ""), (4, "Buslinje")]
    assert (front.more_tasks, front.sought) == (0, 1)
    assert house.act(get_standing, assembly.id, by=ANYONE) == front.all
    elsewhere = house.act(get_front, by=who(Role.SECRETARIAT), at=THERE)
    assert (elsewhere.all.promises, elsewhere.help, elsewhere.assemblies.items) == (0, (), ())


def test_more_time_takes_a_date_off_what_is_overdue_until_the_new_one_passes(house: House) -> None:
    house.clock.instant = datetime(2025, 12, 1, 12, tzinfo=UTC)
    assembly = house.handed_over()
    subject = house.report(assembly).recommendations[0].initiatives[0].name
    first, last, more = date(2025, 11, 28), date(2026, 6, 29), date(2026, 2, 2)
    promise = uuid4()
    house.direct(lambda uow: follow_along.promise_made(uow, promise, assembly.id, subject, [first, last]))
    house.direct(lambda uow: follow_along.promise_overdue(uow, promise, "1"))
    assert house.act(get_standing, assembly.id, by=ANYONE).overdue == 1
    house.direct(lambda uow: follow_along.promise_extended(uow, promise, "1", first, more))
    extended = house.act(get_standing, assembly.id, by=ANYONE)
    assert (extended.overdue, extended.next_due) == (0, more)
    house.direct(lambda uow: follow_along.promise_overdue(uow, promise, "1"))
    assert house.act(get_standing, assembly.id, by=ANYONE).overdue == 1
