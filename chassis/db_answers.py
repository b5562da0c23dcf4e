"""How long a PostgreSQL server's answers are waited for, and what follows once it says nothing.

The system notices a machine that does not answer (keepalives, tcp_user_timeout), and the server ends a
statement that takes too long (statement_timeout). Neither helps where something takes the connection and its
packets and then says nothing: a proxy whose other end is gone, a server that is stopped or hangs on its disk.
So each answer is waited for within bounds on this side too: libpq has none of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout

from chassis.patience import seconds_left

R = TypeVar("R")

CONNECT_SECONDS = 5
"""Until a connection stands, the server's part of it included; whole seconds, and 2 at least (libpq's)."""

PROMPT_SECONDS = 10.0
"""For what a server answers without waiting for anybody: a transaction's beginning, its being given up."""

FIRST_SECONDS = 10.0
"""For the same on a new connection: there is nothing better to try."""

SHARE = 0.4
"""Of a caller's time, for a connection that was of use before: the rest is for a new one."""

STATEMENT_SECONDS = 25
"""After which the server itself ends a statement, whatever it waits for or does."""

ANSWER_SECONDS = STATEMENT_SECONDS + 5.0
"""For any other answer: a server that is there has given one by then."""

LEAST_SECONDS = 2.0
"""An answer is waited for so long even when whoever asked has gone: work that is nearly done may end."""

_CONNECT_LEAST = 2
_INTERVAL = 0.1  # seconds, the driver's own: how often it looks whether it was interrupted


class NoAnswer(psycopg.OperationalError):
    """Nothing was heard in time. The connection is of no use any more: the answer could come yet."""


class PatientConnection(psycopg.Connection[Any]):
    """`patience`: for how many seconds of silence it waits for the answer to what is asked of it next."""

    patience = FIRST_SECONDS

    def wait(self, gen: PQGen[R], interval: float = _INTERVAL, timeout: float | None = None) -> R:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        patience = self.patience
        left = seconds_left()
        if left < patience:
            patience = max(left, LEAST_SECONDS)
        try:
            return super().wait(_heard(gen, patience), _INTERVAL)
        except NoAnswer:
            self.close()
            raise


def _heard(gen: PQGen[R], patience: float) -> PQGen[R]:
    """`gen`, for as long as something happens on its connection.

    The driver says after each interval that nothing did. Those are counted, and not the clock's seconds:
    where a machine has so much to do that the server comes to nothing, this process comes to as little, and a
    server that stood still together with it is not blamed.
    """
    most = left = int(patience / _INTERVAL)
    try:
        state = next(gen)
        while True:
            ready = yield state
            if ready:
                left = most
            elif left:
                left -= 1
            else:
                raise NoAnswer(f"no answer within {patience:.1f} s")
            state = gen.send(ready)
    except StopIteration as end:
        result: R = end.value
        return result


def connect(*arguments: Any, **options: Any) -> PatientConnection:
    """As psycopg's, within CONNECT_SECONDS and what whoever asks will wait. Raises ConnectionTimeout."""
    seconds = max(_CONNECT_LEAST, int(min(seconds_left(), CONNECT_SECONDS)))
    return PatientConnection.connect(*arguments, **{**options, "connect_timeout": seconds})


class Silence:
    """Whether the server takes connections and says nothing. While it does, one caller at a time finds out,
    with a pause after each, and all others are refused at once instead of waiting in their turn.
    """

    PAUSE_SECONDS = 1.0

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._silent = False
        self._next = 0.0

    def broken_by(self, connecting: Callable[[], R]) -> R:
        """What `connecting` gives. Raises what it raises, and NoAnswer where it is not even tried."""
        if self._silent and not self._may_try():
            raise NoAnswer("it takes connections and says nothing")
        began = self._monotonic()
        try:
            made = connecting()
        except ConnectionTimeout:
            now = self._monotonic()
            # Where whoever asked was in a hurry it may only have been slow.
            if self._silent or now - began >= CONNECT_SECONDS:
                self._silent, self._next = True, now + self.PAUSE_SECONDS
            raise
        except BaseException:
            self._silent = False  # it is away, or refuses us: that is soon found by everybody
            raise
        self._silent = False
        return made

    def _may_try(self) -> bool:
        with self._lock:
            now = self._monotonic()
            if now < self._next:
                return False
            self._next = now + CONNECT_SECONDS + self.PAUSE_SECONDS
            return True
