"""What Prometheus learns of sortition: draws by state, how long they took, how pool checks came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import Counter, Histogram

from chassis.db import Database
from chassis.metrics import Metrics, Sample
from services.sortition.adapters.draw_repository import draws_by_state

Gauges = Iterable[tuple[str, str, Iterable[Sample]]]

_SECONDS = (0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800)


class PrometheusMeter:
    def __init__(self, metrics: Metrics) -> None:
        self._seconds = Histogram(
            "borgerting_sortition_draw_seconds",
            "Time that a draw's engine took",
            ["method"],
            buckets=_SECONDS,
            registry=metrics.registry,
        )
        self._checks = Counter(
            "borgerting_sortition_pool_checks",
            "Pools held against targets, by what came of it",
            ["outcome"],
            registry=metrics.registry,
        )

    def pool_checked(self, outcome: str) -> None:
        self._checks.labels(outcome).inc()

    def draw_computed(self, method: str, seconds: float) -> None:
        self._seconds.labels(method).observe(seconds)


def draw_gauges(database: Database) -> Callable[[], Gauges]:
    """Draws of all municipalities by state, counted when Prometheus asks."""

    def measure() -> Gauges:
        with database.reading_across() as transaction:
            counts = draws_by_state(transaction)
        name = "borgerting_sortition_draws"
        yield name, "Draws by state", [(name, {"state": state}, n) for state, n in counts.items()]

    return measure
