"""Every use case of assemblies and reports, every role, and the same role of another municipality."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.deliberation import app
from services.deliberation.app.create_assembly import CreateAssembly, check_new_assembly, create_assembly
from services.deliberation.app.create_initiative import CreateInitiative, create_initiative
from services.deliberation.app.create_recommendation import CreateRecommendation, create_recommendation
from services.deliberation.app.delete_initiative import DeleteInitiative, delete_initiative
from services.deliberation.app.delete_recommendation import DeleteRecommendation, delete_recommendation
from services.deliberation.app.get_assembly import get_assembly
from services.deliberation.app.get_front import get_front
from services.deliberation.app.get_report import get_report
from services.deliberation.app.get_report_content import get_report_content
from services.deliberation.app.get_standing import get_standing
from services.deliberation.app.hand_over_report import HandOverReport, hand_over_report
from services.deliberation.app.list_assemblies import list_assemblies
from services.deliberation.app.list_members import list_members
from services.deliberation.app.list_waiting_panels import list_waiting_panels
from services.deliberation.app.update_assembly import (
    UpdateAssembly,
    check_assembly_update,
    update_assembly,
)
from services.deliberation.app.update_initiative import UpdateInitiative, update_initiative
from services.deliberation.app.update_recommendation import UpdateRecommendation, update_recommendation
from services.deliberation.app.update_report import UpdateReport, update_report
from services.deliberation.domain.assembly import AssemblyFields
from tests.unit.deliberation.house import HERE, SUPPORT, THERE, House, who

S, E, F, I = Role.SECRETARIAT, Role.EDITOR, Role.FACILITATOR, Role.INTEGRATOR  # noqa: E741
ROLES: tuple[Role | None, ...] = (*Role, None)
EVERYONE = frozenset(ROLES)
A, R, X = uuid4(), uuid4(), uuid4()
FIELDS = AssemblyFields("t", "", "", uuid4())

# Use case -> (who may, its arguments after the caller, whether it is handed a clock).
TABLE: dict[Callable[..., Any], tuple[frozenset[Role | None], tuple[Any, ...], bool]] = {
    check_new_assembly: (frozenset({S}), (CreateAssembly(FIELDS),), False),
    create_assembly: (frozenset({S}), (CreateAssembly(FIELDS),), True),
    get_assembly: (EVERYONE, (A,), False),
    list_assemblies: (EVERYONE, (), False),
    check_assembly_update: (frozenset({S}), (UpdateAssembly(A, FIELDS),), False),
    update_assembly: (frozenset({S}), (UpdateAssembly(A, FIELDS),), True),
    list_members: (frozenset({S, F, I}), (A,), False),
    list_waiting_panels: (frozenset({S}), (), False),
    get_report: (EVERYONE, (A,), False),
    get_report_content: (EVERYONE, (A,), False),
    update_report: (frozenset({S, E}), (UpdateReport(A, "t", ""),), True),
    create_recommendation: (frozenset({S, E}), (CreateRecommendation(A, "t"),), True),
    update_recommendation: (frozenset({S, E}), (UpdateRecommendation(A, R, "t", "", 1),), True),
    delete_recommendation: (frozenset({S, E}), (DeleteRecommendation(A, R),), True),
    create_initiative: (frozenset({S, E}), (CreateInitiative(A, R, "t"),), True),
    update_initiative: (frozenset({S, E}), (UpdateInitiative(A, R, X, "t", "", SUPPORT, 1),), True),
    delete_initiative: (frozenset({S, E}), (DeleteInitiative(A, R, X),), True),
    hand_over_report: (frozenset({S}), (HandOverReport(A, '"e"'),), True),
    get_front: (EVERYONE, (), True),
    get_standing: (EVERYONE, (A,), True),
}

# What has no method of its own: pages' own questions, and the first half of a call.
NO_METHOD = {
    "check_new_assembly",
    "check_assembly_update",
    "list_waiting_panels",
    "get_report_content",
    "get_front",
    "get_standing",
}
DENIED = {"SIGN_IN_REQUIRED": Code.UNAUTHENTICATED, "ROLE_REQUIRED": Code.PERMISSION_DENIED}
HELPERS = {"admit", "open_draft", "close_draft"}


def use_cases() -> set[Callable[..., Any]]:
    """Every public function of the app that takes an assembly's unit of work and a caller."""
    found = set()
    for info in pkgutil.iter_modules(app.__path__):
        module = importlib.import_module(f"{app.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            parameters = inspect.signature(function).parameters
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if not own or name in HELPERS or list(parameters)[:2] != ["uow", "caller"]:
                continue
            if parameters["uow"].annotation == "AssemblyUnitOfWork":
                found.add(function)
    return found


def refusal(use_case: Callable[..., Any], caller: Caller) -> str:
    """The reason for which the caller was turned away at the door; "" for who came in."""
    house = House()
    _, arguments, timed = TABLE[use_case]
    try:
        (house.act if timed else house.run)(use_case, *arguments, by=caller)
    except DomainError as error:
        code, reason = error.code, error.reason
    else:
        return ""
    if reason in DENIED:
        assert code is DENIED[reason]
        return reason
    # Nothing there is under these ids; that is learnt inside only.
    assert code is Code.NOT_FOUND, reason
    return ""


def test_every_use_case_stands_in_the_table() -> None:
    assert use_cases() == set(TABLE)


def test_every_method_of_the_apis_is_a_use_case() -> None:
    from borgerting.deliberation.v1 import assembly_service_pb2, report_service_pb2
    from chassis.rpc.desks import snake

    methods = {
        snake(method.name)
        for module, service in (
            (assembly_service_pb2, "AssemblyService"),
            (report_service_pb2, "ReportService"),
        )
        for method in module.DESCRIPTOR.services_by_name[service].methods
    }
    assert methods == {use_case.__name__ for use_case in TABLE} - NO_METHOD


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
def test_each_role_of_the_municipality(use_case: Callable[..., Any]) -> None:
    for role in ROLES:
        expected = "" if role in TABLE[use_case][0] else "ROLE_REQUIRED" if role else "SIGN_IN_REQUIRED"
        assert refusal(use_case, who(role, HERE)) == expected, role


@pytest.mark.parametrize("use_case", TABLE, ids=lambda f: f.__name__)
def test_the_same_role_of_another_municipality_and_of_none(use_case: Callable[..., Any]) -> None:
    # What anyone may see, they may see too; nothing else.
    expected = "" if None in TABLE[use_case][0] else "ROLE_REQUIRED"
    for role in Role:
        for municipality in (THERE, None):
            assert refusal(use_case, who(role, municipality)) == expected, (role, municipality)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value if role else "nobody")
