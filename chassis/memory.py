"""What a process remembers of one store, so as not to ask it again for what hardly ever changes.

Bounded: what was used longest ago is dropped first. Each key begins with its municipality, so that nothing is
ever given to another. Only what cannot change (it is named by its digest or its version), or what is a copy
kept by events and so late by nature, is remembered; never who may do what, and nothing about a person.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from chassis.db import Transaction

Key = tuple[str | int | datetime | UUID, ...]

CAPACITY = 512


class Memory:
    """Threads share it. A transaction takes `mark` when it begins and remembers under it what it then read:
    what somebody changed meanwhile (`forget`) is not kept.
    """

    def __init__(self, capacity: int = CAPACITY, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._now = monotonic
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[float, Any]] = OrderedDict()
        self.mark = 0

    def recall(self, key: Key) -> Any:
        """What is remembered; None when nothing is, or no more."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            if found[0] < self._now():
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return found[1]

    def keep(self, key: Key, value: Any, mark: int, seconds: float = float("inf")) -> None:
        """Remember `value`, which no one may change, for so long."""
        with self._lock:
            if mark != self.mark:
                return
            self._kept[key] = (self._now() + seconds, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """After the commit that changed it."""
        with self._lock:
            self.mark += 1
            self._kept.pop(key, None)


class OwnMemory:
    """What a unit of work may recall and keep: of its municipality; kept from one that only reads, since what
    another does may yet be undone. `mark` None keeps nothing.
    """

    def __init__(self, memory: Memory, municipality: str, mark: int | None) -> None:
        self._memory = memory
        self._municipality = municipality
        self._mark = mark

    def recall(self, *key: str | int | datetime | UUID) -> Any:
        return self._memory.recall((self._municipality, *key))

    def keep(self, value: Any, *key: str | int | datetime | UUID) -> None:
        """`value` cannot change and is not changed by whoever recalls it; `key` names its version."""
        if self._mark is not None:
            self._memory.keep((self._municipality, *key), value, self._mark)


def own_memory(transaction: Transaction) -> OwnMemory:
    mark = None if transaction.writing else transaction.memory_mark
    return OwnMemory(transaction.memory, transaction.municipality, mark)
