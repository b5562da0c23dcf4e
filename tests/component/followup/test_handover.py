"""From deliberation's event to promises: read over the network in a job, made once, whatever is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.errors import Code, DomainError
from chassis.inbox import Inbox, Outcome, RetryPolicy
from chassis.jobs import LeaseLost
from chassis.jobs_runner import JobRunner
from services.followup.adapters import consumers
from services.followup.app.ports import READ_REPORT_JOB
from services.followup.domain.report import Report
from tests.component.followup.house import ASSEMBLY, HERE, THERE, House, a_report, never, quiet
from tests.infrastructure.stores import Stores

WAITING = 'borgerting_followup_reports_waiting{reason="%s"}'


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    yield made
    made.database.close()


class Reading:
    """A report that takes what `meanwhile` does before it is there."""

    def __init__(self, house: House, meanwhile: Any) -> None:
        self.house, self.meanwhile = house, meanwhile

    def read(self, municipality: str, assembly: UUID, correlation_id: str) -> Report:
        self.meanwhile()
        return self.house.reports.read(municipality, assembly, correlation_id)


def claimed(house: House, worker: str = "w1") -> Any:
    job = house.claim(READ_REPORT_JOB, worker)
    assert job is not None
    return job


def test_the_event_asks_nobody_and_the_job_makes_all_at_once(house: House) -> None:
    report = a_report()
    house.reports.reports[HERE, ASSEMBLY] = report
    assert house.deliver(report) is Outcome.HANDLED
    assert (house.reports.asked, house.promises()) == (0, [])
    assert house.gauge(WAITING % "NOT_TRIED") == 1
    house.reader().run(claimed(house), quiet, never)
    promises = house.promises()
    assert [promise.title for promise in promises] == [
        "Buslinje til metroen",
        "Frivillig fond",
        "Frivillige mentorer",
    ]
    assert house.events() == ["PromiseMade"] * 3
    assert house.events("PromiseMade") == [
        f"{HERE}/promises/{promise.name.rsplit('/', 1)[1]}" for promise in promises
    ]
    assert house.job_rows(READ_REPORT_JOB) == [(HERE, str(ASSEMBLY), "SUCCEEDED")]
    assert house.gauge(WAITING % "NOT_TRIED") == 0


def test_the_event_once_more_in_every_way_makes_nothing(house: House) -> None:
    report, event = a_report(), uuid4()
    house.reports.reports[HERE, ASSEMBLY] = report
    assert house.deliver(report, event_id=event) is Outcome.HANDLED
    assert house.deliver(report, event_id=event) is Outcome.DUPLICATE
    house.reader().run(claimed(house), quiet, never)
    assert house.deliver(report) is Outcome.DUPLICATE
    assert house.deliver(report, sequence=3, snapshot=True) is Outcome.HANDLED
    assert house.claim(READ_REPORT_JOB) is None
    assert house.events() == ["PromiseMade"] * 3


def test_a_neighbour_that_is_away_is_asked_again(house: House) -> None:
    report = a_report()
    house.reports.away = True
    house.deliver(report)
    for attempt in (1, 2):
        job = claimed(house)
        with pytest.raises(DomainError) as caught:
            house.reader().run(job, quiet, never)
        assert (caught.value.code, caught.value.reason) == (Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")
        assert job.attempts == attempt
        assert house.gauge(WAITING % "NEIGHBOUR_UNAVAILABLE") == 1
        with house.database.writing(HERE) as transaction:
            transaction.jobs.expire_leases([READ_REPORT_JOB])
    house.reports.away, house.reports.reports[HERE, ASSEMBLY] = False, report
    house.reader().run(claimed(house), quiet, never)
    assert len(house.promises()) == 3


def test_the_runner_tries_for_as_long_as_it_takes(house: House) -> None:
    house.deliver(a_report())
    runner = JobRunner("followup", house.database, [house.reader()], house.metrics)
    job = claimed(house)
    # After years of minutes: the pause must not overflow, and the job must not be given up.
    outcome = runner._retry(house.reader(), replace(job, attempts=100_000), "NEIGHBOUR_UNAVAILABLE", {})
    assert outcome == "RETRIED"
    assert house.job_rows(READ_REPORT_JOB) == [(HERE, str(ASSEMBLY), "QUEUED")]


def test_a_reader_that_died_is_followed_by_another(house: House) -> None:
    report = a_report()
    house.reports.reports[HERE, ASSEMBLY] = report
    house.deliver(report)

    def dies() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        house.reader(Reading(house, dies)).run(claimed(house), quiet, never)
    assert house.promises() == []
    with house.database.writing(HERE) as transaction:
        transaction.jobs.expire_leases([READ_REPORT_JOB])
    house.reader().run(claimed(house, "w2"), quiet, never)
    assert house.events() == ["PromiseMade"] * 3


def test_a_slow_reader_that_lost_its_lease_makes_nothing(house: House) -> None:
    report = a_report()
    house.reports.reports[HERE, ASSEMBLY] = report
    house.deliver(report)
    slow = claimed(house)

    def meanwhile() -> None:
        with house.database.writing(HERE) as transaction:
            transaction.jobs.expire_leases([READ_REPORT_JOB])
        house.reader().run(claimed(house, "quick"), quiet, never)

    with pytest.raises(LeaseLost):
        house.reader(Reading(house, meanwhile)).run(slow, quiet, never)
    assert house.events() == ["PromiseMade"] * 3


def test_another_report_than_the_event_told_of_is_not_taken(house: House) -> None:
    house.reports.reports[HERE, ASSEMBLY] = a_report(digest="b" * 64)
    house.deliver(a_report())
    with pytest.raises(DomainError) as caught:
        house.reader().run(claimed(house), quiet, never)
    assert caught.value.reason == "REPORT_DIGEST_DIFFERS"
    assert (house.promises(), house.events()) == ([], [])
    assert house.gauge(WAITING % "REPORT_DIGEST_DIFFERS") == 1


def test_two_reports_at_once_each_make_their_own(house: House) -> None:
    second = UUID("0199f000-0000-7000-8000-00000000000b")
    for report in (a_report(), a_report(assembly=second)):
        house.reports.reports[HERE, report.assembly] = report
        house.deliver(report)
    jobs = [claimed(house, "w1"), claimed(house, "w2")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: house.reader().run(job, quiet, never), jobs))
    assert len(house.promises()) == 6
    assert len(house.promises(assembly=f"municipalities/{HERE}/assemblies/{second}")) == 3


def test_each_municipality_has_its_own(house: House) -> None:
    house.hand_over()
    house.hand_over(at=THERE)
    assert len(house.promises()) == len(house.promises(at=THERE)) == 3
    assert {promise.assembly for promise in house.promises(at=THERE)} == {
        f"municipalities/{THERE}/assemblies/{ASSEMBLY}"
    }


def test_an_event_that_says_a_report_changed_is_parked_and_changes_nothing(house: House) -> None:
    house.hand_over()
    house.inbox = Inbox(house.database, consumers.reports(), RetryPolicy(attempts=1))
    assert house.deliver(a_report(digest="b" * 64), sequence=2) is Outcome.PARKED
    assert house.claim(READ_REPORT_JOB) is None
    assert house.events() == ["PromiseMade"] * 3
