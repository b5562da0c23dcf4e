"""Every use case and every method of every service stands in a table of who may do it."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chassis.app import descriptors
from chassis.rpc.desks import snake
from tests.authorisation import use_cases

TESTS = Path(__file__).resolve().parents[1]
HOW = "see tests/authorisation.py for how a service says who may do what"


def tables(service: str) -> list[ModuleType]:
    """The service's test modules that have a TABLE."""
    found = [
        importlib.import_module(".".join(["tests", *path.relative_to(TESTS).with_suffix("").parts]))
        for kind in ("unit", "component")
        for path in sorted((TESTS / kind / service).glob("test_*authorisation*.py"))
    ]
    return [module for module in found if hasattr(module, "TABLE")]


def listed(service: str) -> set[str]:
    """Names of the use cases in them; a name may be followed by what sets a case apart."""
    return {
        key.split(" ")[0] if isinstance(key, str) else key.__name__
        for module in tables(service)
        for key in module.TABLE
    }


def methods(service: str) -> set[str]:
    """Every method of the service's gRPC services, as its use case is called."""
    package = importlib.import_module(f"borgerting.{service}.v1")
    renamed: dict[str, str] = {}
    for module in tables(service):
        renamed |= getattr(module, "RENAMED", {})
    found = set()
    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.endswith("_pb2"):
            continue
        described: Any = importlib.import_module(f"{package.__name__}.{info.name}").DESCRIPTOR
        for each in described.services_by_name.values():
            found |= {renamed.get(snake(method.name), snake(method.name)) for method in each.methods}
    return found


@pytest.mark.parametrize("service", descriptors())
def test_every_use_case_stands_in_a_table(service: str) -> None:
    app = importlib.import_module(f"services.{service}.app")
    helpers: set[str] = set().union(*(getattr(module, "HELPERS", set()) for module in tables(service)), set())
    known = {function.__name__ for function in use_cases(app)} - helpers
    assert known - listed(service) == set(), HOW
    assert listed(service) - known == set()


@pytest.mark.parametrize("service", descriptors())
def test_every_method_of_the_apis_stands_in_a_table(service: str) -> None:
    assert methods(service) - listed(service) == set(), HOW
