"""Assemblies and reports as protobuf messages, and back."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from google.type.date_pb2 import Date

from borgerting.deliberation.v1 import assembly_service_pb2 as pb
from borgerting.deliberation.v1 import report_service_pb2 as report_pb
from chassis.errors import DomainError, FieldViolation
from services.deliberation.adapters import names
from services.deliberation.adapters.wire import timestamp
from services.deliberation.app.views import AssemblyView, InitiativeView, RecommendationView, ReportView
from services.deliberation.domain.assembly import AnswerUnit, AssemblyFields, AssemblyState
from services.deliberation.domain.checkpoint import Checkpoint, CheckpointKind, WorkingDayRule
from services.deliberation.domain.report import ReportState
from services.deliberation.domain.support import Base, Support

_STATES = {
    AssemblyState.PREPARING: pb.Assembly.STATE_PREPARING,
    AssemblyState.SEATED: pb.Assembly.STATE_SEATED,
    AssemblyState.HANDED_OVER: pb.Assembly.STATE_HANDED_OVER,
}
_UNITS = {
    AnswerUnit.INITIATIVE: pb.Assembly.ANSWER_UNIT_INITIATIVE,
    AnswerUnit.RECOMMENDATION: pb.Assembly.ANSWER_UNIT_RECOMMENDATION,
}
_KINDS = {
    CheckpointKind.WITHIN: pb.Checkpoint.KIND_WITHIN,
    CheckpointKind.AFTER: pb.Checkpoint.KIND_AFTER,
}
_RULES = {
    WorkingDayRule.FORWARD: pb.Checkpoint.WORKING_DAY_RULE_FORWARD,
    WorkingDayRule.BACK: pb.Checkpoint.WORKING_DAY_RULE_BACK,
    WorkingDayRule.NONE: pb.Checkpoint.WORKING_DAY_RULE_NONE,
}
_BASES = {
    Base.FOR_AND_AGAINST: report_pb.Support.BASE_FOR_AND_AGAINST,
    Base.CAST: report_pb.Support.BASE_CAST,
    Base.ENTITLED: report_pb.Support.BASE_ENTITLED,
    Base.PRESENT: report_pb.Support.BASE_PRESENT,
}
_REPORT_STATES = {
    ReportState.DRAFT: report_pb.Report.STATE_DRAFT,
    ReportState.HANDED_OVER: report_pb.Report.STATE_HANDED_OVER,
}
# 0, which is what was not said, has its default.
_UNITS_BACK = {0: AnswerUnit.INITIATIVE, **{int(n): unit for unit, n in _UNITS.items()}}
_KINDS_BACK = {0: CheckpointKind.WITHIN, **{int(n): kind for kind, n in _KINDS.items()}}
_RULES_BACK = {0: WorkingDayRule.FORWARD, **{int(n): rule for rule, n in _RULES.items()}}
_BASES_BACK = {int(n): base for base, n in _BASES.items()}


def assembly_to_proto(view: AssemblyView) -> pb.Assembly:
    assembly = view.assembly
    return pb.Assembly(
        name=assembly.name,
        title=assembly.title,
        task=assembly.task,
        outside=assembly.outside,
        selection=assembly.selection_name,
        checkpoints=map(checkpoint_to_proto, assembly.checkpoints),
        answer_unit=_UNITS[assembly.answer_unit],
        state=_STATES[assembly.state],
        members=assembly.members,
        create_time=timestamp(assembly.create_time),
        update_time=timestamp(assembly.update_time),
        etag=view.etag,
    )


def checkpoint_to_proto(checkpoint: Checkpoint) -> pb.Checkpoint:
    return pb.Checkpoint(
        months=checkpoint.months,
        kind=_KINDS[checkpoint.kind],
        working_day_rule=_RULES[checkpoint.working_day_rule],
    )


def assembly_fields(
    message: pb.Assembly, municipality: str
) -> tuple[AssemblyFields, tuple[FieldViolation, ...]]:
    """What the message says, and which of its fields cannot be read."""
    wrong: list[FieldViolation] = []
    checkpoints = []
    for index, each in enumerate(message.checkpoints):
        kind, rule = _KINDS_BACK.get(each.kind), _RULES_BACK.get(each.working_day_rule)
        if kind is None:
            wrong.append(FieldViolation(f"checkpoints[{index}].kind", "FIELD_INVALID"))
        if rule is None:
            wrong.append(FieldViolation(f"checkpoints[{index}].working_day_rule", "FIELD_INVALID"))
        checkpoints.append(
            Checkpoint(each.months, kind or CheckpointKind.WITHIN, rule or WorkingDayRule.FORWARD)
        )
    unit = _UNITS_BACK.get(message.answer_unit)
    if unit is None:
        wrong.append(FieldViolation("answer_unit", "FIELD_INVALID"))
    fields = AssemblyFields(
        message.title,
        message.task,
        message.outside,
        _selection(message.selection, municipality, wrong),
        tuple(checkpoints),
        unit or AnswerUnit.INITIATIVE,
    )
    return fields, tuple(wrong)


def _selection(name: str, municipality: str, wrong: list[FieldViolation]) -> UUID | None:
    if not name:
        return None
    try:
        ids = names.SELECTION.parse(name, field="selection")
        if ids["municipality"] == municipality:
            return names.identity(ids["selection"], "SELECTION_UNKNOWN")
        wrong.append(FieldViolation("selection", "SELECTION_UNKNOWN"))
    except DomainError as error:
        wrong += error.violations or (FieldViolation("selection", "SELECTION_UNKNOWN"),)
    return None


def support_of(message: report_pb.Initiative) -> Support | None:
    """None when no ballot was held on it."""
    if not message.HasField("support"):
        return None
    support = message.support
    return Support(
        getattr(support, "for"),
        support.against,
        support.abstain,
        support.entitled,
        support.present,
        _BASES_BACK.get(support.base),
    )


def report_to_proto(view: ReportView) -> report_pb.Report:
    report, handover = view.report, view.report.handover
    checkpoints = handover.checkpoints if handover else view.assembly.checkpoints
    unit = handover.answer_unit if handover else view.assembly.answer_unit
    return report_pb.Report(
        name=report.name,
        title=view.title,
        preface=report.preface,
        recommendations=map(recommendation_to_proto, view.recommendations),
        state=_REPORT_STATES[report.state],
        handover_date=date_to_proto(handover.day) if handover else None,
        handover_time=timestamp(handover.time) if handover else None,
        checkpoints=map(checkpoint_to_proto, checkpoints),
        answer_unit=_UNITS[unit],
        digest=handover.digest if handover else "",
        etag=view.etag,
    )


def recommendation_to_proto(view: RecommendationView) -> report_pb.Recommendation:
    recommendation = view.recommendation
    return report_pb.Recommendation(
        name=view.name,
        title=recommendation.title,
        vision=recommendation.vision,
        position=recommendation.position,
        initiatives=map(initiative_to_proto, view.initiatives),
        etag=view.etag,
    )


def initiative_to_proto(view: InitiativeView) -> report_pb.Initiative:
    initiative = view.initiative
    return report_pb.Initiative(
        name=view.name,
        title=initiative.title,
        text=initiative.text,
        support=None if initiative.support is None else support_to_proto(initiative.support),
        position=initiative.position,
        etag=view.etag,
    )


def support_to_proto(support: Support) -> report_pb.Support:
    made = report_pb.Support(
        against=support.against,
        abstain=support.abstain,
        entitled=support.entitled,
        present=support.present,
        base=_BASES[support.base] if support.base else report_pb.Support.BASE_UNSPECIFIED,
    )
    setattr(made, "for", support.in_favour)  # a word that Python keeps for itself
    return made


def date_to_proto(day: date) -> Date:
    return Date(year=day.year, month=day.month, day=day.day)


def date_of(message: Date) -> date:
    return date(message.year, message.month, message.day)
