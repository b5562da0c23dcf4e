"""Tasks, slots, sign-ups and people as protobuf messages, and back."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from borgerting.volunteer.v1 import person_service_pb2 as person_pb
from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_up_pb
from borgerting.volunteer.v1 import task_service_pb2 as pb
from chassis.errors import Code, DomainError, FieldViolation
from services.volunteer.app import views
from services.volunteer.domain.person import Contact
from services.volunteer.domain.sign_up import CancelledBy, SignUpState
from services.volunteer.domain.slot import SlotFields
from services.volunteer.domain.task import TaskFields, TaskState

_STATES = {
    TaskState.DRAFT: pb.Task.STATE_DRAFT,
    TaskState.OPEN: pb.Task.STATE_OPEN,
    TaskState.CLOSED: pb.Task.STATE_CLOSED,
    TaskState.CANCELLED: pb.Task.STATE_CANCELLED,
}
_STATES_BACK = {number: state for state, number in _STATES.items()}
_SIGN_UP_STATES = {
    SignUpState.WAITLISTED: sign_up_pb.SignUp.STATE_WAITLISTED,
    SignUpState.CONFIRMED: sign_up_pb.SignUp.STATE_CONFIRMED,
    SignUpState.CANCELLED: sign_up_pb.SignUp.STATE_CANCELLED,
}
_CANCELLED_BY = {
    CancelledBy.NOBODY: sign_up_pb.SignUp.CANCELLED_BY_UNSPECIFIED,
    CancelledBy.VOLUNTEER: sign_up_pb.SignUp.CANCELLED_BY_VOLUNTEER,
    CancelledBy.ORGANISER: sign_up_pb.SignUp.CANCELLED_BY_ORGANISER,
    CancelledBy.ERASURE: sign_up_pb.SignUp.CANCELLED_BY_ERASURE,
}


def timestamp(instant: datetime | None) -> Timestamp | None:
    if instant is None:
        return None
    made = Timestamp()
    made.FromDatetime(instant)
    return made


def instant(message: Timestamp, field: str) -> datetime:
    """Raises DomainError INVALID_ARGUMENT at `field` for one out of range."""
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        violation = FieldViolation(field, "FIELD_INVALID")
        raise DomainError(Code.INVALID_ARGUMENT, "REQUEST_INVALID", {}, (violation,)) from None


def task_fields(message: pb.Task) -> TaskFields:
    return TaskFields(
        title=message.title,
        text=message.text,
        place=message.place,
        contact_office=message.contact_office,
        contact_phone=message.contact_phone,
        requirements=message.requirements,
        private_text=message.private_text,
    )


def state_of(number: int) -> TaskState:
    """OPEN when not set. Raises DomainError INVALID_ARGUMENT at `state` for a number of a newer program."""
    if number == pb.Task.STATE_UNSPECIFIED:
        return TaskState.OPEN
    state = _STATES_BACK.get(pb.Task.State.ValueType(number))
    if state is None:
        violation = FieldViolation("state", "FIELD_INVALID")
        raise DomainError(Code.INVALID_ARGUMENT, "REQUEST_INVALID", {}, (violation,))
    return state


def slot_fields(message: pb.Slot) -> SlotFields:
    start = instant(message.start_time, "start_time") if message.HasField("start_time") else None
    end = instant(message.end_time, "end_time") if message.HasField("end_time") else None
    return SlotFields(start, end, message.time_zone, message.capacity)


def contact_of(message: person_pb.Person) -> Contact:
    return Contact(message.display_name, message.phone, message.email)


def populated(message: pb.Task | pb.Slot | person_pb.Person) -> tuple[str, ...]:
    """The fields that the message sets."""
    return tuple(field.name for field, _ in message.ListFields())


def task_to_proto(view: views.TaskView) -> pb.Task:
    task, fields = view.task, view.task.fields
    return pb.Task(
        name=task.name,
        title=fields.title,
        text=fields.text,
        requirements=fields.requirements,
        place=fields.place,
        private_text=view.private_text,
        contact_office=fields.contact_office,
        contact_phone=fields.contact_phone,
        promise=task.promise,
        promise_title=task.promise_title,
        state=_STATES[task.state],
        places=view.places.places,
        free=view.places.free,
        waiting=view.places.waiting,
        create_time=timestamp(task.create_time),
        update_time=timestamp(task.update_time),
        etag=view.etag,
    )


def slot_to_proto(view: views.SlotView) -> pb.Slot:
    slot = view.slot
    return pb.Slot(
        name=slot.name,
        start_time=timestamp(slot.start),
        end_time=timestamp(slot.end),
        time_zone=slot.time_zone,
        capacity=slot.capacity,
        sequence=slot.sequence,
        cancelled=slot.cancelled,
        confirmed=slot.confirmed,
        waiting=slot.waiting,
        free=slot.free,
        create_time=timestamp(slot.create_time),
        update_time=timestamp(slot.update_time),
        etag=view.etag,
    )


def sign_up_to_proto(view: views.SignUpView) -> sign_up_pb.SignUp:
    sign_up = view.sign_up
    return sign_up_pb.SignUp(
        name=sign_up.name,
        person=f"municipalities/{sign_up.municipality}/people/{sign_up.person}",
        state=_SIGN_UP_STATES[sign_up.state],
        queue_number=view.queue_number,
        cancelled_by=_CANCELLED_BY[sign_up.cancelled_by],
        create_time=timestamp(sign_up.create_time),
        confirm_time=timestamp(sign_up.confirm_time),
        cancel_time=timestamp(sign_up.cancel_time),
    )


def sign_up_contact_to_proto(item: views.SignUpContact) -> sign_up_pb.SignUpContact:
    return sign_up_pb.SignUpContact(
        sign_up=sign_up_to_proto(item.sign_up),
        display_name=item.contact.display_name,
        phone=item.contact.phone,
        email=item.contact.email,
    )


def person_to_proto(view: views.PersonView) -> person_pb.Person:
    return person_pb.Person(
        name=view.person.name,
        display_name=view.contact.display_name,
        phone=view.contact.phone,
        email=view.contact.email,
        create_time=timestamp(view.person.create_time),
        etag=view.etag,
    )


def export_to_proto(export: views.PersonExport) -> person_pb.ExportPersonResponse:
    return person_pb.ExportPersonResponse(
        person=person_to_proto(export.person),
        subject=export.subject,
        sign_ups=[
            person_pb.ExportPersonResponse.ExportedSignUp(
                sign_up=sign_up_to_proto(each.view),
                task_title=each.task_title,
                start_time=timestamp(each.start),
                end_time=timestamp(each.end),
            )
            for each in export.sign_ups
        ],
    )
