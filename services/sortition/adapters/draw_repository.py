"""Draws, their frozen input and their files in the store; the municipality's signing key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Select, and_, bindparam, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from chassis.db import Transaction, upsert
from chassis.errors import Code, DomainError
from chassis.scoped import Scoped, of_tenant
from chassis.statements import Statement
from services.sortition.adapters import tables
from services.sortition.adapters.repository import chunks
from services.sortition.adapters.rows import draw_of, draw_row
from services.sortition.app.ports import PublicKey, StoredFile, StoredFileInfo
from services.sortition.domain.draw import Draw, DrawMode, DrawState

_WAITING = [
    state.value
    for state in (DrawState.QUEUED, DrawState.RUNNING, DrawState.PANELS_READY, DrawState.COMMITTED)
]


_DRAW = Statement(
    select(tables.draws).where(of_tenant(tables.draws, tables.draws.c.draw_id == bindparam("draw")))
)
_SIGNING_KEY = Statement(select(tables.signing_keys).where(of_tenant(tables.signing_keys)))


class SqlDraws(Scoped):
    def add(self, draw: Draw, snapshot: bytes, people: Mapping[str, UUID]) -> None:
        self.own(draw.municipality)
        key = {"municipality_id": self.municipality, "draw_id": draw.id}
        self.connection.execute(insert(tables.draws).values(**draw_row(draw)))
        self.connection.execute(insert(tables.draw_inputs).values(**key, content=snapshot))
        for chunk in chunks(list(people.items())):
            self.connection.execute(
                insert(tables.draw_people),
                [
                    {**key, "pool_id": pool_id, "selection_id": draw.selection, "person_id": person}
                    for pool_id, person in chunk
                ],
            )

    def get(self, selection_id: UUID | None, draw_id: UUID) -> Draw:
        draw = draw_of(self.one(_DRAW, "DRAW_UNKNOWN", draw=draw_id))
        if selection_id not in (None, draw.selection):
            raise DomainError(Code.NOT_FOUND, "DRAW_UNKNOWN")
        return draw

    def save(self, draw: Draw) -> None:
        self.own(draw.municipality)
        self.replace_version(tables.draws, draw_row(draw), tables.draws.c.draw_id == draw.id)

    def page(self, selection_id: UUID, limit: int, before: UUID | None) -> Sequence[Draw]:
        return self._page(limit, before, tables.draws.c.selection_id == selection_id)

    def public_page(self, limit: int, before: UUID | None) -> Sequence[Draw]:
        table = tables.draws
        public = or_(table.c.commit_time.is_not(None), table.c.publish_time.is_not(None))
        return self._page(limit, before, public)

    def states_page(self, limit: int, before: UUID | None) -> Sequence[Draw]:
        return self._page(limit, before)

    def _page(self, limit: int, before: UUID | None, *conditions: Any) -> Sequence[Draw]:
        table = tables.draws
        query: Select[Any] = select(table).where(self.mine(table, *conditions))
        if before is not None:
            query = query.where(table.c.draw_id < before)
        return [draw_of(row) for row in self.rows(query.order_by(table.c.draw_id.desc()).limit(limit))]

    def in_progress(self, selection_id: UUID) -> Draw | None:
        table = tables.draws
        number_known = and_(table.c.state == DrawState.DRAWN.value, table.c.mode == DrawMode.PUBLIC.value)
        found = self._page(
            1, None, table.c.selection_id == selection_id, or_(table.c.state.in_(_WAITING), number_known)
        )
        return found[0] if found else None

    def snapshot(self, draw_id: UUID) -> bytes:
        table = tables.draw_inputs
        query = select(table.c.content).where(self.mine(table, table.c.draw_id == draw_id))
        return bytes(self.one(query, "DRAW_UNKNOWN").content)

    def people(self, draw_id: UUID) -> Mapping[str, UUID]:
        table = tables.draw_people
        query = select(table).where(self.mine(table, table.c.draw_id == draw_id))
        return {row.pool_id: row.person_id for row in self.rows(query)}

    def draws_of_person(self, selection_id: UUID, person_id: UUID) -> Sequence[UUID]:
        table = tables.draw_people
        wanted = self.mine(table, table.c.selection_id == selection_id, table.c.person_id == person_id)
        query = select(table.c.draw_id).where(wanted).order_by(table.c.draw_id)
        return [row.draw_id for row in self.rows(query)]

    def drawn_in_any(self, selection_id: UUID) -> frozenset[UUID]:
        table = tables.draw_people
        wanted = self.mine(table, table.c.selection_id == selection_id)
        return frozenset(
            row.person_id for row in self.rows(select(table.c.person_id).where(wanted).distinct())
        )

    def count_by_state(self) -> Mapping[DrawState, int]:
        table = tables.draws
        query = select(table.c.state, func.count().label("draws")).where(self.mine(table))
        return {DrawState(row.state): row.draws for row in self.rows(query.group_by(table.c.state))}


class SqlFiles(Scoped):
    def add(self, draw_id: UUID, files: Sequence[StoredFile]) -> None:
        try:
            for file in files:
                self.connection.execute(
                    insert(tables.draw_files).values(
                        municipality_id=self.municipality,
                        draw_id=draw_id,
                        filename=file.filename,
                        media_type=file.media_type,
                        size=len(file.content),
                        sha256=file.sha256,
                        secret=file.secret,
                        content=file.content,
                    )
                )
        except IntegrityError as error:
            raise RuntimeError("a draw's files are written once") from error

    def get(self, draw_id: UUID, filename: str) -> StoredFile:
        table = tables.draw_files
        wanted = self.mine(table, table.c.draw_id == draw_id, table.c.filename == filename)
        row = self.one(select(table).where(wanted), "FILE_UNKNOWN")
        return StoredFile(row.filename, row.media_type, bytes(row.content), row.sha256, row.secret)

    def infos(self, draws: Sequence[UUID]) -> Mapping[UUID, Sequence[StoredFileInfo]]:
        table = tables.draw_files
        columns = [column for column in table.columns if column.name != "content"]
        found: dict[UUID, list[StoredFileInfo]] = {}
        wanted = self.mine(table, table.c.draw_id.in_(draws))
        for row in self.rows(select(*columns).where(wanted).order_by(table.c.filename)):
            info = StoredFileInfo(row.filename, row.media_type, row.size, row.sha256, row.secret)
            found.setdefault(row.draw_id, []).append(info)
        return found


class SqlSigning(Scoped):
    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._transaction = transaction

    def sign(self, content: bytes) -> bytes:
        self.ensure()
        return self._private().sign(content)

    def ensure(self) -> PublicKey:
        known = self.public()
        if known is not None:
            return known
        self._transaction.require_writing()
        self.connection.execute(
            upsert(self.connection, tables.signing_keys)
            .values(
                municipality_id=self.municipality,
                private_key=Ed25519PrivateKey.generate().private_bytes_raw(),
                create_time=self._transaction.clock.now(),
            )
            .on_conflict_do_nothing()
        )
        made = self.public()
        if made is None:
            raise RuntimeError("the key just made is not in the store")
        return made

    def public(self) -> PublicKey | None:
        row = self._row()
        if row is None:
            return None
        private = bytes(row.private_key)
        # Named by a digest: the private key itself stays in no memory of ours.
        key = (self.municipality, "public key", hashlib.sha256(private).hexdigest())
        memory = self._transaction.memory
        known: PublicKey | None = memory.recall(key)
        if known is None:
            public = Ed25519PrivateKey.from_private_bytes(private).public_key()
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            fingerprint = hashlib.sha256(public.public_bytes_raw()).hexdigest()
            known = PublicKey(pem, fingerprint, row.create_time)
            memory.keep(key, known, self._transaction.memory_mark)
        return known

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes(self._row().private_key))

    def _row(self) -> Any:
        return self.maybe(_SIGNING_KEY)


def draws_by_state(transaction: Transaction) -> dict[tuple[str, str], tuple[int, datetime]]:
    """(municipality, state) -> how many draws stand there, and since when the first of them does: for a
    platform-wide transaction's metrics only.
    """
    table = tables.draws.c
    query = select(
        table.municipality_id,
        table.state,
        func.count().label("draws"),
        func.min(table.update_time).label("since"),
    ).group_by(table.municipality_id, table.state)
    rows = transaction.connection.execute(query)
    return {(row.municipality_id, row.state): (row.draws, row.since) for row in rows}
