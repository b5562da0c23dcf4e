"""What Prometheus learns of the volunteer portal: sign-ups by outcome, places free, people waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import Counter
from sqlalchemy import and_, case, func, select

from chassis.db import Database
from chassis.metrics import Metrics, Sample
from services.volunteer.adapters.tables import slots, tasks
from services.volunteer.domain.task import TaskState

Gauges = Iterable[tuple[str, str, Iterable[Sample]]]

OUTCOMES = ("confirmed", "waitlisted", "promoted", "cancelled")


class PrometheusMeter:
    def __init__(self, metrics: Metrics) -> None:
        self._sign_ups = Counter(
            "borgerting_volunteer_sign_ups",
            "Sign-ups by what came of them",
            ["outcome"],
            registry=metrics.registry,
        )
        for outcome in OUTCOMES:
            self._sign_ups.labels(outcome)  # so that a rate begins at 0

    def signed_up(self, outcome: str) -> None:
        self._sign_ups.labels(outcome).inc()


def place_gauges(database: Database) -> Callable[[], Gauges]:
    """Free places and people waiting, of all municipalities' open tasks to come, counted when asked."""

    def measure() -> Gauges:
        of_open = and_(
            tasks.c.municipality_id == slots.c.municipality_id,
            tasks.c.task_id == slots.c.task_id,
            tasks.c.state == TaskState.OPEN.value,
        )
        free = case((slots.c.waiting > 0, 0), else_=slots.c.capacity - slots.c.confirmed)
        query = (
            select(func.coalesce(func.sum(free), 0), func.coalesce(func.sum(slots.c.waiting), 0))
            .join(tasks, of_open)
            .where(~slots.c.cancelled, slots.c.start_time > database.clock.now())
        )
        with database.reading_across() as transaction:
            places, waiting = transaction.connection.execute(query).one()
        name = "borgerting_volunteer_free_places"
        yield name, "Places that somebody could take now", [(name, {}, places)]
        name = "borgerting_volunteer_people_waiting"
        yield name, "People in queues for a place", [(name, {}, waiting)]

    return measure
