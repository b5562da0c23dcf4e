"""A volunteer: a random id, and apart from it how to reach them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from chassis.errors import Code, DomainError, FieldViolation
from services.volunteer.domain.texts import faults, line, phone_faults

MAX_NAME = 120
MAX_EMAIL = 254
EDITABLE = frozenset({"display_name", "phone", "email"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, slots=True)
class Person:
    """`subject` is what the person's sign-in calls them; None for somebody who phoned, and once erased."""

    municipality: str
    id: UUID
    subject: str | None
    create_time: datetime
    erase_time: datetime | None = None
    version: int = 1

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/people/{self.id}"

    def changed(self) -> Person:
        return replace(self, version=self.version + 1)

    def erased(self, now: datetime) -> Person:
        return replace(self, subject=None, erase_time=now, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach a person. Never logged, never in an event, an error or a metric: not even its repr."""

    display_name: str = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(default="", repr=False)

    def checked(self) -> Contact:
        """With texts trimmed. Raises DomainError VOLUNTEER_INVALID with every wrong field."""
        clean = Contact(line(self.display_name), line(self.phone), self.email.strip())
        found = faults("display_name", clean.display_name, MAX_NAME)
        found += phone_faults("phone", clean.phone)
        email = faults("email", clean.email, MAX_EMAIL, required=False)
        if not email and clean.email and not _EMAIL.fullmatch(clean.email):
            email = [FieldViolation("email", "EMAIL_INVALID")]
        if found or email:
            raise DomainError(Code.INVALID_ARGUMENT, "VOLUNTEER_INVALID", {}, (*found, *email))
        return clean

    def edited(self, fields: frozenset[str], wanted: Contact) -> Contact:
        """With `fields` taken from `wanted`. Raises as `checked`."""
        return replace(self, **{name: getattr(wanted, name) for name in fields}).checked()


NO_CONTACT = Contact("", "", "")
