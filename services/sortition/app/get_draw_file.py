"""Hand out a file of a draw."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import known
from services.sortition.app.gate import admit
from services.sortition.app.ports import StoredFileInfo, UnitOfWork
from services.sortition.app.present import is_public
from services.sortition.app.views import DrawFileView


def get_draw_file(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, draw_id: UUID, filename: str
) -> DrawFileView:
    """A public file to anyone, any other to the secretariat (audit, receipts and chances name people's ids).

    To others a file that is not public is as unknown as one that does not exist. Raises DomainError
    NOT_FOUND DRAW_UNKNOWN or FILE_UNKNOWN.
    """
    municipality_people = (
        caller.principal.municipality == uow.municipality and Role.SECRETARIAT in caller.principal.roles
    )
    if municipality_people:
        admit(uow, caller, Role.SECRETARIAT)
    else:
        known(uow)
    draw = uow.draws.get(selection_id, draw_id)
    if not municipality_people and not draw.public:
        raise DomainError(Code.NOT_FOUND, "DRAW_UNKNOWN")
    file = uow.files.get(draw.id, filename)
    info = StoredFileInfo(file.filename, file.media_type, len(file.content), file.sha256, file.secret)
    public = is_public(draw, info)
    if not public and not municipality_people:
        raise DomainError(Code.NOT_FOUND, "FILE_UNKNOWN")
    return DrawFileView(draw.name, file.filename, file.media_type, file.content, file.sha256, public)
