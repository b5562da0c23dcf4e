"""What Prometheus learns of sortition: draws by state, how long they took, how pool checks came out."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Counter, Histogram

from chassis.db import Database
from chassis.gauges import Gauges, gauge
from chassis.metrics import Metrics
from services.sortition.adapters.draw_repository import draws_by_state
from services.sortition.domain.draw import DrawState

_SECONDS = (0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800)


class PrometheusMeter:
    def __init__(self, metrics: Metrics) -> None:
        self._seconds = Histogram(
            "borgerting_sortition_draw_seconds",
            "How long a draw was computed, until its panels were there",
            ["method"],
            buckets=_SECONDS,
            registry=metrics.registry,
        )
        self._checks = Counter(
            "borgerting_sortition_pool_checks",
            "How often a pool was held against its targets, and whether it can meet them",
            ["outcome"],
            registry=metrics.registry,
        )

    def pool_checked(self, outcome: str) -> None:
        self._checks.labels(outcome).inc()

    def draw_computed(self, method: str, seconds: float) -> None:
        self._seconds.labels(method).observe(seconds)


def draw_gauges(database: Database) -> Callable[[], Gauges]:
    """Draws of each municipality that has one, counted when Prometheus asks."""

    def measure() -> Gauges:
        with database.reading_across() as transaction:
            found = draws_by_state(transaction)
        counts = {(municipality, state.value): 0 for municipality, _ in found for state in DrawState}
        counts |= {key: number for key, (number, _) in found.items()}
        yield gauge(
            "borgerting_sortition_draws",
            "Draws of a municipality by where they stand",
            [(_labels(key), number) for key, number in counts.items()],
        )
        now = database.clock.now()
        yield gauge(
            "borgerting_sortition_draw_waits_seconds",
            "For how long a municipality's oldest draw is QUEUED or RUNNING: its secretariat waits",
            [
                (_labels(key), max((now - since).total_seconds(), 0.0))
                for key, (_, since) in found.items()
                if key[1] in (DrawState.QUEUED, DrawState.RUNNING)
            ],
        )

    return measure


def _labels(key: tuple[str, str]) -> dict[str, str]:
    return {"municipality": key[0], "state": key[1]}
