"""A municipality in memory with a selection, a pool and a drawn panel, for tests of use cases."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from chassis.auth.principal import NOBODY, Principal, Role
from chassis.clock import FixedClock
from chassis.context import Caller
from chassis.tenants import Municipality
from chassis.testing.stores import noon
from services.sortition.adapters.engine import EngineRequest, EngineResult, draw
from services.sortition.adapters.worker import _store_files
from services.sortition.app.create_draw import CreateDraw, create_draw
from services.sortition.app.create_selection import CreateSelection, create_selection
from services.sortition.app.draw_acts import DrawAct
from services.sortition.app.import_pool import ImportPool, import_pool
from services.sortition.app.list_seats import list_seats
from services.sortition.app.publish_commitment import publish_commitment
from services.sortition.app.publish_draw import publish_draw
from services.sortition.app.reveal_draw import RevealDraw, reveal_draw
from services.sortition.app.set_seat_answer import SetSeatAnswer, set_seat_answer
from services.sortition.app.views import DrawView, PoolImport, SelectionView
from services.sortition.domain.draw import DrawMode
from services.sortition.domain.seat import Answer
from services.sortition.domain.target import Target
from tests.contract.sortition.memory import MemoryEntry, MemoryUnitOfWork

R = TypeVar("R")

HERE, THERE = "hjemby", "naboby"
TARGETS = (
    Target("gender", "female", 4, 4),
    Target("gender", "male", 4, 4),
    Target("age", "young", 2, 4, reason="They drop out more often"),
    Target("age", "old", 4, 6),
)


def who(role: Role | None, municipality: str | None = HERE) -> Caller:
    """None is nobody signed in."""
    principal = NOBODY if role is None else Principal("staff-7", municipality, frozenset({role}))
    return Caller(principal, "correlation-1", "en")


SECRETARIAT = who(Role.SECRETARIAT)
INTEGRATOR = who(Role.INTEGRATOR)
ANYONE = who(None)


def pool_csv(people: int = 24, *, seed: int = 3) -> bytes:
    chance = random.Random(seed)
    lines = ["id,gender,age,name,street"]
    for number in range(people):
        gender = "female" if number % 3 else "male"
        age = chance.choice(["young", "old", "old"])
        lines.append(f"p{number:03},{gender},{age},NAMEMARK{number},STREETMARK{number // 2}")
    return "\n".join(lines).encode()


class House:
    """Use cases on a store in memory. `run(f, *args)` gives `f(uow, caller, *args)`."""

    def __init__(self) -> None:
        self.clock: FixedClock = noon()
        self.entry = MemoryEntry(self.clock)
        for slug in (HERE, THERE):
            entry = Municipality(slug, slug.title(), "Europe/Copenhagen", ("da", "en"), "ACTIVE")
            self.entry.run(slug, lambda uow, entry=entry: uow.municipalities.put(entry))

    def run(self, use_case: Callable[..., R], *arguments: Any, by: Caller = SECRETARIAT, at: str = HERE) -> R:
        return self.entry.run(at, lambda uow: use_case(uow, by, *arguments))

    def act(self, use_case: Callable[..., R], command: Any, *, by: Caller = SECRETARIAT, at: str = HERE) -> R:
        """A use case that asks for the time."""
        return self.entry.run(at, lambda uow: use_case(uow, by, command, clock=self.clock))

    def direct(self, work: Callable[[MemoryUnitOfWork], R], *, at: str = HERE) -> R:
        return self.entry.run(at, work)

    def selection(self, **fields: Any) -> SelectionView:
        wanted = {"title": "Welfare", "size": 8, "per_address": 1, "targets": TARGETS, **fields}
        return self.act(create_selection, CreateSelection(**wanted))

    def pool(self, selection: UUID, content: bytes | None = None) -> PoolImport:
        command = ImportPool(
            selection,
            pool_csv() if content is None else content,
            address_columns=("street",),
            contact_columns=("name",),
        )
        return self.act(import_pool, command)

    def filled(self) -> UUID:
        selection = self.selection().selection.id
        self.pool(selection)
        return selection

    def draw(self, selection: UUID, mode: DrawMode = DrawMode.PUBLIC, **fields: Any) -> DrawView:
        seed = "seed" if mode is DrawMode.SEEDED else ""
        return self.act(create_draw, CreateDraw(selection, mode, panels=100, seed=seed, **fields))

    def compute(self, selection: UUID, draw_id: UUID) -> EngineResult:
        """What the worker does, in this process."""

        def work(uow: MemoryUnitOfWork) -> EngineResult:
            started = uow.draws.get(selection, draw_id).started(self.clock.now())
            request = EngineRequest(
                uow.draws.snapshot(draw_id),
                started.mode.value,
                started.method.value,
                started.panels,
                started.seed,
                started.announced,
            )
            result = draw(request, lambda stage, figures: None)
            uow.draws.save(started)
            uow.draws.save(
                started.ready(
                    self.clock.now(),
                    number=result.number,
                    optimal_lowest=result.optimal_lowest,
                    unreachable=result.unreachable,
                )
            )
            _store_files(uow, started, result)
            return result

        return self.direct(work)

    def published(self) -> tuple[UUID, UUID]:
        """A selection whose draw is public, and the draw."""
        selection = self.filled()
        made = self.draw(selection, announced="two dice").draw.id
        self.compute(selection, made)
        self.act(publish_commitment, DrawAct(selection, made))
        self.act(reveal_draw, RevealDraw(selection, made, number=7, note="thrown by the mayor"))
        self.act(publish_draw, DrawAct(selection, made))
        return selection, made

    def answer_all(self, selection: UUID, *answers: Answer) -> None:
        """Answers in turn, the last one for all others."""
        for index, seat in enumerate(self.run(list_seats, selection, 100).items):
            answer = answers[min(index, len(answers) - 1)]
            self.act(set_seat_answer, SetSeatAnswer(selection, seat.id, answer))
