"""Sortition's resource names, read into a municipality and ids."""

from __future__ import annotations

import re
from uuid import UUID

from chassis.aip.names import MUNICIPALITY, ResourcePattern, identity
from chassis.errors import Code, DomainError, FieldViolation

SELECTION = ResourcePattern("municipalities/{municipality}/selections/{selection}")
DRAW = ResourcePattern("municipalities/{municipality}/selections/{selection}/draws/{draw}")
PERSON = ResourcePattern("municipalities/{municipality}/selections/{selection}/people/{person}")
SEAT = ResourcePattern("municipalities/{municipality}/selections/{selection}/seats/{seat}")
SIGNING_KEY = ResourcePattern("municipalities/{municipality}/signingKey")
FILE = "municipalities/{municipality}/selections/{selection}/draws/{draw}/files/{file}"
_FILENAME = re.compile(r"[a-z][a-z0-9._-]{0,62}")


def municipality(name: str, field: str = "parent") -> str:
    return MUNICIPALITY.parse(name, field=field)["municipality"]


def signing_key(name: str) -> str:
    return SIGNING_KEY.parse(name)["municipality"]


def selection(name: str, field: str = "name") -> tuple[str, UUID]:
    ids = SELECTION.parse(name, field=field)
    return ids["municipality"], identity(ids["selection"], "SELECTION_UNKNOWN")


def draw(name: str) -> tuple[str, UUID, UUID]:
    ids = DRAW.parse(name)
    return (
        ids["municipality"],
        identity(ids["selection"], "DRAW_UNKNOWN"),
        identity(ids["draw"], "DRAW_UNKNOWN"),
    )


def person(name: str, field: str = "name") -> tuple[str, UUID, UUID]:
    ids = PERSON.parse(name, field=field)
    return (
        ids["municipality"],
        identity(ids["selection"], "PERSON_UNKNOWN"),
        identity(ids["person"], "PERSON_UNKNOWN"),
    )


def seat(name: str) -> tuple[str, UUID, UUID]:
    ids = SEAT.parse(name)
    return (
        ids["municipality"],
        identity(ids["selection"], "SEAT_UNKNOWN"),
        identity(ids["seat"], "SEAT_UNKNOWN"),
    )


def file(name: str) -> tuple[str, UUID, UUID, str]:
    """A file's name has a dot, which no other name has."""
    parent, _, filename = name.partition("/files/")
    if not DRAW.matches(parent) or not _FILENAME.fullmatch(filename):
        metadata = {"pattern": FILE}
        violation = FieldViolation("name", "NAME_INVALID", metadata)
        raise DomainError(Code.INVALID_ARGUMENT, "NAME_INVALID", metadata, (violation,))
    return (*draw(parent), filename)
