"""What the use cases ask of the store and of the world.

Every repository sees one municipality's rows, except where a method says that it is the registry's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from chassis.audit import AuditTrail
from services.deliberation.domain.municipality import Municipality
from services.deliberation.domain.sign_in_link import SignInLink


class Municipalities(Protocol):
    """The registry. It is everybody's to read, so none of its methods is scoped."""

    def add(self, municipality: Municipality) -> bool:
        """False when the slug is taken."""

    def get(self, slug: str) -> Municipality | None: ...

    def page(self, after: str | None, limit: int, *, deleted: bool = False) -> Sequence[Municipality]:
        """Up to `limit`, in the order of the slugs, after that one; removed ones where asked for."""

    def due(self, now: datetime) -> Sequence[str]:
        """The slugs of those that are removed and to be erased by now."""

    def replace(self, municipality: Municipality, version: int) -> bool:
        """Write it over the entry of that `version`; False when another stands there now."""


class SignInLinks(Protocol):
    def add(self, link: SignInLink) -> None: ...

    def find(self, secret_digest: bytes) -> SignInLink | None:
        """The registry's own: a link is found before its municipality is known."""

    def spend(self, link: SignInLink, now: datetime) -> bool:
        """Mark it spent; False when it was, or was no longer valid. Of two at once, one gets True."""

    def forget_expired(self, before: datetime) -> None:
        """Delete those of this municipality that expired before then."""


class Events(Protocol):
    def municipality_changed(self, municipality: Municipality) -> None:
        """Tell the other services the whole of what stands now."""

    def municipality_erased(self, municipality: Municipality) -> None:
        """Tell them to erase all that they hold of it."""


class UnitOfWork(Protocol):
    @property
    def municipalities(self) -> Municipalities: ...
    @property
    def links(self) -> SignInLinks: ...
    @property
    def events(self) -> Events: ...
    @property
    def audit(self) -> AuditTrail: ...

    def begin_erasure(self) -> None:
        """Of all that deliberation holds of the unit of work's own municipality, once this stands."""
