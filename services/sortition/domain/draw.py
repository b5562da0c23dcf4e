"""A draw and its lifecycle, as an explicit table of who may go where.

    QUEUED --start--> RUNNING --ready--> PANELS_READY --commit--> COMMITTED --reveal--> DRAWN
                      RUNNING --ready, in seeded mode---------------------------------> DRAWN
    DRAWN --publish--> PUBLISHED;  QUEUED, RUNNING --fail--> FAILED
    QUEUED, RUNNING, PANELS_READY, COMMITTED --cancel--> CANCELLED

In public mode the number comes only after the panels are published: revealing needs COMMITTED. A committed
draw that is cancelled stays public, as withdrawn; one whose number is known can only be published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from chassis.errors import Code, DomainError, FieldViolation
from services.sortition.domain.texts import faults

PANEL_COUNTS = (10, 100, 1000, 10_000)
MAX_SEED = 200
MAX_NOTE = 500
MAX_RANDOMNESS = 1000


class DrawState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    PANELS_READY = "PANELS_READY"
    COMMITTED = "COMMITTED"
    DRAWN = "DRAWN"
    PUBLISHED = "PUBLISHED"


class DrawMode(StrEnum):
    PUBLIC = "public"
    SEEDED = "seeded"


class DrawMethod(StrEnum):
    LEXIMIN = "leximin"
    MAXIMIN = "maximin"
    LEGACY = "legacy"


class Act(StrEnum):
    """What can be done to a draw."""

    START = "start"
    READY = "ready"
    FAIL = "fail"
    CANCEL = "cancel"
    COMMIT = "commit"
    REVEAL = "reveal"
    PUBLISH = "publish"


# For each act: the states it may be done in, and the reason given in all others.
ALLOWED: Final[Mapping[Act, tuple[frozenset[DrawState], str]]] = {
    # A draw that runs may be started again: its worker died, and another takes it up.
    Act.START: (frozenset({DrawState.QUEUED, DrawState.RUNNING}), "DRAW_OVER"),
    Act.READY: (frozenset({DrawState.RUNNING}), "DRAW_NOT_RUNNING"),
    Act.FAIL: (frozenset({DrawState.QUEUED, DrawState.RUNNING}), "DRAW_NOT_RUNNING"),
    Act.CANCEL: (
        frozenset({DrawState.QUEUED, DrawState.RUNNING, DrawState.PANELS_READY, DrawState.COMMITTED}),
        "DRAW_OVER",
    ),
    Act.COMMIT: (frozenset({DrawState.PANELS_READY}), "PANELS_NOT_READY"),
    Act.REVEAL: (frozenset({DrawState.COMMITTED}), "DRAW_NOT_COMMITTED"),
    Act.PUBLISH: (frozenset({DrawState.DRAWN}), "DRAW_NOT_DRAWN"),
}


@dataclass(frozen=True, slots=True)
class Draw:
    """`seed` fixes everything but the number in public mode, and the number too in seeded mode.

    `announced` names the number's source before it is drawn, `note` says afterwards how it came about; both
    are published. `input_digest` is the SHA-256 of the frozen targets and pool. `number` is 0 … panels - 1.
    `optimal_lowest` is the lowest chance of anybody who fits a panel under the method's exact lottery, as a
    decimal; `unreachable` counts people who fit none.
    """

    municipality: str
    id: UUID
    selection: UUID
    mode: DrawMode
    method: DrawMethod
    panels: int
    seed: str
    announced: str
    size: int
    pool_size: int
    input_digest: str
    state: DrawState
    create_time: datetime
    update_time: datetime
    version: int = 1
    number: int | None = None
    randomness: str = ""
    note: str = ""
    optimal_lowest: str = ""
    unreachable: int = 0
    failure_reason: str = ""
    failure_metadata: Mapping[str, str] = field(default_factory=dict)
    ready_time: datetime | None = None
    commit_time: datetime | None = None
    reveal_time: datetime | None = None
    publish_time: datetime | None = None
    cancel_time: datetime | None = None

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/selections/{self.selection}/draws/{self.id}"

    @property
    def public(self) -> bool:
        """Whether anyone may see the draw: once its commitment, or the whole of it, was published."""
        return self.commit_time is not None or self.publish_time is not None

    @property
    def in_progress(self) -> bool:
        """Whether another draw must wait. Otherwise one could draw in public until the number pleases."""
        waiting = (DrawState.QUEUED, DrawState.RUNNING, DrawState.PANELS_READY, DrawState.COMMITTED)
        return self.state in waiting or (self.state is DrawState.DRAWN and self.mode is DrawMode.PUBLIC)

    def started(self, now: datetime) -> Draw:
        return self._moved(Act.START, DrawState.RUNNING, now)

    def ready(self, now: datetime, *, number: int | None, optimal_lowest: str, unreachable: int) -> Draw:
        """The panels are computed; in seeded mode so is the number, and only there."""
        if (number is not None) is not (self.mode is DrawMode.SEEDED):
            raise ValueError("a seeded draw has its number with its panels, a public one has not")
        target = DrawState.PANELS_READY if number is None else DrawState.DRAWN
        return replace(
            self._moved(Act.READY, target, now),
            ready_time=now,
            number=number,
            reveal_time=None if number is None else now,
            optimal_lowest=optimal_lowest,
            unreachable=unreachable,
        )

    def failed(self, now: datetime, reason: str, metadata: Mapping[str, str]) -> Draw:
        moved = self._moved(Act.FAIL, DrawState.FAILED, now)
        return replace(moved, failure_reason=reason, failure_metadata=dict(metadata))

    def cancelled(self, now: datetime) -> Draw:
        return replace(self._moved(Act.CANCEL, DrawState.CANCELLED, now), cancel_time=now)

    def committed(self, now: datetime) -> Draw:
        self._require_public_mode()
        return replace(self._moved(Act.COMMIT, DrawState.COMMITTED, now), commit_time=now)

    def revealed(self, now: datetime, *, number: int, randomness: str, note: str) -> Draw:
        self._require_public_mode()
        moved = self._moved(Act.REVEAL, DrawState.DRAWN, now)
        return replace(moved, number=number, randomness=randomness, note=note, reveal_time=now)

    def published(self, now: datetime) -> Draw:
        return replace(self._moved(Act.PUBLISH, DrawState.PUBLISHED, now), publish_time=now)

    def require(self, act: Act) -> None:
        """Raises DomainError FAILED_PRECONDITION with the act's reason when it cannot be done now."""
        states, reason = ALLOWED[act]
        if self.state not in states:
            metadata = {"draw": self.name, "state": self.state.value}
            raise DomainError(Code.FAILED_PRECONDITION, reason, metadata)

    def _moved(self, act: Act, target: DrawState, now: datetime) -> Draw:
        self.require(act)
        return replace(self, state=target, update_time=now, version=self.version + 1)

    def _require_public_mode(self) -> None:
        if self.mode is not DrawMode.PUBLIC:
            raise DomainError(Code.FAILED_PRECONDITION, "DRAW_NOT_PUBLIC", {"draw": self.name})


