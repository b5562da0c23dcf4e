"""What a unit of work has, made when it is first asked for: most calls need two of ten repositories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, overload

T = TypeVar("T")
X = TypeVar("X")
X_co = TypeVar("X_co", covariant=True)


class OverTransaction(Protocol[X_co]):
    """Who has what is made over a transaction."""

    @property
    def transaction(self) -> X_co: ...


class lazily(Generic[X, T]):  # noqa: N801 - read like `property`, which it resembles
    """`pool = lazily(SqlPool)` is `self.pool = SqlPool(self.transaction)`, at the first use of `pool`.

    `functools.cached_property` takes a lock each time it makes something; a unit of work is one thread's.
    """

    def __init__(self, make: Callable[[X], T]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> lazily[X, T]: ...
    @overload
    def __get__(self, instance: OverTransaction[X], owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        made = self._make(instance.transaction)
        instance.__dict__[self._name] = made
        return made
