"""What Prometheus learns of the volunteer portal: sign-ups by outcome, places free, people waiting."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Counter
from sqlalchemy import and_, case, func, select

from chassis.db import Database
from chassis.gauges import Gauges, gauge
from chassis.metrics import Metrics
from services.volunteer.adapters.tables import slots, tasks
from services.volunteer.domain.task import TaskState

OUTCOMES = ("confirmed", "waitlisted", "promoted", "cancelled")


class PrometheusMeter:
    def __init__(self, metrics: Metrics) -> None:
        self._sign_ups = Counter(
            "borgerting_volunteer_sign_ups",
            "Sign-ups for slots: places taken, queues joined, moved up, given back",
            ["outcome"],
            registry=metrics.registry,
        )
        for outcome in OUTCOMES:
            self._sign_ups.labels(outcome)  # so that a rate begins at 0

    def signed_up(self, outcome: str) -> None:
        self._sign_ups.labels(outcome).inc()


def place_gauges(database: Database) -> Callable[[], Gauges]:
    """Free places and people waiting, of each municipality's open tasks to come, counted when asked."""

    def measure() -> Gauges:
        of_open = and_(
            tasks.c.municipality_id == slots.c.municipality_id,
            tasks.c.task_id == slots.c.task_id,
            tasks.c.state == TaskState.OPEN.value,
        )
        free = case((slots.c.waiting > 0, 0), else_=slots.c.capacity - slots.c.confirmed)
        query = (
            select(
                slots.c.municipality_id,
                func.coalesce(func.sum(free), 0).label("places"),
                func.coalesce(func.sum(slots.c.waiting), 0).label("waiting"),
            )
            .join(tasks, of_open)
            .where(~slots.c.cancelled, slots.c.start_time > database.clock.now())
            .group_by(slots.c.municipality_id)
        )
        with database.reading_across() as transaction:
            found = transaction.connection.execute(query).all()
        yield gauge(
            "borgerting_volunteer_free_places",
            "Places that somebody in the municipality could take now",
            [({"municipality": row.municipality_id}, row.places) for row in found],
        )
        yield gauge(
            "borgerting_volunteer_people_waiting",
            "People in the municipality's queues for a place",
            [({"municipality": row.municipality_id}, row.waiting) for row in found],
        )

    return measure
