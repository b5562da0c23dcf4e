"""The threads in which a gRPC server answers.

A call to a store in the same process waits for nothing but Python's interpreter, which runs one thread at
a time: more of them at once only take it from one another, and wake one another at every turn. So `few`
threads answer while calls are quick. Where calls wait and none ends for a while (a long import, others that
wait behind it), helpers join, up to `most` in all, and leave when nothing waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

R = TypeVar("R")
_Work = tuple["Future[Any]", Callable[[], Any]]

PATIENCE_SECONDS = 0.1
"""How long calls may wait while none ends."""

MOST_ASIDE = 512
"""So many calls may wait for their turn beside those that are answered."""


class CallThreads(Executor):
    def __init__(self, few: int, most: int, name: str = "grpc") -> None:
        self._name = name
        self._most = most
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._ended = 0
        self._aside = 0
        self._threads: set[threading.Thread] = set()
        self._few = few
        for _ in range(few):
            self._start(self._answer)
        if few < most:
            threading.Thread(target=self._watch, name=f"{name}-watch", daemon=True).start()

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Raises RuntimeError after `shutdown`."""
        if self._stopped.is_set():
            raise RuntimeError("these threads take no more calls")
        future: Future[R] = Future()
        self._waiting.put((future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """What waits is still answered, or cancelled; `wait` until all threads have ended."""
        with self._lock:
            self._stopped.set()
            threads = list(self._threads)
        while cancel_futures and (work := self._next()) is not None:
            work[0].cancel()
        for _ in range(self._few):
            self._waiting.put(None)
        for thread in threads if wait else ():
            thread.join()

    @contextmanager
    def aside(self) -> Iterator[bool]:
        """While a call waits in here, another thread answers in its thread's place; whether there is one."""
        with self._lock:
            room = self._aside < MOST_ASIDE and not self._stopped.is_set()
            self._aside += room
        if room:
            self._start(self._answer)
        try:
            yield room
        finally:
            if room:
                with self._lock:
                    self._aside -= 1
                self._waiting.put(None)  # whoever takes it goes: there is one too many now

    def _start(self, target: Callable[[], None]) -> None:
        def run() -> None:
            try:
                target()
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name=f"{self._name}-call", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _answer(self) -> None:
        while (work := self._waiting.get()) is not None:
            self._run(work)
            work = None  # what it holds is not kept until the next one comes

    def _help(self) -> None:
        while (work := self._next()) is not None:
            self._run(work)

    def _next(self) -> _Work | None:
        """What waits longest, if anything does."""
        try:
            work = self._waiting.get_nowait()
        except Empty:
            return None
        if work is None:
            self._waiting.put(None)  # meant for one of the few
        return work

    def _run(self, work: _Work) -> None:
        future, call = work
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(call())
        except BaseException as error:
            future.set_exception(error)
        self._ended += 1

    def _watch(self) -> None:
        seen = -1
        while not self._stopped.wait(PATIENCE_SECONDS):
            stuck, seen = self._ended == seen and not self._waiting.empty(), self._ended
            if stuck and len(self._threads) - self._aside < self._most:
                self._start(self._help)
