"""What the use cases ask of the world: one unit of work, its repositories, and a neighbour.

Every repository works for the unit of work's municipality alone. The in-memory fakes and the real adapters
pass one conformance suite (tests/contract/volunteer).

Locks are taken in one order everywhere, so that nobody waits in a circle: a person, then a task, then its
slots, tasks and slots by id. A lock is held until the unit of work ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from chassis.context import Caller
from chassis.tenants import MunicipalityRepository
from services.volunteer.app.quotas import Quotas
from services.volunteer.domain.person import Contact, Person
from services.volunteer.domain.sign_up import SignUp
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task, TaskState


@dataclass(frozen=True, slots=True)
class Places:
    """Of all a task's slots to come: places, free ones, people who wait."""

    places: int = 0
    free: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class SoughtPromise:
    """An initiative that needs volunteers, as followup tells it. `wanted` 0: none any more."""

    name: str
    title: str
    wanted: int
    task: str = ""
    """What they are needed for, in the council's words."""


class TaskRepository(Protocol):
    def add(self, task: Task) -> None: ...

    def get(self, task_id: UUID) -> Task:
        """Raises DomainError NOT_FOUND TASK_UNKNOWN."""

    def lock(self, task_id: UUID) -> Task:
        """As `get`, and nobody else changes the task or its slots until the unit of work ends."""

    def save(self, task: Task) -> None:
        """Replace version - 1 by this. Raises DomainError ABORTED ETAG_STALE when that is not what stands."""

    def page(self, state: TaskState, limit: int, before: UUID | None) -> Sequence[Task]:
        """Newest first, those older than `before`."""

    def many(self, tasks: Sequence[UUID]) -> Mapping[UUID, Task]: ...

    def of_promises(self) -> frozenset[str]:
        """The promises that some task which was not cancelled came from."""


class SlotRepository(Protocol):
    def add(self, slot: Slot) -> None: ...

    def get(self, task_id: UUID, slot_id: UUID) -> Slot:
        """Raises DomainError NOT_FOUND SLOT_UNKNOWN."""

    def lock(self, task_id: UUID, slot_id: UUID) -> Slot:
        """As `get`, and nobody else signs up, cancels or changes it until the unit of work ends."""

    def lock_all(self, task_id: UUID) -> Sequence[Slot]:
        """All slots of a task, by id."""

    def save(self, slot: Slot) -> None:
        """What a coordinator decides, version - 1 by this; never the counts.

        Raises DomainError ABORTED ETAG_STALE, and SLOT_OVERBOOKED as `move`.
        """

    def move(self, slot: Slot, *, confirmed: int = 0, waiting: int = 0, arrived: int = 0) -> Slot:
        """Change the counts by so many; the slot as it is then.

        Raises DomainError ABORTED SLOT_OVERBOOKED where more would be confirmed than there are places: the
        store's own guard, which no caller that holds the lock ever meets.
        """

    def page(self, task_id: UUID, limit: int, after: UUID | None) -> Sequence[Slot]:
        """By id."""

    def coming(self, tasks: Sequence[UUID], now: datetime) -> Mapping[UUID, Sequence[Slot]]:
        """The slots to come of each task, the soonest first."""

    def places(self, tasks: Sequence[UUID], now: datetime) -> Mapping[UUID, Places]:
        """For each of the tasks."""

    def short(self, now: datetime, until: datetime, limit: int) -> Sequence[Slot]:
        """Slots of open tasks that begin before `until` and have free places, the soonest first."""

    def queued(self, now: datetime, limit: int) -> Sequence[Slot]:
        """Slots to come for which people wait, the soonest first."""

    def count_coming(self, now: datetime) -> int:
        """Slots to come, of all tasks."""

    def places_of(self, task_id: UUID, now: datetime) -> Places:
        """Of one."""

    def taken_by(self, person_id: UUID, since: datetime, until: datetime) -> Sequence[Slot]:
        """The slots of the person's live sign-ups that end after `since` and begin before `until`."""

    def many(self, slots: Sequence[UUID]) -> Mapping[UUID, Slot]: ...