def check_request(mode: DrawMode, panels: int, seed: str, announced: str) -> None:
    """Raises DomainError INVALID_ARGUMENT DRAW_INVALID with every wrong field of a draw that is asked for."""
    found: list[FieldViolation] = []
    if panels not in PANEL_COUNTS:
        allowed = {"allowed": ", ".join(map(str, PANEL_COUNTS))}
        found.append(FieldViolation("panels", "PANELS_OUT_OF_RANGE", allowed))
    if mode is DrawMode.SEEDED and not seed:
        found.append(FieldViolation("seed", "REQUIRED"))
    if mode is DrawMode.PUBLIC and seed:
        found.append(FieldViolation("seed", "SEED_IN_PUBLIC_MODE"))
    found += faults("seed", seed, MAX_SEED)
    found += faults("announced", announced, MAX_NOTE)
    if found:
        raise DomainError(Code.INVALID_ARGUMENT, "DRAW_INVALID", {}, tuple(found))


def check_reveal(draw: Draw, number: int | None, randomness: str, note: str) -> None:
    """Raises DomainError INVALID_ARGUMENT REVEAL_INVALID unless there is exactly one source of the number."""
    found: list[FieldViolation] = []
    if (number is None) == (not randomness):
        reason = "NUMBER_OR_RANDOMNESS" if number is None else "NUMBER_AND_RANDOMNESS"
        found.append(FieldViolation("number", reason))
    if number is not None and not 0 <= number < draw.panels:
        last = {"last": str(draw.panels - 1)}
        found.append(FieldViolation("number", "NUMBER_OUT_OF_RANGE", last))
    found += faults("randomness", randomness, MAX_RANDOMNESS)
    found += faults("note", note, MAX_NOTE)
    if found:
        raise DomainError(Code.INVALID_ARGUMENT, "REVEAL_INVALID", {}, tuple(found))
