"""What use cases answer: promises as they stand at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.aip.updates import make_etag
from chassis.tenants import Municipality
from services.followup.app.gate import zone_of
from services.followup.deadlines.types import Status
from services.followup.domain.checkpoint import Answer, Checkpoint, Extension
from services.followup.domain.promise import Promise
from services.followup.domain.report import Handover
from services.followup.domain.standing import Standing, standing


@dataclass(frozen=True, slots=True)
class PromiseView:
    """`statuses` by checkpoint: where each stands by the clock, and never stored."""

    promise: Promise
    statuses: Mapping[UUID, Status]
    standing: Standing
    etag: str


@dataclass(frozen=True, slots=True)
class PromisePage:
    items: tuple[PromiseView, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class AnswerMade:
    """An answer that was published, and where it stands."""

    promise: Promise
    checkpoint: Checkpoint
    answer: Answer


@dataclass(frozen=True, slots=True)
class ExtensionMade:
    promise: Promise
    checkpoint: Checkpoint
    extension: Extension


@dataclass(frozen=True, slots=True)
class Tracker:
    """A municipality's promises on one day; `handovers`, newest assembly first, may still wait to be read."""

    today: date
    promises: tuple[PromiseView, ...]
    handovers: tuple[Handover, ...]


@dataclass(frozen=True, slots=True)
class Owed:
    """A checkpoint that waits for its answer."""

    promise: Promise
    checkpoint: Checkpoint
    status: Status


@dataclass(frozen=True, slots=True)
class OwedList:
    """What the council owes, by the date in force."""

    today: date
    items: tuple[Owed, ...]


def promise_etag(promise: Promise) -> str:
    return make_etag(promise.name, promise.version)


def promise_view(promise: Promise, municipality: Municipality, now: datetime) -> PromiseView:
    statuses = promise.statuses(now, zone_of(municipality))
    return PromiseView(promise, statuses, standing(promise, statuses), promise_etag(promise))
