"""Rows to domain objects and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from chassis.audit import AuditTrail
from chassis.auth.principal import Role
from chassis.db import Transaction, upsert
from chassis.erasures import begin_erasure
from services.deliberation.adapters.tables import municipalities, sign_in_links
from services.deliberation.adapters.wire import municipality_changed
from services.deliberation.domain.municipality import Municipality, Particulars, State
from services.deliberation.domain.sign_in_link import SignInLink


class SqlMunicipalities:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, municipality: Municipality) -> bool:
        statement = (
            upsert(self._connection, municipalities)
            .values(_municipality_row(municipality))
            .on_conflict_do_nothing()
        )
        return bool(self._connection.execute(statement).rowcount)

    def get(self, slug: str) -> Municipality | None:
        query = select(municipalities).where(municipalities.c.municipality == slug)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _municipality(row)

    def page(self, after: str | None, limit: int, *, deleted: bool = False) -> Sequence[Municipality]:
        query = select(municipalities).order_by(municipalities.c.municipality).limit(limit)
        if not deleted:
            query = query.where(municipalities.c.state.not_in([State.REMOVED, State.ERASED]))
        if after is not None:
            query = query.where(municipalities.c.municipality > after)
        return [_municipality(row) for row in self._connection.execute(query)]

    def due(self, now: datetime) -> Sequence[str]:
        query = select(municipalities.c.municipality).where(
            municipalities.c.state == State.REMOVED, municipalities.c.purge_time <= now
        )
        return list(self._connection.execute(query).scalars())

    def replace(self, municipality: Municipality, version: int) -> bool:
        statement = (
            update(municipalities)
            .where(municipalities.c.municipality == municipality.slug, municipalities.c.version == version)
            .values(_municipality_row(municipality))
        )
        return self._connection.execute(statement).rowcount == 1


class SqlSignInLinks:
    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._municipality = transaction.municipality

    def add(self, link: SignInLink) -> None:
        if (link.municipality or "") != self._municipality:
            raise RuntimeError("a link is added in a unit of work of its own municipality")
        self._connection.execute(
            insert(sign_in_links).values(
                municipality=self._municipality,
                id=link.id,
                secret_digest=link.secret_digest,
                role=link.role.value,
                subject=link.subject,
                create_time=link.create_time,
                expire_time=link.expire_time,
                spend_time=link.spend_time,
            )
        )

    def find(self, secret_digest: bytes) -> SignInLink | None:
        query = select(sign_in_links).where(
            sign_in_links.c.municipality == self._municipality,
            sign_in_links.c.secret_digest == secret_digest,
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _link(row)

    def spend(self, link: SignInLink, now: datetime) -> bool:
        statement = (
            update(sign_in_links)
            .where(
                sign_in_links.c.municipality == self._municipality,
                sign_in_links.c.id == link.id,
                sign_in_links.c.spend_time.is_(None),
                sign_in_links.c.expire_time > now,
            )
            .values(spend_time=now)
        )
        return self._connection.execute(statement).rowcount == 1

    def forget_expired(self, before: datetime) -> None:
        self._connection.execute(
            delete(sign_in_links).where(
                sign_in_links.c.municipality == self._municipality, sign_in_links.c.expire_time < before
            )
        )


def tenant_of_link(transaction: Transaction, secret_digest: bytes) -> str | None:
    """Whose the link of this secret is, "" for the platform's; None for an unknown one. Across tenants."""
    query = select(sign_in_links.c.municipality).where(sign_in_links.c.secret_digest == secret_digest)
    return transaction.connection.execute(query).scalar_one_or_none()


class OutboxEvents:
    def __init__(self, transaction: Transaction) -> None:
        self._outbox = transaction.outbox

    def municipality_changed(self, municipality: Municipality) -> None:
        self._outbox.add(
            "deliberation",
            "municipality",
            municipality_changed(municipality),
            municipality=municipality.slug,
        )

    def municipality_erased(self, municipality: Municipality) -> None:
        # Told anew as a whole: who waits behind a gap must hear it too, and what came before will be gone.
        self._outbox.add(
            "deliberation", "municipality", municipality_changed(municipality), snapshot=True, anew=True
        )


class SqlUnitOfWork:
    """The UnitOfWork over one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self.municipalities = SqlMunicipalities(transaction.connection)
        self.links = SqlSignInLinks(transaction)
        self.events = OutboxEvents(transaction)
        self.audit: AuditTrail = transaction.audit
        self.begin_erasure = partial(begin_erasure, transaction)


def _municipality_row(municipality: Municipality) -> dict[str, Any]:
    return {
        "municipality": municipality.slug,
        "display_name": municipality.particulars.display_name,
        "time_zone": municipality.particulars.time_zone,
        "languages": list(municipality.particulars.languages),
        "state": municipality.state.value,
        "create_time": municipality.create_time,
        "update_time": municipality.update_time,
        "version": municipality.version,
        "state_time": municipality.state_time,
        "purge_time": municipality.purge_time,
    }


def _municipality(row: Row[Any]) -> Municipality:
    return Municipality(
        row.municipality,
        Particulars(row.display_name, row.time_zone, tuple(row.languages)),
        State(row.state),
        row.create_time,
        row.update_time,
        row.version,
        # A release that knows one state only leaves it out.
        row.state_time or row.create_time,
        row.purge_time,
    )


def _link(row: Row[Any]) -> SignInLink:
    return SignInLink(
        row.id,
        row.municipality or None,
        Role(row.role),
        row.subject,
        bytes(row.secret_digest),
        row.create_time,
        row.expire_time,
        row.spend_time,
    )
