"""Every use case, every role, and the same role of another municipality."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from chassis.auth.principal import Role, service_principal
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.sortition import app
from services.sortition.app.accept_pool_import import accept_pool_import
from services.sortition.app.cancel_draw import cancel_draw
from services.sortition.app.check_receipt import check_receipt
from services.sortition.app.check_targets import CheckTargets, check_targets
from services.sortition.app.confirm_panel import ConfirmPanel, confirm_panel
from services.sortition.app.create_draw import CreateDraw, create_draw
from services.sortition.app.create_selection import CreateSelection, create_selection
from services.sortition.app.delete_person import DeletePerson, delete_person
from services.sortition.app.draw_acts import DrawAct
from services.sortition.app.export_person import export_person
from services.sortition.app.get_draw import get_draw
from services.sortition.app.get_draw_file import get_draw_file
from services.sortition.app.get_panel import get_panel
from services.sortition.app.get_pool import get_pool
from services.sortition.app.get_pool_import import get_pool_import
from services.sortition.app.get_pool_import_corrections import get_pool_import_corrections
from services.sortition.app.get_published_draw import get_published_draw
from services.sortition.app.get_representation import get_representation
from services.sortition.app.get_selection import get_selection
from services.sortition.app.get_signing_key import get_signing_key
from services.sortition.app.import_pool import ImportPool, import_pool
from services.sortition.app.import_targets import ImportTargets, import_targets
from services.sortition.app.list_draw_states import list_draw_states
from services.sortition.app.list_draws import list_draws
from services.sortition.app.list_people import list_people
from services.sortition.app.list_published_draws import list_published_draws
from services.sortition.app.list_seat_contacts import list_seat_contacts
from services.sortition.app.list_seats import list_seats
from services.sortition.app.list_selections import list_selections
from services.sortition.app.publish_commitment import publish_commitment
from services.sortition.app.publish_draw import publish_draw
from services.sortition.app.reveal_draw import RevealDraw, reveal_draw
from services.sortition.app.set_inclusion import SetInclusion, set_inclusion
from services.sortition.app.set_seat_answer import SetSeatAnswer, set_seat_answer
from services.sortition.app.update_selection import UpdateSelection, update_selection
from services.sortition.domain.pool import Inclusion
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import SelectionFields
from tests.unit.sortition.house import HERE, THERE, House, who

S, I, O, N = Role.SECRETARIAT, Role.INTEGRATOR, Role.OPERATOR, None  # noqa: E741
ROLES = (S, I, O, N)
EVERYONE = set(ROLES)

SELECTION, DRAW, PERSON, SEAT = uuid4(), uuid4(), uuid4(), uuid4()
FIELDS = SelectionFields("t", "", 8, None)

# Use case -> (who may, its arguments after the caller, whether it is handed a clock).
TABLE: dict[Callable[..., Any], tuple[set[Role | None], tuple[Any, ...], bool]] = {
    create_selection: ({S}, (CreateSelection("t", 8),), True),
    get_selection: ({S, I}, (SELECTION,), False),
    list_selections: ({S, I}, (), False),
    update_selection: ({S}, (UpdateSelection(SELECTION, FIELDS, ("title",)),), True),
    import_targets: ({S, I}, (ImportTargets(SELECTION, b"x"),), True),
    import_pool: ({S, I}, (ImportPool(SELECTION, b"x"),), True),
    get_pool_import: ({S, I}, (SELECTION,), False),
    get_pool_import_corrections: ({S, I}, (SELECTION,), False),
    accept_pool_import: ({S, I}, (SELECTION,), True),
    get_pool: ({S, I}, (SELECTION,), False),
    check_targets: ({S, I}, (CheckTargets(SELECTION),), False),
    list_people: ({S}, (SELECTION,), False),
    set_inclusion: ({S}, (SetInclusion(SELECTION, PERSON, Inclusion.MUST),), True),
    delete_person: ({S}, (DeletePerson(SELECTION, PERSON),), True),
    export_person: ({S}, (SELECTION, PERSON), False),
    create_draw: ({S, I}, (CreateDraw(SELECTION),), True),
    get_draw: ({S, I}, (SELECTION, DRAW), False),
    list_draws: ({S, I}, (SELECTION,), False),
    cancel_draw: ({S, I}, (DrawAct(SELECTION, DRAW),), True),
    publish_commitment: ({S}, (DrawAct(SELECTION, DRAW),), True),
    reveal_draw: ({S}, (RevealDraw(SELECTION, DRAW, 1),), True),
    publish_draw: ({S}, (DrawAct(SELECTION, DRAW),), True),
    get_draw_file: (EVERYONE, (SELECTION, DRAW, "record.json"), False),
    list_published_draws: (EVERYONE, (), False),
    get_published_draw: (EVERYONE, (SELECTION, DRAW), False),
    check_receipt: (EVERYONE, (SELECTION, DRAW, "7QK2M9ZT4C"), False),
    get_signing_key: (EVERYONE, (), False),
    get_panel: ({S, I}, (SELECTION,), False),
    list_seats: ({S, I}, (SELECTION,), False),
    list_seat_contacts: ({S}, (SELECTION,), False),
    set_seat_answer: ({S}, (SetSeatAnswer(SELECTION, SEAT, Answer.ASKED),), True),
    confirm_panel: ({S}, (ConfirmPanel(SELECTION),), True),
    get_representation: ({S, I}, (SELECTION,), False),
    list_draw_states: ({O}, (), False),
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


def refusal(house: House, use_case: Callable[..., Any], caller: Caller) -> str:
    """The reason for which the caller was turned away at the door; "" for who came in."""
    _, arguments, timed = TABLE[use_case]
    try:
        if timed:
            house.act(use_case, *arguments, by=caller)
        else:
            house.run(use_case, *arguments, by=caller)
    except DomainError as error:
        refused = (error.code, error.reason)
    else:
        return ""
    code, reason = refused
    if reason in DENIED:
        assert code is DENIED[reason]
        return reason
    # Nothing there is under these ids; that is learnt inside only.
    assert code in (Code.NOT_FOUND, Code.FAILED_PRECONDITION), reason
    return ""


def test_every_use_case_stands_in_the_table() -> None:
    assert use_cases() == set(TABLE)


def test_every_method_of_the_apis_is_a_use_case() -> None:
    from borgerting.sortition.v1 import draw_service_pb2, selection_service_pb2
    from chassis.rpc.desks import snake

    renamed = {"update_person": "set_inclusion"}
    methods = [
        snake(method.name)
        for module, service in (
            (selection_service_pb2, "SelectionService"),
            (draw_service_pb2, "DrawService"),
        )
        for method in module.DESCRIPTOR.services_by_name[service].methods
    ]
    assert {renamed.get(name, name) for name in methods} == {f.__name__ for f in TABLE}


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("role", ROLES, ids=lambda r: r.value if r else "nobody")
def test_a_role_of_the_municipality(use_case: Callable[..., Any], role: Role | None) -> None:
    expected = "" if role in TABLE[use_case][0] else "ROLE_REQUIRED" if role else "SIGN_IN_REQUIRED"
    assert refusal(House(), use_case, who(role, HERE)) == expected


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("role", [S, I, O], ids=lambda r: r.value)
def test_the_same_role_of_another_municipality(use_case: Callable[..., Any], role: Role) -> None:
    # What anyone may see, they may see too; nothing else.
    expected = "" if None in TABLE[use_case][0] else "ROLE_REQUIRED"
    assert refusal(House(), use_case, who(role, THERE)) == expected


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
def test_a_neighbouring_service(use_case: Callable[..., Any]) -> None:
    """Deliberation asks for a selection when an assembly is set up; nothing else is a neighbour's."""
    caller = Caller(service_principal("deliberation"), "correlation-1", "en")
    expected = "" if None in TABLE[use_case][0] or use_case is get_selection else "ROLE_REQUIRED"
    assert refusal(House(), use_case, caller) == expected


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
def test_an_operator_of_the_platform(use_case: Callable[..., Any]) -> None:
    allowed = TABLE[use_case][0]
    expected = "" if None in allowed or O in allowed else "ROLE_REQUIRED"
    assert refusal(House(), use_case, who(O, None)) == expected


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
def test_a_municipality_that_does_not_exist(use_case: Callable[..., Any]) -> None:
    allowed, arguments, timed = TABLE[use_case]
    role = next((role for role in (S, O) if role in allowed), None)
    house = House()
    call = house.act if timed else house.run
    with pytest.raises(DomainError) as caught:
        call(use_case, *arguments, by=who(role, "atlantis"), at="atlantis")
    assert (caught.value.code, caught.value.reason) == (Code.NOT_FOUND, "MUNICIPALITY_UNKNOWN")


@pytest.mark.parametrize("role", [S, I, O, N], ids=lambda r: r.value if r else "nobody")
@pytest.mark.parametrize("municipality", [HERE, THERE])
def test_secret_files_are_the_secretariats_alone(role: Role | None, municipality: str) -> None:
    house = House()
    selection, made = house.published()
    caller = who(role, municipality)
    for filename in ("record.json", "record.json.sig", "commitment.json", "commitment.json.sig"):
        assert house.run(get_draw_file, selection, made, filename, by=caller).public
    for filename in ("audit.json", "receipts.csv", "chances.csv", "panels.csv"):
        if (role, municipality) == (S, HERE):
            assert not house.run(get_draw_file, selection, made, filename, by=caller).public
            continue
        with pytest.raises(DomainError) as caught:
            house.run(get_draw_file, selection, made, filename, by=caller)
        assert (caught.value.code, caught.value.reason) == (Code.NOT_FOUND, "FILE_UNKNOWN")
