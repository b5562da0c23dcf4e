"""A municipality in memory with the reference case's report handed over, for tests of use cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis.auth.principal import NOBODY, Principal, Role
from chassis.clock import FixedClock
from chassis.context import Caller
from chassis.tenants import Municipality
from services.followup.app.create_answer import CreateAnswer, create_answer
from services.followup.app.create_extension import CreateExtension, create_extension
from services.followup.app.get_promise import get_promise
from services.followup.app.list_promises import ListPromises, list_promises
from services.followup.app.make_promises import make_promises
from services.followup.app.note_handover import note_handover
from services.followup.app.views import AnswerMade, ExtensionMade, PromiseView
from services.followup.deadlines.calendar import DanishCalendar
from services.followup.deadlines.types import Kind
from services.followup.domain.checkpoint import Decision
from services.followup.domain.fields import AnswerFields, ExtensionFields
from services.followup.domain.report import (
    AnswerUnit,
    Initiative,
    PromisedAnswer,
    Recommendation,
    Report,
)
from tests.contract.followup.memory import MemoryEntry, MemoryUnitOfWork

R = TypeVar("R")

HERE, THERE = "hjemby", "naboby"
ASSEMBLY = UUID("0198f000-0000-7000-8000-00000000000a")
HANDOVER = date(2025, 8, 28)
# The reference case's mandate: within 3 months, after 10, within 24.
PROMISED = (
    PromisedAnswer(3, Kind.WITHIN),
    PromisedAnswer(10, Kind.AFTER),
    PromisedAnswer(24, Kind.WITHIN),
)
CALENDAR = DanishCalendar()


def who(role: Role | None, municipality: str | None = HERE, language: str = "en") -> Caller:
    """None is nobody signed in."""
    principal = NOBODY if role is None else Principal("staff-7", municipality, frozenset({role}))
    return Caller(principal, "correlation-1", language)


OFFICER, COORDINATOR, ANYONE = who(Role.OFFICER), who(Role.COORDINATOR), who(None)


def at(text: str) -> datetime:
    """An instant of a day at noon, or as written."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T12:00:00+00:00").astimezone(UTC)


def a_report(municipality: str = HERE, assembly: UUID = ASSEMBLY, **changes: Any) -> Report:
    """Two recommendations with two initiatives and one."""
    base = f"municipalities/{municipality}/assemblies/{assembly}/report/recommendations"
    fields: dict[str, Any] = {
        "assembly": assembly,
        "title": "Velfærd 2035",
        "digest": "a" * 64,
        "handover_date": HANDOVER,
        "unit": AnswerUnit.INITIATIVE,
        "answers": PROMISED,
        "recommendations": (
            Recommendation(
                f"{base}/r1",
                "Økonomi 2035",
                "En vision",
                (
                    Initiative(f"{base}/r1/initiatives/i1", "Buslinje til metroen", "Hvert kvarter"),
                    Initiative(f"{base}/r1/initiatives/i2", "Frivillig fond"),
                ),
            ),
            Recommendation(
                f"{base}/r2",
                "Forebyggelse",
                "",
                (Initiative(f"{base}/r2/initiatives/i3", "Frivillige mentorer"),),
            ),
        ),
    }
    return Report(**(fields | changes))


class House:
    """Use cases on a store in memory."""

    def __init__(self, now: str = "2025-08-28") -> None:
        self.clock = FixedClock(at(now))
        self.entry = MemoryEntry()
        for slug in (HERE, THERE):
            entry = Municipality(slug, slug.title(), "Europe/Copenhagen", ("da", "en"), "ACTIVE")
            self.entry.run(slug, lambda uow, entry=entry: uow.municipalities.put(entry))

    def go(self, now: str) -> None:
        self.clock.instant = at(now)

    def direct(self, work: Callable[[MemoryUnitOfWork], R], *, at: str = HERE) -> R:
        return self.entry.run(at, work)

    def act(self, use_case: Callable[..., R], *arguments: Any, by: Caller = OFFICER, at: str = HERE) -> R:
        return self.entry.run(at, lambda uow: use_case(uow, by, *arguments, clock=self.clock))

    def hand_over(self, report: Report | None = None, *, at: str = HERE) -> int:
        """The event and the job, in this process."""
        told = report or a_report(at)
        self.direct(lambda uow: note_handover(uow, told.assembly, told.digest, clock=self.clock), at=at)
        return self.direct(lambda uow: make_promises(uow, told, clock=self.clock, calendar=CALENDAR), at=at)

    def promises(self, *, at: str = HERE, **filters: Any) -> list[PromiseView]:
        return list(self.act(list_promises, ListPromises(**filters), by=ANYONE, at=at).items)

    def get(self, promise: UUID) -> PromiseView:
        return self.act(get_promise, promise, by=ANYONE)

    def answer(
        self,
        view: PromiseView,
        number: int = 0,
        decision: Decision | None = Decision.FOLLOWED,
        by: Caller = OFFICER,
        **fields: Any,
    ) -> AnswerMade:
        """An answer to the checkpoint of that number."""
        wanted = AnswerFields(decision, **{"reason": "Fordi det er en god idé.", **fields})
        command = CreateAnswer(view.promise.id, view.promise.checkpoints[number].id, wanted)
        return self.act(create_answer, command, by=by)

    def extend(self, view: PromiseView, until: str, number: int = 0, **fields: str) -> ExtensionMade:
        wanted = ExtensionFields(until, **{"office": "Veje", "reason": "Budgettet mangler", **fields})
        command = CreateExtension(view.promise.id, view.promise.checkpoints[number].id, wanted)
        return self.direct(
            lambda uow: create_extension(uow, OFFICER, command, clock=self.clock, calendar=CALENDAR)
        )

    def events(self) -> list[str]:
        return [type(message).__name__ for _, message in self.entry.tables.events]
