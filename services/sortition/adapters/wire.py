"""Selections, pools and panels as protobuf messages, and back."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.text import Catalogue
from services.sortition.app import views
from services.sortition.domain.pool import Inclusion
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import SelectionFields, SelectionState
from services.sortition.domain.target import Target

_STATES = {
    SelectionState.PREPARING: pb.Selection.STATE_PREPARING,
    SelectionState.DRAWN: pb.Selection.STATE_DRAWN,
    SelectionState.CONFIRMED: pb.Selection.STATE_CONFIRMED,
}
_IMPORTS = {
    views.ImportState.APPLIED: pb.PoolImport.STATE_APPLIED,
    views.ImportState.WAITING: pb.PoolImport.STATE_WAITING,
    views.ImportState.REFUSED: pb.PoolImport.STATE_REFUSED,
}
_INCLUSIONS = {
    Inclusion.BY_LOT: pb.Person.INCLUSION_BY_LOT,
    Inclusion.MUST: pb.Person.INCLUSION_MUST,
    Inclusion.MUST_NOT: pb.Person.INCLUSION_MUST_NOT,
}
_ANSWERS = {
    Answer.NOT_ASKED: pb.Seat.ANSWER_NOT_ASKED,
    Answer.ASKED: pb.Seat.ANSWER_ASKED,
    Answer.ACCEPTED: pb.Seat.ANSWER_ACCEPTED,
    Answer.DECLINED: pb.Seat.ANSWER_DECLINED,
}
_BOUNDS = {views.Bound.MINIMUM: pb.BOUND_MINIMUM, views.Bound.MAXIMUM: pb.BOUND_MAXIMUM}
_INCLUSIONS_BACK = {number: inclusion for inclusion, number in _INCLUSIONS.items()}
_ANSWERS_BACK = {number: answer for answer, number in _ANSWERS.items()}


def timestamp(instant: datetime | None) -> Timestamp | None:
    if instant is None:
        return None
    made = Timestamp()
    made.FromDatetime(instant)
    return made


def target_to_proto(target: Target) -> pb.Target:
    return pb.Target(
        feature=target.feature,
        value=target.value,
        minimum=target.minimum,
        maximum=target.maximum,
        min_flex=target.min_flex,
        max_flex=target.max_flex,
        reason=target.reason,
    )


def target_of(message: pb.Target) -> Target:
    return Target(
        message.feature,
        message.value,
        message.minimum,
        message.maximum,
        message.min_flex if message.HasField("min_flex") else None,
        message.max_flex if message.HasField("max_flex") else None,
        message.reason,
    )


def fields_of(message: pb.Selection) -> SelectionFields:
    return SelectionFields(
        message.title,
        message.purpose,
        message.size,
        message.per_address or None,
        tuple(map(target_of, message.targets)),
    )


def inclusion_of(number: int) -> Inclusion | None:
    """None for INCLUSION_UNSPECIFIED and for numbers of a newer program."""
    return _INCLUSIONS_BACK.get(pb.Person.Inclusion.ValueType(number))


def answer_of(number: int) -> Answer | None:
    return _ANSWERS_BACK.get(pb.Seat.Answer.ValueType(number))


def selection_to_proto(view: views.SelectionView) -> pb.Selection:
    selection = view.selection
    draw = selection.published_draw
    return pb.Selection(
        name=selection.name,
        title=selection.title,
        purpose=selection.purpose,
        size=selection.size,
        per_address=selection.per_address or 0,
        targets=map(target_to_proto, selection.targets),
        state=_STATES[selection.state],
        pool_size=view.pool_size,
        published_draw=f"{selection.name}/draws/{draw}" if draw else "",
        create_time=timestamp(selection.create_time),
        update_time=timestamp(selection.update_time),
        confirm_time=timestamp(selection.confirm_time),
        etag=view.etag,
    )


def cell_error_to_proto(error: views.CellError) -> pb.CellError:
    return pb.CellError(
        row=error.row,
        column=error.column,
        found=error.found,
        reason=error.reason,
        message=f"{error.what} {error.cure}",
    )


def targets_import_to_proto(done: views.TargetsImport) -> pb.ImportTargetsResponse:
    return pb.ImportTargetsResponse(
        selection=selection_to_proto(done.selection),
        errors=map(cell_error_to_proto, done.errors),
        format=done.format,
    )


def pool_import_to_proto(done: views.PoolImport) -> pb.PoolImport:
    return pb.PoolImport(
        state=_IMPORTS[done.state],
        accepted_rows=done.accepted_rows,
        rejected_rows=done.rejected_rows,
        errors=map(cell_error_to_proto, done.errors),
        format=done.format,
        create_time=timestamp(done.create_time),
    )


def pool_to_proto(pool: views.PoolView, name: str) -> pb.Pool:
    return pb.Pool(
        name=name,
        people=pool.people,
        included=pool.included,
        excluded=pool.excluded,
        unanswered=pool.unanswered,
        counts=[pb.ValueCount(feature=c.feature, value=c.value, people=c.people) for c in pool.counts],
        import_time=timestamp(pool.import_time),
    )


def check_to_proto(check: views.TargetsCheck, words: Catalogue) -> pb.TargetsCheck:
    return pb.TargetsCheck(
        feasible=check.feasible,
        people=check.people,
        findings=[
            pb.TargetFinding(
                feature=f.target.feature, value=f.target.value, people=f.people, short_by=f.short_by
            )
            for f in check.findings
        ],
        cures=map(_cure, check.cures),
        problems=[
            pb.TargetProblem(reason=p.reason, feature=p.feature, message=words.error(p.reason, p.metadata))
            for p in check.problems
        ],
        kept_off=[
            pb.KeptOff(
                people=shut.people,
                quotas=[
                    pb.Quota(feature=q.feature, value=q.value, bound=_BOUNDS[q.bound], count=q.count)
                    for q in shut.quotas
                ],
            )
            for shut in check.kept_off
        ],
    )


def _cure(cure: views.CureView) -> pb.Cure:
    return pb.Cure(
        changes=[
            pb.BoundChange(
                feature=c.feature, value=c.value, bound=_BOUNDS[c.bound], before=c.before, after=c.after
            )
            for c in cure.changes
        ],
        size=cure.size,
        per_address=cure.per_address,
        released_people=cure.released,
        seats=cure.seats,
        frees=cure.frees,
        least=cure.least,
        beyond_flex=cure.beyond_flex,
        message=cure.words,
    )


def person_to_proto(person: views.PersonView) -> pb.Person:
    return pb.Person(
        name=person.name,
        pool_id=person.pool_id,
        values=[pb.FeatureValue(feature=f, value=v) for f, v in person.values.items()],
        inclusion=_INCLUSIONS[person.inclusion],
        household_others=person.household_others,
        etag=person.etag,
    )


def export_to_proto(export: views.PersonExport) -> pb.ExportPersonResponse:
    return pb.ExportPersonResponse(
        person=person_to_proto(export.person),
        contact=[pb.ContactField(column=column, text=text) for column, text in export.contact.items()],
        draws=export.draws,
        seat=seat_to_proto(export.seat) if export.seat else None,
    )


def panel_to_proto(panel: views.PanelView, selection_name: str) -> pb.Panel:
    return pb.Panel(
        name=f"{selection_name}/panel",
        draw=f"{selection_name}/draws/{panel.draw}",
        size=panel.size,
        not_asked=panel.not_asked,
        asked=panel.asked,
        accepted=panel.accepted,
        declined=panel.declined,
        confirm_time=timestamp(panel.confirm_time),
        etag=panel.etag,
    )


def seat_to_proto(seat: views.SeatView) -> pb.Seat:
    return pb.Seat(
        name=seat.name,
        answer=_ANSWERS[seat.answer],
        values=[pb.FeatureValue(feature=f, value=v) for f, v in seat.values.items()],
        answer_time=timestamp(seat.answer_time),
        etag=seat.etag,
    )


def seat_contact_to_proto(contact: views.SeatContact) -> pb.SeatContact:
    return pb.SeatContact(
        seat=seat_to_proto(contact.seat),
        pool_id=contact.pool_id,
        fields=[pb.ContactField(column=column, text=text) for column, text in contact.fields.items()],
    )


def representation_to_proto(shown: views.Representation, name: str) -> pb.Representation:
    return pb.Representation(
        name=name,
        pool_size=shown.pool_size,
        panel_size=shown.panel_size,
        accepted_size=shown.accepted_size,
        values=[
            pb.ValueRepresentation(
                target=target_to_proto(v.target), pool=v.pool, drawn=v.drawn, accepted=v.accepted
            )
            for v in shown.values
        ],
    )
