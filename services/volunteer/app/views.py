"""What use cases answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.aip.pages import Page
from services.volunteer.app.ports import Places
from services.volunteer.domain.person import Contact, Person
from services.volunteer.domain.sign_up import SignUp
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task


@dataclass(frozen=True, slots=True)
class TaskView:
    """`private_text` is "" for whom it is not meant."""

    task: Task
    places: Places
    private_text: str
    etag: str


@dataclass(frozen=True, slots=True)
class SlotView:
    slot: Slot
    etag: str


@dataclass(frozen=True, slots=True)
class SignUpView:
    """`queue_number` counts from 1, 0 for who does not wait."""

    sign_up: SignUp
    queue_number: int


@dataclass(frozen=True, slots=True)
class SignUpContact:
    sign_up: SignUpView
    contact: Contact


@dataclass(frozen=True, slots=True)
class PersonView:
    """`contact` is empty for whom it is not meant."""

    person: Person
    contact: Contact
    etag: str


@dataclass(frozen=True, slots=True)
class ExportedSignUp:
    view: SignUpView
    task_title: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class PersonExport:
    person: PersonView
    subject: str
    sign_ups: tuple[ExportedSignUp, ...]


@dataclass(frozen=True, slots=True)
class Morning:
    """What a coordinator has to look at. Slots come with their tasks' titles."""

    short: tuple[tuple[Slot, Task], ...]
    queued: tuple[tuple[Slot, Task], ...]
    drafts: tuple[Task, ...]
    sought: dict[str, int]
    """Promises that seek volunteers and have no task yet, with how many they want."""


TaskPage = Page[TaskView]
SlotPage = Page[SlotView]
SignUpPage = Page[SignUpView]
ContactPage = Page[SignUpContact]


@dataclass(frozen=True, slots=True)
class Claim:
    """A sign-up of one's own with what it is for; `private_text` is "" without a place."""

    view: SignUpView
    slot: Slot
    task: Task
    private_text: str


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who comes, and who waits in order; `contact` is empty where it is not shared yet."""

    task: Task
    slot: SlotView
    coming: tuple[SignUpContact, ...]
    queue: tuple[SignUpContact, ...]
