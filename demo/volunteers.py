"""The volunteer portal: tasks with slots, people who sign up, and a queue where a slot is full."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from borgerting.volunteer.v1 import person_service_pb2 as people
from borgerting.volunteer.v1 import person_service_pb2_grpc as people_grpc
from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_ups
from borgerting.volunteer.v1 import sign_up_service_pb2_grpc as sign_ups_grpc
from borgerting.volunteer.v1 import task_service_pb2 as tasks
from borgerting.volunteer.v1 import task_service_pb2_grpc as tasks_grpc
from demo.access import HAVNSTED, Access, request_id
from demo.promises import await_promises
from demo.volunteer_words import OFFICE, OFFICE_PHONE, PEOPLE, PHONED, TASKS, PersonWords, SlotWords

_PARENT = f"municipalities/{HAVNSTED}"


def open_portal(access: Access, today: date, zone: ZoneInfo) -> None:
    """All tasks, open, and who signed up for them; days are counted from `today`."""
    _enter_people(access)
    promises = {title: each.name for title, each in await_promises(access).items()}
    coordinator = access.signed_in(HAVNSTED, "coordinator")
    phoned = people_grpc.PersonServiceStub(access.channel).CreatePerson(
        people.CreatePersonRequest(parent=_PARENT, person=_person("", PHONED), request_id=request_id()),
        metadata=coordinator,
    )
    desk = tasks_grpc.TaskServiceStub(access.channel)
    count = 0
    for words in TASKS:
        task = desk.CreateTask(
            tasks.CreateTaskRequest(
                parent=_PARENT,
                task=tasks.Task(
                    title=words.title,
                    text=words.text,
                    requirements=words.requirements,
                    place=words.place,
                    private_text=words.private_text,
                    contact_office=OFFICE,
                    contact_phone=OFFICE_PHONE,
                    promise=promises[words.initiative] if words.initiative else "",
                ),
                request_id=request_id(),
            ),
            metadata=coordinator,
        )
        slots: list[tuple[str, SlotWords]] = []
        for slot in words.slots:
            made = desk.CreateSlot(
                tasks.CreateSlotRequest(
                    parent=task.name, slot=_slot(slot, today, zone), request_id=request_id()
                ),
                metadata=coordinator,
            )
            slots.append((made.name, slot))
        published = desk.GetTask(tasks.GetTaskRequest(name=task.name), metadata=coordinator)
        desk.PublishTask(
            tasks.PublishTaskRequest(name=task.name, etag=published.etag, request_id=request_id()),
            metadata=coordinator,
        )
        for name, slot in slots:
            count += _sign_up(access, name, slot, phoned.name)
    access.say(f"{HAVNSTED}: {len(TASKS)} tasks for volunteers, {count} sign-ups")


def _enter_people(access: Access) -> None:
    desk = people_grpc.PersonServiceStub(access.channel)
    for one in PEOPLE:
        desk.UpdatePerson(
            people.UpdatePersonRequest(person=_person(f"{_PARENT}/people/me", one), request_id=request_id()),
            metadata=access.signed_in(HAVNSTED, "volunteer", one.subject),
        )


def _person(name: str, words: PersonWords) -> people.Person:
    return people.Person(name=name, display_name=words.name, phone=words.phone, email=words.email)


def _slot(words: SlotWords, today: date, zone: ZoneInfo) -> tasks.Slot:
    start, end = (_instant(words, today, hour, zone) for hour in words.hours)
    return tasks.Slot(start_time=start, end_time=end, capacity=words.capacity)


def _instant(words: SlotWords, today: date, hour: int, zone: ZoneInfo) -> Timestamp:
    day = today + timedelta(days=words.day)
    day += timedelta(days=(words.weekday - day.weekday()) % 7)
    found = Timestamp()
    found.FromDatetime(datetime.combine(day, time(hour), zone))
    return found


def _sign_up(access: Access, slot: str, words: SlotWords, phoned: str) -> int:
    """How many signed up; who comes when it is full waits."""
    desk = sign_ups_grpc.SignUpServiceStub(access.channel)
    for subject in words.people:
        desk.CreateSignUp(
            sign_ups.CreateSignUpRequest(parent=slot, request_id=request_id()),
            metadata=access.signed_in(HAVNSTED, "volunteer", subject),
        )
    if words.phoned:
        desk.CreateSignUp(
            sign_ups.CreateSignUpRequest(
                parent=slot, sign_up=sign_ups.SignUp(person=phoned), request_id=request_id()
            ),
            metadata=access.signed_in(HAVNSTED, "coordinator"),
        )
    return len(words.people) + words.phoned
