"""One table per service says who may do what; these tests hold the service to it, role by role.

A service's module `tests/unit/SERVICE/test_…authorisation….py` has `TABLE`, use case -> (who may, its
arguments after the caller, whether it is handed a clock), and a class of its own:

    class TestRights(Rights):
        table = TABLE
        house = House

`House` is as in tests/unit/sortition/house.py: `run(use_case, *arguments, by=, at=)`, and `act` for those
with a clock, on a store in memory that holds two municipalities, `hjemby` and `naboby`, and nothing else.
`None` among those who may means anyone. A service whose use cases are handed more overrides `attempt`. A
module's `RENAMED` tells methods that are called otherwise than their use cases, its `HELPERS` functions that
are parts of use cases. tests/architecture/test_rights.py finds the tables and fails when a use case or a
method of an API stands in none.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any, ClassVar

import pytest

from chassis.auth.principal import GRANTED_ROLES, NOBODY, Principal, Role, service_principal
from chassis.context import Caller
from chassis.errors import Code, DomainError

HERE, THERE = "hjemby", "naboby"

UseCase = Callable[..., Any]
Table = Mapping[UseCase, tuple[Collection[Role | None], tuple[Any, ...], Any]]

DENIED = {"SIGN_IN_REQUIRED": Code.UNAUTHENTICATED, "ROLE_REQUIRED": Code.PERMISSION_DENIED}


def use_cases(app: ModuleType) -> set[UseCase]:
    """Every public function of the app that takes (uow, caller, …) and is no helper of others (gate.py)."""
    found = set()
    for info in pkgutil.iter_modules(app.__path__):
        if info.name in ("gate", "permissions"):
            continue
        module = importlib.import_module(f"{app.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and list(inspect.signature(function).parameters)[:2] == ["uow", "caller"]:
                found.add(function)
    return found


def person(role: Role | None, municipality: str | None) -> Caller:
    """Somebody with that role there; None is nobody."""
    principal = NOBODY if role is None else Principal("p-7", municipality, frozenset({role}))
    return Caller(principal, "correlation-1", "en")


NEIGHBOUR = Caller(service_principal("neighbour"), "correlation-1", "en")


class Rights:
    """The tests; a subclass names its table. `platform` adds use cases that an operator of the whole may."""

    table: ClassVar[Table]
    house: ClassVar[Callable[[], Any]]
    platform: ClassVar[Collection[UseCase]] = ()

    def attempt(self, use_case: UseCase, caller: Caller, at: str) -> None:
        """The use case in a new house. Raises what it raises."""
        _, arguments, timed = self.table[use_case]
        house = type(self).house()
        (house.act if timed else house.run)(use_case, *arguments, by=caller, at=at)

    def _refusal(self, use_case: UseCase, caller: Caller) -> str:
        """The reason for which the caller was turned away at the door; "" for who came in."""
        try:
            self.attempt(use_case, caller, HERE)
        except DomainError as error:
            code, reason = error.code, error.reason
        else:
            return ""
        if reason in DENIED:
            assert code is DENIED[reason]
            return reason
        # Nothing there is under these ids; that, and what else is wrong with a wish, is learnt inside only.
        assert code in (Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.INVALID_ARGUMENT), reason
        return ""

    def _check(self, caller: Callable[[Role], Caller], may: Callable[[UseCase, Role], bool]) -> None:
        wrong = []
        for use_case in self.table:
            for role in GRANTED_ROLES:
                expected = "" if may(use_case, role) else "ROLE_REQUIRED"
                got = self._refusal(use_case, caller(role))
                if got != expected:
                    wrong.append(f"{use_case.__name__} by {role}: {got or 'let in'}")
        assert wrong == []

    def test_each_role_of_the_municipality(self) -> None:
        self._check(
            lambda role: person(role, HERE), lambda use_case, role: bool({role, None} & self._who(use_case))
        )

    def test_the_same_role_of_another_municipality(self) -> None:
        """What anyone may see, they may see too; nothing else."""
        self._check(lambda role: person(role, THERE), lambda use_case, role: None in self._who(use_case))

    def test_the_same_role_of_no_municipality(self) -> None:
        self._check(
            lambda role: person(role, None),
            lambda use_case, role: (
                None in self._who(use_case) or (role is Role.OPERATOR and use_case in self.platform)
            ),
        )

    def test_nobody(self) -> None:
        for use_case in self.table:
            expected = "" if None in self._who(use_case) else "SIGN_IN_REQUIRED"
            assert self._refusal(use_case, person(None, None)) == expected, use_case.__name__

    def test_a_neighbouring_service(self) -> None:
        for use_case in self.table:
            expected = "" if {None, Role.SERVICE} & self._who(use_case) else "ROLE_REQUIRED"
            assert self._refusal(use_case, NEIGHBOUR) == expected, use_case.__name__

    def test_a_municipality_that_does_not_exist(self) -> None:
        """Rights are asked first: who has none there does not learn that there is none."""
        for use_case in self.table:
            allowed = self._who(use_case)
            roles = [role for role in allowed if role is not None and role is not Role.SERVICE]
            callers = [(person(roles[0], "atlantis"), "MUNICIPALITY_UNKNOWN")] if roles else []
            if None not in allowed:
                callers.append((person(Role.MEMBER, HERE), "ROLE_REQUIRED"))
            for caller, reason in callers:
                with pytest.raises(DomainError) as caught:
                    self.attempt(use_case, caller, "atlantis")
                assert caught.value.reason == reason, use_case.__name__

    def _who(self, use_case: UseCase) -> set[Role | None]:
        return set(self.table[use_case][0])
