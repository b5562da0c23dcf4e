"""Every use case, every role, the same role of another municipality, and neighbouring services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from chassis.auth.principal import GRANTED_ROLES, Role
from chassis.context import Caller
from services.followup.app.create_answer import CreateAnswer, create_answer
from services.followup.app.create_extension import CreateExtension, create_extension
from services.followup.app.get_promise import get_promise
from services.followup.app.get_tracker import get_tracker
from services.followup.app.list_owed import list_owed
from services.followup.app.list_promises import ListPromises, list_promises
from services.followup.app.preview_answer import preview_answer
from services.followup.app.preview_extension import preview_extension
from services.followup.app.seek_volunteers import SeekVolunteers, seek_volunteers
from services.followup.domain.checkpoint import Decision
from services.followup.domain.fields import AnswerFields, ExtensionFields, SeekFields
from tests.authorisation import Rights, UseCase
from tests.unit.followup.house import CALENDAR, House

ROLES: tuple[Role | None, ...] = (*GRANTED_ROLES, None)
EVERYONE = frozenset(ROLES)
COUNCIL = frozenset({Role.OFFICER, Role.COUNCIL})
SEEKERS = COUNCIL | {Role.COORDINATOR}

UNKNOWN = UUID(int=9)
ANSWER = CreateAnswer(UNKNOWN, UNKNOWN, AnswerFields(Decision.FOLLOWED, "ja"))
EXTENSION = CreateExtension(UNKNOWN, UNKNOWN, ExtensionFields("2030-01-01", "Veje", "Budget"))

# Use case -> (who may, its arguments after the caller, what else it is handed).
TABLE: dict[Callable[..., Any], tuple[frozenset[Role | None], tuple[Any, ...], dict[str, Any]]] = {
    get_promise: (EVERYONE, (UNKNOWN,), {}),
    list_promises: (EVERYONE, (ListPromises(),), {}),
    get_tracker: (EVERYONE, (), {}),
    list_owed: (COUNCIL, (), {}),
    create_answer: (COUNCIL, (ANSWER,), {}),
    preview_answer: (COUNCIL, (ANSWER,), {}),
    create_extension: (COUNCIL, (EXTENSION,), {"calendar": CALENDAR}),
    preview_extension: (COUNCIL, (EXTENSION,), {"calendar": CALENDAR}),
    seek_volunteers: (SEEKERS, (SeekVolunteers(UNKNOWN, SeekFields(3, "x")),), {}),
}


class TestRights(Rights):
    table = TABLE
    house = House

    def attempt(self, use_case: UseCase, caller: Caller, at: str) -> None:
        _, arguments, more = TABLE[use_case]
        house = House()
        house.entry.run(at, lambda uow: use_case(uow, caller, *arguments, clock=house.clock, **more))
