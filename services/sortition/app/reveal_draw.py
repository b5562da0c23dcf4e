"""Public mode, second act: the number is known, and with it the panel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.draw_acts import DrawAct, draw_for, signed
from services.sortition.app.gate import admit
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import draw_view
from services.sortition.app.views import DrawView
from services.sortition.domain.draw import Act, check_reveal
from services.sortition.lottery import record


@dataclass(frozen=True, slots=True)
class RevealDraw:
    """One of `number` (dice, a drum) and `randomness` (a published text); `note` says how it came."""

    selection: UUID
    draw: UUID
    number: int | None = None
    randomness: str = ""
    note: str = ""
    etag: str = ""


def reveal_draw(uow: UnitOfWork, caller: Caller, command: RevealDraw, *, clock: Clock) -> DrawView:
    """Writes and signs the record; it becomes public with `publish_draw`.

    Raises DomainError INVALID_ARGUMENT REVEAL_INVALID, FAILED_PRECONDITION DRAW_NOT_COMMITTED or
    DRAW_NOT_PUBLIC, ABORTED ETAG_STALE, NOT_FOUND DRAW_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    draw = draw_for(uow, DrawAct(command.selection, command.draw, command.etag))
    draw.require(Act.REVEAL)
    randomness, note = command.randomness.strip(), command.note.strip()
    check_reveal(draw, command.number, randomness, note)
    content = record.reveal(
        uow.files.get(draw.id, "commitment.json").content,
        uow.files.get(draw.id, "audit.json").content,
        drawn=command.number,
        randomness=randomness or None,
        note=note,
    )
    number = json.loads(content)["number"]["value"]
    revealed = draw.revealed(clock.now(), number=number, randomness=randomness, note=note)
    uow.files.add(draw.id, signed(uow, "record.json", content))
    uow.draws.save(revealed)
    uow.audit.record(caller, "draw.reveal", draw.name, {"number": str(number)})
    return draw_view(uow, revealed)
