"""Sortition's ports in memory, for tests without a store; one suite holds them to the real ones."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from chassis.clock import Clock
from chassis.errors import Code, DomainError
from chassis.memory import Memory, OwnMemory
from chassis.tenants import Municipality
from services.sortition.app.ports import (
    JobView,
    PublicKey,
    StoredFile,
    StoredFileInfo,
    StoredImport,
)
from services.sortition.app.quotas import Quotas
from services.sortition.domain.draw import Draw, DrawState
from services.sortition.domain.pool import Contact, Person
from services.sortition.domain.seat import Seat
from services.sortition.domain.selection import Selection

R = TypeVar("R")


@dataclass
class Tables:
    """Every key begins with the municipality."""

    quotas: Quotas = field(default_factory=Quotas)
    selections: dict[tuple[str, UUID], Selection] = field(default_factory=dict)
    people: dict[tuple[str, UUID, UUID], Person] = field(default_factory=dict)
    contacts: dict[tuple[str, UUID, UUID], Contact] = field(default_factory=dict)
    imports: dict[tuple[str, UUID], StoredImport] = field(default_factory=dict)
    draws: dict[tuple[str, UUID], Draw] = field(default_factory=dict)
    snapshots: dict[tuple[str, UUID], bytes] = field(default_factory=dict)
    drawn: dict[tuple[str, UUID], dict[str, UUID]] = field(default_factory=dict)
    files: dict[tuple[str, UUID, str], StoredFile] = field(default_factory=dict)
    seats: dict[tuple[str, UUID, UUID], Seat] = field(default_factory=dict)
    municipalities: dict[str, Municipality] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, Any]] = field(default_factory=dict)
    jobs: dict[tuple[str, UUID], JobView] = field(default_factory=dict)
    cancelled: set[UUID] = field(default_factory=set)
    events: list[tuple[str, PanelConfirmed]] = field(default_factory=list)
    audit: list[tuple[str, str, str, str, dict[str, str]]] = field(default_factory=list)
    checks: Counter[str] = field(default_factory=Counter)


class MemoryEntry:
    """As chassis.entry.Entry, without idempotency: what a use case did counts only when it ends normally."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.tables = Tables()

    def run(self, municipality: str, use_case: Callable[[MemoryUnitOfWork], R]) -> R:
        draft = deepcopy(self.tables)
        result = use_case(MemoryUnitOfWork(draft, municipality, self.clock))
        self.tables = draft
        return result


class MemoryUnitOfWork:
    def __init__(self, tables: Tables, municipality: str, clock: Clock) -> None:
        self.municipality = municipality
        self.selections = _Selections(tables, municipality)
        self.pool = _Pool(tables, municipality)
        self.contacts = _Contacts(tables, municipality)
        self.imports = _Imports(tables, municipality)
        self.draws = _Draws(tables, municipality)
        self.files = _Files(tables, municipality)
        self.seats = _Seats(tables, municipality)
        self.municipalities = _Municipalities(tables, municipality)
        self.signing = _Signing(tables, municipality, clock)
        self.events = _Events(tables, municipality)
        self.audit = _Audit(tables, municipality)
        self.jobs = _Jobs(tables, municipality)
        self.meter = _Meter(tables)
        self.quotas = tables.quotas
        # Each unit of work has one of its own here: use cases must do without what was remembered.
        self.memory = OwnMemory(Memory(), municipality, 0)


class _Scoped:
    def __init__(self, tables: Tables, municipality: str) -> None:
        self.tables = tables
        self.m = municipality

    def own(self, municipality: str) -> None:
        if municipality != self.m:
            raise RuntimeError("a unit of work writes its own municipality's rows only")


def _found(value: R | None, unknown: str) -> R:
    if value is None:
        raise DomainError(Code.NOT_FOUND, unknown)
    return value


def _next_version(before: Any, after: Any) -> None:
    if before is None or before.version != after.version - 1:
        raise DomainError(Code.ABORTED, "ETAG_STALE")


def _newest(items: Iterable[Any], limit: int, before: UUID | None) -> list[Any]:
    older = [item for item in items if before is None or item.id < before]
    return sorted(older, key=lambda item: item.id, reverse=True)[:limit]


class _Selections(_Scoped):
    def add(self, selection: Selection) -> None:
        self.own(selection.municipality)
        self.tables.selections[self.m, selection.id] = selection

    def get(self, selection_id: UUID) -> Selection:
        return _found(self.tables.selections.get((self.m, selection_id)), "SELECTION_UNKNOWN")

    def sized(self, selection_id: UUID) -> tuple[Selection, int]:
        people = [p for (m, s, _), p in self.tables.people.items() if (m, s) == (self.m, selection_id)]
        return self.get(selection_id), sum(person.in_pool for person in people)

    def save(self, selection: Selection) -> None:
        self.own(selection.municipality)
        _next_version(self.tables.selections.get((self.m, selection.id)), selection)
        self.tables.selections[self.m, selection.id] = selection

    def page(self, limit: int, before: UUID | None) -> Sequence[Selection]:
        mine = [s for (m, _), s in self.tables.selections.items() if m == self.m]
        return _newest(mine, limit, before)


