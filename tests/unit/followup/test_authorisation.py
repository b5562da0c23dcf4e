"""Every use case, every role, the same role of another municipality, and neighbouring services."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from borgerting.followup.v1 import promise_service_pb2
from chassis.auth.principal import GRANTED_ROLES, Role, service_principal
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.rpc.desks import snake
from services.followup import app
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
from tests.unit.followup.house import CALENDAR, HERE, THERE, House, who

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
DENIED = {"SIGN_IN_REQUIRED": Code.UNAUTHENTICATED, "ROLE_REQUIRED": Code.PERMISSION_DENIED}


def use_cases() -> set[Callable[..., Any]]:
    """Every public function of the app that takes (uow, caller, …): how pages and APIs come in."""
    found = set()
    for info in pkgutil.iter_modules(app.__path__):
        if info.name == "gate":
            continue
        module = importlib.import_module(f"{app.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            parameters = list(inspect.signature(function).parameters)
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and parameters[:2] == ["uow", "caller"]:
                found.add(function)
    return found


def refusal(use_case: Callable[..., Any], caller: Caller, at: str = HERE) -> str:
    """The reason for which the caller was turned away at the door; "" for who came in."""
    house = House()
    _, arguments, more = TABLE[use_case]
    try:
        house.entry.run(at, lambda uow: use_case(uow, caller, *arguments, clock=house.clock, **more))
    except DomainError as error:
        refused = error
    else:
        return ""
    if refused.reason in DENIED:
        assert refused.code is DENIED[refused.reason]
        return refused.reason
    # Nothing is under these ids; that is learnt inside only.
    assert refused.code is Code.NOT_FOUND, refused.reason
    return "" if at == HERE else refused.reason


def test_every_use_case_stands_in_the_table() -> None:
    assert use_cases() == set(TABLE)


def test_every_method_of_the_api_is_a_use_case() -> None:
    service = promise_service_pb2.DESCRIPTOR.services_by_name["PromiseService"]
    assert {snake(method.name) for method in service.methods} <= {use_case.__name__ for use_case in TABLE}


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("role", ROLES, ids=lambda r: r.value if r else "nobody")
def test_a_role_of_the_municipality(use_case: Callable[..., Any], role: Role | None) -> None:
    expected = "" if role in TABLE[use_case][0] else "ROLE_REQUIRED" if role else "SIGN_IN_REQUIRED"
    assert refusal(use_case, who(role, HERE)) == expected


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("municipality", [THERE, None])
@pytest.mark.parametrize("role", GRANTED_ROLES, ids=lambda r: r.value)
def test_the_same_role_of_another_municipality_or_of_none(
    use_case: Callable[..., Any], role: Role, municipality: str | None
) -> None:
    # What anyone may see, they may see too; nothing else.
    expected = "" if None in TABLE[use_case][0] else "ROLE_REQUIRED"
    assert refusal(use_case, who(role, municipality)) == expected


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
def test_a_neighbouring_service_reads_and_no_more(use_case: Callable[..., Any]) -> None:
    expected = "" if None in TABLE[use_case][0] else "ROLE_REQUIRED"
    assert refusal(use_case, Caller(service_principal("volunteer"), "c-1", "da")) == expected


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
def test_a_municipality_that_does_not_exist(use_case: Callable[..., Any]) -> None:
    caller = who(Role.OFFICER, "atlantis")
    assert refusal(use_case, caller, "atlantis") == "MUNICIPALITY_UNKNOWN"
