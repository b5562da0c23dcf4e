"""Rows and what they stand for, there and back, by explicit functions."""

from __future__ import annotations

from typing import Any

from services.volunteer.domain.person import Contact, Person
from services.volunteer.domain.sign_up import CancelledBy, SignUp, SignUpState
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task, TaskFields, TaskState

Row = Any  # a row of SQLAlchemy: its columns are attributes


def task_row(task: Task) -> dict[str, Any]:
    return {
        "municipality_id": task.municipality,
        "task_id": task.id,
        "title": task.fields.title,
        "text": task.fields.text,
        "requirements": task.fields.requirements,
        "place": task.fields.place,
        "private_text": task.fields.private_text,
        "contact_office": task.fields.contact_office,
        "contact_phone": task.fields.contact_phone,
        "promise": task.promise,
        "promise_title": task.promise_title,
        "state": task.state.value,
        "create_time": task.create_time,
        "update_time": task.update_time,
        "version": task.version,
    }


def task_of(row: Row) -> Task:
    return Task(
        municipality=row.municipality_id,
        id=row.task_id,
        fields=TaskFields(
            title=row.title,
            text=row.text,
            requirements=row.requirements,
            place=row.place,
            private_text=row.private_text,
            contact_office=row.contact_office,
            contact_phone=row.contact_phone,
        ),
        state=TaskState(row.state),
        create_time=row.create_time,
        update_time=row.update_time,
        promise=row.promise,
        promise_title=row.promise_title,
        version=row.version,
    )


def slot_row(slot: Slot) -> dict[str, Any]:
    return {
        "municipality_id": slot.municipality,
        "slot_id": slot.id,
        "task_id": slot.task,
        "confirmed": slot.confirmed,
        "waiting": slot.waiting,
        "last_number": slot.last_number,
        "create_time": slot.create_time,
        **decided(slot),
    }


def decided(slot: Slot) -> dict[str, Any]:
    """What a coordinator decides; the counts change by themselves."""
    return {
        "start_time": slot.start,
        "end_time": slot.end,
        "time_zone": slot.time_zone,
        "capacity": slot.capacity,
        "sequence": slot.sequence,
        "cancelled": slot.cancelled,
        "update_time": slot.update_time,
        "version": slot.version,
    }


def slot_of(row: Row) -> Slot:
    return Slot(
        municipality=row.municipality_id,
        task=row.task_id,
        id=row.slot_id,
        start=row.start_time,
        end=row.end_time,
        time_zone=row.time_zone,
        capacity=row.capacity,
        create_time=row.create_time,
        update_time=row.update_time,
        sequence=row.sequence,
        cancelled=row.cancelled,
        confirmed=row.confirmed,
        waiting=row.waiting,
        last_number=row.last_number,
        version=row.version,
    )


def sign_up_row(sign_up: SignUp) -> dict[str, Any]:
    return {
        "municipality_id": sign_up.municipality,
        "sign_up_id": sign_up.id,
        "task_id": sign_up.task,
        "slot_id": sign_up.slot,
        "person_id": sign_up.person,
        "state": sign_up.state.value,
        "number": sign_up.number,
        "create_time": sign_up.create_time,
        "confirm_time": sign_up.confirm_time,
        "cancel_time": sign_up.cancel_time,
        "cancelled_by": sign_up.cancelled_by.value,
    }


def sign_up_of(row: Row) -> SignUp:
    return SignUp(
        municipality=row.municipality_id,
        task=row.task_id,
        slot=row.slot_id,
        id=row.sign_up_id,
        person=row.person_id,
        state=SignUpState(row.state),
        number=row.number,
        create_time=row.create_time,
        confirm_time=row.confirm_time,
        cancel_time=row.cancel_time,
        cancelled_by=CancelledBy(row.cancelled_by),
    )


def person_row(person: Person) -> dict[str, Any]:
    return {
        "municipality_id": person.municipality,
        "person_id": person.id,
        "subject": person.subject,
        "create_time": person.create_time,
        "erase_time": person.erase_time,
        "version": person.version,
    }


def person_of(row: Row) -> Person:
    return Person(
        municipality=row.municipality_id,
        id=row.person_id,
        subject=row.subject,
        create_time=row.create_time,
        erase_time=row.erase_time,
        version=row.version,
    )


def contact_of(row: Row) -> Contact:
    return Contact(row.display_name, row.phone, row.email)
