"""What Prometheus learns of deliberation: assemblies by state, reports handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chassis.db import Database
from chassis.metrics import Sample
from services.deliberation.adapters.assembly_repository import assemblies_by_state
from services.deliberation.domain.assembly import AssemblyState

Gauges = Iterable[tuple[str, str, Iterable[Sample]]]


def assembly_gauges(database: Database) -> Callable[[], Gauges]:
    """Of all municipalities, counted when Prometheus asks."""

    def measure() -> Gauges:
        with database.reading_across() as transaction:
            counts = assemblies_by_state(transaction)
        name = "borgerting_deliberation_assemblies"
        yield name, "Assemblies by state", [(name, {"state": state}, n) for state, n in counts.items()]
        # An assembly is handed over with its report, so that one count is the other.
        handed_over = "borgerting_deliberation_reports_handed_over"
        yield handed_over, "Reports handed over", [(handed_over, {}, counts[AssemblyState.HANDED_OVER])]

    return measure
