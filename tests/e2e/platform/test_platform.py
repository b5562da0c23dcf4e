"""Four services in the middle of an assembly, as their operators see them: by traces, and after a restore."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.assembly import steps
from tests.e2e.assembly.conftest import make_keys
from tests.e2e.assembly.houses import SERVICES, FourProcesses
from tests.e2e.assembly.steps import Story
from tests.e2e.assembly.town import Town
from tests.infrastructure.collector import Collector, Span, running_collector
from tests.infrastructure.kafka import running_kafka
from tests.infrastructure.nginx import running_ingress
from tests.infrastructure.places import lasting_ports
from tests.infrastructure.postgres import PostgresServer


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Stopped in mid-story: a report handed over, an answer given, a task that needs somebody."""
    tmp_path = tmp_path_factory.mktemp("platform")
    with ExitStack() as stack:
        collector = stack.enter_context(running_collector())
        postgres = stack.enter_context(PostgresServer.running())
        kafka = stack.enter_context(running_kafka(tmp_path / "kafka"))
        ports = dict(zip(SERVICES, lasting_ports(len(SERVICES)), strict=True))
        site = stack.enter_context(
            running_ingress({name: f"127.0.0.1:{port}" for name, port in ports.items()})
        )
        make_keys(tmp_path / "keys")
        house = FourProcesses(
            tmp_path,
            postgres,
            kafka.bootstrap,
            ports,
            site,
            BORGERTING_TELEMETRY__OTLP_ENDPOINT=collector.address,
        )
        stack.callback(house.stop)
        house.start()
        town = Town(house, "hjemby")
        stack.callback(town.close)
        made = Platform(house, postgres, tmp_path, collector, Story(town))
        made.play()
        yield made


class Platform:
    """The four services, and what their operator does to them."""

    def __init__(
        self,
        house: FourProcesses,
        postgres: PostgresServer,
        folder: Path,
        collector: Collector,
        story: Story,
    ) -> None:
        self.house = house
        self.collector = collector
        self.story = story
        self._postgres = postgres
        self._backups = folder / "backups"
        self._backups.mkdir()

    def play(self) -> None:
        """As far as everything has been told to somebody; backed up early and late."""
        story, town = self.story, self.story.town
        steps.a_municipality(story, town)
        steps.a_selection(story, town, 12, 60)
        steps.an_assembly(story, town)
        steps.a_public_draw(story, town, 1000)
        self.back_up("early", "followup", "volunteer")
        steps.everyone_says_yes(story, town, 12)
        steps.members(story, town, 12)
        steps.a_report(story, town, 2, 3)
        steps.handover(story, town)
        steps.what_is_owed(story, town, 3)
        steps.an_answer(story, town, 1, "followed")
        steps.seeking(story, town, 1, 1)
        steps.a_task(story, town)
        steps.one_free(story, town)
        self.back_up("late", "deliberation", "sortition")

    def back_up(self, moment: str, *services: str) -> None:
        """Beside the running services."""
        for service in services:
            self._postgres.dump(f"borgerting_{service}", self._file(moment, service))

    def restore(self, **moments: str) -> None:
        """Each service's database, to the moment of that name; the services stand still."""
        for service, moment in moments.items():
            self._postgres.restore(service, self._file(moment, service))

    def _file(self, moment: str, service: str) -> Path:
        return self._backups / f"{service}-{moment}"

    def doctor(self, *arguments: str) -> tuple[int, str]:
        """Its exit code, and what it said: `borgerting doctor` with the settings of all services."""
        done = self.house.command("doctor", *arguments)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, done.stdout

    def faults(self) -> set[tuple[str, str]]:
        """Of which service, and which."""
        facts = json.loads(self.doctor("--json")[1])
        return {
            (service, misfit["fault"])
            for service, found in facts["services"].items()
            for misfit in found["misfits"]
        }


@pytest.mark.parametrize(
    ("call", "chain"),
    [
        (
            "borgerting.sortition.v1.SelectionService/ConfirmPanel",
            ["sortition SERVER", "deliberation CONSUMER"],
        ),
        (
            "borgerting.deliberation.v1.ReportService/HandOverReport",
            # The event, the work that it asks for, and that work's question, by gRPC with certificates.
            [
                "deliberation SERVER",
                "followup CONSUMER",
                "followup CONSUMER",
                "followup CLIENT",
                "deliberation SERVER",
            ],
        ),
        (
            "borgerting.followup.v1.PromiseService/SeekVolunteers",
            ["followup SERVER", "volunteer CONSUMER"],
        ),
    ],
)
def test_what_a_call_causes_in_other_processes_is_of_its_trace(
    platform: Platform, call: str, chain: list[str]
) -> None:
    root = platform.collector.only(call)
    assert root.parent == ""
    platform.collector.until(lambda spans: chain in chains(spans), root.trace)


def chains(spans: list[Span]) -> list[list[str]]:
    """Of each span, what led to it: service and kind, from the root on."""
    by_id = {one.id: one for one in spans}

    def above(one: Span) -> list[str]:
        before = above(by_id[one.parent]) if one.parent in by_id else []
        return [*before, f"{one.service} {one.kind}"]

    return [above(one) for one in spans]


def test_four_databases_of_different_moments_and_an_empty_log(platform: Platform) -> None:
    """As docs/backup.md says: by pg_dump and pg_restore, and with none of the events that Kafka had."""
    story, town = platform.story, platform.story.town
    owed = {promise.title: promise.name for promise in story.promises()}
    assert platform.doctor()[0] == 0

    platform.house.stop()
    platform.restore(followup="early", volunteer="early", deliberation="late", sortition="late")
    platform.house.lose_events()
    assert {("followup", "ahead"), ("volunteer", "ahead"), ("deliberation", "not in the log")} <= (
        platform.faults()
    )
    # What the front page was told of answers and tasks is known, and gone: that is for a person to decide.
    assert platform.doctor("--mend")[0] == 1
    platform.house.start()

    # The promises are made anew by the report, under their ids; the answer and the task are done again.
    steps.what_is_owed(story, town, 3)
    assert {promise.title: promise.name for promise in story.promises()} == owed
    steps.members(story, town, 12)
    steps.an_answer(story, town, 1, "followed")
    steps.seeking(story, town, 1, 1)
    steps.a_task(story, town)
    assert platform.faults() == {("followup", "lost"), ("volunteer", "lost")}
    platform.doctor("--give-up-lost")
    town.eventually(platform.doctor, lambda said: said[0] == 0)

    # And everything goes on.
    steps.one_free(story, town)
    steps.two_at_once(story, town)
    steps.one_place(story)
    steps.none_free(story, town)
    steps.time_passes(story, town, None)
    steps.in_time(story, 1)
    steps.overdue(story)
    steps.counted(story, town, 1, 9, 2)
    assert platform.doctor()[0] == 0
