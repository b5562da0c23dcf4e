"""A municipality in the registry: its slug, which never changes, and its particulars."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.errors import Code, DomainError, FieldViolation

DEFAULT_TIME_ZONE = "Europe/Copenhagen"
LANGUAGES = ("da", "en")
LONGEST_NAME = 80
LONGEST_REASON = 200
SHORTEST_SLUG, LONGEST_SLUG = 2, 40

# First path segments of the suite, of a service below its own name, and words that would pass for them.
RESERVED = frozenset(
    {
        "about",
        "admin",
        "api",
        "assets",
        "borgerting",
        "deliberation",
        "favicon",
        "followup",
        "health",
        "livez",
        "login",
        "logout",
        "metrics",
        "municipalities",
        "new",
        "openapi",
        "operator",
        "ops",
        "readyz",
        "robots",
        "sign-in",
        "sign-out",
        "sortition",
        "static",
        "volunteer",
        "www",
    }
)

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

# The fields that an update may name.
UPDATABLE = ("display_name", "time_zone", "languages")


class State(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REMOVED = "REMOVED"
    ERASED = "ERASED"


@dataclass(frozen=True, slots=True)
class Particulars:
    """What may change: the name people use, the zone in which legal dates count, its languages."""

    display_name: str
    time_zone: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Municipality:
    """`version` counts its changes from 1; it is in its `state` since `state_time`; where that is REMOVED
    it is erased from `purge_time` on.
    """

    slug: str
    particulars: Particulars
    state: State
    create_time: datetime
    update_time: datetime
    version: int
    state_time: datetime
    purge_time: datetime | None = None

    @property
    def name(self) -> str:
        return f"municipalities/{self.slug}"


def enter(
    slug: str, particulars: Particulars, known_time_zones: Container[str], now: datetime
) -> Municipality:
    """A new entry. Raises DomainError INVALID_ARGUMENT MUNICIPALITY_INVALID with every wrong field."""
    tidy = _tidy(particulars)
    violations = [*_slug_violations(slug), *_violations(tidy, known_time_zones)]
    _refuse(violations)
    return Municipality(slug, tidy, State.ACTIVE, now, now, 1, now)


def change(
    municipality: Municipality,
    particulars: Particulars,
    fields: frozenset[str],
    known_time_zones: Container[str],
    now: datetime,
) -> Municipality:
    """The entry with those `fields` replaced; itself when nothing differs. Raises as `enter` does."""
    wanted = _tidy(particulars)
    merged = Particulars(
        **{
            field: getattr(wanted if field in fields else municipality.particulars, field)
            for field in UPDATABLE
        }
    )
    _refuse(_violations(merged, known_time_zones))
    if merged == municipality.particulars:
        return municipality
    return replace(municipality, particulars=merged, update_time=now, version=municipality.version + 1)


def suspend(municipality: Municipality, now: datetime) -> Municipality:
    """Raises DomainError FAILED_PRECONDITION MUNICIPALITY_NOT_ACTIVE."""
    return _move(municipality, State.ACTIVE, State.SUSPENDED, "MUNICIPALITY_NOT_ACTIVE", now)


def resume(municipality: Municipality, now: datetime) -> Municipality:
    """Raises DomainError FAILED_PRECONDITION MUNICIPALITY_NOT_SUSPENDED."""
    return _move(municipality, State.SUSPENDED, State.ACTIVE, "MUNICIPALITY_NOT_SUSPENDED", now)


def remove(municipality: Municipality, now: datetime, grace: timedelta) -> Municipality:
    """Raises DomainError FAILED_PRECONDITION MUNICIPALITY_NOT_SUSPENDED."""
    moved = _move(municipality, State.SUSPENDED, State.REMOVED, "MUNICIPALITY_NOT_SUSPENDED", now)
    return replace(moved, purge_time=now + grace)


def undelete(municipality: Municipality, now: datetime) -> Municipality:
    """Raises DomainError FAILED_PRECONDITION MUNICIPALITY_NOT_REMOVED, also when its time is over."""
    if is_due(municipality, now):
        raise DomainError(Code.FAILED_PRECONDITION, "MUNICIPALITY_NOT_REMOVED", {"state": State.ERASED.value})
    return _move(municipality, State.REMOVED, State.SUSPENDED, "MUNICIPALITY_NOT_REMOVED", now)


def is_due(municipality: Municipality, now: datetime) -> bool:
    """Whether it is to be erased."""
    return (
        municipality.state is State.REMOVED
        and municipality.purge_time is not None
        and municipality.purge_time <= now
    )


def erase(municipality: Municipality, now: datetime) -> Municipality:
    """Its tombstone. Raises DomainError FAILED_PRECONDITION MUNICIPALITY_NOT_REMOVED."""
    moved = _move(municipality, State.REMOVED, State.ERASED, "MUNICIPALITY_NOT_REMOVED", now)
    return replace(moved, particulars=Particulars("", DEFAULT_TIME_ZONE, ()))


def reason_given(text: str) -> str:
    """Why an operator does it, in one line. Raises DomainError INVALID_ARGUMENT OPERATOR_REASON_INVALID."""
    tidy = " ".join(text.split())
    if not tidy or len(tidy) > LONGEST_REASON or not tidy.isprintable():
        metadata = {"longest": str(LONGEST_REASON)}
        violation = FieldViolation("reason", "OPERATOR_REASON_INVALID", metadata)
        raise DomainError(Code.INVALID_ARGUMENT, "OPERATOR_REASON_INVALID", metadata, (violation,))
    return tidy


def _move(
    municipality: Municipality, before: State, after: State, otherwise: str, now: datetime
) -> Municipality:
    if municipality.state is not before:
        raise DomainError(Code.FAILED_PRECONDITION, otherwise, {"state": municipality.state.value})
    return replace(
        municipality,
        state=after,
        state_time=now,
        purge_time=None,
        update_time=now,
        version=municipality.version + 1,
    )


def _tidy(particulars: Particulars) -> Particulars:
    """Blanks around and between words made one; what was left out is the default."""
    return Particulars(
        " ".join(particulars.display_name.split()),
        particulars.time_zone or DEFAULT_TIME_ZONE,
        tuple(particulars.languages) or LANGUAGES,
    )


def _slug_violations(slug: str) -> list[FieldViolation]:
    limits = {"shortest": str(SHORTEST_SLUG), "longest": str(LONGEST_SLUG)}
    if not SHORTEST_SLUG <= len(slug) <= LONGEST_SLUG or _SLUG.fullmatch(slug) is None:
        return [FieldViolation("municipality_id", "SLUG_INVALID", limits)]
    if slug in RESERVED:
        return [FieldViolation("municipality_id", "SLUG_RESERVED", {"slug": slug})]
    return []


def _violations(particulars: Particulars, known_time_zones: Container[str]) -> list[FieldViolation]:
    found = []
    name = particulars.display_name
    if not name:
        found.append(FieldViolation("municipality.display_name", "DISPLAY_NAME_REQUIRED"))
    elif len(name) > LONGEST_NAME or not name.isprintable():
        limit = {"longest": str(LONGEST_NAME)}
        found.append(FieldViolation("municipality.display_name", "DISPLAY_NAME_INVALID", limit))
    if particulars.time_zone not in known_time_zones:
        found.append(FieldViolation("municipality.time_zone", "TIME_ZONE_UNKNOWN"))
    if not _are_languages(particulars.languages):
        known = {"known": ", ".join(LANGUAGES)}
        found.append(FieldViolation("municipality.languages", "LANGUAGES_INVALID", known))
    return found


def _are_languages(languages: Sequence[str]) -> bool:
    return len(set(languages)) == len(languages) and set(languages) <= set(LANGUAGES)


def _refuse(violations: list[FieldViolation]) -> None:
    if violations:
        raise DomainError(Code.INVALID_ARGUMENT, "MUNICIPALITY_INVALID", {}, tuple(violations))
