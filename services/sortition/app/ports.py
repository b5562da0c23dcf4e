"""What the use cases ask of the world: one unit of work, its repositories, and who tells what happened.

Every repository works for the unit of work's municipality alone. The in-memory fakes and the real adapters
pass one conformance suite (tests/contract/sortition).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chassis.context import Caller
from chassis.tenants import MunicipalityRepository
from services.sortition.app.quotas import Quotas
from services.sortition.domain.draw import Draw, DrawState
from services.sortition.domain.pool import Contact, Person
from services.sortition.domain.seat import Seat
from services.sortition.domain.selection import Selection

DRAW_JOB = "sortition.draw"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a draw. `secret` files are for the secretariat alone, whatever the draw's state."""

    filename: str
    media_type: str
    content: bytes
    sha256: str
    secret: bool


@dataclass(frozen=True, slots=True)
class StoredFileInfo:
    """A file without its content; `size` in bytes."""

    filename: str
    media_type: str
    size: int
    sha256: str
    secret: bool


@dataclass(frozen=True, slots=True)
class AppliedImport:
    """The import that is the pool now: when it was, under which headers id and address came."""

    time: datetime
    id_header: str
    address_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredImport:
    """The latest import of a selection's pool. `upload` is empty unless rows wait to be accepted.

    `report` is the import's account without any personal data; `options` which columns were named.
    `applied` tells of the import that is the pool, this one or one before; None while there is no pool.
    """

    selection: UUID
    state: str
    report: Mapping[str, Any]
    options: Mapping[str, Any]
    upload: bytes
    create_time: datetime
    applied: AppliedImport | None = None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`pem` is SubjectPublicKeyInfo, `fingerprint` the SHA-256 of the raw 32 bytes in hexadecimal."""

    pem: str
    fingerprint: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class JobView:
    """How far a draw's work is."""

    stage: str
    progress: Mapping[str, str]
    attempts: int


class SelectionRepository(Protocol):
    def add(self, selection: Selection) -> None: ...

    def get(self, selection_id: UUID) -> Selection:
        """Raises DomainError NOT_FOUND SELECTION_UNKNOWN."""

    def sized(self, selection_id: UUID) -> tuple[Selection, int]:
        """With how many people are in its pool now. Raises as `get`."""

    def save(self, selection: Selection) -> None:
        """Replace version - 1 by this. Raises DomainError ABORTED ETAG_STALE when that is not what stands."""

    def page(self, limit: int, before: UUID | None) -> Sequence[Selection]:
        """Newest first, those older than `before`."""


class PoolRepository(Protocol):
    def people(self, selection_id: UUID) -> Sequence[Person]:
        """Everyone in the pool now, by pool id."""

    def everyone(self, selection_id: UUID) -> Sequence[Person]:
        """Those too who left the pool after a draw had taken them in."""

    def count(self, selection_id: UUID) -> int:
        """People in the pool now."""

    def total(self) -> int:
        """The same over all selections."""

    def sizes(self, selections: Sequence[UUID]) -> Mapping[UUID, int]:
        """The same for several selections; those without anybody are left out."""

    def page(self, selection_id: UUID, limit: int, after: str | None) -> Sequence[Person]:
        """People in the pool by pool id, those after the pool id `after`."""

    def get(self, selection_id: UUID, person_id: UUID) -> Person:
        """Raises DomainError NOT_FOUND PERSON_UNKNOWN."""

    def put(self, people: Sequence[Person]) -> None:
        """Add, or replace by id."""

    def remove(self, selection_id: UUID, people: Sequence[UUID]) -> None:
        """With their contacts."""


class ContactRepository(Protocol):
    """Names, addresses and the like: read only to phone, to export and to erase."""

    def put(self, selection_id: UUID, contacts: Sequence[Contact]) -> None: ...

    def get(self, selection_id: UUID, people: Sequence[UUID]) -> Mapping[UUID, Contact]: ...

    def remove(self, selection_id: UUID, people: Sequence[UUID]) -> None: ...


class ImportRepository(Protocol):
    def put(self, stored: StoredImport) -> None:
        """In place of the selection's import before."""

    def get(self, selection_id: UUID) -> StoredImport | None: ...