def test_a_draft_is_for_who_writes_it(role: Role | None) -> None:
    house = House()
    assembly = house.written()
    readers = {S, E, I}
    for caller, may in ((who(role, HERE), role in readers), (who(role, THERE), False)):
        if may:
            assert house.report(assembly, by=caller).report.handover is None
            continue
        with pytest.raises(DomainError, match="REPORT_UNKNOWN") as refused:
            house.report(assembly, by=caller)
        assert refused.value.code is Code.NOT_FOUND
    with pytest.raises(DomainError, match="REPORT_UNKNOWN"):
        house.run(get_report_content, assembly.id, by=who(role))
    house.hand_over(assembly)
    for municipality in (HERE, THERE):
        assert house.report(assembly, by=who(role, municipality)).report.handover is not None
        assert house.run(get_report_content, assembly.id, by=who(role, municipality))


def test_nobody_learns_of_a_municipality_by_its_rights() -> None:
    house = House()
    stranger, own = who(S, HERE), who(S, "nowhere")
    with pytest.raises(DomainError, match="ROLE_REQUIRED"):
        house.run(list_waiting_panels, by=stranger, at="nowhere")
    with pytest.raises(DomainError, match="MUNICIPALITY_UNKNOWN"):
        house.run(list_waiting_panels, by=own, at="nowhere")
