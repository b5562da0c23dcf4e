"""Callers who ask at a steady pace, whether they are answered soon or late, and note what became of it."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import grpc

from tests.e2e.rolling.portal import PLACE, SLUG, Batch, Portal

CALLS, PAGES = "gRPC calls", "pages"
_WRITERS = 2
_Acts = Generator[Callable[[], None], None, None]


@dataclass(frozen=True, slots=True)
class Sample:
    """`due` is when it was to be asked (time.time), `seconds` from then to the answer."""

    kind: str
    due: float
    seconds: float
    error: str


@dataclass
class Load:
    """`calls` and `pages` a second; a third of the calls reads, the others sign up and cancel by turns."""

    portal: Portal
    site: str
    batch: Batch
    people: Sequence[str]
    calls: float
    pages: float
    samples: list[Sample] = field(default_factory=list)
    standing: dict[str, str] = field(default_factory=dict)
    """Of each sign-up that was answered: who has it, or "" when it was cancelled."""
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        each = self.calls / 3
        threads = [
            threading.Thread(target=self._pace, args=(CALLS, each * 2 / _WRITERS, self._writing(number)))
            for number in range(_WRITERS)
        ]
        threads.append(threading.Thread(target=self._pace, args=(CALLS, each, self._reading())))
        threads.append(threading.Thread(target=self._pace, args=(PAGES, self.pages, self._browsing())))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def failures(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.error]

    def _pace(self, kind: str, rate: float, acts: _Acts) -> None:
        due = time.time()
        with closing(acts):
            for act in acts:
                due += 1 / rate
                if self._over.wait(max(0.0, due - time.time())):
                    return
                error = ""
                try:
                    act()
                except grpc.RpcError as refused:
                    error = f"{refused.code().name} {refused.details()}"
                except Exception as failed:
                    error = f"{type(failed).__name__} {failed}"
                self.samples.append(Sample(kind, due, time.time() - due, error))

    def _writing(self, number: int) -> _Acts:
        """Three sign-ups, then the first of them is cancelled; each person once for each slot."""
        mine = self.people[number::_WRITERS]
        taken: list[tuple[str, str]] = []
        while True:
            batch = self.batch
            for slot, who in itertools.product(batch.slots, mine):
                if self.batch is not batch:
                    break
                yield partial(self._sign_up, who, slot, taken)
                if len(taken) >= 3:
                    first = taken[0]
                    taken.clear()
                    yield partial(self._cancel, *first)
            else:
                raise RuntimeError("everybody has signed up for everything: open more slots")

    def _sign_up(self, who: str, slot: str, taken: list[tuple[str, str]]) -> None:
        name = self.portal.sign_up(who, slot)
        self.standing[name] = who
        taken.append((who, name))

    def _cancel(self, who: str, sign_up: str) -> None:
        self.portal.cancel(who, sign_up)
        self.standing[sign_up] = ""

    def _reading(self) -> _Acts:
        for number in itertools.count():
            task = self.batch.tasks[number % len(self.batch.tasks)]
            yield partial(self.portal.look, task)

    def _browsing(self) -> _Acts:
        parts = urlsplit(self.site)
        with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)) as browser:
            for number in itertools.count():
                task = self.batch.tasks[number % len(self.batch.tasks)].removeprefix(f"{PLACE}/")
                paths = (f"/volunteer/{SLUG}/{task}", f"/deliberation/{SLUG}", f"/volunteer/{SLUG}", "/")
                path = paths[number % len(paths)]
                yield partial(_look_at, browser, path)


def _look_at(browser: http.client.HTTPConnection, path: str) -> None:
    browser.request("GET", path)
    answer = browser.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    if b"Strandby" not in body:
        raise RuntimeError(f"{path} is not the page")
