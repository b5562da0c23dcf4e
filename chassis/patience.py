"""How much longer whoever asks will wait for the answer: what is waited for on the way bears it in mind, so
that a refusal in words comes while somebody listens.
"""

from __future__ import annotations

import math
import time
from contextvars import ContextVar
from types import TracebackType

_until: ContextVar[float] = ContextVar("borgerting_until", default=math.inf)


def seconds_left() -> float:
    """Until nobody waits any more: infinite where nobody said, negative once it is over."""
    until = _until.get()
    return until if until == math.inf else until - time.monotonic()


class within:  # noqa: N801 - reads as what it does, as contextlib's do
    """`with within(4.0): …`: what is done in it is waited for so many seconds, or for as long as was said
    around it where that is less. A class, since every call has one.
    """

    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        until = time.monotonic() + self._seconds
        self._token = _until.set(min(until, _until.get()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _until.reset(self._token)
