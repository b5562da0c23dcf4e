"""Where follow-up's pages stand on the site, and the ids in their addresses."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request

from chassis.auth.principal import Role
from chassis.errors import Code, DomainError
from chassis.text import Catalogue
from chassis.web import caller
from chassis.web.house import House as ChassisHouse
from chassis.web.render import Crumb
from services.followup.app.ports import UnitOfWork

House = ChassisHouse[UnitOfWork]


def base(municipality: str) -> str:
    return f"/followup/{municipality}"


def promise_base(municipality: str, promise: UUID | str) -> str:
    return f"/followup/{municipality}/promises/{promise}"


def crumbs(words: Catalogue, municipality: str, *below: Crumb) -> list[Crumb]:
    """From the tracker down."""
    return [(words.text("tracker.crumb"), base(municipality) if below else None), *below]


def promise_crumbs(
    words: Catalogue, municipality: str, promise: UUID, title: str, *below: Crumb
) -> list[Crumb]:
    shown = title if len(title) <= 60 else f"{title[:59].rstrip()}…"
    own: Crumb = (shown, promise_base(municipality, promise) if below else None)
    return crumbs(words, municipality, own, *below)


def has_role(request: Request, municipality: str, *roles: Role) -> bool:
    """Whether to offer a link. The use case decides what is allowed."""
    return caller(request).principal.has(municipality, *roles)


def promise_id(text: str) -> UUID:
    return _identity(text, "PROMISE_UNKNOWN")


def checkpoint_id(text: str) -> UUID:
    return _identity(text, "CHECKPOINT_UNKNOWN")


def _identity(text: str, reason: str) -> UUID:
    """A UUID from an address. Raises DomainError NOT_FOUND with `reason` for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise DomainError(Code.NOT_FOUND, reason) from None