class DrawRepository(Protocol):
    def add(self, draw: Draw, snapshot: bytes, people: Mapping[str, UUID]) -> None:
        """With its frozen input, and the person behind each pool id in it."""

    def get(self, selection_id: UUID | None, draw_id: UUID) -> Draw:
        """None: whichever selection it is of. Raises DomainError NOT_FOUND DRAW_UNKNOWN."""

    def save(self, draw: Draw) -> None:
        """Replace version - 1 by this. Raises DomainError ABORTED ETAG_STALE when that is not what stands."""

    def page(self, selection_id: UUID, limit: int, before: UUID | None) -> Sequence[Draw]:
        """Newest first, those older than `before`."""

    def in_progress(self, selection_id: UUID) -> Draw | None:
        """The draw that others have to wait for."""

    def public_page(self, limit: int, before: UUID | None) -> Sequence[Draw]:
        """Draws that anyone may see, of all selections, newest first."""

    def states_page(self, limit: int, before: UUID | None) -> Sequence[Draw]:
        """Draws of all selections, newest first."""

    def snapshot(self, draw_id: UUID) -> bytes: ...

    def people(self, draw_id: UUID) -> Mapping[str, UUID]:
        """Pool id -> person."""

    def draws_of_person(self, selection_id: UUID, person_id: UUID) -> Sequence[UUID]: ...

    def drawn_in_any(self, selection_id: UUID) -> frozenset[UUID]:
        """Everyone whom some draw of the selection has taken in."""

    def count_by_state(self) -> Mapping[DrawState, int]: ...


class FileRepository(Protocol):
    def add(self, draw_id: UUID, files: Sequence[StoredFile]) -> None:
        """Raises RuntimeError for a file that is there already: a draw's files are written once."""

    def get(self, draw_id: UUID, filename: str) -> StoredFile:
        """Raises DomainError NOT_FOUND FILE_UNKNOWN."""

    def infos(self, draws: Sequence[UUID]) -> Mapping[UUID, Sequence[StoredFileInfo]]:
        """By file name."""


class SeatRepository(Protocol):
    def add(self, seats: Sequence[Seat]) -> None: ...

    def get(self, selection_id: UUID, seat_id: UUID) -> Seat:
        """Raises DomainError NOT_FOUND SEAT_UNKNOWN."""

    def save(self, seat: Seat) -> None:
        """Replace version - 1 by this. Raises DomainError ABORTED ETAG_STALE when that is not what stands."""

    def all(self, selection_id: UUID) -> Sequence[Seat]:
        """By seat id, which is random: the order tells nothing."""

    def page(self, selection_id: UUID, limit: int, after: UUID | None) -> Sequence[Seat]: ...

    def of_person(self, selection_id: UUID, person_id: UUID) -> Seat | None: ...


class Signing(Protocol):
    """The municipality's own key, made when it is first needed."""

    def sign(self, content: bytes) -> bytes:
        """An Ed25519 signature (64 bytes) of the content itself."""

    def ensure(self) -> PublicKey: ...

    def public(self) -> PublicKey | None: ...


class Events(Protocol):
    def panel_confirmed(self, selection: Selection, seats: Sequence[UUID]) -> None: ...


class Audit(Protocol):
    def record(
        self, caller: Caller, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None: ...


class Jobs(Protocol):
    def start_draw(self, draw: Draw) -> None:
        """Queue the work; what it depends on is fixed in its row."""

    def cancel_draw(self, draw: Draw) -> None: ...

    def draw_job(self, draw_id: UUID) -> JobView | None: ...


class Meter(Protocol):
    """What is counted for those who run the platform; never who or what."""

    def pool_checked(self, outcome: str) -> None:
        """`feasible`, `infeasible`, or `problem` when nothing could be asked."""


class Remembered(Protocol):
    """What outlives units of work, because it cannot change: the municipality's own, and a few at a time."""

    def recall(self, *key: str | int | datetime | UUID) -> Any:
        """None when it is not there, or no more."""

    def keep(self, value: Any, *key: str | int | datetime | UUID) -> None:
        """`key` names the version that `value` is."""


class UnitOfWork(Protocol):
    """Everything that happens in one of these happens together, or not at all."""

    @property
    def municipality(self) -> str: ...
    @property
    def selections(self) -> SelectionRepository: ...
    @property
    def pool(self) -> PoolRepository: ...
    @property
    def contacts(self) -> ContactRepository: ...
    @property
    def imports(self) -> ImportRepository: ...
    @property
    def draws(self) -> DrawRepository: ...
    @property
    def files(self) -> FileRepository: ...
    @property
    def seats(self) -> SeatRepository: ...
    @property
    def municipalities(self) -> MunicipalityRepository: ...
    @property
    def signing(self) -> Signing: ...
    @property
    def events(self) -> Events: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def meter(self) -> Meter: ...
    @property
    def quotas(self) -> Quotas: ...
    @property
    def memory(self) -> Remembered: ...
