"""Every use case of assemblies and reports, every role, and the same role of another municipality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from chassis.auth.principal import Role
from chassis.errors import Code, DomainError
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
from tests.authorisation import Rights
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

HELPERS = {"open_draft", "close_draft"}


class TestRights(Rights):
    table = TABLE
    house = House


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
