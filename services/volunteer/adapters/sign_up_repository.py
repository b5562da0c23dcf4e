"""Sign-ups and people in the store, and which promises seek volunteers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from chassis.db import upsert
from chassis.errors import Code, DomainError
from chassis.scoped import Scoped, of_tenant
from chassis.statements import Statement, inserting
from services.volunteer.adapters.rows import (
    contact_of,
    person_of,
    person_row,
    sign_up_of,
    sign_up_row,
)
from services.volunteer.adapters.tables import (
    calendar_links,
    people,
    person_contacts,
    sign_ups,
    sought_promises,
)
from services.volunteer.adapters.task_repository import LIVE_STATES
from services.volunteer.domain.person import Contact, Person
from services.volunteer.domain.sign_up import HOLDING, SignUp, SignUpState

_HOLDING = sorted(state.value for state in HOLDING)

_ADD_SIGN_UP = inserting(sign_ups)
_of_subject = select(people).where(of_tenant(people, people.c.subject == bindparam("subject")))
_person = select(people).where(
    of_tenant(people, people.c.person_id == bindparam("person"), people.c.erase_time.is_(None))
)
_OF_SUBJECT, _OF_SUBJECT_LOCKED = Statement(_of_subject), Statement(_of_subject.with_for_update())
_PERSON, _PERSON_LOCKED = Statement(_person), Statement(_person.with_for_update())
_REACHABLE = Statement(
    select(person_contacts.c.person_id).where(
        of_tenant(person_contacts, person_contacts.c.person_id == bindparam("person"))
    )
)


class SqlSignUps(Scoped):
    def add(self, sign_up: SignUp) -> None:
        self.own(sign_up.municipality)
        try:
            self.run(_ADD_SIGN_UP, **sign_up_row(sign_up))
        except IntegrityError:
            raise DomainError(Code.ALREADY_EXISTS, "SIGNED_UP_ALREADY") from None

    def get(self, slot_id: UUID, sign_up_id: UUID) -> SignUp:
        query = self._select(sign_ups.c.sign_up_id == sign_up_id, sign_ups.c.slot_id == slot_id)
        return sign_up_of(self.one(query, "SIGN_UP_UNKNOWN"))

    def save(self, sign_up: SignUp) -> None:
        self.own(sign_up.municipality)
        mine = self.mine(sign_ups, sign_ups.c.sign_up_id == sign_up.id)
        self.connection.execute(update(sign_ups).where(mine).values(**sign_up_row(sign_up)))

    def queue(self, slot_id: UUID, limit: int | None = None) -> Sequence[SignUp]:
        waits = sign_ups.c.state == SignUpState.WAITLISTED.value
        query = self._select(sign_ups.c.slot_id == slot_id, waits).order_by(sign_ups.c.number)
        return self._all(query.limit(limit) if limit is not None else query)

    def live(self, slot_id: UUID) -> Sequence[SignUp]:
        query = self._select(sign_ups.c.slot_id == slot_id, sign_ups.c.state.in_(LIVE_STATES))
        return self._all(query.order_by(sign_ups.c.number))

    def live_of(self, person_id: UUID) -> Sequence[SignUp]:
        query = self._select(sign_ups.c.person_id == person_id, sign_ups.c.state.in_(LIVE_STATES))
        return self._all(query.order_by(sign_ups.c.task_id, sign_ups.c.slot_id))

    def queue_numbers(self, wanted: Sequence[SignUp]) -> Mapping[UUID, int]:
        waiting = {sign_up.slot for sign_up in wanted if sign_up.state is SignUpState.WAITLISTED}
        if not waiting:
            return {}
        query = select(sign_ups.c.slot_id, sign_ups.c.sign_up_id).where(
            self.mine(
                sign_ups,
                sign_ups.c.slot_id.in_(waiting),
                sign_ups.c.state == SignUpState.WAITLISTED.value,
            )
        )
        found: dict[UUID, int] = {}
        reached: defaultdict[UUID, int] = defaultdict(int)
        for row in self.rows(query.order_by(sign_ups.c.slot_id, sign_ups.c.number)):
            reached[row.slot_id] += 1
            found[row.sign_up_id] = reached[row.slot_id]
        return {sign_up.id: found[sign_up.id] for sign_up in wanted if sign_up.id in found}

    def page(self, slot_id: UUID, limit: int, after: int | None, *, places_only: bool) -> Sequence[SignUp]:
        query = self._select(sign_ups.c.slot_id == slot_id)
        if places_only:
            query = query.where(sign_ups.c.state.in_(_HOLDING))
        if after is not None:
            query = query.where(sign_ups.c.number > after)
        return self._all(query.order_by(sign_ups.c.number).limit(limit))

    def page_of(self, person_id: UUID, limit: int, before: tuple[datetime, UUID] | None) -> Sequence[SignUp]:
        query = self._select(sign_ups.c.person_id == person_id)
        if before is not None:
            instant, last = before
            earlier = sign_ups.c.create_time < instant
            same = and_(sign_ups.c.create_time == instant, sign_ups.c.sign_up_id < last)
            query = query.where(or_(earlier, same))
        newest = (sign_ups.c.create_time.desc(), sign_ups.c.sign_up_id.desc())
        return self._all(query.order_by(*newest).limit(limit))

    def had_place(self, person_id: UUID) -> bool:
        query = self._select(sign_ups.c.person_id == person_id, sign_ups.c.confirm_time.is_not(None))
        return bool(self.rows(query.limit(1)))

    def _select(self, *conditions: Any) -> Select[Any]:
        return select(sign_ups).where(self.mine(sign_ups, *conditions))

    def _all(self, query: Select[Any]) -> Sequence[SignUp]:
        return [sign_up_of(row) for row in self.rows(query)]


class SqlPeople(Scoped):
    def add(self, person: Person, contact: Contact) -> None:
        self.own(person.municipality)
        self.connection.execute(insert(people).values(**person_row(person)))
        self.put_contact(person.id, contact)

    def get(self, person_id: UUID) -> Person:
        return person_of(self.one(_PERSON, "VOLUNTEER_UNKNOWN", person=person_id))

    def lock(self, person_id: UUID) -> Person:
        return person_of(self.one(_PERSON_LOCKED, "VOLUNTEER_UNKNOWN", person=person_id))

    def lock_any(self, person_id: UUID) -> None:
        mine = self.mine(people, people.c.person_id == person_id)
        self.rows(select(people.c.person_id).where(mine).with_for_update())

    def of_subject(self, subject: str) -> Person | None:
        row = self.maybe(_OF_SUBJECT, subject=subject)
        return None if row is None else person_of(row)

    def lock_subject(self, subject: str) -> Person | None:
        row = self.maybe(_OF_SUBJECT_LOCKED, subject=subject)
        return None if row is None else person_of(row)

    def lock_own(self, fresh: Person) -> Person:
        if fresh.subject is None:
            raise RuntimeError("a person without a subject is nobody's own")
        self.own(fresh.municipality)
        statement = upsert(self.connection, people).values(**person_row(fresh))
        self.connection.execute(
            statement.on_conflict_do_nothing(index_elements=["municipality_id", "subject"])
        )
        return person_of(self.one(_OF_SUBJECT_LOCKED, "VOLUNTEER_UNKNOWN", subject=fresh.subject))

    def save(self, person: Person) -> None:
        self.own(person.municipality)
        self.replace_version(people, person_row(person), people.c.person_id == person.id)

    def contacts(self, wanted: Sequence[UUID]) -> Mapping[UUID, Contact]:
        mine = self.mine(person_contacts, person_contacts.c.person_id.in_(set(wanted)))
        return {row.person_id: contact_of(row) for row in self.rows(select(person_contacts).where(mine))}

    def reachable(self, person_id: UUID) -> bool:
        return bool(self.rows(_REACHABLE, person=person_id))

    def put_contact(self, person_id: UUID, contact: Contact) -> None:
        values = {"display_name": contact.display_name, "phone": contact.phone, "email": contact.email}
        statement = upsert(self.connection, person_contacts).values(
            municipality_id=self.municipality, person_id=person_id, **values
        )
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=["municipality_id", "person_id"], set_=values)
        )

    def remove_contact(self, person_id: UUID) -> None:
        mine = self.mine(person_contacts, person_contacts.c.person_id == person_id)
        self.connection.execute(delete(person_contacts).where(mine))

    def set_calendar(self, person_id: UUID, digest: str, now: datetime) -> None:
        values = {"digest": digest, "create_time": now}
        statement = upsert(self.connection, calendar_links).values(
            municipality_id=self.municipality, person_id=person_id, **values
        )
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=["municipality_id", "person_id"], set_=values)
        )

    def of_calendar(self, digest: str) -> UUID | None:
        mine = self.mine(calendar_links, calendar_links.c.digest == digest)
        found: UUID | None = self.connection.execute(
            select(calendar_links.c.person_id).where(mine)
        ).scalar_one_or_none()
        return found

    def remove_calendar(self, person_id: UUID) -> None:
        mine = self.mine(calendar_links, calendar_links.c.person_id == person_id)
        self.connection.execute(delete(calendar_links).where(mine))


class SqlSought(Scoped):
    def put(self, promise: str, wanted: int) -> None:
        if wanted == 0:
            mine = self.mine(sought_promises, sought_promises.c.promise == promise)
            self.connection.execute(delete(sought_promises).where(mine))
            return
        statement = upsert(self.connection, sought_promises).values(
            municipality_id=self.municipality, promise=promise, wanted=wanted
        )
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["municipality_id", "promise"], set_={"wanted": wanted}
            )
        )

    def all(self) -> Mapping[str, int]:
        query = select(sought_promises).where(self.mine(sought_promises)).order_by(sought_promises.c.promise)
        return {row.promise: row.wanted for row in self.rows(query)}
