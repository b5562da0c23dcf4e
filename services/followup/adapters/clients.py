"""Deliberation, asked by gRPC for the report that was handed over."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import grpc

from borgerting.deliberation.v1 import assembly_service_pb2 as assembly_pb
from borgerting.deliberation.v1 import report_service_pb2 as pb
from borgerting.deliberation.v1.report_service_pb2_grpc import ReportServiceStub
from chassis.context import system
from chassis.errors import Code, DomainError
from chassis.rpc.client import DEFAULT_TIMEOUT, call_metadata
from services.followup.adapters import names
from services.followup.adapters.wire import iso_date
from services.followup.deadlines.types import Kind, WorkingDayRule
from services.followup.domain.report import (
    AnswerUnit,
    Initiative,
    PromisedAnswer,
    Recommendation,
    Report,
)

_KINDS = {
    assembly_pb.Checkpoint.KIND_UNSPECIFIED: Kind.WITHIN,
    assembly_pb.Checkpoint.KIND_WITHIN: Kind.WITHIN,
    assembly_pb.Checkpoint.KIND_AFTER: Kind.AFTER,
}
_RULES = {
    assembly_pb.Checkpoint.WORKING_DAY_RULE_UNSPECIFIED: WorkingDayRule.FORWARD,
    assembly_pb.Checkpoint.WORKING_DAY_RULE_FORWARD: WorkingDayRule.FORWARD,
    assembly_pb.Checkpoint.WORKING_DAY_RULE_BACK: WorkingDayRule.BACK,
    assembly_pb.Checkpoint.WORKING_DAY_RULE_NONE: WorkingDayRule.NONE,
}
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class DeliberationReports:
    """`channel` calls deliberation as this service."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = ReportServiceStub(channel)

    def read(self, municipality: str, assembly: UUID, correlation_id: str) -> Report:
        name = names.REPORT.format(municipality=municipality, assembly=str(assembly))
        try:
            message = self._stub.GetReport(
                pb.GetReportRequest(name=name),
                metadata=call_metadata(system("followup", correlation_id)),
                timeout=DEFAULT_TIMEOUT,
            )
        except grpc.RpcError as error:
            reason = "NEIGHBOUR_UNAVAILABLE" if error.code() in _AWAY else "REPORT_REFUSED"
            raise DomainError(Code.UNAVAILABLE, reason, {"code": error.code().name}) from None
        return report_of(message, name, assembly)


def report_of(message: pb.Report, name: str, assembly: UUID) -> Report:
    """Raises DomainError FAILED_PRECONDITION REPORT_UNUSABLE with the fault."""
    if message.name != name:
        raise _unusable("NAME")
    if message.state != pb.Report.STATE_HANDED_OVER:
        raise _unusable("STATE")
    by_recommendation = message.answer_unit == assembly_pb.Assembly.ANSWER_UNIT_RECOMMENDATION
    return Report(
        assembly=assembly,
        title=message.title,
        digest=message.digest,
        handover_date=_handover_date(message),
        unit=AnswerUnit.RECOMMENDATION if by_recommendation else AnswerUnit.INITIATIVE,
        answers=tuple(_promised(each) for each in message.checkpoints),
        recommendations=tuple(_recommendation(each) for each in message.recommendations),
    )


def _handover_date(message: pb.Report) -> date:
    try:
        return date.fromisoformat(iso_date(message.handover_date))
    except ValueError:
        raise _unusable("HANDOVER_DATE") from None


def _promised(message: assembly_pb.Checkpoint) -> PromisedAnswer:
    kind, rule = _KINDS.get(message.kind), _RULES.get(message.working_day_rule)
    # A choice that this release does not know is never guessed: the date would look right and be wrong.
    if kind is None or rule is None:
        raise _unusable("CHECKPOINTS")
    return PromisedAnswer(message.months, kind, rule)


def _recommendation(message: pb.Recommendation) -> Recommendation:
    initiatives = tuple(Initiative(each.name, each.title, each.text) for each in message.initiatives)
    return Recommendation(message.name, message.title, message.vision, initiatives)


def _unusable(fault: str) -> DomainError:
    return DomainError(Code.FAILED_PRECONDITION, "REPORT_UNUSABLE", {"fault": fault})
