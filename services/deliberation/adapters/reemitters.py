"""How deliberation's aggregates tell their state again."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.aip.names import MUNICIPALITY
from chassis.db import Transaction
from chassis.errors import Code, DomainError
from chassis.reemission import AggregateState, Reemitter
from services.deliberation.adapters import names
from services.deliberation.adapters.assembly_repository import SqlAssemblies
from services.deliberation.adapters.assembly_unit_of_work import assembly_aggregate, report_handed_over
from services.deliberation.adapters.report_repository import SqlReports
from services.deliberation.adapters.repository import SqlMunicipalities
from services.deliberation.adapters.wire import municipality_changed
from services.deliberation.app.permissions import unknown_municipality


def municipality_state(transaction: Transaction, ids: Mapping[str, str]) -> AggregateState:
    """Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN."""
    municipality = SqlMunicipalities(transaction.connection).get(ids["municipality"])
    if municipality is None:
        raise unknown_municipality()
    return AggregateState("municipality", municipality_changed(municipality))


def report_state(transaction: Transaction, ids: Mapping[str, str]) -> AggregateState:
    """Raises DomainError NOT_FOUND ASSEMBLY_UNKNOWN, FAILED_PRECONDITION REPORT_NOT_HANDED_OVER: an assembly
    tells nothing before.
    """
    _, assembly_id = names.assembly(names.ASSEMBLY.format(**ids))
    assembly = SqlAssemblies(transaction).get(assembly_id)
    report = SqlReports(transaction).get(assembly.id)
    if report.handover is None:
        raise DomainError(Code.FAILED_PRECONDITION, "REPORT_NOT_HANDED_OVER")
    return AggregateState(assembly_aggregate(assembly.id), report_handed_over(report))


REEMITTERS = (Reemitter(MUNICIPALITY, municipality_state), Reemitter(names.ASSEMBLY, report_state))