class SignUpRepository(Protocol):
    def add(self, sign_up: SignUp) -> None:
        """Raises DomainError ALREADY_EXISTS SIGNED_UP_ALREADY for a second live one of a person in a slot."""

    def get(self, slot_id: UUID, sign_up_id: UUID) -> SignUp:
        """Raises DomainError NOT_FOUND SIGN_UP_UNKNOWN."""

    def save(self, sign_up: SignUp) -> None:
        """Under the slot's lock."""

    def queue(self, slot_id: UUID, limit: int | None = None) -> Sequence[SignUp]:
        """Those who wait, in order of arrival."""

    def live(self, slot_id: UUID) -> Sequence[SignUp]:
        """In order of arrival."""

    def live_of(self, person_id: UUID) -> Sequence[SignUp]:
        """By task and slot."""

    def queue_numbers(self, sign_ups: Sequence[SignUp]) -> Mapping[UUID, int]:
        """Place in the queue, from 1, of each that waits."""

    def page(self, slot_id: UUID, limit: int, after: int | None, *, places_only: bool) -> Sequence[SignUp]:
        """By number, those beyond the number `after`."""

    def page_of(self, person_id: UUID, limit: int, before: tuple[datetime, UUID] | None) -> Sequence[SignUp]:
        """The latest first."""

    def had_place(self, person_id: UUID) -> bool:
        """Whether the person has, or ever had, a place."""


class PersonRepository(Protocol):
    def add(self, person: Person, contact: Contact) -> None: ...

    def get(self, person_id: UUID) -> Person:
        """Raises DomainError NOT_FOUND VOLUNTEER_UNKNOWN, also for one who is erased."""

    def lock(self, person_id: UUID) -> Person:
        """As `get`, and nobody else signs this person up until the unit of work ends."""

    def lock_any(self, person_id: UUID) -> None:
        """Lock the person, erased or not."""

    def of_subject(self, subject: str) -> Person | None:
        """Whom the sign-in's subject names here."""

    def lock_subject(self, subject: str) -> Person | None:
        """As `of_subject`, locked as by `lock`."""

    def lock_own(self, fresh: Person) -> Person:
        """Whom `fresh.subject` names here, locked; `fresh` itself, stored, when that is nobody yet."""

    def save(self, person: Person) -> None:
        """Replace version - 1 by this. Raises DomainError ABORTED ETAG_STALE when that is not what stands."""

    def contacts(self, people: Sequence[UUID]) -> Mapping[UUID, Contact]:
        """Those who have one."""

    def reachable(self, person_id: UUID) -> bool:
        """Whether they have one."""

    def put_contact(self, person_id: UUID, contact: Contact) -> None: ...

    def remove_contact(self, person_id: UUID) -> None: ...

    def set_calendar(self, person_id: UUID, digest: str, now: datetime) -> None:
        """In place of the one before."""

    def of_calendar(self, digest: str) -> UUID | None:
        """Whose calendar that opens."""

    def remove_calendar(self, person_id: UUID) -> None: ...


class SoughtRepository(Protocol):
    """Which promises seek volunteers, by followup's events."""

    def put(self, promise: str, wanted: int) -> None:
        """0 takes it off the list."""

    def all(self) -> Mapping[str, int]:
        """How many each of them wants."""


class Events(Protocol):
    def task_changed(self, task: Task, places: Places) -> None: ...


class Audit(Protocol):
    def record(
        self, caller: Caller, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None: ...


class Meter(Protocol):
    """What is counted for those who run the platform; never who or what."""

    def signed_up(self, outcome: str) -> None:
        """`confirmed`, `waitlisted`, `promoted`, or `cancelled`, once the unit of work stands."""


class Promises(Protocol):
    """The neighbour who keeps the council's promises. It is asked outside of units of work."""

    def get(self, caller: Caller, name: str) -> SoughtPromise:
        """Raises DomainError NOT_FOUND PROMISE_UNKNOWN, UNAVAILABLE NEIGHBOUR_UNAVAILABLE."""

    def sought(self, caller: Caller, municipality: str) -> Sequence[SoughtPromise]:
        """Those that seek volunteers, at most 1000. Raises UNAVAILABLE NEIGHBOUR_UNAVAILABLE."""


class UnitOfWork(Protocol):
    """Everything that happens in one of these happens together, or not at all."""

    @property
    def municipality(self) -> str: ...
    @property
    def municipalities(self) -> MunicipalityRepository: ...
    @property
    def tasks(self) -> TaskRepository: ...
    @property
    def slots(self) -> SlotRepository: ...
    @property
    def sign_ups(self) -> SignUpRepository: ...
    @property
    def people(self) -> PersonRepository: ...
    @property
    def sought(self) -> SoughtRepository: ...
    @property
    def events(self) -> Events: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def quotas(self) -> Quotas: ...
    @property
    def meter(self) -> Meter: ...
