"""A date that passes unanswered is told once, however many look, and the gauges follow the clock."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from borgerting.followup.v1 import events_pb2 as events_pb
from borgerting.followup.v1 import promise_service_pb2 as pb
from services.followup.app.ports import TELL_OVERDUE_JOB
from tests.component.followup.house import HERE, OFFICER, THERE, House, a_report, never, quiet
from tests.infrastructure.stores import Stores


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    made.hand_over()
    yield made
    made.database.close()


def test_the_page_says_so_before_anybody_swept(house: House) -> None:
    house.go("2025-11-28")
    assert {p.checkpoints[0].state for p in house.promises()} == {pb.Checkpoint.STATE_DUE_TODAY}
    house.go("2025-11-29")
    assert {p.checkpoints[0].state for p in house.promises()} == {pb.Checkpoint.STATE_OVERDUE}
    assert len(house.promises(overdue=True)) == 3


def test_a_date_is_told_the_day_after_once(house: House) -> None:
    house.go("2025-11-28")
    assert house.tell() == 0
    house.answer(house.promises()[0].checkpoints[0])
    house.go("2025-11-29")
    assert house.tell() == 1
    told = house.events("PromiseOverdue")
    assert sorted(told) == sorted(f"{HERE}/promises/{p.name[-36:]}" for p in house.promises()[1:])
    assert house.tell() == 0
    for later in ("2025-11-30", "2026-06-29"):
        house.go(later)
        assert house.tell() == 0
    house.go("2026-06-30")
    assert house.tell() == 1
    assert len(house.events("PromiseOverdue")) == 5


def test_a_municipality_where_nothing_passed_gets_no_job(house: House) -> None:
    house.go("2025-11-29")
    house.sweep().look()
    assert house.job_rows(TELL_OVERDUE_JOB) == [(HERE, "2025-11-29", "QUEUED")]


def test_each_municipality_by_its_own_midnight(house: House) -> None:
    house.hand_over(at=THERE)
    # Past midnight in Auckland, noon in Copenhagen.
    house.go("2025-11-28T11:30:00+00:00")
    house.sweep().look()
    assert house.job_rows(TELL_OVERDUE_JOB) == [(THERE, "2025-11-29", "QUEUED")]
    house.go("2025-11-28T23:00:00+00:00")
    house.sweep().look()
    assert house.job_rows(TELL_OVERDUE_JOB) == [
        (HERE, "2025-11-29", "QUEUED"),
        (THERE, "2025-11-29", "QUEUED"),
    ]


def test_two_replicas_look_at_once_and_it_is_told_once(house: House, stores: Stores) -> None:
    other = stores.again(house.database)
    house.go("2025-11-29")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda database: house.sweep(database).look(), [house.database, other] * 2))
    assert house.job_rows(TELL_OVERDUE_JOB) == [(HERE, "2025-11-29", "QUEUED")]
    first = house.claim(TELL_OVERDUE_JOB, "w1")
    assert first is not None
    assert house.claim(TELL_OVERDUE_JOB, "w2", other) is None
    # The first is slow; its lease runs out, and the other does the work before it.
    with house.database.writing(HERE) as transaction:
        transaction.jobs.expire_leases([TELL_OVERDUE_JOB])
    second = house.claim(TELL_OVERDUE_JOB, "w2", other)
    assert second is not None

    def run(job: object) -> str:
        database = other if job is second else house.database
        try:
            house.teller(database).run(job, quiet, never)  # type: ignore[arg-type]
        except Exception as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, [first, second])) == ["LeaseLost", "done"]
    assert len(house.events("PromiseOverdue")) == 3


def test_an_extension_moves_the_day_of_telling(house: House) -> None:
    promise = house.promises()[0]
    request = pb.CreateExtensionRequest(
        parent=promise.checkpoints[0].name,
        extension=pb.Extension(office="Veje", reason="Budget"),
    )
    request.extension.until_date.year, request.extension.until_date.month = 2025, 12
    request.extension.until_date.day = 15
    house.desk.create_extension(OFFICER, request)
    (told,) = house.messages(events_pb.PromiseExtended)
    assert (told.promise, told.checkpoint) == (promise.name, promise.checkpoints[0].name)
    assert (told.previous_due_date.month, told.previous_due_date.day) == (11, 28)
    assert (told.due_date.month, told.due_date.day) == (12, 15)
    house.go("2025-11-29")
    house.tell()
    assert len(house.events("PromiseOverdue")) == 2
    house.go("2025-12-16")
    house.tell()
    assert len(house.events("PromiseOverdue")) == 3


def test_gauges_follow_the_clock_and_the_answers(house: House) -> None:
    def gauges() -> tuple[float, ...]:
        states = [house.total("borgerting_followup_promises", state=state) for state in STATES]
        soon = house.total("borgerting_followup_checkpoints_due_30d")
        return (*states, soon, house.total("borgerting_followup_checkpoints_overdue"))

    def week(municipality: str = HERE) -> float:
        return house.gauge(f'borgerting_followup_checkpoints_due_7d{{municipality="{municipality}"}}')

    def days() -> float:
        return house.gauge(f'borgerting_followup_next_due_days{{municipality="{HERE}"}}')

    assert gauges() == (0, 0, 3, 0, 0)
    house.go("2025-10-28")
    assert gauges() == (0, 0, 3, 0, 0)
    house.go("2025-10-29")
    assert gauges() == (0, 0, 3, 3, 0)
    assert (days(), week()) == (30, 0)
    house.go("2025-11-20")
    assert (days(), week()) == (8, 0)
    house.go("2025-11-21")
    assert (days(), week(), week(THERE)) == (7, 3, 0)
    house.answer(house.promises()[0].checkpoints[0])
    assert gauges() == (0, 1, 2, 2, 0)
    house.go("2025-11-29")
    assert gauges() == (2, 1, 0, 0, 2)
    house.hand_over(a_report(THERE), at=THERE)
    assert gauges() == (5, 1, 0, 0, 5)
    house.go("2026-06-30")
    assert gauges() == (6, 0, 0, 0, 11)
    assert house.gauge('borgerting_followup_answers_total{decision="FOLLOWED"}') == 1
    house.tell()
    assert house.gauge("borgerting_followup_overdue_told_total") == 11


STATES = ("overdue", "answered", "waiting")