class _Pool(_Scoped):
    def everyone(self, selection_id: UUID) -> Sequence[Person]:
        mine = [p for (m, s, _), p in self.tables.people.items() if (m, s) == (self.m, selection_id)]
        return sorted(mine, key=lambda person: person.pool_id)

    def people(self, selection_id: UUID) -> Sequence[Person]:
        return [person for person in self.everyone(selection_id) if person.in_pool]

    def count(self, selection_id: UUID) -> int:
        return len(self.people(selection_id))

    def total(self) -> int:
        return sum(m == self.m and person.in_pool for (m, _, _), person in self.tables.people.items())

    def sizes(self, selections: Sequence[UUID]) -> Mapping[UUID, int]:
        counts = {selection: self.count(selection) for selection in selections}
        return {selection: count for selection, count in counts.items() if count}

    def page(self, selection_id: UUID, limit: int, after: str | None) -> Sequence[Person]:
        people = self.people(selection_id)
        return [person for person in people if after is None or person.pool_id > after][:limit]

    def get(self, selection_id: UUID, person_id: UUID) -> Person:
        return _found(self.tables.people.get((self.m, selection_id, person_id)), "PERSON_UNKNOWN")

    def put(self, people: Sequence[Person]) -> None:
        for person in people:
            self.own(person.municipality)
            self.tables.people[self.m, person.selection, person.id] = person

    def remove(self, selection_id: UUID, people: Sequence[UUID]) -> None:
        for person in people:
            self.tables.people.pop((self.m, selection_id, person), None)
            self.tables.contacts.pop((self.m, selection_id, person), None)


class _Contacts(_Scoped):
    def put(self, selection_id: UUID, contacts: Sequence[Contact]) -> None:
        for contact in contacts:
            self.tables.contacts[self.m, selection_id, contact.person] = contact

    def get(self, selection_id: UUID, people: Sequence[UUID]) -> Mapping[UUID, Contact]:
        found = {person: self.tables.contacts.get((self.m, selection_id, person)) for person in people}
        return {person: contact for person, contact in found.items() if contact is not None}

    def remove(self, selection_id: UUID, people: Sequence[UUID]) -> None:
        for person in people:
            self.tables.contacts.pop((self.m, selection_id, person), None)


class _Imports(_Scoped):
    def put(self, stored: StoredImport) -> None:
        self.tables.imports[self.m, stored.selection] = stored

    def get(self, selection_id: UUID) -> StoredImport | None:
        return self.tables.imports.get((self.m, selection_id))


class _Draws(_Scoped):
    def add(self, draw: Draw, snapshot: bytes, people: Mapping[str, UUID]) -> None:
        self.own(draw.municipality)
        self.tables.draws[self.m, draw.id] = draw
        self.tables.snapshots[self.m, draw.id] = snapshot
        self.tables.drawn[self.m, draw.id] = dict(people)

    def get(self, selection_id: UUID | None, draw_id: UUID) -> Draw:
        draw = self.tables.draws.get((self.m, draw_id))
        is_so = draw is not None and selection_id in (None, draw.selection)
        return _found(draw if is_so else None, "DRAW_UNKNOWN")

    def save(self, draw: Draw) -> None:
        self.own(draw.municipality)
        _next_version(self.tables.draws.get((self.m, draw.id)), draw)
        self.tables.draws[self.m, draw.id] = draw

    def _mine(self) -> list[Draw]:
        return [draw for (m, _), draw in self.tables.draws.items() if m == self.m]

    def page(self, selection_id: UUID, limit: int, before: UUID | None) -> Sequence[Draw]:
        return _newest([d for d in self._mine() if d.selection == selection_id], limit, before)

    def in_progress(self, selection_id: UUID) -> Draw | None:
        waiting = [d for d in self._mine() if d.selection == selection_id and d.in_progress]
        return next(iter(_newest(waiting, 1, None)), None)

    def public_page(self, limit: int, before: UUID | None) -> Sequence[Draw]:
        return _newest([draw for draw in self._mine() if draw.public], limit, before)

    def states_page(self, limit: int, before: UUID | None) -> Sequence[Draw]:
        return _newest(self._mine(), limit, before)

    def snapshot(self, draw_id: UUID) -> bytes:
        return _found(self.tables.snapshots.get((self.m, draw_id)), "DRAW_UNKNOWN")

    def people(self, draw_id: UUID) -> Mapping[str, UUID]:
        return self.tables.drawn.get((self.m, draw_id), {})

    def draws_of_person(self, selection_id: UUID, person_id: UUID) -> Sequence[UUID]:
        mine = [draw for draw in self._mine() if draw.selection == selection_id]
        return sorted(draw.id for draw in mine if person_id in self.people(draw.id).values())

    def drawn_in_any(self, selection_id: UUID) -> frozenset[UUID]:
        mine = [draw.id for draw in self._mine() if draw.selection == selection_id]
        return frozenset(person for draw in mine for person in self.people(draw).values())

    def count_by_state(self) -> Mapping[DrawState, int]:
        return Counter(draw.state for draw in self._mine())


