"""Ask for a draw: everything it depends on is fixed here, before any work begins."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.ids import uuid7
from services.sortition.app.gate import admit
from services.sortition.app.import_pool import drop_upload
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import draw_view
from services.sortition.app.quotas import require_room_for_a_draw
from services.sortition.app.snapshot import freeze, import_columns
from services.sortition.app.views import DrawView
from services.sortition.domain.draw import Draw, DrawMethod, DrawMode, DrawState, check_request

DEFAULT_PANELS = 1000


@dataclass(frozen=True, slots=True)
class CreateDraw:
    """`panels` 0 is 1000. `seed` belongs to seeded mode alone: a public draw's own is fresh. `announced`
    names the number's source in words, and is published with the panels.
    """

    selection: UUID
    mode: DrawMode = DrawMode.PUBLIC
    method: DrawMethod = DrawMethod.LEXIMIN
    panels: int = 0
    seed: str = ""
    announced: str = ""


def create_draw(uow: UnitOfWork, caller: Caller, command: CreateDraw, *, clock: Clock) -> DrawView:
    """Raises DomainError INVALID_ARGUMENT DRAW_INVALID; FAILED_PRECONDITION SELECTION_DRAWN, DRAW_IN_PROGRESS
    or what `snapshot.freeze` refuses; RESOURCE_EXHAUSTED OPEN_DRAWS_QUOTA_REACHED.
    """
    admit(uow, caller, Role.SECRETARIAT, Role.INTEGRATOR)
    selection = uow.selections.get(command.selection)
    selection.require_preparing()
    panels = command.panels or DEFAULT_PANELS
    announced = command.announced.strip()
    check_request(command.mode, panels, command.seed, announced)
    waiting = uow.draws.in_progress(selection.id)
    if waiting is not None:
        metadata = {"draw": waiting.name, "state": waiting.state.value}
        raise DomainError(Code.FAILED_PRECONDITION, "DRAW_IN_PROGRESS", metadata)
    require_room_for_a_draw(uow)
    people = uow.pool.people(selection.id)
    frozen = freeze(selection, people, import_columns(uow, selection.id))
    now = clock.now()
    draw = Draw(
        municipality=uow.municipality,
        id=uuid7(clock),
        selection=selection.id,
        mode=command.mode,
        method=command.method,
        panels=panels,
        seed=command.seed if command.mode is DrawMode.SEEDED else secrets.token_hex(32),
        announced=announced,
        size=selection.size,
        pool_size=len(people),
        input_digest=frozen.digest,
        state=DrawState.QUEUED,
        create_time=now,
        update_time=now,
    )
    uow.draws.add(draw, frozen.content, {person.pool_id: person.id for person in people})
    drop_upload(uow, selection.id)
    # The key is public before anything is signed with it.
    uow.signing.ensure()
    uow.jobs.start_draw(draw)
    details = {"mode": draw.mode.value, "method": draw.method.value, "input": draw.input_digest}
    uow.audit.record(caller, "draw.create", draw.name, details)
    return draw_view(uow, draw)
