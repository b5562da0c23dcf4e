"""Follow-up's resource names, read into a municipality and ids."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.names import MUNICIPALITY, ResourcePattern, identity
from chassis.errors import Code, DomainError, FieldViolation

PROMISE = ResourcePattern("municipalities/{municipality}/promises/{promise}")
CHECKPOINT = ResourcePattern("municipalities/{municipality}/promises/{promise}/checkpoints/{checkpoint}")
# Deliberation's.
ASSEMBLY = ResourcePattern("municipalities/{municipality}/assemblies/{assembly}")
REPORT = ResourcePattern("municipalities/{municipality}/assemblies/{assembly}/report")


def municipality(name: str, field: str = "parent") -> str:
    return MUNICIPALITY.parse(name, field=field)["municipality"]


def promise(name: str, field: str = "name") -> tuple[str, UUID]:
    ids = PROMISE.parse(name, field=field)
    return ids["municipality"], identity(ids["promise"], "PROMISE_UNKNOWN")


def checkpoint(name: str, field: str = "parent") -> tuple[str, UUID, UUID]:
    ids = CHECKPOINT.parse(name, field=field)
    return (
        ids["municipality"],
        identity(ids["promise"], "PROMISE_UNKNOWN"),
        identity(ids["checkpoint"], "CHECKPOINT_UNKNOWN"),
    )


def assembly(name: str, field: str, parent: str) -> UUID:
    """An assembly of the municipality `parent`. Raises DomainError INVALID_ARGUMENT NAME_INVALID."""
    ids = ASSEMBLY.parse(name, field=field)
    try:
        if ids["municipality"] == parent:
            return UUID(ids["assembly"])
    except ValueError:
        pass
    metadata = {"pattern": ASSEMBLY.pattern.replace("{municipality}", parent)}
    violation = FieldViolation(field, "NAME_INVALID", metadata)
    raise DomainError(Code.INVALID_ARGUMENT, "NAME_INVALID", metadata, (violation,))


def report(name: str) -> tuple[str, UUID]:
    ids = REPORT.parse(name, field="report")
    return ids["municipality"], identity(ids["assembly"], "ASSEMBLY_UNKNOWN")
