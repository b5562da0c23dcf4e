"""Promises out of a report: their dates, where they stand by the clock, answers, more time, volunteers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Code, DomainError
from services.followup.app.make_promises import note_trouble
from services.followup.app.note_handover import note_handover
from services.followup.app.seek_volunteers import SeekVolunteers, seek_volunteers
from services.followup.app.tell_overdue import tell_overdue
from services.followup.deadlines.types import Kind, State, WorkingDayRule
from services.followup.domain.checkpoint import Decision
from services.followup.domain.fields import SeekFields
from services.followup.domain.report import AnswerUnit, HandoverState, PromisedAnswer
from services.followup.domain.standing import Stand
from tests.unit.followup.house import ASSEMBLY, CALENDAR, COORDINATOR, HERE, THERE, House, a_report


@pytest.fixture
def house() -> House:
    made = House()
    made.hand_over()
    return made


def refused(call: Any, *arguments: Any, **options: Any) -> tuple[Code, str, list[tuple[str, str]]]:
    with pytest.raises(DomainError) as caught:
        call(*arguments, **options)
    error = caught.value
    return error.code, error.reason, [(each.field, each.reason) for each in error.violations]


class TestMaking:
    def test_the_reference_case_has_its_dates(self, house: House) -> None:
        for view in house.promises():
            assert view.promise.handover_date == date(2025, 8, 28)
            dates = [(each.months, each.kind, each.nominal, each.due) for each in view.promise.checkpoints]
            assert dates == [
                (3, Kind.WITHIN, date(2025, 11, 28), date(2025, 11, 28)),
                (10, Kind.AFTER, date(2026, 6, 28), date(2026, 6, 29)),
                (24, Kind.WITHIN, date(2027, 8, 28), date(2027, 8, 30)),
            ]
            assert {each.rule for each in view.promise.checkpoints} == {WorkingDayRule.FORWARD}

    def test_a_report_that_is_read_again_after_a_loss_gives_the_same_promises(self, house: House) -> None:
        """Also later; another municipality's, or another report's, are others."""
        house.hand_over()
        anew = House("2026-01-05")
        anew.hand_over()
        anew.hand_over(a_report(THERE), at=THERE)
        ids = [view.promise.id for view in house.promises()]
        assert [view.promise.id for view in anew.promises()] == ids
        assert len({*ids, *(view.promise.id for view in anew.promises(at=THERE))}) == 2 * len(ids)
        assert {identity.version for identity in ids} == {7}

    def test_a_promise_for_each_initiative_in_the_reports_order(self, house: House) -> None:
        shown = [(view.promise.recommendation_title, view.promise.title) for view in house.promises()]
        assert shown == [
            ("Økonomi 2035", "Buslinje til metroen"),
            ("Økonomi 2035", "Frivillig fond"),
            ("Forebyggelse", "Frivillige mentorer"),
        ]
        assert house.promises()[0].promise.text == "Hvert kvarter"
        assert house.events() == ["PromiseMade"] * 3

    def test_or_for_each_recommendation(self) -> None:
        house = House()
        assert house.hand_over(a_report(unit=AnswerUnit.RECOMMENDATION)) == 2
        first = house.promises()[0].promise
        assert (first.title, first.text, first.recommendation_title) == (
            "Økonomi 2035",
            "En vision",
            "Økonomi 2035",
        )

    def test_told_twice_or_read_twice_it_is_made_once(self, house: House) -> None:
        assert house.hand_over() == 0
        assert len(house.promises()) == 3
        assert house.events() == ["PromiseMade"] * 3
        assert house.entry.tables.reading == [(HERE, ASSEMBLY)]

    def test_another_report_than_was_handed_over_is_refused(self) -> None:
        house = House()
        house.direct(lambda uow: note_handover(uow, ASSEMBLY, "b" * 64, clock=house.clock))
        assert refused(house.hand_over)[:2] == (Code.FAILED_PRECONDITION, "REPORT_DIGEST_DIFFERS")
        assert house.promises() == []

    def test_a_report_that_is_said_to_have_changed_is_refused(self, house: House) -> None:
        told = refused(house.direct, lambda uow: note_handover(uow, ASSEMBLY, "c" * 64, clock=house.clock))
        assert told[:2] == (Code.FAILED_PRECONDITION, "REPORT_DIGEST_DIFFERS")

    @pytest.mark.parametrize(
        "changes",
        [
            {"recommendations": ()},
            {"answers": ()},
            {"answers": (PromisedAnswer(0),)},
            {"answers": (PromisedAnswer(601),)},
            {"handover_date": date(2090, 1, 1), "answers": (PromisedAnswer(600),)},
        ],
        ids=["no initiatives", "no checkpoints", "no months", "too many months", "past the calendar"],
    )
    def test_nothing_half_done_of_what_cannot_be_promised(self, changes: dict[str, Any]) -> None:
        house = House()
        told = refused(house.hand_over, a_report(**changes))
        assert told[:2] == (Code.FAILED_PRECONDITION, "REPORT_UNUSABLE")
        assert (house.promises(), house.events()) == ([], [])
        assert house.direct(lambda uow: uow.handovers.all())[0].state is HandoverState.WAITING

    def test_before_the_event_there_is_nothing_to_make(self) -> None:
        from services.followup.app.make_promises import make_promises

        house = House()
        told = refused(
            house.direct,
            lambda uow: make_promises(uow, a_report(), clock=house.clock, calendar=CALENDAR),
        )
        assert told[:2] == (Code.NOT_FOUND, "HANDOVER_UNKNOWN")

    def test_why_it_waits_is_noted_and_goes_with_the_wait(self) -> None:
        house = House()
        report = a_report()
        house.direct(lambda uow: note_handover(uow, ASSEMBLY, report.digest, clock=house.clock))
        house.direct(lambda uow: note_trouble(uow, ASSEMBLY, "NEIGHBOUR_UNAVAILABLE"))
        (waiting,) = house.direct(lambda uow: uow.handovers.all())
        assert (waiting.state, waiting.trouble) == (HandoverState.WAITING, "NEIGHBOUR_UNAVAILABLE")
        house.hand_over()
        house.direct(lambda uow: note_trouble(uow, ASSEMBLY, "NEIGHBOUR_UNAVAILABLE"))
        (made,) = house.direct(lambda uow: uow.handovers.all())
        assert (made.state, made.trouble, made.title) == (HandoverState.PROMISED, "", "Velfærd 2035")

    def test_each_municipality_has_its_own(self, house: House) -> None:
        assert house.promises(at=THERE) == []
        assert house.hand_over(at=THERE) == 3
        assert len(house.promises()) == 3
        assert refused(house.act, _get, house.promises()[0].promise.id, at=THERE)[1] == "PROMISE_UNKNOWN"


def _get(uow: Any, caller: Any, promise: UUID, *, clock: Any) -> Any:
    return uow.promises.get(promise)


class TestStanding:
    @pytest.mark.parametrize(
        ("now", "state", "days"),
        [
            ("2025-08-28", State.OPEN, 92),
            ("2025-11-27T22:59:59+00:00", State.OPEN, 1),
            ("2025-11-27T23:00:00+00:00", State.DUE_TODAY, 0),
            # Until local midnight it is not late, whatever the day is in UTC.
            ("2025-11-28T22:59:59+00:00", State.DUE_TODAY, 0),
            ("2025-11-28T23:00:00+00:00", State.OVERDUE, 1),
            ("2026-03-01", State.OVERDUE, 93),
        ],
    )
    def test_it_is_read_off_the_clock(self, house: House, now: str, state: State, days: int) -> None:
        house.go(now)
        view = house.promises()[0]
        status = view.statuses[view.promise.checkpoints[0].id]
        assert (status.state, status.days) == (state, days)
        late = state is State.OVERDUE
        assert view.standing.stand is (Stand.OVERDUE if late else Stand.WAITING)
        assert [each.promise.id for each in house.promises(overdue=True)] == (
            [each.promise.id for each in house.promises()] if late else []
        )

    def test_no_answer_stands_until_there_is_one_and_the_lateness_stays(self, house: House) -> None:
        house.go("2025-12-05")
        house.answer(house.promises()[0], 0, Decision.NOT_FOLLOWED)
        view = house.promises()[0]
        status = view.statuses[view.promise.checkpoints[0].id]
        assert (status.state, status.days) == (State.ANSWERED_LATE, 7)
        assert view.standing.stand is Stand.NOT_FOLLOWED
        assert view.standing.next_due == date(2026, 6, 29)
        assert len(house.promises(overdue=True)) == 2

    def test_a_later_date_that_passes_shows_over_an_earlier_answer(self, house: House) -> None:
        house.go("2025-11-01")
        house.answer(house.promises()[0])
        house.go("2026-06-30")
        view = house.promises()[0]
        assert view.standing.stand is Stand.OVERDUE
        assert view.standing.latest is not None
        assert view.standing.latest.decision is Decision.FOLLOWED

    def test_a_clock_that_was_moved_back_takes_no_page_away(self, house: House) -> None:
        house.go("2025-11-01")
        house.answer(house.promises()[0])
        house.go("2025-09-01")
        assert house.promises()[0].standing.stand is Stand.FOLLOWED


class TestAnswers:
    def test_answers_stand_beside_one_another_and_the_newest_says_where_it_stands(self, house: House) -> None:
        house.go("2025-10-01")
        first = house.answer(house.promises()[0], decision=Decision.UNDER_WAY)
        house.go("2025-11-20")
        house.answer(house.promises()[0], decision=Decision.PARTLY, committee="Klima og Veje")
        view = house.promises()[0]
        answers = view.promise.checkpoints[0].answers
        assert [each.decision for each in answers] == [Decision.UNDER_WAY, Decision.PARTLY]
        assert answers[0] == first.answer
        assert answers[1].answer_date == date(2025, 11, 20)
        assert view.standing.stand is Stand.PARTLY
        assert house.events()[3:] == ["PromiseAnswered"] * 2
        assert house.entry.tables.counted == {"UNDER_WAY": 1, "PARTLY": 1}
        assert [entry[2] for entry in house.entry.tables.audit][1:] == ["answer.create"] * 2

    def test_every_wrong_field_at_once(self, house: House) -> None:
        told = refused(
            house.answer,
            house.promises()[0],
            decision=None,
            reason=" \n ",
            committee="u" * 121,
            office="k\x00",
            actions="h" * 4001,
            evidence_uris=("https://x.dk", "ftp://x.dk", "javascript:alert(1)"),
        )
        assert told == (
            Code.INVALID_ARGUMENT,
            "ANSWER_INVALID",
            [
                ("decision", "DECISION_REQUIRED"),
                ("reason", "REASON_REQUIRED"),
                ("committee", "TEXT_TOO_LONG"),
                ("office", "TEXT_UNPRINTABLE"),
                ("actions", "TEXT_TOO_LONG"),
                ("evidence_uris[1]", "ADDRESS_INVALID"),
                ("evidence_uris[2]", "ADDRESS_INVALID"),
            ],
        )
        assert house.promises()[0].promise.checkpoints[0].answers == ()

    @pytest.mark.parametrize(
        ("uri", "good"),
        [
            ("https://strandby.dk/referat?nr=1#punkt-4", True),
            ("http://127.0.0.1:8080/", True),
            ("HTTPS://ÆBLE.dk", True),
            ("https://[::1]/x", True),
            ("https://", False),
            ("//x.dk", False),
            ("https:x.dk", False),
            ("https://x.dk:99999/", False),
            ("https://user:secret@x.dk/", False),
            ("https://x.dk/a b", False),
            ("https://x.dk/\nb", False),
            ("data:text/html,x", False),
            ("https://x.dk/" + "a" * 2000, False),
            ("", False),
        ],
    )
    def test_evidence_is_an_address_of_the_web(self, house: House, uri: str, good: bool) -> None:
        if good:
            assert house.answer(house.promises()[0], evidence_uris=(uri,)).answer.evidence_uris == (uri,)
            return
        assert refused(house.answer, house.promises()[0], evidence_uris=(uri,))[2] == [
            ("evidence_uris[0]", "ADDRESS_INVALID")
        ]

    def test_at_most_twenty_addresses(self, house: House) -> None:
        uris = tuple(f"https://x.dk/{number}" for number in range(21))
        told = refused(house.answer, house.promises()[0], evidence_uris=uris)
        assert told[2] == [("evidence_uris", "TOO_MANY_ADDRESSES")]

    @pytest.mark.parametrize("now", ["2025-08-28", "2026-06-27T21:59:59+00:00"])
    def test_an_after_checkpoint_cannot_be_answered_before_its_day(self, house: House, now: str) -> None:
        house.go(now)
        told = refused(house.answer, house.promises()[0], 1)
        assert told == (Code.FAILED_PRECONDITION, "CHECKPOINT_NOT_OPEN", [])
        house.go("2026-06-27T22:00:00+00:00")
        assert house.answer(house.promises()[0], 1).answer.answer_date == date(2026, 6, 28)

    def test_what_is_unknown(self, house: House) -> None:
        from services.followup.app.create_answer import CreateAnswer, create_answer
        from services.followup.domain.fields import AnswerFields

        view = house.promises()[0]
        fields = AnswerFields(Decision.FOLLOWED, "ja")
        unknown = UUID(int=1)
        wrong = CreateAnswer(unknown, unknown, fields)
        assert refused(house.act, create_answer, wrong)[:2] == (Code.NOT_FOUND, "PROMISE_UNKNOWN")
        wrong = CreateAnswer(view.promise.id, unknown, fields)
        assert refused(house.act, create_answer, wrong)[:2] == (Code.NOT_FOUND, "CHECKPOINT_UNKNOWN")


class TestExtensions:
    def test_it_stands_beside_the_original_and_moves_by_the_same_rule(self, house: House) -> None:
        house.go("2025-11-20")
        made = house.extend(house.promises()[0], "2026-01-31")  # a Saturday
        assert (made.extension.until, made.extension.due) == (date(2026, 1, 31), date(2026, 2, 2))
        checkpoint = house.promises()[0].promise.checkpoints[0]
        assert (checkpoint.due, checkpoint.effective_due) == (date(2025, 11, 28), date(2026, 2, 2))
        assert house.events()[3:] == ["PromiseExtended"]
        house.go("2026-02-02")
        assert house.promises()[0].standing.stand is Stand.WAITING
        house.go("2026-02-03")
        assert house.promises()[0].standing.stand is Stand.OVERDUE

    def test_what_was_overdue_is_told_again_when_the_new_date_passes_too(self, house: House) -> None:
        house.go("2025-11-29")
        assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == 3
        house.extend(house.promises()[0], "2025-12-15")
        assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == 0
        house.go("2025-12-16")
        assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == 1
        assert house.events().count("PromiseOverdue") == 4

    @pytest.mark.parametrize(
        ("until", "reason"),
        [
            ("", "DATE_REQUIRED"),
            ("2026-02-30", "DATE_INVALID"),
            ("30.1.2026", "DATE_INVALID"),
            ("20260130", "DATE_INVALID"),
            ("2025-11-28", "EXTENSION_NOT_LATER"),
            ("2101-01-01", "DATE_OUT_OF_CALENDAR"),
        ],
    )
    def test_a_date_that_will_not_do(self, house: House, until: str, reason: str) -> None:
        told = refused(house.extend, house.promises()[0], until)
        assert told == (Code.INVALID_ARGUMENT, "EXTENSION_INVALID", [("until_date", reason)])

    def test_a_date_that_has_passed(self, house: House) -> None:
        house.go("2026-03-01")
        assert refused(house.extend, house.promises()[0], "2026-01-15")[2] == [
            ("until_date", "EXTENSION_PAST")
        ]

    def test_who_and_why_are_mandatory(self, house: House) -> None:
        told = refused(house.extend, house.promises()[0], "", office=" ", reason="")
        assert told[2] == [
            ("until_date", "DATE_REQUIRED"),
            ("office", "FIELD_REQUIRED"),
            ("reason", "REASON_REQUIRED"),
        ]

    def test_an_answered_checkpoint_needs_no_time(self, house: House) -> None:
        house.answer(house.promises()[0])
        told = refused(house.extend, house.promises()[0], "2026-01-30")
        assert told[:2] == (Code.FAILED_PRECONDITION, "CHECKPOINT_ANSWERED")


class TestVolunteers:
    def seek(self, house: House, wanted: int, task: str = "Gå ture", etag: str = "") -> Any:
        promise = house.promises()[0].promise.id
        command = SeekVolunteers(promise, SeekFields(wanted, task), etag)
        return house.act(seek_volunteers, command, by=COORDINATOR)

    @pytest.mark.parametrize("decision", [None, Decision.UNDER_WAY, Decision.NOT_FOLLOWED])
    def test_only_for_what_the_council_follows(self, house: House, decision: Decision | None) -> None:
        if decision:
            house.answer(house.promises()[0], decision=Decision.FOLLOWED)
            house.go("2025-09-01")
            house.answer(house.promises()[0], decision=decision)
        assert refused(self.seek, house, 5)[:2] == (Code.FAILED_PRECONDITION, "PROMISE_NOT_FOLLOWED")

    @pytest.mark.parametrize("decision", [Decision.FOLLOWED, Decision.PARTLY])
    def test_it_is_told_once_per_change(self, house: House, decision: Decision) -> None:
        house.answer(house.promises()[0], decision=decision)
        view = self.seek(house, 5)
        assert (view.promise.volunteers_wanted, view.promise.volunteers_task) == (5, "Gå ture")
        self.seek(house, 5, "Gå lange ture")
        assert house.events().count("VolunteersSought") == 1
        assert [each.promise.title for each in house.promises(seeking=True)] == ["Buslinje til metroen"]
        assert refused(self.seek, house, 6, etag=view.etag)[:2] == (Code.ABORTED, "ETAG_STALE")
        assert self.seek(house, 0).promise.volunteers_task == ""
        assert house.events().count("VolunteersSought") == 2
        assert house.promises(seeking=True) == []

    def test_no_more_can_be_sought_whatever_was_answered_since(self, house: House) -> None:
        house.answer(house.promises()[0])
        self.seek(house, 5)
        house.go("2025-09-02")
        house.answer(house.promises()[0], decision=Decision.NOT_FOLLOWED)
        assert self.seek(house, 0).promise.volunteers_wanted == 0

    @pytest.mark.parametrize(
        ("wanted", "task", "violations"),
        [
            (-1, "x", [("wanted", "WANTED_OUT_OF_RANGE")]),
            (1001, "", [("wanted", "WANTED_OUT_OF_RANGE"), ("task", "FIELD_REQUIRED")]),
            (3, "t" * 1001, [("task", "TEXT_TOO_LONG")]),
        ],
    )
    def test_wrong_fields(
        self, house: House, wanted: int, task: str, violations: list[tuple[str, str]]
    ) -> None:
        house.answer(house.promises()[0])
        assert refused(self.seek, house, wanted, task) == (
            Code.INVALID_ARGUMENT,
            "SEEK_INVALID",
            violations,
        )


class TestTelling:
    def test_each_date_once(self, house: House) -> None:
        house.go("2025-11-28")
        assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == 0
        house.answer(house.promises()[0])
        house.go("2025-11-29")
        assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == 2
        assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == 0
        house.go("2026-06-30")
        assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == 3
        assert house.entry.tables.counted["told"] == 5


class TestLists:
    def test_pages_follow_one_another(self, house: House) -> None:
        from services.followup.app.list_promises import ListPromises, list_promises

        token, titles = "", []
        for _ in range(3):
            page = house.act(list_promises, ListPromises(1, token))
            titles += [view.promise.title for view in page.items]
            token = page.next_page_token
        assert token == ""
        assert titles == [view.promise.title for view in house.promises()]
        other = house.act(list_promises, ListPromises(1)).next_page_token
        wrong = ListPromises(1, other, overdue=True)
        assert refused(house.act, list_promises, wrong)[1] == "PAGE_TOKEN_INVALID"

    def test_one_assembly_alone(self, house: House) -> None:
        second = UUID("0199f000-0000-7000-8000-00000000000b")
        house.hand_over(a_report(assembly=second, handover_date=date(2026, 1, 5)))
        assert len(house.promises()) == 6
        assert {view.promise.assembly for view in house.promises(assembly=second)} == {second}


HANDOVERS = st.dates(date(2010, 1, 1), date(2040, 12, 31))


@given(
    handover=HANDOVERS,
    months=st.lists(st.integers(1, 36), min_size=1, max_size=4),
    kind=st.sampled_from(Kind),
    rule=st.sampled_from(WorkingDayRule),
    late=st.integers(-400, 1200),
)
def test_whatever_the_dates_the_page_the_filter_and_the_sweep_agree(
    handover: date, months: list[int], kind: Kind, rule: WorkingDayRule, late: int
) -> None:
    house = House(handover.isoformat())
    promised = tuple(PromisedAnswer(each, kind, rule) for each in months)
    house.hand_over(a_report(handover_date=handover, answers=promised))
    checkpoints = house.promises()[0].promise.checkpoints
    assert [each.due for each in checkpoints] == sorted(each.due for each in checkpoints)
    today = max(handover, checkpoints[0].due + timedelta(days=late))
    house.go(today.isoformat())
    views = house.promises()
    by_page = sum(status.state is State.OVERDUE for view in views for status in view.statuses.values())
    assert by_page == sum(each.due < today for each in checkpoints) * len(views)
    assert len(house.promises(overdue=True)) == (len(views) if by_page else 0)
    assert house.direct(lambda uow: tell_overdue(uow, clock=house.clock)) == by_page


@given(day=st.dates(date(2025, 8, 28), date(2027, 12, 31)), number=st.integers(0, 2))
def test_an_answer_counts_from_the_first_day_on_and_never_before(day: date, number: int) -> None:
    house = House()
    house.hand_over()
    house.go(day.isoformat())
    view = house.promises()[0]
    checkpoint = view.promise.checkpoints[number]
    if day < checkpoint.opens:
        assert refused(house.answer, view, number)[1] == "CHECKPOINT_NOT_OPEN"
        return
    house.answer(view, number)
    status = house.get(view.promise.id).statuses[checkpoint.id]
    wanted = State.ANSWERED_IN_TIME if day <= checkpoint.due else State.ANSWERED_LATE
    assert (status.state, status.days) == (wanted, max((day - checkpoint.due).days, 0))
