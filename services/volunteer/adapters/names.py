"""The volunteer portal's resource names, read into a municipality and ids."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.names import MUNICIPALITY, ResourcePattern, identity

TASK = ResourcePattern("municipalities/{municipality}/tasks/{task}")
SLOT = ResourcePattern("municipalities/{municipality}/tasks/{task}/slots/{slot}")
SIGN_UP = ResourcePattern("municipalities/{municipality}/tasks/{task}/slots/{slot}/signUps/{sign_up}")
PERSON = ResourcePattern("municipalities/{municipality}/people/{person}")
PROMISE = ResourcePattern("municipalities/{municipality}/promises/{promise}")
OWN = "me"
"""In the place of a person's id: the caller's own record."""


def municipality(name: str, field: str = "parent") -> str:
    return MUNICIPALITY.parse(name, field=field)["municipality"]


def task(name: str, field: str = "name") -> tuple[str, UUID]:
    ids = TASK.parse(name, field=field)
    return ids["municipality"], identity(ids["task"], "TASK_UNKNOWN")


def slot(name: str, field: str = "name") -> tuple[str, UUID, UUID]:
    ids = SLOT.parse(name, field=field)
    return (
        ids["municipality"],
        identity(ids["task"], "SLOT_UNKNOWN"),
        identity(ids["slot"], "SLOT_UNKNOWN"),
    )


def sign_up(name: str) -> tuple[str, UUID, UUID, UUID]:
    ids = SIGN_UP.parse(name)
    return (
        ids["municipality"],
        identity(ids["task"], "SIGN_UP_UNKNOWN"),
        identity(ids["slot"], "SIGN_UP_UNKNOWN"),
        identity(ids["sign_up"], "SIGN_UP_UNKNOWN"),
    )


def person(name: str, field: str = "name") -> tuple[str, UUID | None]:
    """None for `people/me`."""
    ids = PERSON.parse(name, field=field)
    if ids["person"] == OWN:
        return ids["municipality"], None
    return ids["municipality"], identity(ids["person"], "VOLUNTEER_UNKNOWN")
