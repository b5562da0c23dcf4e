"""The pool's people as they are shown: by ids and values, with how many share their address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import person_view
from services.sortition.app.views import PersonView
from services.sortition.domain.pool import Person


def person_views(uow: UnitOfWork, selection_id: UUID, people: Sequence[Person]) -> list[PersonView]:
    homes: Counter[str] = Counter()
    if any(person.household for person in people):
        homes.update(person.household for person in uow.pool.people(selection_id))
    return [person_view(person, homes[person.household] - 1 if person.household else 0) for person in people]
