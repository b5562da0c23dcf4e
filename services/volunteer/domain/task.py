"""A task: something that volunteers are needed for.

    DRAFT --publish--> OPEN <--publish / close--> CLOSED;  every one of them --cancel--> CANCELLED, for good

Its places are its slots'. Everything that happens to a task and its slots happens under the task's lock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Code, DomainError
from services.volunteer.domain.texts import MAX_PHONE, faults, line, phone_faults

MAX_TITLE = 120
MAX_TEXT = 4000
MAX_REQUIREMENTS = 2000
MAX_PLACE = 200
MAX_OFFICE = 120

EDITABLE = frozenset(
    {"title", "text", "requirements", "place", "private_text", "contact_office", "contact_phone"}
)


class TaskState(StrEnum):
    DRAFT = "DRAFT"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class TaskFields:
    """What a coordinator decides about a task. `private_text` is for those alone who have a place."""

    title: str
    text: str
    place: str
    contact_office: str
    contact_phone: str
    requirements: str = ""
    private_text: str = ""

    def checked(self) -> TaskFields:
        """With texts trimmed. Raises DomainError TASK_INVALID with every wrong field."""
        clean = TaskFields(
            title=line(self.title),
            text=self.text.strip(),
            place=line(self.place),
            contact_office=line(self.contact_office),
            contact_phone=line(self.contact_phone),
            requirements=self.requirements.strip(),
            private_text=self.private_text.strip(),
        )
        found = faults("title", clean.title, MAX_TITLE)
        found += faults("text", clean.text, MAX_TEXT)
        found += faults("requirements", clean.requirements, MAX_REQUIREMENTS, required=False)
        found += faults("place", clean.place, MAX_PLACE)
        found += faults("private_text", clean.private_text, MAX_TEXT, required=False)
        found += faults("contact_office", clean.contact_office, MAX_OFFICE)
        found += phone_faults("contact_phone", clean.contact_phone)
        if found:
            raise DomainError(Code.INVALID_ARGUMENT, "TASK_INVALID", {}, tuple(found))
        return clean


@dataclass(frozen=True, slots=True)
class Task:
    """`promise` is the name of the promise it came from, "" for none; `promise_title` as it was then."""

    municipality: str
    id: UUID
    fields: TaskFields
    state: TaskState
    create_time: datetime
    update_time: datetime
    promise: str = ""
    promise_title: str = ""
    version: int = 1

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/tasks/{self.id}"

    @property
    def public(self) -> bool:
        """Whether it was ever published."""
        return self.state is not TaskState.DRAFT

    def edited(self, fields: frozenset[str], wanted: TaskFields, now: datetime) -> Task:
        """With `fields` taken from `wanted`. Raises DomainError TASK_INVALID, TASK_CANCELLED."""
        self.require_standing()
        merged = replace(self.fields, **{name: getattr(wanted, name) for name in fields}).checked()
        return self._changed(now, fields=merged)

    def published(self, now: datetime, *, slots_to_come: int) -> Task:
        """Raises DomainError FAILED_PRECONDITION TASK_CANCELLED, TASK_OPEN or TASK_WITHOUT_SLOT."""
        self.require_standing()
        if self.state is TaskState.OPEN:
            raise self._refusal("TASK_OPEN")
        if not slots_to_come:
            raise self._refusal("TASK_WITHOUT_SLOT")
        return self._changed(now, state=TaskState.OPEN)

    def closed(self, now: datetime) -> Task:
        """Raises DomainError FAILED_PRECONDITION TASK_NOT_OPEN."""
        self.require_open()
        return self._changed(now, state=TaskState.CLOSED)

    def cancelled(self, now: datetime) -> Task:
        """Raises DomainError FAILED_PRECONDITION TASK_CANCELLED."""
        self.require_standing()
        return self._changed(now, state=TaskState.CANCELLED)

    def require_standing(self) -> None:
        if self.state is TaskState.CANCELLED:
            raise self._refusal("TASK_CANCELLED")

    def require_open(self) -> None:
        if self.state is not TaskState.OPEN:
            raise self._refusal("TASK_NOT_OPEN")

    def _changed(self, now: datetime, **changes: object) -> Task:
        return replace(self, version=self.version + 1, update_time=now, **changes)  # type: ignore[arg-type]

    def _refusal(self, reason: str) -> DomainError:
        return DomainError(Code.FAILED_PRECONDITION, reason, {"task": self.name})


__all__ = ["EDITABLE", "MAX_PHONE", "Task", "TaskFields", "TaskState"]
