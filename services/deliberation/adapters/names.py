"""Names of assemblies and reports, read into a municipality and ids."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.names import MUNICIPALITY, ResourcePattern
from chassis.errors import Code, DomainError

_ASSEMBLY = "municipalities/{municipality}/assemblies/{assembly}"
ASSEMBLY = ResourcePattern(_ASSEMBLY)
REPORT = ResourcePattern(f"{_ASSEMBLY}/report")
RECOMMENDATION = ResourcePattern(f"{_ASSEMBLY}/report/recommendations/{{recommendation}}")
INITIATIVE = ResourcePattern(f"{RECOMMENDATION.pattern}/initiatives/{{initiative}}")
SELECTION = ResourcePattern("municipalities/{municipality}/selections/{selection}")
PROMISE = ResourcePattern("municipalities/{municipality}/promises/{promise}")
CHECKPOINT = ResourcePattern("municipalities/{municipality}/promises/{promise}/checkpoints/{checkpoint}")
TASK = ResourcePattern("municipalities/{municipality}/tasks/{task}")


def municipality(name: str, field: str = "parent") -> str:
    return MUNICIPALITY.parse(name, field=field)["municipality"]


def assembly(name: str, field: str = "name") -> tuple[str, UUID]:
    ids = ASSEMBLY.parse(name, field=field)
    return ids["municipality"], identity(ids["assembly"], "ASSEMBLY_UNKNOWN")


def report(name: str, field: str = "name") -> tuple[str, UUID]:
    """The municipality, and the assembly whose report it is."""
    ids = REPORT.parse(name, field=field)
    return ids["municipality"], identity(ids["assembly"], "ASSEMBLY_UNKNOWN")


def recommendation(name: str, field: str = "name") -> tuple[str, UUID, UUID]:
    ids = RECOMMENDATION.parse(name, field=field)
    return (
        ids["municipality"],
        identity(ids["assembly"], "ASSEMBLY_UNKNOWN"),
        identity(ids["recommendation"], "RECOMMENDATION_UNKNOWN"),
    )


def initiative(name: str, field: str = "name") -> tuple[str, UUID, UUID, UUID]:
    ids = INITIATIVE.parse(name, field=field)
    return (
        ids["municipality"],
        identity(ids["assembly"], "ASSEMBLY_UNKNOWN"),
        identity(ids["recommendation"], "RECOMMENDATION_UNKNOWN"),
        identity(ids["initiative"], "INITIATIVE_UNKNOWN"),
    )


def identity(text: str, unknown: str) -> UUID:
    """Raises DomainError NOT_FOUND `unknown` for what is no UUID as we write them."""
    try:
        found = UUID(text)
    except ValueError:
        raise DomainError(Code.NOT_FOUND, unknown) from None
    if str(found) != text:
        raise DomainError(Code.NOT_FOUND, unknown)
    return found
