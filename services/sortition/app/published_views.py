"""Draws as anyone may see them: what the public page shows, all of it taken from the published files."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from uuid import UUID

from chassis.errors import Code, DomainError
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import is_public
from services.sortition.app.views import (
    ChanceGroup,
    PublishedDraw,
    PublishedValue,
)
from services.sortition.domain.draw import Draw, DrawMethod
from services.sortition.domain.selection import Selection
from services.sortition.domain.target import Target


def public_draw(uow: UnitOfWork, selection_id: UUID | None, draw_id: UUID) -> Draw:
    draw = uow.draws.get(selection_id, draw_id)
    if not draw.public:
        raise DomainError(Code.NOT_FOUND, "DRAW_UNKNOWN")
    return draw


def public_file(uow: UnitOfWork, draw: Draw) -> dict[str, Any]:
    name = "record.json" if draw.publish_time is not None else "commitment.json"
    content: dict[str, Any] = json.loads(uow.files.get(draw.id, name).content)
    return content


def published_view(uow: UnitOfWork, draw: Draw) -> PublishedDraw:
    """Made once per version of the draw and its selection: a record of many panels is megabytes to read."""
    selection = uow.selections.get(draw.selection)
    key = ("published", draw.id, draw.version, draw.update_time, selection.version, selection.update_time)
    view: PublishedDraw | None = uow.memory.recall(*key)
    if view is None:
        view = _view(uow, draw, selection)
        uow.memory.keep(view, *key)
    return view


def _view(uow: UnitOfWork, draw: Draw, selection: Selection) -> PublishedDraw:
    file = public_file(uow, draw)
    places = Counter(member for panel in file["panels"] for member in panel)
    spread = Counter(places[random_id] for random_id in file["commitments"])
    outcome = draw.publish_time is not None
    proven = draw.method is not DrawMethod.LEGACY
    infos = uow.files.infos([draw.id]).get(draw.id, ())
    return PublishedDraw(
        name=draw.name,
        selection=draw.selection,
        id=draw.id,
        title=file["title"],
        purpose=selection.purpose,
        state=draw.state,
        mode=draw.mode,
        method=draw.method,
        pool_size=draw.pool_size,
        size=draw.size,
        panels=draw.panels,
        per_address=file["per_address"],
        values=_values(uow, draw, file),
        chances=tuple(ChanceGroup(panels, spread[panels]) for panels in sorted(spread)),
        optimal_lowest=draw.optimal_lowest if proven else "",
        unreachable=draw.unreachable,
        announced=draw.announced,
        # The number is told with the record, not before.
        number=draw.number if outcome else None,
        randomness=draw.randomness if outcome else "",
        note=draw.note if outcome else "",
        outcome=tuple(file.get("outcome", ())),
        files=tuple(info for info in infos if is_public(draw, info)),
        commit_time=draw.commit_time,
        reveal_time=draw.reveal_time if outcome else None,
        publish_time=draw.publish_time,
        cancel_time=draw.cancel_time,
        included=file["pool"]["included"],
        excluded=file["pool"]["excluded"],
    )


def _values(uow: UnitOfWork, draw: Draw, file: dict[str, Any]) -> tuple[PublishedValue, ...]:
    from services.sortition.app.snapshot import targets_of

    pool, panel = file["pool_counts"], file.get("panel_counts")

    def value(target: Target) -> PublishedValue:
        seats = None if panel is None else panel[target.feature][target.value]
        return PublishedValue(target, pool[target.feature][target.value], seats)

    return tuple(value(target) for target in targets_of(uow.draws.snapshot(draw.id)))
