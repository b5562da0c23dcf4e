"""What the acts on one draw have in common."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag
from services.sortition.app.ports import StoredFile, UnitOfWork
from services.sortition.app.present import draw_etag
from services.sortition.domain.draw import Draw
from services.sortition.lottery import canonical

JSON_TYPE = "application/json"
SIGNATURE_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class DrawAct:
    """Which draw, and (`etag`) that nothing about it has changed since it was looked at."""

    selection: UUID
    draw: UUID
    etag: str = ""


def draw_for(uow: UnitOfWork, act: DrawAct) -> Draw:
    """Raises DomainError NOT_FOUND DRAW_UNKNOWN, ABORTED ETAG_STALE."""
    draw = uow.draws.get(act.selection, act.draw)
    check_etag(act.etag, draw_etag(draw))
    return draw


def stored(filename: str, media_type: str, content: bytes, *, secret: bool) -> StoredFile:
    return StoredFile(filename, media_type, content, canonical.sha256(content), secret)


def signed(uow: UnitOfWork, filename: str, content: bytes) -> list[StoredFile]:
    """The public JSON file and its signature beside it."""
    return [
        stored(filename, JSON_TYPE, content, secret=False),
        signature(uow, filename, content),
    ]


def signature(uow: UnitOfWork, filename: str, content: bytes) -> StoredFile:
    return stored(f"{filename}.sig", SIGNATURE_TYPE, uow.signing.sign(content), secret=False)
