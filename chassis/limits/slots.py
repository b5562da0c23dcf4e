"""How many of one municipality's requests are worked on at a time; the others wait in their order."""

from __future__ import annotations

import asyncio
import threading
from collections import deque


class Slots:
    """For threads."""

    __slots__ = ("_free", "_lock", "_waiting")

    def __init__(self, most: int) -> None:
        self._free = most
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def enter(self) -> bool:
        """Take one, if one is free."""
        with self._lock:
            if self._free <= 0:
                return False
            self._free -= 1
            return True

    def wait(self, seconds: float) -> bool:
        """Take one, as soon as it is our turn; whether it came within the time."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return True
            ours = threading.Event()
            self._waiting.append(ours)
        if ours.wait(seconds):
            return True
        with self._lock:
            if ours.is_set():  # in this very moment
                return True
            self._waiting.remove(ours)
            return False

    def leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()  # it is theirs now
            else:
                self._free += 1


class AsyncSlots:
    """The same within one event loop."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    def enter(self) -> bool:
        """Take one, if one is free."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def wait(self, seconds: float) -> bool:
        """Take one, as soon as it is our turn; whether it came within the time."""
        if self.enter():
            return True
        ours: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(ours)
        try:
            await asyncio.wait([ours], timeout=seconds)
        except BaseException:  # whoever asked is gone
            if ours.done():
                self.leave()
            else:
                self._waiting.remove(ours)
            raise
        if ours.done():
            return True
        self._waiting.remove(ours)
        return False

    def leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
