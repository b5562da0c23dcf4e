"""Citizens who read pages all the while, and note each one that they did not get."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.infrastructure.release import Release


@dataclass
class Heard:
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def traffic(release: Release, paths: Sequence[str], readers: int = 2, again: int = 0) -> Iterator[Heard]:
    """A new connection for each page. A page that fails is asked for `again` times before it counts."""
    heard, stop = Heard(), threading.Event()

    def read() -> None:
        while not stop.is_set():
            for path in paths:
                failures = []
                for _ in range(again + 1):
                    try:
                        status = str(release.ask(path)[0])
                    except (OSError, HTTPException) as error:
                        status = repr(error)
                    if status == "200":
                        with heard.lock:
                            heard.answered += 1
                        break
                    failures.append(f"{path}: {status}")
                    stop.wait(0.5)
                else:
                    with heard.lock:
                        heard.failed.append(failures[-1])

    threads = [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        stop.set()
        for thread in threads:
            thread.join()
