"""Who goes first in a process: whoever has asked little lately.

One interpreter runs one thread at a time, so whatever else is being worked on makes a request later. What is
asked by who has just asked much waits until nothing of the others is being worked on, one at a time, and
gives way between its steps (`give_way`), a bounded while in all. Nobody's rate is changed by it. As routers
do: sparse flows before those with a queue (FQ-CoDel, RFC 8290), told apart by a token bucket (RFC 2697).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Protocol

PATIENCE_SECONDS = 0.25
"""How long one request gives way in all: then it goes on beside the others."""


class Passed(Protocol):
    """What a request holds while it is worked on."""

    def leave(self) -> None:
        """Give it back."""


class Precedence:
    """Of one process. Requests ahead go on at once; of those behind at most one, while nothing is ahead, and
    those who ask take turns. `patience` is how many seconds one of those waits in all.
    """

    __slots__ = ("_ahead", "_begun", "_behind", "_lock", "_waiting", "patience")

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        self._ahead = 0
        self._behind = 0
        self._begun: deque[Future[None]] = deque()
        # By who asks; the next turn is the first one's.
        self._waiting: dict[Hashable, deque[Future[None]]] = {}

    def begin(self) -> None:
        """Something ahead is being worked on, until `end`."""
        with self._lock:
            self._ahead += 1

    def end(self) -> None:
        with self._lock:
            self._ahead -= 1
            self._pass_on()

    @property
    def has_ahead(self) -> bool:
        return self._ahead > 0

    def ask(self, who: Hashable, *, again: bool = False) -> Future[None] | None:
        """For a turn of what is behind, until `leave`. None: it is there; else it is with the result. What
        has begun and asks `again` is the first.
        """
        with self._lock:
            if not self._ahead and not self._behind:
                self._behind += 1
                return None
            turn: Future[None] = Future()
            (self._begun if again else self._waiting.setdefault(who, deque())).append(turn)
            return turn

    def insist(self, who: Hashable, turn: Future[None]) -> None:
        """Take it now, whatever is ahead."""
        with self._lock:
            if turn.done():
                return
            self._behind += 1
            if turn in self._begun:
                self._begun.remove(turn)
                return
            self._waiting[who].remove(turn)
            if not self._waiting[who]:
                del self._waiting[who]

    def leave(self) -> None:
        with self._lock:
            self._behind -= 1
            self._pass_on()

    def _pass_on(self) -> None:
        if self._ahead or self._behind or not (self._begun or self._waiting):
            return
        self._behind += 1
        if self._begun:
            self._begun.popleft().set_result(None)
            return
        who = next(iter(self._waiting))
        theirs = self._waiting.pop(who)
        theirs.popleft().set_result(None)
        if theirs:
            self._waiting[who] = theirs  # the last one now


class Behind:
    """One request of who has asked much: `who` tells them apart."""

    __slots__ = ("_holds", "_left", "_precedence", "_who")

    def __init__(self, precedence: Precedence, who: Hashable) -> None:
        self._precedence = precedence
        self._who = who
        self._left = precedence.patience
        self._holds = False

    def enter(self, aside: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
        """Wait for its turn, within `aside`, in the thread that answers it, which is marked from then on."""
        self._take(aside)
        _current.set(self)

    async def enter_later(self) -> None:
        """The same within an event loop; threads that the request's task is answered in are marked."""
        turn = self._precedence.ask(self._who)
        self._holds = True
        _current.set(self)
        if turn is None:
            return
        began = time.monotonic()
        try:
            await asyncio.wait([asyncio.wrap_future(turn)], timeout=self._left)
        finally:  # also where whoever asked is gone: `leave` follows
            self._waited(turn, began)

    def give_way(self) -> None:
        if self._holds and self._left > 0 and self._precedence.has_ahead:
            self._precedence.leave()
            self._take(again=True)

    def leave(self) -> None:
        _current.set(None)
        if self._holds:
            self._holds = False
            self._precedence.leave()

    def _take(
        self, aside: Callable[[], AbstractContextManager[object]] = nullcontext, *, again: bool = False
    ) -> None:
        turn = self._precedence.ask(self._who, again=again)
        self._holds = True
        if turn is None:
            return
        began = time.monotonic()
        try:
            with aside():
                wait([turn], timeout=self._left)
        finally:
            self._waited(turn, began)

    def _waited(self, turn: Future[None], began: float) -> None:
        self._left -= time.monotonic() - began
        self._precedence.insist(self._who, turn)


_current: ContextVar[Behind | None] = ContextVar("borgerting_behind", default=None)


def is_behind() -> bool:
    """Whether this thread answers a request of who has asked much."""
    return _current.get() is not None


def give_way() -> None:
    """A step of a request ends, and it holds nothing that others wait for: let those ahead go first."""
    behind = _current.get()
    if behind is not None:
        behind.give_way()
