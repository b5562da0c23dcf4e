"""What Prometheus learns of deliberation: assemblies by state, reports handed over."""

from __future__ import annotations

from collections.abc import Callable

from chassis.db import Database
from chassis.gauges import Gauges, gauge
from services.deliberation.adapters.assembly_repository import assemblies_by_state
from services.deliberation.domain.assembly import AssemblyState


def assembly_gauges(database: Database) -> Callable[[], Gauges]:
    """Of each municipality that has an assembly, counted when Prometheus asks."""

    def measure() -> Gauges:
        with database.reading_across() as transaction:
            counts = assemblies_by_state(transaction)
        yield gauge(
            "borgerting_deliberation_assemblies",
            "Assemblies of a municipality by where they stand",
            [({"municipality": one, "state": state}, number) for (one, state), number in counts.items()],
        )
        # An assembly is handed over with its report, so that one count is the other.
        handed_over = [(one, n) for (one, state), n in counts.items() if state == AssemblyState.HANDED_OVER]
        yield gauge(
            "borgerting_deliberation_reports_handed_over",
            "Reports that a municipality's council was handed, and owes answers to",
            [({"municipality": one}, number) for one, number in handed_over],
        )

    return measure
