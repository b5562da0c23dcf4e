"""What Prometheus learns of follow-up: promises by where they stand, what is due, what waits to be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from prometheus_client import Counter
from sqlalchemy import case, func, select

from chassis.clock import Clock
from chassis.db import Database, Transaction
from chassis.gauges import Gauges, gauge
from chassis.metrics import Metrics
from chassis.tenant_copy import municipalities
from services.followup.adapters import tables
from services.followup.deadlines.dates import local_date
from services.followup.domain.checkpoint import Decision
from services.followup.domain.report import HandoverState


class PrometheusMeter:
    def __init__(self, metrics: Metrics) -> None:
        self._answers = Counter(
            "borgerting_followup_answers",
            "Answers that councils have published, by what they decided",
            ["decision"],
            registry=metrics.registry,
        )
        self._told = Counter(
            "borgerting_followup_overdue_told",
            "Due dates that passed unanswered, told to the other services once each",
            registry=metrics.registry,
        )
        for decision in Decision:
            self._answers.labels(decision.value)

    def answered(self, decision: Decision) -> None:
        self._answers.labels(decision.value).inc()

    def told_overdue(self, count: int) -> None:
        self._told.inc(count)


def promise_gauges(database: Database, clock: Clock) -> Callable[[], Gauges]:
    """Of each municipality, counted when Prometheus asks: three grouped queries."""

    def measure() -> Gauges:
        now = clock.now()
        with database.reading_across() as transaction:
            zones = transaction.connection.execute(_ZONES).all()
            today = {one: local_date(now, ZoneInfo(zone)) for one, zone in zones}
            promises = _promises(transaction, today)
            due = _due(transaction, today)
            waiting = _waiting(transaction)
        yield gauge(
            "borgerting_followup_promises",
            "Promises of a municipality's council by where they stand",
            [({"municipality": one, "state": state}, n) for (one, state), n in promises.items()],
        )
        for name, documentation, first, last in _SPANS:
            yield gauge(
                name,
                documentation,
                [
                    ({"municipality": one}, sum(n for days, n in found if first <= days <= last))
                    for one, found in due.items()
                ],
            )
        yield gauge(
            "borgerting_followup_next_due_days",
            "In how many days a council owes its next answer; nothing where it owes none",
            [
                ({"municipality": one}, next_due)
                for one, found in due.items()
                if (next_due := _next(found)) is not None
            ],
        )
        yield gauge(
            "borgerting_followup_reports_waiting",
            "Reports that were handed over and could not be read yet, by why",
            [({"reason": reason}, number) for reason, number in waiting.items()],
        )

    return measure


_ZONES = select(municipalities.c.municipality_id, municipalities.c.time_zone)
_SPANS = (
    (
        "borgerting_followup_checkpoints_due_7d",
        "Answers that a council owes within 7 days and has not given",
        0,
        7,
    ),
    (
        "borgerting_followup_checkpoints_due_30d",
        "Answers that a council owes within 30 days and has not given",
        0,
        30,
    ),
    (
        "borgerting_followup_checkpoints_overdue",
        "Dates that passed without the answer that a council owed",
        -math.inf,
        -1,
    ),
)
_STATES = ("overdue", "answered", "waiting")


def _promises(transaction: Transaction, today: Mapping[str, date]) -> dict[tuple[str, str], int]:
    """(municipality, state) -> promises; each municipality by its own date."""
    dated = tables.checkpoints.c
    unanswered = dated.answered_on.is_(None)
    per_promise = (
        select(
            dated.municipality_id,
            func.min(case((unanswered, dated.effective_due))).label("next_due"),
            func.max(case((unanswered, 0), else_=1)).label("answered"),
        )
        .group_by(dated.municipality_id, dated.promise_id)
        .subquery()
    )
    place = (per_promise.c.municipality_id, per_promise.c.next_due, per_promise.c.answered)
    counts = dict.fromkeys(((one, state) for one in today for state in _STATES), 0)
    for one, next_due, answered, number in transaction.connection.execute(
        select(*place, func.count()).group_by(*place)
    ):
        if one in today:
            late = next_due is not None and next_due < today[one]
            counts[one, "overdue" if late else "answered" if answered else "waiting"] += number
    return counts


def _due(transaction: Transaction, today: Mapping[str, date]) -> dict[str, list[tuple[int, int]]]:
    """By municipality: in how many days (negative: ago) so many unanswered checkpoints fall due."""
    dated = tables.checkpoints.c
    place = (dated.municipality_id, dated.effective_due)
    query = select(*place, func.count()).where(dated.answered_on.is_(None)).group_by(*place)
    found: dict[str, list[tuple[int, int]]] = {one: [] for one in today}
    for one, due, number in transaction.connection.execute(query):
        if one in found:
            found[one].append(((due - today[one]).days, number))
    return found


def _next(found: Sequence[tuple[int, int]]) -> int | None:
    return min((days for days, _ in found if days >= 0), default=None)


def _waiting(transaction: Transaction) -> dict[str, int]:
    table = tables.handovers
    query = (
        select(table.c.trouble, func.count())
        .where(table.c.state == HandoverState.WAITING.value)
        .group_by(table.c.trouble)
    )
    found = {trouble or "NOT_TRIED": number for trouble, number in transaction.connection.execute(query)}
    return found or {"NOT_TRIED": 0}
