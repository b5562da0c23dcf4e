"""What Prometheus learns of follow-up: promises by where they stand, what is due, what waits to be read."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from prometheus_client import Counter
from sqlalchemy import and_, case, func, select

from chassis.clock import Clock
from chassis.db import Database, Transaction
from chassis.metrics import Metrics, Sample
from chassis.tenant_copy import municipalities
from services.followup.adapters import tables
from services.followup.deadlines.dates import local_date
from services.followup.domain.checkpoint import Decision
from services.followup.domain.report import HandoverState

Gauges = Iterable[tuple[str, str, Iterable[Sample]]]

SOON = timedelta(days=30)


class PrometheusMeter:
    def __init__(self, metrics: Metrics) -> None:
        self._answers = Counter(
            "borgerting_followup_answers",
            "Answers published, by decision",
            ["decision"],
            registry=metrics.registry,
        )
        self._told = Counter(
            "borgerting_followup_overdue_told",
            "Due dates that passed unanswered and were told by an event",
            registry=metrics.registry,
        )
        for decision in Decision:
            self._answers.labels(decision.value)

    def answered(self, decision: Decision) -> None:
        self._answers.labels(decision.value).inc()

    def told_overdue(self, count: int) -> None:
        self._told.inc(count)


def promise_gauges(database: Database, clock: Clock) -> Callable[[], Gauges]:
    """Of all municipalities together, counted when Prometheus asks: two grouped queries."""

    def measure() -> Gauges:
        with database.reading_across() as transaction:
            promises, due_soon, overdue = _counts(transaction, clock)
            waiting = _waiting(transaction)
        name = "borgerting_followup_promises"
        yield name, "Promises by state", [(name, {"state": state}, n) for state, n in promises.items()]
        name = "borgerting_followup_checkpoints_due_30d"
        yield name, "Unanswered checkpoints that fall due within 30 days", [(name, {}, due_soon)]
        name = "borgerting_followup_checkpoints_overdue"
        yield name, "Checkpoints whose date passed unanswered", [(name, {}, overdue)]
        name = "borgerting_followup_reports_waiting"
        samples = [(name, {"reason": reason}, n) for reason, n in waiting.items()]
        yield name, "Reports handed over that could not be read yet, by why", samples

    return measure


def _counts(transaction: Transaction, clock: Clock) -> tuple[dict[str, int], int, int]:
    """Promises by state; checkpoints due within 30 days; overdue ones. Each municipality by its own date."""
    dated = tables.checkpoints.c
    unanswered = dated.answered_on.is_(None)
    query = (
        select(
            dated.municipality_id,
            municipalities.c.time_zone,
            dated.promise_id,
            dated.effective_due,
            unanswered.label("unanswered"),
        )
        .join_from(
            tables.checkpoints,
            municipalities,
            dated.municipality_id == municipalities.c.municipality_id,
        )
        .subquery()
    )
    per_promise = (
        select(
            query.c.municipality_id,
            query.c.time_zone,
            query.c.promise_id,
            func.min(case((query.c.unanswered, query.c.effective_due))).label("next_due"),
            func.max(case((query.c.unanswered, 0), else_=1)).label("answered"),
        )
        .group_by(query.c.municipality_id, query.c.time_zone, query.c.promise_id)
        .subquery()
    )
    grouped = select(
        per_promise.c.time_zone, per_promise.c.next_due, per_promise.c.answered, func.count()
    ).group_by(per_promise.c.time_zone, per_promise.c.next_due, per_promise.c.answered)
    now = clock.now()
    promises: Count[str] = Count(overdue=0, answered=0, waiting=0)
    for zone, next_due, answered, number in transaction.connection.execute(grouped):
        late = next_due is not None and next_due < local_date(now, ZoneInfo(zone))
        promises["overdue" if late else "answered" if answered else "waiting"] += number
    soon = overdue = 0
    open_ones = (
        select(query.c.time_zone, query.c.effective_due, func.count())
        .where(and_(query.c.unanswered, query.c.effective_due <= now.date() + SOON + timedelta(days=2)))
        .group_by(query.c.time_zone, query.c.effective_due)
    )
    for zone, due, number in transaction.connection.execute(open_ones):
        today = local_date(now, ZoneInfo(zone))
        overdue += number if due < today else 0
        soon += number if today <= due <= today + SOON else 0
    return dict(promises), soon, overdue


def _waiting(transaction: Transaction) -> dict[str, int]:
    table = tables.handovers
    query = (
        select(table.c.trouble, func.count())
        .where(table.c.state == HandoverState.WAITING.value)
        .group_by(table.c.trouble)
    )
    found = {trouble or "NOT_TRIED": number for trouble, number in transaction.connection.execute(query)}
    return found or {"NOT_TRIED": 0}