class _Files(_Scoped):
    def add(self, draw_id: UUID, files: Sequence[StoredFile]) -> None:
        for file in files:
            if (self.m, draw_id, file.filename) in self.tables.files:
                raise RuntimeError("a draw's files are written once")
            self.tables.files[self.m, draw_id, file.filename] = file

    def get(self, draw_id: UUID, filename: str) -> StoredFile:
        return _found(self.tables.files.get((self.m, draw_id, filename)), "FILE_UNKNOWN")

    def infos(self, draws: Sequence[UUID]) -> Mapping[UUID, Sequence[StoredFileInfo]]:
        found: dict[UUID, list[StoredFileInfo]] = {}
        for (m, draw, _), file in sorted(self.tables.files.items(), key=lambda item: item[0][2]):
            if m == self.m and draw in draws:
                info = StoredFileInfo(
                    file.filename, file.media_type, len(file.content), file.sha256, file.secret
                )
                found.setdefault(draw, []).append(info)
        return found


class _Seats(_Scoped):
    def add(self, seats: Sequence[Seat]) -> None:
        for seat in seats:
            self.own(seat.municipality)
            self.tables.seats[self.m, seat.selection, seat.id] = seat

    def get(self, selection_id: UUID, seat_id: UUID) -> Seat:
        return _found(self.tables.seats.get((self.m, selection_id, seat_id)), "SEAT_UNKNOWN")

    def save(self, seat: Seat) -> None:
        self.own(seat.municipality)
        _next_version(self.tables.seats.get((self.m, seat.selection, seat.id)), seat)
        self.tables.seats[self.m, seat.selection, seat.id] = seat

    def all(self, selection_id: UUID) -> Sequence[Seat]:
        mine = [s for (m, owner, _), s in self.tables.seats.items() if (m, owner) == (self.m, selection_id)]
        return sorted(mine, key=lambda seat: seat.id)

    def page(self, selection_id: UUID, limit: int, after: UUID | None) -> Sequence[Seat]:
        return [seat for seat in self.all(selection_id) if after is None or seat.id > after][:limit]

    def of_person(self, selection_id: UUID, person_id: UUID) -> Seat | None:
        return next((seat for seat in self.all(selection_id) if seat.person == person_id), None)


class _Municipalities(_Scoped):
    def get(self) -> Municipality | None:
        return self.tables.municipalities.get(self.m)

    def put(self, municipality: Municipality) -> None:
        self.own(municipality.slug)
        self.tables.municipalities[self.m] = municipality


class _Signing(_Scoped):
    def __init__(self, tables: Tables, municipality: str, clock: Clock) -> None:
        super().__init__(tables, municipality)
        self._clock = clock

    def sign(self, content: bytes) -> bytes:
        self.ensure()
        return Ed25519PrivateKey.from_private_bytes(self.tables.keys[self.m][0]).sign(content)

    def ensure(self) -> PublicKey:
        if self.m not in self.tables.keys:
            fresh = Ed25519PrivateKey.generate().private_bytes_raw()
            self.tables.keys[self.m] = (fresh, self._clock.now())
        made = self.public()
        assert made is not None
        return made

    def public(self) -> PublicKey | None:
        if self.m not in self.tables.keys:
            return None
        private, made = self.tables.keys[self.m]
        public = Ed25519PrivateKey.from_private_bytes(private).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        return PublicKey(pem, hashlib.sha256(public.public_bytes_raw()).hexdigest(), made)


class _Events(_Scoped):
    def panel_confirmed(self, selection: Selection, seats: Sequence[UUID]) -> None:
        message = PanelConfirmed(selection=selection.name, seats=[str(seat) for seat in seats])
        self.tables.events.append((self.m, message))


class _Audit(_Scoped):
    def record(
        self, caller: Any, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None:
        self.tables.audit.append((self.m, caller.principal.subject, action, resource, dict(details or {})))


class _Jobs(_Scoped):
    def start_draw(self, draw: Draw) -> None:
        self.tables.jobs.setdefault((self.m, draw.id), JobView("", {}, 0))

    def cancel_draw(self, draw: Draw) -> None:
        self.tables.cancelled.add(draw.id)

    def draw_job(self, draw_id: UUID) -> JobView | None:
        return self.tables.jobs.get((self.m, draw_id))

    def at_work(self, draw_id: UUID, stage: str, progress: Mapping[str, str]) -> None:
        """What a worker would have shown."""
        job = self.tables.jobs[self.m, draw_id]
        self.tables.jobs[self.m, draw_id] = replace(job, stage=stage, progress=dict(progress))


class _Meter:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def pool_checked(self, outcome: str) -> None:
        self._tables.checks[outcome] += 1
