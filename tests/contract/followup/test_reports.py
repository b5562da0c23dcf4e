"""One suite for the port to deliberation: the fake, and the client, over TCP and within the process, to a
servicer of the contract's own generated base class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date

from borgerting.deliberation.v1 import assembly_service_pb2 as assembly_pb
from borgerting.deliberation.v1 import report_service_pb2 as pb
from borgerting.deliberation.v1 import report_service_pb2_grpc as pb_grpc
from chassis.errors import Code, DomainError
from chassis.rpc.client import tcp_channel
from chassis.rpc.local import LocalServer
from chassis.rpc.server import GrpcServiceRegistration
from services.followup.adapters.clients import DeliberationReports
from services.followup.app.ports import Reports
from services.followup.deadlines.types import Kind, WorkingDayRule
from services.followup.domain.report import AnswerUnit, PromisedAnswer, Report
from tests.contract.followup.memory import MemoryReports
from tests.unit.followup.house import ASSEMBLY, HERE, THERE, a_report

NAME = f"municipalities/{HERE}/assemblies/{ASSEMBLY}/report"
RULES = {
    WorkingDayRule.FORWARD: assembly_pb.Checkpoint.WORKING_DAY_RULE_FORWARD,
    WorkingDayRule.BACK: assembly_pb.Checkpoint.WORKING_DAY_RULE_BACK,
    WorkingDayRule.NONE: assembly_pb.Checkpoint.WORKING_DAY_RULE_NONE,
}
KINDS = {
    Kind.WITHIN: assembly_pb.Checkpoint.KIND_WITHIN,
    Kind.AFTER: assembly_pb.Checkpoint.KIND_AFTER,
}


def message_of(report: Report) -> pb.Report:
    """The report as deliberation would send it."""
    day = report.handover_date
    return pb.Report(
        name=NAME,
        title=report.title,
        digest=report.digest,
        state=pb.Report.STATE_HANDED_OVER,
        handover_date=Date(year=day.year, month=day.month, day=day.day),
        answer_unit=assembly_pb.Assembly.AnswerUnit.Value(f"ANSWER_UNIT_{report.unit}"),
        checkpoints=[
            assembly_pb.Checkpoint(
                months=each.months, kind=KINDS[each.kind], working_day_rule=RULES[each.rule]
            )
            for each in report.answers
        ],
        recommendations=[
            pb.Recommendation(
                name=each.name,
                title=each.title,
                vision=each.vision,
                initiatives=[
                    pb.Initiative(name=own.name, title=own.title, text=own.text) for own in each.initiatives
                ],
            )
            for each in report.recommendations
        ],
    )


class Deliberation(pb_grpc.ReportServiceServicer):
    """Answers what it is told to."""

    def __init__(self) -> None:
        self.messages: dict[str, pb.Report] = {}
        self.away = False
        self.metadata: dict[str, Any] = {}

    def GetReport(self, request: pb.GetReportRequest, context: grpc.ServicerContext) -> pb.Report:
        self.metadata = dict(context.invocation_metadata())
        if self.away:
            context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        if request.name not in self.messages:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such report")
        return self.messages[request.name]


@dataclass
class Asked:
    """The port under test, and how to say what the neighbour answers."""

    port: Reports
    offer: Callable[[Report], None]
    away: Callable[[], None]


def fake() -> Asked:
    made = MemoryReports()

    def offer(report: Report) -> None:
        made.reports[HERE, report.assembly] = report

    def away() -> None:
        made.away = True

    return Asked(made, offer, away)


def client(channel: grpc.Channel, servicer: Deliberation) -> Asked:
    def offer(report: Report) -> None:
        servicer.messages[NAME] = message_of(report)

    def away() -> None:
        servicer.away = True

    return Asked(DeliberationReports(channel), offer, away)


@pytest.fixture
def servicer() -> Deliberation:
    return Deliberation()


def in_process(servicer: Deliberation) -> grpc.Channel:
    registration = GrpcServiceRegistration(
        pb_grpc.add_ReportServiceServicer_to_server, servicer, "borgerting.deliberation.v1.ReportService"
    )
    return LocalServer([registration]).channel("followup")


@pytest.fixture(params=["fake", "in process", "tcp"])
def asked(request: pytest.FixtureRequest, servicer: Deliberation) -> Iterator[Asked]:
    if request.param == "fake":
        yield fake()
        return
    if request.param == "in process":
        yield client(in_process(servicer), servicer)
        return
    server = grpc.server(ThreadPoolExecutor(2))
    pb_grpc.add_ReportServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = tcp_channel(f"127.0.0.1:{port}", retry_attempts=2)
    yield client(channel, servicer)
    channel.close()
    server.stop(0).wait()


def refused(call: Callable[[], object]) -> tuple[Code, str]:
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value.code, caught.value.reason


@pytest.mark.parametrize(
    "report",
    [
        a_report(),
        a_report(unit=AnswerUnit.RECOMMENDATION),
        a_report(answers=tuple(PromisedAnswer(7, kind, rule) for kind in Kind for rule in WorkingDayRule)),
    ],
    ids=["initiatives", "recommendations", "every kind and rule"],
)
def test_the_report_comes_whole(asked: Asked, report: Report) -> None:
    asked.offer(report)
    assert asked.port.read(HERE, ASSEMBLY, "c-1") == report


def test_a_neighbour_that_is_away(asked: Asked) -> None:
    asked.away()
    told = refused(lambda: asked.port.read(HERE, ASSEMBLY, "c-1"))
    assert told == (Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")


@pytest.mark.parametrize(("municipality", "assembly"), [(HERE, UUID(int=5)), (THERE, ASSEMBLY)])
def test_a_report_that_is_not_given(asked: Asked, municipality: str, assembly: UUID) -> None:
    asked.offer(a_report())
    told = refused(lambda: asked.port.read(municipality, assembly, "c-1"))
    assert told == (Code.UNAVAILABLE, "REPORT_REFUSED")


def test_nobody_listening_is_a_neighbour_that_is_away() -> None:
    channel = tcp_channel("127.0.0.1:1", retry_attempts=2)
    told = refused(lambda: DeliberationReports(channel).read(HERE, ASSEMBLY, "c-1"))
    assert told == (Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")
    channel.close()


def test_it_is_asked_under_the_event_s_correlation_id(servicer: Deliberation) -> None:
    asked = client(in_process(servicer), servicer)
    asked.offer(a_report())
    asked.port.read(HERE, ASSEMBLY, "c-of-the-event")
    assert "c-of-the-event" in servicer.metadata.values()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda message: message.ClearField("handover_date"), "HANDOVER_DATE"),
        (lambda message: message.handover_date.MergeFrom(Date(month=2, day=31)), "HANDOVER_DATE"),
        (lambda message: setattr(message, "state", pb.Report.STATE_DRAFT), "STATE"),
        (lambda message: setattr(message, "name", NAME.replace(HERE, THERE)), "NAME"),
        (lambda message: setattr(message.checkpoints[0], "kind", 9), "CHECKPOINTS"),
        (lambda message: setattr(message.checkpoints[0], "working_day_rule", 9), "CHECKPOINTS"),
    ],
    ids=["no date", "no such date", "a draft", "another's", "unknown kind", "unknown rule"],
)
def test_what_nothing_can_be_made_of(
    servicer: Deliberation, change: Callable[[pb.Report], object], fault: str
) -> None:
    """A choice of a newer release is never guessed: the date would look right and be wrong."""
    message = message_of(a_report())
    change(message)
    servicer.messages[NAME] = message
    with pytest.raises(DomainError) as caught:
        DeliberationReports(in_process(servicer)).read(HERE, ASSEMBLY, "c-1")
    assert (caught.value.code, caught.value.reason) == (Code.FAILED_PRECONDITION, "REPORT_UNUSABLE")
    assert caught.value.metadata == {"fault": fault}


def test_what_was_left_out_means_the_contracts_default(servicer: Deliberation) -> None:
    message = message_of(a_report(answers=(PromisedAnswer(3),)))
    message.checkpoints[0].ClearField("kind")
    message.checkpoints[0].ClearField("working_day_rule")
    message.ClearField("answer_unit")
    servicer.messages[NAME] = message
    found = DeliberationReports(in_process(servicer)).read(HERE, ASSEMBLY, "c-1")
    assert found.answers == (PromisedAnswer(3, Kind.WITHIN, WorkingDayRule.FORWARD),)
    assert found.unit is AnswerUnit.INITIATIVE
